from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from muster.errors import CampaignStopped, FixError
from muster.fleet import OsFamily
from muster.ids import HostId
from muster.outcomes import Ending, Stage
from muster.ports import Order
from muster.steps import Step, StepName
from push.attempts import push_batch
from push.orders import Defaults, OrderBook
from push.probing import probe_hosts
from tests.push.fakes import CAMPAIGN, FakeFix, FakeHosts, World, ends, make_world, silent_after_doing

A, B = HostId("a"), HostId("b")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, {"a": "old", "b": "old", "c": "new"})
    probe_hosts(made.context, [A, B, HostId("c")])
    yield made
    made.ledger.close()


def apply(world: World, *hosts: HostId) -> None:
    push_batch(world.context, hosts, wave=1, step=StepName.APPLY)


def steps(world: World, host_id: HostId) -> list[StepName]:
    return [step for seen, step in world.hosts.seen if seen == host_id]


def test_a_probe_tells_the_right_from_the_stale(world: World) -> None:
    assert world.standing() == {"a": "needs the fix", "b": "needs the fix", "c": "already right"}


def test_a_push_is_verified_by_a_probe_of_its_own(world: World) -> None:
    apply(world, A, B)
    assert world.standing() == {"a": "verified", "b": "verified", "c": "already right"}
    assert steps(world, A) == [StepName.PROBE, StepName.APPLY, StepName.VERIFY]
    outcome = world.ledger.attempts(CAMPAIGN)[0].outcome
    assert outcome is not None
    assert outcome.evidence.changes == ("the state",)
    assert (outcome.evidence.before or outcome.evidence.after) is not None
    assert outcome.evidence.before is not None
    assert outcome.evidence.before.summary == "it is old"
    assert outcome.evidence.after is not None
    assert outcome.evidence.after.summary == "it is new"


def test_a_right_host_is_not_pushed(world: World) -> None:
    result = push_batch(world.context, [HostId("c")], wave=1, step=StepName.APPLY)
    assert result.left_out == ("c",)
    assert steps(world, HostId("c")) == [StepName.PROBE]


def test_a_push_that_says_done_and_is_not_is_failed(world: World) -> None:
    world.hosts.acts[A, StepName.APPLY] = [ends(Ending.DONE)]
    apply(world, A, B)
    assert world.standing()["a"] == "failed"
    assert world.state("a").cause == "pushed, but a fresh probe says: it is old"
    assert world.standing()["b"] == "verified"


def test_a_push_whose_answer_was_lost_is_asked_and_found_verified(world: World) -> None:
    world.hosts.acts[A, StepName.APPLY] = [silent_after_doing]
    apply(world, A)
    assert world.standing()["a"] == "verified"


def test_a_push_that_was_lost_and_did_nothing_is_failed_with_both_causes(world: World) -> None:
    world.hosts.acts[A, StepName.APPLY] = [ends(Ending.UNKNOWN)]
    apply(world, A)
    assert world.standing()["a"] == "failed"
    assert world.state("a").cause == "unknown on purpose; a probe after it finds: it is old"


def test_a_push_that_cannot_be_verified_is_unknown_and_counts_as_touched(world: World) -> None:
    world.hosts.acts[A, StepName.VERIFY] = [ends(Ending.UNREACHABLE)]
    apply(world, A)
    assert world.standing()["a"] == "unknown"
    assert world.state("a").stage is Stage.FINISHED


def test_an_unknown_host_is_asked_before_it_is_pushed_again(world: World) -> None:
    world.hosts.acts[A, StepName.VERIFY] = [ends(Ending.UNREACHABLE)]
    apply(world, A)
    world.hosts.seen.clear()
    apply(world, A)
    assert world.standing()["a"] == "verified"
    assert steps(world, A) == [StepName.PROBE], "it was right already, so nothing was pushed a second time"


def test_a_failed_host_is_asked_before_it_is_pushed_again(world: World) -> None:
    world.hosts.acts[A, StepName.APPLY] = [ends(Ending.FAILED)]
    apply(world, A)
    assert world.standing()["a"] == "failed"
    world.hosts.seen.clear()
    apply(world, A)
    assert steps(world, A) == [StepName.PROBE, StepName.APPLY, StepName.VERIFY]
    assert world.state("a").attempts == 2


