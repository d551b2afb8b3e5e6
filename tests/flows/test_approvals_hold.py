"""Whole acts in any order: what the record says was done never goes beyond what was approved before it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.approvals import approvals_of, ask_to_roll_back, decide, still_waiting
from muster.approvals import ROLLBACK_HOLDS, Act, Approval, ApprovalPolicy, ApprovalRule
from muster.campaign import WavePolicy
from muster.errors import ApprovalNeeded, CampaignStopped, InputError
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import Event
from muster.steps import StepName
from push.attempts import push_batch
from push.release import RETRY, RUN, Selection
from push.turns import turns_of
from tests.flows.reconciling import HOSTS, NOON, VISITS, World, campaign_of
from tests.push.fakes import CAMPAIGN

RULES = ApprovalPolicy(ramp=ApprovalRule(("Kim Lee", "Ana Ruiz")), rollback=ApprovalRule(("Ana Ruiz",)))
EVERYBODY = tuple(host_id for visit_id in VISITS for host_id in HOSTS[visit_id])
Step = Callable[[World], None]


def run(world: World, *, retry: bool) -> None:
    selection = Selection(RETRY if retry else RUN, ahead=True, by="otto")
    turns = turns_of(world.context(), selection)
    while wave := turns.next_wave():
        push_batch(turns.context, turns.left_of(wave), wave=wave.number, step=StepName.APPLY)
        turns.settle(wave)


def roll_back(world: World, host_ids: tuple[HostId, ...]) -> None:
    ask_to_roll_back(world.services, CAMPAIGN, host_ids, by="otto")
    push_batch(world.context(), host_ids, wave=0, step=StepName.ROLLBACK)


def answer(world: World, *, approved: bool, person: str) -> None:
    for one in still_waiting(approvals_of(world.book)):
        decide(world.services, one.id, approved=approved, person=person, why="because")


def wait(world: World) -> None:
    world.clock.advance(timedelta(hours=13))


def resume(world: World) -> None:
    world.ledger.resume(CAMPAIGN, by="Kim Lee")


some_hosts = st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=4, unique=True).map(tuple)
steps = st.one_of(
    st.builds(partial, st.just(run), retry=st.booleans()),
    st.builds(partial, st.just(run), retry=st.just(False)),  # noqa: FBT003 - hypothesis' own
    st.builds(partial, st.just(roll_back), host_ids=some_hosts),
    st.builds(partial, st.just(answer), approved=st.booleans(), person=st.sampled_from(("Kim Lee", "Ana Ruiz"))),
    st.sampled_from((wait, resume)),
)
go, yes = partial(run, retry=False), partial(answer, approved=True, person="Ana Ruiz")
back = partial(roll_back, host_ids=EVERYBODY)


@settings(max_examples=12)
@given(played=st.lists(steps, max_size=10))
@example(played=[go, yes, go, back, yes, back])
@example(played=[go, yes, go, back, yes, wait, wait, back])
@example(played=[go, partial(answer, approved=False, person="Kim Lee"), resume, go, yes, go])
def test_nothing_is_done_that_was_not_approved_before(played: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        policy = WavePolicy(canary_per_kind=1, growth_factor=2)
        world = World(Path(folder), campaign_of(approvals=RULES, waves=policy), begins=NOON)
        for step in played:
            try:
                step(world)
            except (ApprovalNeeded, CampaignStopped, InputError):
                continue
        record = world.ledger.events(campaign_id=CAMPAIGN, limit=10_000)
        approvals = approvals_of(world.book)
        world.ledger.close()
    _every_ramp_was_approved(record, approvals)
    _every_wave_that_is_gone_was_approved(record, approvals)


def _every_ramp_was_approved(record: Iterable[Event], approvals: Iterable[Approval]) -> None:
    """A wave that follows a canary came after the yes to that canary's ramp; a halt begins a new one."""
    canary = 0
    for event in record:
        if event.kind == "wave closed" and event.data["state"] == "halted":
            canary = 0
        if event.kind != "wave opened":
            continue
        if not canary:
            canary = int(str(event.data["number"]))
        else:
            about = [one for one in _yes(approvals, Act.RAMP) if one.subject == f"wave {canary}"]
            assert any(_said_at(one) <= event.at for one in about), (
                f"wave {event.data['number']} was opened without a yes"
            )


def _every_wave_that_is_gone_was_approved(record: Iterable[Event], approvals: Iterable[Approval]) -> None:
    """When the last of a wave was rolled back, a yes about that wave was at most a day old."""
    waves: dict[int, set[str]] = {}
    pushed: set[str] = set()
    gone: set[str] = set()
    for event in record:
        host_id = str(event.host_id)
        if event.kind == "wave opened":
            hosts = event.data["hosts"]
            waves[int(str(event.data["number"]))] = set(hosts) if isinstance(hosts, list) else set()
        elif event.kind == "claimed" and event.data["step"] == StepName.APPLY.value:
            pushed.add(host_id)
            gone.discard(host_id)
        elif event.kind == "finished" and event.data["status"] == HostStatus.ROLLED_BACK.value:
            gone.add(host_id)
            for number, members in waves.items():
                if host_id in members and members & pushed and members & pushed <= gone:
                    about = [one for one in _yes(approvals, Act.ROLLBACK) if number in _numbers(one)]
                    fresh = [one for one in about if _said_at(one) <= event.at < _said_at(one) + ROLLBACK_HOLDS]
                    assert fresh, f"wave {number} was rolled back without a yes"


def _yes(approvals: Iterable[Approval], act: Act) -> list[Approval]:
    return [one for one in approvals if one.act is act and one.decision is not None and one.decision.approved]


def _said_at(one: Approval) -> datetime:
    assert one.decision is not None
    return one.decision.at


def _numbers(one: Approval) -> set[int]:
    return {int(word) for word in one.subject.replace(",", " ").split() if word.isdigit()}
