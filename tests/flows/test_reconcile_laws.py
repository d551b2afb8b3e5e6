"""The reconciler's laws: in whatever order it looks, nothing begins twice, too early, too late, or after a stop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.engine import Parameter
from flows.reconcile_acts import Reconciler
from flows.reconcile_duties import Duties, duties_of
from flows.reconcile_rules import Due, Duty, DutyKind, View, due
from flows.reconcile_view import view_of
from flows.visits import start_visit, starts_of, visit_open
from muster.errors import CampaignStopped, InputError, MusterError
from muster.ids import HostId, RunnerId, VisitId
from muster.outcomes import HostStatus
from muster.running import RunningPolicy
from muster.steps import StepName
from tests.flows.reconciling import DEADLINE, HOSTS, HOUR, NOON, VISITS, Acts, World, campaign_of, plan_of
from tests.push.fakes import CAMPAIGN

MINUTE = timedelta(minutes=1)
MACHINES = ("north:1:1.00", "south:2:2.00")  # of no host of ours, so that only their leases say that they are gone


@dataclass
class Machine:
    """One reconciler, whose looks and acts a test can pull apart."""

    world: World
    name: str
    acts: Acts = field(init=False)
    looked: View | None = None
    begun: list[tuple[Due, Duty]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acts = self.world.act(self.name)
        world = self.world
        self.duties = Duties(world.ledger, world.book, world.clock, world.lease_clock, RunnerId(self.name))

    def look(self) -> None:
        """See how everything stands; what follows goes by it, however late."""
        self.looked = view_of(self.world.services, lease_now=self.world.lease_clock.now(), forecast_hour=24)

    def take(self) -> None:
        """Take what was due when it looked."""
        for wanted in due(self.looked, self.world.clock.now()) if self.looked else ():
            assert self.looked is not None
            if wanted.campaign_id is None:
                continue  # messages have leases of their own
            (seen,) = (one.duties for one in self.looked.campaigns)
            duty = self.duties.take(wanted, seen.get(wanted.kind))
            if duty is not None:
                assert self.world.ledger.stopped(CAMPAIGN) is None, "nothing begins after a stop"
                self.begun.append((wanted, duty))

    def act(self) -> None:
        """Carry out what it has taken."""
        for wanted, duty in self.begun:
            parameters: dict[str, Parameter] = {"campaign_id": str(CAMPAIGN), "by_itself": True, "by": "reconciler"}
            flow = "waves" if wanted.kind is DutyKind.PUSH else "probe"
            said = ""
            try:
                self.acts(flow, {**parameters, "host_ids": [str(one) for one in wanted.host_ids]})
            except CampaignStopped as error:
                said = error.message
            self.duties.end(duty, said=said, in_vain=False)
        self.begun.clear()

    def die(self) -> None:
        """Forget everything, as a process that is killed does."""
        self.looked = None
        self.begun.clear()


Step = Callable[["Play"], None]


@dataclass
class Play:
    """A world, its machines, and what must never happen in it."""

    world: World
    machines: list[Machine]
    seen: int = 0
    verified: set[HostId] = field(default_factory=set)

    def do(self, step: Step) -> None:
        """One step, and whether every law still holds after it."""
        stopped = self.world.ledger.stopped(CAMPAIGN) is not None
        step(self)
        new, self.seen = self.world.hosts.seen[self.seen :], len(self.world.hosts.seen)
        pushed = [host_id for host_id, name in new if name is StepName.APPLY]
        assert not (stopped and new), "nothing touches a host after a stop"
        assert len(pushed) == len(set(pushed)), "nobody is pushed twice"
        assert not set(pushed) & self.verified, "who is verified is not pushed again"
        for host_id in pushed:
            self._must_be_open(host_id)
        self.verified |= {one.host_id for one in self.world.ledger.hosts(CAMPAIGN) if one.status is HostStatus.VERIFIED}
        under_way = [duty for one in self.machines for _, duty in one.begun if self._holds(duty)]
        keys = [duty.key for duty in under_way]
        assert len(keys) == len(set(keys)), "nothing is begun twice at one time"

    def _holds(self, duty: Duty) -> bool:
        """Whether it is still its machine's: one that gave no sign of life for long enough has lost it."""
        kept = duties_of(self.world.book, CAMPAIGN).get(duty.kind)
        return kept is not None and (kept.runner_id, kept.taken_at) == (duty.runner_id, duty.taken_at)

    def _must_be_open(self, host_id: HostId) -> None:
        now, campaign = self.world.clock.now(), self.world.ledger.campaign(CAMPAIGN)
        placed = next(one for one in plan_of().assignments if host_id in HOSTS[one.visit_id])
        start = starts_of(self.world.services, CAMPAIGN).get(placed.visit_id)
        assert now < campaign.deadline
        if campaign.running.unattended:
            assert now >= placed.starts_at, "nothing begins before its time"
        else:
            assert start is not None, "an attended visit begins only when somebody says so"
            assert now >= placed.starts_at - timedelta(minutes=campaign.running.early_minutes)
        was_away = host_id in AWAY
        assert was_away or visit_open(campaign, placed, start, now), "nothing begins after its time"