@pytest.mark.parametrize(("ending", "status"), [(Ending.UNREACHABLE, "unreachable"), (Ending.UNTRUSTED, "untrusted")])
def test_a_host_that_was_not_entered_is_what_its_report_says(world: World, ending: Ending, status: str) -> None:
    world.hosts.acts[A, StepName.APPLY] = [ends(ending)]
    apply(world, A)
    assert world.standing()["a"] == status


def test_after_a_stop_nothing_new_is_touched_and_hosts_stand_as_before(world: World) -> None:
    world.switch.on = True
    apply(world, A, B)
    assert world.standing() == {"a": "needs the fix", "b": "needs the fix", "c": "already right"}
    assert steps(world, A) == [StepName.PROBE]
    assert world.ledger.runners(CAMPAIGN) == ()


def test_a_stopped_campaign_claims_nothing(world: World) -> None:
    world.ledger.stop(CAMPAIGN, by="me", reason="because")
    with pytest.raises(CampaignStopped):
        apply(world, A)
    assert steps(world, A) == [StepName.PROBE]


def test_a_roll_back_restores_what_the_fix_found(world: World) -> None:
    apply(world, A, B)
    push_batch(world.context, [A], wave=0, step=StepName.ROLLBACK)
    assert world.standing() == {"a": "rolled back", "b": "verified", "c": "already right"}
    assert world.hosts.holds[A] == "old"


def test_a_roll_back_that_changed_nothing_back_is_not_called_one(world: World) -> None:
    apply(world, A, B)
    world.hosts.acts[A, StepName.ROLLBACK] = [lambda *_: (Ending.DONE, "done\trollback")]
    push_batch(world.context, [A, B], wave=0, step=StepName.ROLLBACK)
    assert world.standing() == {"a": "failed", "b": "rolled back", "c": "already right"}
    assert world.state("a").cause == "the roll back ran to its end, and a fresh probe still says: it is new"


def test_a_roll_back_that_is_stopped_leaves_who_was_not_touched_as_it_stood(world: World) -> None:
    apply(world, A, B)
    world.switch.on = True
    push_batch(world.context, [A, B], wave=0, step=StepName.ROLLBACK)
    assert world.standing() == {"a": "verified", "b": "verified", "c": "already right"}


def test_a_host_that_somebody_else_holds_is_left_alone(world: World) -> None:
    world.ledger.claim(
        CAMPAIGN, [A], runner_id=world.as_runner("there:1:1.00").runner_id, step=StepName.APPLY, wave=1, lease_s=60
    )
    result = push_batch(world.context, [A, B], wave=1, step=StepName.APPLY)
    assert result.left_out == ("a",)
    assert steps(world, A) == [StepName.PROBE]


def test_a_host_that_was_taken_over_is_not_touched_any_more(world: World) -> None:
    """The lease runs out while another host is under way: the fence refuses the late result."""

    def taken_over(hosts: object, order: object) -> tuple[Ending, str]:
        del hosts, order
        world.ledger.recover(CAMPAIGN, dead=[world.context.runner_id], by="somebody else")
        return Ending.DONE, "done\tapply"

    world.hosts.acts[A, StepName.APPLY] = [taken_over]
    apply(world, A)
    assert world.standing()["a"] == "unknown"


def test_a_probe_without_an_answer_does_not_take_protection_away(world: World) -> None:
    apply(world, A)
    world.hosts.acts[A, StepName.PROBE] = [ends(Ending.UNREACHABLE)]
    probe_hosts(world.context, [A])
    assert world.standing()["a"] == "verified"
    assert any(event.kind == "probe without answer" for event in world.ledger.events(campaign_id=CAMPAIGN))


def test_a_verified_host_that_is_found_stale_needs_the_fix_again(world: World) -> None:
    apply(world, A)
    world.hosts.holds[A] = "old"
    probe_hosts(world.context, [A])
    assert world.standing()["a"] == "needs the fix"


