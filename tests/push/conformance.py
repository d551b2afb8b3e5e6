"""What every pusher must hold, whatever carries it.

To hold an implementation to it, give it a world (``tests/push/worlds.py``) and inherit::

    @pytest.fixture(scope="module")
    def world(...) -> Iterator[World]: ...

    class TestMine(PusherConformance): ...
"""

import hashlib
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import psutil
import pytest

from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, Target
from muster.steps import Step, read_output
from tests.fleet.faults import Fault
from tests.push.worlds import World

GO_ON = Event()
"""A stop that is never set."""
STOP_SECONDS = 5.0
"""Within this long of a stop, nothing goes on."""


def carry(pusher: Pusher, target: Target, step: Step, *, deadline_s: float = 30.0) -> StepReport:
    """One step at one host."""
    (report,) = pusher.execute([Order(target, step, deadline_s)], stop=GO_ON)
    assert report.host_id == target.host_id
    assert report.step is step.name
    assert report.started_at.utcoffset() is not None
    assert report.ended_at >= report.started_at
    assert (report.cause == "") == (report.ending is Ending.DONE)
    assert "Traceback" not in report.cause
    return report


def facts_of(report: StepReport) -> dict[str, str]:
    """The facts that a step said, by key."""
    return {fact.key: fact.value for fact in read_output(report.stdout).facts}


def gone(world: World, target: Target, word: str, *, within_s: float) -> bool:
    """Whether no process with ``word`` runs on the host within so many seconds."""
    until = time.monotonic() + within_s
    while world.running(target, word):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def unlike_any_other() -> int:
    """A number of seconds that no other process sleeps for."""
    return random.SystemRandom().randrange(3_000, 3_000_000)


