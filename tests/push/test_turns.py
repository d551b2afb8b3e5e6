"""A whole run without Prefect and with fake hosts: waves, gates, budgets, soak, and hosts that come on line."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from muster.campaign import WavePolicy
from muster.clock import ManualClock
from muster.errors import CampaignStopped
from muster.hours import parse_hours
from muster.ids import ClientId, HostId, PersonId, PlanId, SiteId, VisitId
from muster.outcomes import Ending, HostStatus
from muster.plan import Assignment, Plan, PlanCost, Visit, VisitMode
from muster.records import WaveState
from muster.safety import Budget, BudgetPolicy, GatePolicy, Hold, HostMatch, OrderRule, Readiness, WindowRule
from muster.steps import StepName
from push import turns as turns_module
from push.attempts import push_batch
from push.offline import Doors
from push.probing import probe_hosts
from push.release import RETRY, RUN, Selection, refuse_when_stopped
from push.spending import BudgetWatch, stop_when_spent
from push.turns import Turns, turns_of
from tests.push.fakes import CAMPAIGN, FakeHosts, World, ends, make_world

MONDAY_NOON = datetime(2026, 10, 19, 19, 0, tzinfo=UTC)  # 12:00 in Vancouver
NIGHTS = GatePolicy(windows=(WindowRule(parse_hours("daily 22:00-04:00")),))


def planned(world: World) -> None:
    """Ask everybody, and dispatch a plan with all hosts in one remote visit that is due."""
    host_ids = tuple(state.host_id for state in world.ledger.hosts(CAMPAIGN))
    probe_hosts(world.context, host_ids)
    now = world.context.clock.now()
    visit = Visit(
        VisitId("v1"), ClientId("acme"), SiteId("hq"), VisitMode.REMOTE, host_ids, 10, frozenset(), 1, now, now
    )
    placed = Assignment(visit.id, PersonId("kim"), now - timedelta(hours=1), now)
    plan = Plan(PlanId("p1"), CAMPAIGN, now, (visit,), (placed,), (), PlanCost(), 0.0, None, 0, 0, "test")
    world.ledger.save_plan(plan, by="test")
    world.ledger.dispatch(plan.id, by="test", expected_revision=world.ledger.revision())
    world.hosts.seen.clear()


def carry_out(turns: Turns) -> list[int]:
    """What the flow does; the sizes of its waves."""
    sizes = []
    with BudgetWatch(turns.context, turns.campaign, look_s=0.05):
        while wave := turns.next_wave():
            sizes.append(len(wave.host_ids))
            push_batch(turns.context, turns.left_of(wave), wave=wave.number, step=StepName.APPLY)
            stop_when_spent(turns.context, turns.campaign)
            turns.settle(wave)
    return sizes


def run(world: World, *, most: int = 0, wait: bool = False, retry: bool = False) -> list[int]:
    return carry_out(turns_of(world.context, Selection(RETRY if retry else RUN, most=most), wait=wait))


def pushed(world: World) -> list[str]:
    return [str(host_id) for host_id, step in world.hosts.seen if step is StepName.APPLY]


def many(number: int) -> dict[str, str]:
    return {f"h{index:03}": "old" for index in range(number)}


def test_149_of_150_are_149_of_150(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(150), waves=WavePolicy(growth_factor=1000))
    planned(world)
    world.hosts.acts[HostId("h100"), StepName.APPLY] = [ends(Ending.FAILED)]
    assert run(world) == [1, 149]
    assert list(world.standing().values()).count("verified") == 149
    assert world.standing()["h100"] == "failed"
    assert [wave.verdict for wave in world.ledger.waves(CAMPAIGN)] == ["1 of 1 verified", "148 of 149 verified"]
    assert [wave.state for wave in world.ledger.waves(CAMPAIGN)] == [WaveState.PASSED, WaveState.PASSED]


def test_outside_their_hours_nobody_is_touched_and_inside_everybody_is(tmp_path: Path) -> None:
    clock = ManualClock(MONDAY_NOON)
    world = make_world(tmp_path, many(3), clock=clock, gates=NIGHTS)
    planned(world)
    assert run(world) == []
    assert pushed(world) == []
    clock.advance(timedelta(hours=10))  # 22:00
    assert run(world) == [1, 2]
    assert set(world.standing().values()) == {"verified"}


def test_hours_that_end_in_the_middle_of_a_wave_end_it_for_those_who_were_not_begun(tmp_path: Path) -> None:
    clock = ManualClock(MONDAY_NOON + timedelta(hours=10))
    world = make_world(tmp_path, many(4), clock=clock, gates=NIGHTS, waves=WavePolicy(canary_per_kind=4))
    planned(world)

    def last_before_four(hosts: FakeHosts, order: object) -> tuple[Ending, str]:
        clock.advance(timedelta(hours=6))
        return hosts.well(order)  # type: ignore[arg-type]  # an order, as every act gets it

    world.hosts.acts[HostId("h001"), StepName.APPLY] = [last_before_four]
    assert run(world) == [4]
    assert pushed(world) == ["h000", "h001"]
    assert list(world.standing().values()) == ["verified", "verified", "needs the fix", "needs the fix"]
    assert "held by maintenance window" in world.state("h003").cause
    assert "Tue 20 Oct 22:00 PDT" in world.state("h003").cause
    clock.advance(timedelta(hours=18))
    assert run(world) == [2], "the next night they are pushed"


def in_background(act: Callable[[], list[int]]) -> Future[list[int]]:
    ended: Future[list[int]] = Future()

    def carry() -> None:
        try:
            ended.set_result(act())
        except CampaignStopped as error:
            ended.set_exception(error)

    Thread(target=carry, daemon=True).start()
    return ended


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "WAIT_LOOK_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_run_that_waits_pushes_when_the_hours_open(tmp_path: Path) -> None:
    clock = ManualClock(MONDAY_NOON)
    world = make_world(tmp_path, many(2), clock=clock, gates=NIGHTS)
    planned(world)
    waiting = in_background(lambda: run(world, wait=True))
    time.sleep(0.5)
    assert pushed(world) == []
    clock.advance(timedelta(hours=10))
    assert waiting.result(30) == [1, 1], "nobody is left, so it does not wait for the deadline"
    assert set(world.standing().values()) == {"verified"}


@pytest.mark.usefixtures("impatient")
def test_a_run_that_waits_ends_at_the_deadline_and_at_a_stop(tmp_path: Path) -> None:
    clock = ManualClock(MONDAY_NOON)
    world = make_world(tmp_path, many(2), clock=clock, gates=NIGHTS)
    planned(world)
    waiting = in_background(lambda: run(world, wait=True))
    world.ledger.stop(CAMPAIGN, by="ann", reason="not tonight")
    with pytest.raises(CampaignStopped, match="not tonight"):
        waiting.result(30)
    world.ledger.resume(CAMPAIGN, by="ann")
    clock.at = datetime(2030, 1, 1, tzinfo=UTC)  # the deadline; noon somewhere, but not in these hours' zone
    assert run(world, wait=True) == []
    assert pushed(world) == []


def test_a_hold_in_the_campaign_file_holds_until_it_is_taken_out(tmp_path: Path) -> None:
    world = make_world(
        tmp_path,
        many(3),
        gates=GatePolicy(holds=(Hold("its NIC", HostMatch(ids=("h001",))),)),
        waves=WavePolicy(canary_per_kind=3),
    )
    planned(world)
    assert run(world, wait=True) == [2], "a run that waits does not wait for a person"
    assert world.standing()["h001"] == "needs the fix"


def test_servers_come_before_kiosks_also_within_one_run(tmp_path: Path) -> None:
    rule = OrderRule(HostMatch(roles=("server",)), HostMatch(roles=("kiosk",)))
    roles = {"h000": "kiosk", "h001": "kiosk", "h002": "server", "h003": "server"}
    world = make_world(tmp_path, many(4), gates=GatePolicy(order=(rule,)), roles=roles)
    planned(world)
    assert run(world) == [1, 1, 1, 1], "a canary of servers, servers, a canary of kiosks, kiosks"
    assert pushed(world) == ["h002", "h003", "h000", "h001"]


def test_a_server_that_fails_keeps_its_kiosks_waiting(tmp_path: Path) -> None:
    rule = OrderRule(HostMatch(roles=("server",)), HostMatch(roles=("kiosk",)))
    world = make_world(
        tmp_path,
        many(2),
        gates=GatePolicy(order=(rule,)),
        roles={"h000": "kiosk", "h001": "server"},
        waves=WavePolicy(tolerated_failures=1),
    )
    planned(world)
    world.hosts.acts[HostId("h001"), StepName.APPLY] = [ends(Ending.FAILED)]
    assert run(world, wait=True) == [1]
    assert world.standing() == {"h000": "needs the fix", "h001": "failed"}


def test_a_run_touches_no_more_than_it_may(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(9), gates=GatePolicy(max_hosts_per_run=4))
    planned(world)
    assert run(world) == [1, 2, 1]
    assert run(world, most=2) == [2]
    assert len(pushed(world)) == 6


def test_a_run_that_carries_on_with_an_open_wave_touches_no_more_than_it_may_either(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(6), waves=WavePolicy(canary_per_kind=6))
    planned(world)
    interrupted = turns_of(world.context, Selection(RUN)).next_wave()
    assert interrupted is not None
    assert len(interrupted.host_ids) == 6, "a wave was opened, and its run died"
    assert run(world, most=2) == [6]
    assert pushed(world) == ["h000", "h001"]
    assert world.ledger.waves(CAMPAIGN)[0].verdict == "2 of 2 verified, 4 not touched"
    assert run(world) == [4]


def test_a_spent_budget_stops_the_campaign_and_a_person_who_resumes_begins_a_new_one(tmp_path: Path) -> None:
    budgets = BudgetPolicy(per_client=Budget(lost_hosts=1))
    world = make_world(tmp_path, many(20), budgets=budgets, waves=WavePolicy(tolerated_failures=20))
    planned(world)
    for name in ("h001", "h003", "h008"):
        world.hosts.acts[HostId(name), StepName.APPLY] = [ends(Ending.FAILED)]
    with pytest.raises(CampaignStopped, match="error budget of client Acme is spent: 2 of"):
        run(world)
    stop = world.ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert stop.gentle
    assert HostStatus.CLAIMED.value not in world.standing().values()
    with pytest.raises(CampaignStopped, match="error budget"):
        run(world)
    world.ledger.resume(CAMPAIGN, by="Kim Lee", reason="two old disks")
    run(world)
    assert list(world.standing().values()).count("failed") == 3, "one more is within the new budget"
    assert list(world.standing().values()).count("verified") == 17


def test_a_gentle_stop_lets_a_begun_push_end_and_begins_no_other(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(4), waves=WavePolicy(canary_per_kind=4))
    planned(world)

    def stopped_meanwhile(hosts: FakeHosts, order: object) -> tuple[Ending, str]:
        world.ledger.stop(CAMPAIGN, by="error budget", reason="spent", gentle=True)
        world.held_back.on = True
        return hosts.well(order)  # type: ignore[arg-type]  # an order, as every act gets it

    world.hosts.acts[HostId("h001"), StepName.APPLY] = [stopped_meanwhile]
    with pytest.raises(CampaignStopped, match="spent"):
        run(world)
    assert pushed(world) == ["h000", "h001"]
    assert list(world.standing().values()) == ["verified", "verified", "needs the fix", "needs the fix"]
    with pytest.raises(CampaignStopped):
        refuse_when_stopped(world.context)


def test_what_was_verified_must_still_be_so_after_the_soak(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(4), waves=WavePolicy(soak_seconds=1.0))
    planned(world)
    turns = turns_of(world.context, Selection(RUN))
    wave = turns.next_wave()
    assert wave is not None
    push_batch(world.context, turns.left_of(wave), wave=wave.number, step=StepName.APPLY)
    turns.settle(wave)
    world.hosts.holds[HostId("h000")] = "old"  # something puts it back after a while
    with pytest.raises(CampaignStopped, match="1 of 1 hosts are right no more: h000"):
        turns.next_wave()
    assert pushed(world) == ["h000"]


def test_a_soak_that_ends_well_lets_the_next_wave_begin(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(3), waves=WavePolicy(soak_seconds=0.5))
    planned(world)
    begun = time.monotonic()
    assert run(world) == [1, 2]
    assert time.monotonic() - begun >= 0.5


def test_a_host_that_is_not_ready_is_left_alone_and_says_why(tmp_path: Path) -> None:
    world = make_world(
        tmp_path,
        many(3),
        gates=GatePolicy(readiness=Readiness(free_disk_mb=100)),
        waves=WavePolicy(canary_per_kind=3),
    )
    planned(world)
    room = f"fact\tgate\tdisk_free_bytes\t{500 * 1024 * 1024}"
    world.hosts.ready = {HostId("h000"): room, HostId("h001"): "fact\tgate\tdisk_free_bytes\t1000000"}
    assert run(world) == [3]
    assert pushed(world) == ["h000"]
    assert world.state("h001").cause == "held by free disk: its disk has 1 MiB free, 100 are needed"
    assert "does not say" in world.state("h002").cause
    assert world.state("h001").failures_in_row == 0
    world.hosts.ready[HostId("h001")] = room
    assert run(world) == [2]
    assert world.standing()["h001"] == "verified"


def test_a_third_failure_ends_retries_until_somebody_says_why(tmp_path: Path) -> None:
    world = make_world(tmp_path, many(1), waves=WavePolicy(tolerated_failures=1))
    planned(world)
    world.hosts.acts[HostId("h000"), StepName.APPLY] = [ends(Ending.FAILED)] * 3
    assert run(world) == [1]
    assert run(world, retry=True) == [1]
    assert run(world, retry=True) == [1]
    assert world.state("h000").failures_in_row == 3
    assert run(world, retry=True) == [], "a third failure asks for a cause"
    world.ledger.explain_failures(CAMPAIGN, [HostId("h000")], by="Kim Lee", cause="the disk was full")
    assert run(world, retry=True) == [1]
    assert world.standing() == {"h000": "verified"}


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A door that opens when the test lets it listen."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


def offline(world: World) -> None:
    """Nobody answers the next probe."""
    for host_id in world.hosts.holds:
        world.hosts.acts[host_id, StepName.PROBE] = [ends(Ending.UNREACHABLE)]


def test_a_host_that_is_off_line_is_knocked_at_and_pushed_when_it_answers(tmp_path: Path, door: socket.socket) -> None:
    world = make_world(tmp_path, many(1), port=door.getsockname()[1])
    offline(world)
    planned(world)
    assert world.standing() == {"h000": "unreachable"}
    assert run(world) == []
    assert world.hosts.seen == [], "a closed door is not probed"
    door.listen()
    assert run(world) == [1]
    assert world.standing() == {"h000": "verified"}


@pytest.mark.usefixtures("impatient")
def test_a_run_that_waits_takes_a_host_when_it_comes_on_line(tmp_path: Path, door: socket.socket) -> None:
    world = make_world(tmp_path, many(1), port=door.getsockname()[1])
    offline(world)
    planned(world)
    turns = turns_of(world.context, Selection(RUN), wait=True)
    turns.doors = Doors(world.context.book.fleet, first_s=0.1, longest_s=0.2)
    waiting = in_background(lambda: carry_out(turns))
    time.sleep(0.5)
    assert world.standing() == {"h000": "unreachable"}
    door.listen()
    assert waiting.result(30) == [1]
    assert world.standing() == {"h000": "verified"}


def test_each_knock_leaves_a_host_alone_for_longer(tmp_path: Path, door: socket.socket) -> None:
    world = make_world(tmp_path, many(1), port=door.getsockname()[1])
    host = world.context.book.fleet.hosts
    doors = Doors(world.context.book.fleet, first_s=3600.0)
    assert doors.knock(host) == ()
    door.listen()
    assert doors.knock(host) == (), "it is left alone for an hour"
    doors.forget(host[0].id)
    assert doors.knock(host) == ("h000",)