AWAY = frozenset({HOSTS[VISITS[2]][0]})
"""Off line when its visit comes, in every play."""


def look(play: Play, number: int) -> None:
    play.machines[number].look()


def take(play: Play, number: int) -> None:
    play.machines[number].take()


def act(play: Play, number: int) -> None:
    play.machines[number].act()


def tick(play: Play, number: int) -> None:
    for one in (look, take, act):
        one(play, number)


def die(play: Play, number: int) -> None:
    play.machines[number].die()


def wait(play: Play, minutes: int) -> None:
    """Time goes by; leases are told by another clock, which never goes back."""
    play.world.clock.advance(timedelta(minutes=minutes))
    play.world.lease_clock.advance(timedelta(minutes=abs(minutes)))


def press_start(play: Play, visit_id: VisitId) -> None:
    try:
        start_visit(play.world.services, CAMPAIGN, visit_id, by="kim")
    except (InputError, CampaignStopped):
        return


def stop(play: Play) -> None:
    play.world.ledger.stop(CAMPAIGN, by="kim", reason="a client called")


def resume(play: Play) -> None:
    play.world.ledger.resume(CAMPAIGN, by="kim")


machine_numbers = st.sampled_from((0, 1))
steps = st.one_of(
    *(st.builds(partial, st.just(one), number=machine_numbers) for one in (tick, look, take, act, die)),
    st.builds(partial, st.just(tick), number=machine_numbers),
    st.builds(partial, st.just(wait), minutes=st.sampled_from((-7, 1, 5, 20, 61, 150, 600, 1_500))),
    st.builds(partial, st.just(press_start), visit_id=st.sampled_from(VISITS)),
    st.sampled_from((stop, resume)),
)
wait_two_hours, tick_north = partial(wait, minutes=120), partial(tick, number=0)
both_look = [partial(look, number=0), partial(look, number=1)]


def played(steps_: list[Step], *, unattended: bool) -> Play:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), campaign_of(running=RunningPolicy(unattended=unattended)))
        for host_id in AWAY:
            world.goes_away(host_id)
        play = Play(world, [Machine(world, name) for name in MACHINES])
        try:
            for step in steps_:
                play.do(step)
        finally:
            world.ledger.close()
    return play


north_takes, south_takes, north_acts = partial(take, number=0), partial(take, number=1), partial(act, number=0)


@settings(max_examples=15)
@given(steps_=st.lists(steps, max_size=25), unattended=st.booleans())
@example(steps_=[wait_two_hours, *both_look, north_takes, south_takes], unattended=True)
@example(steps_=[wait_two_hours, *both_look, stop, north_takes, north_acts], unattended=True)
@example(steps_=[wait_two_hours, *both_look, north_takes, stop, north_acts], unattended=True)
@example(steps_=[partial(wait, minutes=1_500), tick_north], unattended=True)
def test_looks_in_any_order_do_no_harm(steps_: list[Step], unattended: bool) -> None:  # noqa: FBT001 - of the test
    played(steps_, unattended=unattended)


