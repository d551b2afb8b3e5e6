"""Caps for sites: hosts at one time and bytes a second, shared by all pushes, and never at another site's expense."""

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import Unreachable
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage
from muster.ports import Order, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.caps import OVERHEAD_BYTES, Line, Pace, SiteCaps, burst_bytes
from push.known_hosts import KnownHosts
from push.pool import Limits, PoolPusher
from push.redact import Redactor
from push.ssh import ssh_pusher
from push.transport import Guard, RawResult
from tests.fleet.openssh import openssh_fleet, why_not
from tests.push.orders import an_order
from tests.push.test_pool import DONE, GO_ON, Stub, _nap
from tests.push.worlds import ShellSteps

SMALL, BIG = SiteId("small"), SiteId("big")


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_site_takes_as_many_hosts_as_its_cap_and_others_go_on() -> None:
    caps = SiteCaps()
    assert [bool(caps.enter(SMALL, 1, most_hosts=2)) for _ in range(3)] == [True, True, False]
    assert caps.enter(BIG, 1)
    caps.leave(SMALL)
    assert caps.enter(SMALL, 1, most_hosts=2)


@given(
    st.integers(1_000, 1_000_000),
    st.lists(st.tuples(st.integers(0, 2_000_000), st.floats(0.0, 5.0)), min_size=1, max_size=60),
)
def test_over_any_time_no_more_is_begun_than_the_line_takes_and_one_host(
    rate: int, asked: list[tuple[int, float]]
) -> None:
    """Whatever is asked for and when: what has been begun was paid for, except for the last host's own bytes."""
    clock = _Clock()
    caps = SiteCaps(clock)
    began_at, sent = clock.now_s, 0.0
    for size, pause_s in asked:
        clock.now_s += pause_s
        if caps.enter(SMALL, size, bytes_per_s=rate):
            assert sent <= burst_bytes(rate) + (clock.now_s - began_at) * rate + 1, "begun before it was paid for"
            sent += size
            caps.leave(SMALL)


def test_a_line_gives_its_burst_and_then_its_rate_to_all_who_send_together() -> None:
    clock = _Clock()
    line = Line(100_000, clock)
    one, two = Pace(line), Pace(line)
    assert one.take(30_000) == 30_000
    assert two.take(90_000) == 20_000
    assert (one.take(90_000), two.take(90_000)) == (0, 0)
    clock.now_s += 0.25
    assert one.take(90_000) == 25_000
    line.give_back(10_000)
    assert two.take(90_000) == 10_000
    assert two.take(10) == 0
    assert one.seconds_for(100_000 - OVERHEAD_BYTES) == 1.0


def test_a_cap_of_the_target_holds_over_several_pushes_at_one_time() -> None:
    """Pushing and verifying are two pushes beside each other; the site is one."""
    stub = Stub(_nap)
    caps = SiteCaps()

    def push(part: str) -> None:
        pusher = PoolPusher(stub, Limits(threads=8), redactor=Redactor(), caps=caps)
        orders = [_capped(an_order(f"{part}{n}", site="small"), hosts=2) for n in range(8)]
        assert len(list(pusher.execute(orders, stop=GO_ON))) == 8

    threads = [threading.Thread(target=push, args=(part,)) for part in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stub.carried) == 16
    assert stub.most_at_once == 2
    assert caps.enter(SMALL, 1, most_hosts=1), "everybody has left"


def test_a_stop_lets_go_of_those_that_wait_for_their_site() -> None:
    stop, caps = Event(), SiteCaps()
    stub = Stub(_nap)
    pusher = PoolPusher(stub, Limits(threads=8), redactor=Redactor(), caps=caps)
    orders = [_capped(an_order(str(n), site="small"), hosts=1) for n in range(10)]
    endings = []
    for report in pusher.execute(orders, stop=stop):
        endings.append(report.ending)
        stop.set()
    assert len(endings) == 10
    assert endings.count(Ending.DONE) < 10
    assert caps.enter(SMALL, 1, most_hosts=1)


def test_a_thin_line_holds_up_no_thread_that_another_site_needs() -> None:
    """One thread in all: while a host of the thin site waits for its line, those of the other site are done."""
    order_of_ends: list[str] = []
    slow_may_end = Event()

    def act(order: Order, guard: Guard) -> RawResult:
        if order.target.site_id == SMALL:
            assert guard.pace is not None
            with guard.pace.lend():
                assert slow_may_end.wait(60)
        order_of_ends.append(order.target.host_id)
        if order.target.host_id == "b19":
            slow_may_end.set()
        return DONE

    pusher = PoolPusher(Stub(act), Limits(threads=1), redactor=Redactor(), caps=SiteCaps())
    orders = [_capped(an_order("thin", site="small"), rate=1_000)]
    orders += [an_order(f"b{n}", site="big") for n in range(20)]
    reports = list(pusher.execute(orders, stop=GO_ON))
    assert len(reports) == 21
    assert order_of_ends[-1] == "thin"