class PusherConformance:
    """Inherit, and bring a ``world``."""

    def test_a_step_runs_to_its_end(self, world: World) -> None:
        report = carry(world.pusher(), world.target(), world.steps.say({}))
        assert (report.ending, report.stage, report.exit_code) == (Ending.DONE, Stage.FINISHED, 0), report
        assert read_output(report.stdout).done is not None
        assert read_output(report.stdout).raw == ()

    def test_arguments_arrive_as_they_were_given(self, world: World) -> None:
        arguments = {
            "MUSTER_PLAIN": "America/Vancouver",
            "MUSTER_QUOTES": """it's "so" `called`""",
            "MUSTER_SIGNS": "a $HOME %PATH% & b | c > d ! ^ \\ ; * ? ~ #",
            "MUSTER_LETTERS": "Zoë Łódź 北京",
            "MUSTER_SPACES": "  two  before and after  ",
        }
        report = carry(world.pusher(), world.target(), world.steps.say(arguments))
        assert facts_of(report) == arguments

    def test_a_payload_of_a_megabyte_arrives_byte_for_byte(self, world: World) -> None:
        payload = bytes(range(256)) * 3_906 + b"the last bytes"
        report = carry(world.pusher(), world.target(), world.steps.digest(payload))
        assert facts_of(report)["sha256"] == hashlib.sha256(payload).hexdigest()

    def test_an_exit_code_that_is_not_zero_is_a_failure(self, world: World) -> None:
        report = carry(world.pusher(), world.target(), world.steps.exit_with(7))
        assert (report.ending, report.stage, report.exit_code) == (Ending.FAILED, Stage.FINISHED, 7)
        assert "7" in report.cause

    def test_an_error_line_is_a_failure_with_that_cause(self, world: World) -> None:
        report = carry(world.pusher(), world.target(), world.steps.complain("the zone file is locked"))
        assert (report.ending, report.stage, report.exit_code) == (Ending.FAILED, Stage.FINISHED, 0)
        assert "the zone file is locked" in report.cause

    @pytest.mark.parametrize("code", [0, 3])
    def test_a_step_that_does_not_say_done_is_unknown_whatever_its_exit_code(self, world: World, code: int) -> None:
        report = carry(world.pusher(), world.target(), world.steps.stop_short(code))
        assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND)
        assert read_output(report.stdout).notes == ("short",)

    def test_a_step_that_takes_too_long_is_ended_on_the_host(self, world: World) -> None:
        seconds = unlike_any_other()
        begun = time.monotonic()
        report = carry(world.pusher(), world.target(), world.steps.sleep(seconds, timeout_s=2))
        assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND), report
        assert time.monotonic() - begun < 4 + world.patience_s
        assert gone(world, world.target(), str(seconds), within_s=2 + world.patience_s)

    def test_a_deadline_ends_whatever_goes_on(self, world: World) -> None:
        seconds, deadline_s = unlike_any_other(), 2.0 + world.patience_s
        begun = time.monotonic()
        step = world.steps.sleep(seconds, timeout_s=60)
        report = carry(world.pusher(), world.target(), step, deadline_s=deadline_s)
        assert report.ending is Ending.UNKNOWN, report
        assert time.monotonic() - begun < deadline_s + 1 + world.patience_s
        assert gone(world, world.target(), str(seconds), within_s=7)

    def test_a_stop_ends_what_has_begun_and_begins_nothing(self, world: World) -> None:
        seconds, stop = unlike_any_other(), Event()
        step = world.steps.sleep(seconds, timeout_s=60)
        orders = [Order(world.target(number=number % 4), step, 60) for number in range(6)]
        sleepers = [world.target(number=number) for number in range(4)]
        threading.Thread(target=self._stop_when_asleep, args=(world, sleepers[0], str(seconds), stop)).start()
        stopped_at: list[float] = []
        reports = []
        for report in world.pusher(parallel=2).execute(orders, stop=stop):
            stopped_at = stopped_at or [time.monotonic()]
            reports.append(report)
        assert stop.is_set()
        assert time.monotonic() - self.stopped_at < STOP_SECONDS + world.patience_s
        endings = sorted(report.ending.value for report in reports)
        assert endings == ["not started"] * 4 + ["unknown"] * 2, reports
        assert all(gone(world, target, str(seconds), within_s=7) for target in sleepers)

    stopped_at = 0.0

    def _stop_when_asleep(self, world: World, target: Target, word: str, stop: Event) -> None:
        until = time.monotonic() + 20
        while not world.running(target, word) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        type(self).stopped_at = time.monotonic()
        stop.set()

    def test_nothing_is_begun_after_a_stop(self, world: World) -> None:
        stop = Event()
        stop.set()
        orders = [Order(world.target(number=number % 4), world.steps.say({}), 30) for number in range(20)]
        reports = list(world.pusher().execute(orders, stop=stop))
        assert [report.ending for report in reports] == [Ending.NOT_STARTED] * 20
        assert {report.stage for report in reports} == {Stage.NOT_STARTED}

    def test_much_output_is_capped_and_its_end_is_kept(self, world: World) -> None:
        report = carry(world.pusher(output_limit_bytes=20_000), world.target(), world.steps.flood(12), deadline_s=60)
        assert report.ending is Ending.DONE, report.cause
        assert len(report.stdout) < 21_000
        assert len(report.stderr) < 21_000
        assert "bytes left out" in report.stdout

    def test_output_that_is_not_utf8_is_replaced(self, world: World) -> None:
        report = carry(world.pusher(), world.target(), world.steps.not_utf8())
        assert report.ending is Ending.DONE
        assert "caf\ufffd \ufffd" in report.stdout

    @pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in {Fault.NONE, Fault.NOISY_SHELL}])
    def test_a_broken_host_ends_with_its_cause_and_stage(self, world: World, fault: Fault) -> None:
        wanted = world.faults.get(fault)
        if wanted is None:
            pytest.skip(f"this world cannot stage: {fault}")
        deadline_s = 4.0 + world.patience_s
        begun = time.monotonic()
        step = world.steps.store(bytes(500_000))
        report = carry(world.pusher(), world.target(fault), step, deadline_s=deadline_s)
        assert report.ending is wanted.ending, report
        assert report.stage in wanted.stages, report
        assert wanted.words in report.cause
        assert time.monotonic() - begun < deadline_s + 1 + world.patience_s

    def test_broken_neighbours_cost_the_healthy_ones_nothing(self, world: World) -> None:
        step = world.steps.store(bytes(500_000))
        healthy = [world.target(number=number) for number in range(4)]
        broken = [world.target(fault) for fault in world.faults]
        alone = self._seconds_until_healthy(world, [], healthy, step)
        together = self._seconds_until_healthy(world, broken, healthy, step)
        assert together < alone * 2 + 1.5 + world.patience_s

    def _seconds_until_healthy(self, world: World, broken: list[Target], healthy: list[Target], step: Step) -> float:
        """How long it takes until every healthy host is done, when the broken ones are ordered first."""
        orders = [Order(target, step, 6 + world.patience_s) for target in (*broken, *healthy)]
        begun, last = time.monotonic(), 0.0
        names = {target.host_id for target in healthy}
        endings: list[tuple[HostId, Ending]] = []
        for report in world.pusher(parallel=16).execute(orders, stop=GO_ON):
            endings.append((report.host_id, report.ending))
            if report.host_id in names:
                assert report.ending is Ending.DONE, report
                last = time.monotonic() - begun
        assert sorted(host_id for host_id, _ in endings) == sorted(order.target.host_id for order in orders)
        assert [ending for host_id, ending in endings if host_id not in names and ending is Ending.DONE] == []
        return last

    def test_a_refused_credential_is_a_failure_of_the_login(self, world: World) -> None:
        report = carry(world.pusher(), world.refused(), world.steps.say({}))
        assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report

    def test_a_credential_that_cannot_be_resolved_is_a_failure_that_names_the_reference(self, world: World) -> None:
        target = replace(world.target(), credential="env:MUSTER_NO_SUCH_VARIABLE")
        report = carry(world.pusher(), target, world.steps.say({}))
        assert report.ending is Ending.FAILED, report
        assert "env:MUSTER_NO_SUCH_VARIABLE" in report.cause

    def test_a_name_that_is_not_known_is_unreachable(self, world: World) -> None:
        target = replace(world.target(), address="no-such-host.invalid")
        report = carry(world.pusher(), target, world.steps.say({}))
        assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT), report

    def test_no_secret_is_seen_in_a_report_or_a_process_list(
        self, world: World, capfd: pytest.CaptureFixture[str]
    ) -> None:
        seconds = unlike_any_other()
        argument = "argument-of-the-step-17"
        said = world.steps.say({"MUSTER_SECRET": world.secrets[0], "MUSTER_OTHER": argument})
        reports = [carry(world.pusher(), world.by_secret(), said)]
        seen: list[str] = []
        sleeper = replace(world.steps.sleep(seconds, timeout_s=4), arguments=said.arguments)
        watcher = threading.Thread(target=self._watch, args=(world, str(seconds), seen))
        watcher.start()
        reports.append(carry(world.pusher(), world.by_secret(), sleeper, deadline_s=20 + world.patience_s))
        watcher.join()
        assert any(str(seconds) in lines for lines in seen), "the step was never seen to run"
        out, err = capfd.readouterr()
        for secret in world.secrets:
            assert secret not in repr(reports)
            assert secret not in "".join(seen)
            assert secret not in out + err
        assert argument not in "".join(seen)
        assert facts_of(reports[0])["MUSTER_OTHER"] == argument

    def _watch(self, world: World, word: str, seen: list[str]) -> None:
        """The process lists of the host and of this machine, until the step has ended."""
        until = time.monotonic() + 10 + world.patience_s
        while time.monotonic() < until and not (seen and any(word in lines for lines in seen) and word not in seen[-1]):
            seen.append(world.command_lines(world.by_secret()))
            seen.append(_own_command_lines())
            seen.append(world.command_lines(world.by_secret()))
            time.sleep(0.1)

    def test_every_order_is_reported_once_and_orders_are_taken_as_they_are_needed(self, world: World) -> None:
        taken: list[int] = []
        count, step = 60, world.steps.say({})

        def orders() -> Iterator[Order]:
            for number in range(count):
                taken.append(number)
                target = replace(world.target(number=number % 4), host_id=HostId(f"order-{number}"))
                yield Order(target, step, 60)

        reports = world.pusher(parallel=4).execute(orders(), stop=GO_ON)
        first = next(reports)
        assert len(taken) <= world_window(world, 4)
        rest = list(reports)
        assert sorted(report.host_id for report in (first, *rest)) == sorted(f"order-{n}" for n in range(count))
        assert {report.ending for report in rest} == {Ending.DONE}

    def test_no_more_hosts_of_a_site_at_one_time_than_its_cap(self, world: World) -> None:
        step = world.steps.sleep(1, timeout_s=30)
        orders = [Order(replace(world.target(number=number), site_id=SiteId("small")), step, 30) for number in range(3)]
        reports = list(world.pusher(per_site=1).execute(orders, stop=GO_ON))
        assert [report.ending for report in reports] == [Ending.DONE] * 3
        spans = sorted((report.started_at, report.ended_at) for report in reports)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), spans

    def test_closing_the_iterator_ends_every_thread(self, world: World) -> None:
        before = set(threading.enumerate())
        orders = [Order(world.target(number=number % 4), world.steps.say({}), 30) for number in range(40)]
        reports: Iterable[StepReport] = world.pusher(parallel=4).execute(orders, stop=GO_ON)
        next(iter(reports))
        reports.close()  # type: ignore[attr-defined]
        assert _threads_left(before) == set()

    def test_an_error_of_the_orders_is_the_callers(self, world: World) -> None:
        before = set(threading.enumerate())

        def orders() -> Iterator[Order]:
            yield Order(world.target(), world.steps.say({}), 30)
            raise RuntimeError("the ledger is gone")

        with pytest.raises(RuntimeError, match="the ledger is gone"):
            list(world.pusher().execute(orders(), stop=GO_ON))
        assert _threads_left(before) == set()

    def test_no_socket_is_left_open(self, world: World) -> None:
        pusher = world.pusher()
        orders = [Order(world.target(number=number), world.steps.say({}), 30) for number in range(4)]
        list(pusher.execute(orders, stop=GO_ON))
        before = _open_sockets()
        for _ in range(3):
            list(pusher.execute(orders, stop=GO_ON))
        assert _open_sockets() <= before


def world_window(world: World, parallel: int) -> int:
    """How many orders may be taken from the iterator before the first report."""
    return getattr(world, "window", None) or 4 * parallel + 8


def _own_command_lines() -> str:
    own = [psutil.Process(), *psutil.Process().children(recursive=True)]
    lines = []
    for process in own:
        try:
            lines.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return "\n".join(lines)


def _threads_left(before: set[threading.Thread]) -> set[threading.Thread]:
    until = time.monotonic() + 3
    while (left := set(threading.enumerate()) - before) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _open_sockets() -> int:
    found = 0
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a glob would open the folder and count itself
        try:
            found += str(Path(f"/proc/self/fd/{number}").readlink()).startswith("socket:")
        except OSError:
            continue
    return found


__all__ = ["PusherConformance", "carry", "facts_of", "gone", "unlike_any_other"]