def test_regular_looks_carry_a_campaign_through() -> None:
    """The laws above would hold of a reconciler that did nothing: this one must not."""
    minutes = [partial(wait, minutes=20), partial(tick, number=0), partial(tick, number=1)]
    play = played([partial(wait, minutes=110), *(minutes * 15)], unattended=True)
    assert len(play.verified) == 6


def test_an_attended_campaign_is_carried_through_by_those_who_press_start() -> None:
    by_hand: list[Step] = []
    for number, visit_id in enumerate(VISITS):
        by_hand += [partial(wait, minutes=60 if number else 120), tick_north]
        by_hand += [partial(press_start, visit_id=visit_id), tick_north]
    knocks = [partial(wait, minutes=15), tick_north, tick_north]
    play = played([*by_hand, *knocks, *knocks], unattended=False)
    assert len(play.verified) == 6


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, campaign_of(), begins=NOON)
    yield made
    made.ledger.close()


def test_a_trouble_is_written_down_and_tried_again_after_a_pause(world: World) -> None:
    tried: list[str] = []

    def fails(flow: str, parameters: object) -> None:
        del parameters
        tried.append(flow)
        raise MusterError("no worker began it")

    def looks() -> None:
        for one in Reconciler(world.services, "/nowhere", fails, forecast_hour=24).begin():
            one()

    looks()
    duty = duties_of(world.book, CAMPAIGN)[DutyKind.PUSH]
    assert (duty.said, duty.in_vain) == ("no worker began it", 1)
    looks()
    assert tried == ["waves"], "not again within the minute"
    world.clock.advance(MINUTE)
    looks()
    assert tried == ["waves", "waves"]
    assert duties_of(world.book, CAMPAIGN)[DutyKind.PUSH].in_vain == 2


def test_a_push_that_touches_nobody_counts_as_in_vain_and_one_that_does_begins_the_count_anew(world: World) -> None:
    def nothing_happens(flow: str, parameters: object) -> None:
        del flow, parameters

    nothing = Reconciler(world.services, "/nowhere", nothing_happens, forecast_hour=24)
    for one in nothing.begin():
        one()
    assert duties_of(world.book, CAMPAIGN)[DutyKind.PUSH].in_vain == 1
    world.clock.advance(MINUTE)
    for one in Reconciler(world.services, "/nowhere", world.act(), forecast_hour=24).begin():
        one()
    assert duties_of(world.book, CAMPAIGN)[DutyKind.PUSH].in_vain == 0
    assert sorted(world.pushed()) == list(HOSTS[VISITS[0]])


def test_a_duty_whose_machine_gives_no_sign_of_life_is_taken_by_the_other(world: World) -> None:
    north, south = (Machine(world, name) for name in MACHINES)
    north.look()
    north.take()
    assert north.begun
    south.look()
    south.take()
    assert not south.begun
    world.lease_clock.advance(timedelta(minutes=15))
    world.clock.advance(timedelta(minutes=15))
    south.look()
    south.take()
    assert south.begun
    north.duties.end(north.begun[0][1], said="late", in_vain=False)
    assert duties_of(world.book, CAMPAIGN)[DutyKind.PUSH].ended_at is None, "it is not north's any more"


def test_a_start_is_refused_before_its_time_after_the_deadline_and_in_a_stopped_campaign(world: World) -> None:
    with pytest.raises(InputError, match="30 minutes before"):
        start_visit(world.services, CAMPAIGN, VISITS[1], by="kim")
    world.clock.advance(HOUR / 2)
    first = start_visit(world.services, CAMPAIGN, VISITS[1], by="kim")
    assert start_visit(world.services, CAMPAIGN, VISITS[1], by="ana") == first, "said twice, the first word stays"
    world.ledger.stop(CAMPAIGN, by="kim", reason="wait")
    with pytest.raises(CampaignStopped):
        start_visit(world.services, CAMPAIGN, VISITS[1], by="kim")
    world.ledger.resume(CAMPAIGN, by="kim")
    world.clock.at = DEADLINE
    with pytest.raises(InputError, match="deadline"):
        start_visit(world.services, CAMPAIGN, VISITS[1], by="kim")
    with pytest.raises(MusterError, match="no visit"):
        start_visit(world.services, CAMPAIGN, VisitId("nowhere"), by="kim")