def test_hosts_that_do_not_answer_do_not_use_up_the_line_of_their_site() -> None:
    """Six uploads that never began would take a minute each; two hosts are off, four hang until the well one is done.

    So the well one must be let in while they hang.
    """
    well_is_done = Event()

    def act(order: Order, guard: Guard) -> RawResult:
        if order.target.host_id != "well":
            guard.reached(Stage.HOST_KEY)
            assert order.target.host_id in {"a", "b"} or well_is_done.wait(50)
            raise Unreachable("it is off")
        well_is_done.set()
        guard.reached(Stage.TRANSFER)
        return DONE

    caps = SiteCaps()
    pusher = PoolPusher(Stub(act), Limits(threads=8), redactor=Redactor(), caps=caps)
    payload = bytes(600_000)
    orders = [_capped(an_order(name, site="small"), rate=10_000) for name in ("a", "b", "c", "d", "e", "f", "well")]
    orders = [replace(order, step=replace(order.step, payload=payload)) for order in orders]
    begun = time.monotonic()
    endings = [report.ending for report in pusher.execute(orders, stop=GO_ON)]
    assert sorted(endings) == [Ending.DONE, *[Ending.UNREACHABLE] * 6]
    assert time.monotonic() - begun < 45
    assert not caps.enter(SMALL, 1, bytes_per_s=10_000), "the one that was sent has to be paid back"


def test_threads_that_stood_in_are_gone_when_the_others_are_back() -> None:
    both_wait = threading.Barrier(2)
    at_once: list[int] = []
    stub = Stub()

    def act(_order: Order, guard: Guard) -> RawResult:
        with ExitStack() as stack:
            if guard.pace is not None:
                stack.enter_context(guard.pace.lend())
                both_wait.wait(60)
                time.sleep(0.2)
        if guard.pace is None:
            time.sleep(0.01)
            at_once.append(stub.at_once)
        return DONE

    stub.act = act
    pusher = PoolPusher(stub, Limits(threads=2), redactor=Redactor(), caps=SiteCaps())
    thin = [_capped(an_order(f"thin{n}", site=f"small{n}"), rate=1_000) for n in range(2)]
    late = [an_order(f"b{n}", site="big") for n in range(150)]
    assert len(list(pusher.execute([*thin, *late], stop=GO_ON))) == 152
    assert max(at_once[-20:]) <= 2


def _capped(order: Order, *, hosts: int = 0, rate: int = 0) -> Order:
    return replace(order, target=replace(order.target, site_hosts=hosts, site_bytes_per_s=rate))


@pytest.mark.sshd
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_uploads_to_a_real_site_stay_under_its_rate_while_another_site_is_done(tmp_path: Path) -> None:
    rate, size = 150_000, 100_000
    with openssh_fleet(tmp_path, 6) as fleet:
        pusher = ssh_pusher(Settings(parallel_hosts=2), known_hosts=KnownHosts.read(fleet.known_hosts))
        key = f"key:{fleet.key_file}"

        def order(number: int, site: str, rate: int) -> Order:
            host = fleet.hosts[number]
            name, where = HostId(f"{site} {number}"), SiteId(f"{site} of {tmp_path}")
            made = Target(name, where, TransportName.SSH, host.address, host.port, "root", key, site_bytes_per_s=rate)
            return Order(made, ShellSteps().store(bytes(size)), 30)

        orders = [order(n, "thin", rate) for n in range(3)] + [order(n, "broad", 0) for n in range(3, 6)]
        begun = time.monotonic()
        ended = {str(r.host_id): (r.ending, time.monotonic() - begun) for r in pusher.execute(orders, stop=Event())}
    assert {ending for ending, _ in ended.values()} == {Ending.DONE}, ended
    thin_s = max(at for name, (_, at) in ended.items() if name.startswith("thin"))
    broad_s = max(at for name, (_, at) in ended.items() if name.startswith("broad"))
    assert thin_s >= (3 * size - burst_bytes(rate)) / rate
    assert broad_s < thin_s


@pytest.mark.sshd
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_step_on_a_thin_line_gets_the_time_that_its_upload_takes(tmp_path: Path) -> None:
    """Its own time-out is 1 second, its upload takes 2: the line's time is not the step's."""
    script = 'sha256sum > /opt/sum; printf "done\\tapply\\n"'
    step = Step(StepName.APPLY, script, payload=bytes(100_000), timeout_s=1.0)
    with openssh_fleet(tmp_path, 1) as fleet:
        host = fleet.hosts[0]
        pusher = ssh_pusher(Settings(), known_hosts=KnownHosts.read(fleet.known_hosts))
        target = Target(
            HostId("h"), SiteId(f"site of {tmp_path}"), TransportName.SSH, host.address, host.port, "root",
            f"key:{fleet.key_file}", site_bytes_per_s=50_000,
        )  # fmt: skip
        (report,) = pusher.execute([Order(target, step, 1.5)], stop=Event())
    assert report.ending is Ending.DONE, report