def test_a_host_in_doubt_that_does_not_answer_holds_up_nobody(world: World) -> None:
    world.hosts.acts[A, StepName.VERIFY] = [ends(Ending.UNREACHABLE)]
    apply(world, A)  # its answer is lost: the next push asks it first

    def silent_until_the_other_is_done(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        del hosts, order
        until = monotonic() + 20
        while world.standing()["b"] != "verified" and monotonic() < until:
            sleep(0.02)
        return Ending.UNKNOWN, ""

    world.hosts.acts[A, StepName.PROBE] = [silent_until_the_other_is_done]
    begun = monotonic()
    apply(world, A, B)
    assert monotonic() - begun < 20, "the healthy host was let wait for the silent one"
    assert world.standing() == {"a": "unknown", "b": "verified", "c": "already right"}


def test_a_host_that_is_slow_to_be_verified_holds_up_nobody(world: World) -> None:
    def slow_until_the_other_is_done(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        until = monotonic() + 20
        while world.standing()["b"] != "verified" and monotonic() < until:
            sleep(0.02)
        return hosts.well(order)

    def late(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        sleep(0.2)  # so that it is not verified in the same group as the slow one
        return hosts.well(order)

    world.hosts.acts[A, StepName.VERIFY] = [slow_until_the_other_is_done]
    world.hosts.acts[B, StepName.APPLY] = [late]
    begun = monotonic()
    apply(world, A, B)
    assert monotonic() - begun < 20, "the healthy host was let wait for the slow one"
    assert world.standing() == {"a": "verified", "b": "verified", "c": "already right"}


def test_a_host_where_an_earlier_push_is_at_work_is_asked_again_when_it_is_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pusher of the earlier one was killed; the host goes on without it."""
    monkeypatch.setattr("push.attempts.BUSY_LOOK_S", 0.01)

    def busy(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        del hosts, order
        return Ending.FAILED, "error\tanother push is at work on this host (process 7)\ndone\tapply"

    def through(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        hosts.holds[A] = "new"  # the earlier one has come to its end
        return hosts.well(order)

    world.hosts.seen.clear()
    world.hosts.acts[A, StepName.APPLY] = [busy, busy]
    world.hosts.acts[A, StepName.PROBE] = [FakeHosts.well, through]
    apply(world, A, B)
    assert world.standing() == {"a": "verified", "b": "verified", "c": "already right"}
    assert steps(world, A) == [StepName.APPLY, StepName.PROBE] * 2, "no second push without an answer"


def test_a_host_where_an_earlier_push_does_not_end_is_unknown_and_not_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("push.attempts.BUSY_LOOK_S", 0.01)
    world.context = replace(world.context, book=replace(world.context.book, defaults=Defaults("root", "agent:", 0.1)))
    said = "error\tanother push is at work on this host (process 7)\ndone\tapply"
    world.hosts.acts[A, StepName.APPLY] = [lambda _hosts, _order: (Ending.FAILED, said)] * 100
    apply(world, A, B)
    assert world.standing() == {"a": "unknown", "b": "verified", "c": "already right"}
    assert world.ledger.runners(CAMPAIGN) == ()


def test_answers_of_probes_are_written_as_they_come(world: World) -> None:
    """A silent host among those that are asked does not keep the others' answers out of the ledger."""
    world.hosts.holds[A] = "new"

    def silent_until_the_other_is_written(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
        del hosts, order
        until = monotonic() + 20
        while world.standing()["a"] != "already right" and monotonic() < until:
            sleep(0.02)
        return Ending.UNKNOWN, ""

    world.hosts.acts[B, StepName.PROBE] = [silent_until_the_other_is_written]
    begun = monotonic()
    probe_hosts(world.context, [A, B])
    assert monotonic() - begun < 20, "the answer was kept back until the last host had ended"
    assert world.standing() == {"a": "already right", "b": "unknown", "c": "already right"}


def test_a_host_the_fix_has_no_rules_for_is_its_own_trouble(tmp_path: Path) -> None:
    """Such as a zone that the source of the fix does not know: the others are asked all the same."""
    world = make_world(tmp_path, {"a": "old", "b": "old"})

    class Choosy(FakeFix):
        def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
            if timezone == "Europe/Paris":
                raise FixError("the source does not know Europe/Paris", hint="use a newer one")
            return super().step(name, family, timezone=timezone)

    fleet = world.context.book.fleet
    hosts = tuple(replace(host, timezone="Europe/Paris") if host.id == A else host for host in fleet.hosts)
    book = OrderBook(replace(fleet, hosts=hosts), Choosy(), world.context.book.defaults)
    probe_hosts(replace(world.context, book=book), [A, B])
    assert world.standing() == {"a": "failed", "b": "needs the fix"}
    assert world.state("a").cause == "the source does not know Europe/Paris"
    world.ledger.close()
