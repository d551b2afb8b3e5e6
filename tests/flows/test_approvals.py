"""Acts that need a person's yes: who may say it, what is held until then, and that no act slips through."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.approvals import approvals_of, ask_to_roll_back, decide, gatekeeper, still_waiting
from flows.approvals_wanted import money_wanted, new_clients_wanted, pairs_of, wanted_to_dispatch, whole_waves
from muster.approvals import Act, ApprovalPolicy, ApprovalRule, ApprovalState, Request
from muster.campaign import WavePolicy
from muster.errors import ApprovalNeeded, CampaignStopped, InputError, MusterError
from muster.ids import ClientId, PartnerId
from muster.messages import Channel
from muster.outcomes import HostStatus
from muster.records import WaveState
from muster.steps import StepName
from push.attempts import push_batch
from push.release import RUN, Selection
from push.turns import turns_of
from tests.flows.reconciling import HOSTS, NOON, VISITS, World, campaign_of, crew_of, plan_of
from tests.push.fakes import CAMPAIGN

ALL_RULES = ApprovalPolicy(
    ramp=ApprovalRule(("Kim Lee", "Ana Ruiz")),
    money=ApprovalRule(("Ana Ruiz",)),
    new_client=ApprovalRule(),
    rollback=ApprovalRule(("Kim Lee",)),
    money_over_cents=100_000,
)
SMALL = WavePolicy(canary_per_kind=1, growth_factor=2)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, campaign_of(approvals=ALL_RULES, waves=SMALL), begins=NOON)
    yield made
    made.ledger.close()


def run(world: World, *, by: str = "otto") -> list[int]:
    """A run by hand; the sizes of its waves."""
    turns, sizes = turns_of(world.context(), Selection(RUN, ahead=True, by=by)), []
    while wave := turns.next_wave():
        sizes.append(len(wave.host_ids))
        push_batch(turns.context, turns.left_of(wave), wave=wave.number, step=StepName.APPLY)
        turns.settle(wave)
    return sizes


def the_one_that_waits(world: World) -> str:
    (waiting,) = still_waiting(approvals_of(world.book))
    return waiting.id


def say(world: World, *, approved: bool, person: str = "Ana Ruiz", login: str = "", why: str = "looked at it") -> None:
    decide(world.services, the_one_that_waits(world), approved=approved, person=person, login=login, why=why)


def test_after_the_canary_a_run_asks_and_goes_on_only_after_the_yes(world: World) -> None:
    for _ in range(2):
        with pytest.raises(ApprovalNeeded, match=r"after wave 1, the canary: 1 of 1 verified .*Kim Lee or Ana Ruiz"):
            run(world)
        assert len(world.pushed()) == 1, "the canary, and nobody else"
    assert len(approvals_of(world.book)) == 1, "it asks once"
    say(world, approved=True)
    assert run(world) == [2, 3]
    assert set(world.standing().values()) == {"verified"}


def test_that_a_person_is_waited_for_is_told_once_to_whoever_hears_of_alerts(world: World) -> None:
    keeper = gatekeeper(world.services, CAMPAIGN)
    for _ in range(2):
        with pytest.raises(ApprovalNeeded):
            keeper.pass_or_ask((Request(Act.RAMP, "wave 1", "go on after wave 1"),), by="otto")
    (told,) = world.ledger.messages(kind="alert approval-asked", channels=[Channel.BOARD])
    (asked,) = approvals_of(world.book)
    assert told.message.content.alert is not None
    assert dict(told.message.content.alert.details) == {
        "request": asked.id,
        "asked by": "otto",
        "who may decide": "Kim Lee or Ana Ruiz",
    }


def test_a_no_to_the_ramp_stops_the_campaign_and_is_asked_anew_after_a_resume(world: World) -> None:
    with pytest.raises(ApprovalNeeded):
        run(world)
    with pytest.raises(InputError, match="reason"):
        say(world, approved=False, why=" ")
    say(world, approved=False, why="two tills lost their printers")
    stop = world.ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert stop.gentle
    assert "two tills lost their printers" in stop.reason
    with pytest.raises(CampaignStopped, match="two tills"):
        run(world)
    world.ledger.resume(CAMPAIGN, by="Kim Lee")
    with pytest.raises(ApprovalNeeded):
        run(world)
    assert [one.state for one in approvals_of(world.book)] == [ApprovalState.REFUSED, ApprovalState.WAITING]
    assert len(world.pushed()) == 1


def test_after_a_halt_the_new_canary_needs_nobody_and_its_ramp_does(world: World) -> None:
    with pytest.raises(ApprovalNeeded):
        run(world)
    say(world, approved=True)
    first = world.ledger.open_wave(CAMPAIGN, HOSTS[VISITS[1]], by="test")
    world.ledger.close_wave(CAMPAIGN, first.number, WaveState.HALTED, "on purpose", by="test")
    world.ledger.resume(CAMPAIGN, by="Kim Lee")
    with pytest.raises(ApprovalNeeded, match="after wave 3, the canary"):
        run(world)
    assert len(world.pushed()) == 2


def test_a_run_that_waits_goes_on_when_somebody_has_said_yes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("push.turns.APPROVAL_LOOK_S", 0.01)
    turns = turns_of(world.context(), Selection(RUN, ahead=True, by="otto"), wait=True)
    canary = turns.next_wave()
    assert canary is not None
    push_batch(turns.context, turns.left_of(canary), wave=canary.number, step=StepName.APPLY)
    turns.settle(canary)
    asked: list[str] = []

    class Yes:
        def is_set(self) -> bool:
            """Looked at in every wait: the person comes in the middle of one."""
            if not asked and still_waiting(approvals_of(world.book)):
                asked.append("once")
                say(world, approved=True)
            return False

    turns.context = replace(turns.context, held_back=Yes())
    wave = turns.next_wave()
    assert asked
    assert wave is not None
    assert wave.number == 2


@pytest.mark.parametrize(
    ("asked_by", "person", "login", "words"),
    [
        ("otto", "Otto", "", "is not one of those"),
        ("Ana Ruiz", "Ana Ruiz", "", "asked for .* and cannot decide"),
        ("ana ruiz", "Ana Ruiz", "", "asked for .* and cannot decide"),
        ("kim", "Kim Lee", "kim", "asked for .* and cannot decide"),
        ("otto", "Kim Lee", "otto", "decides from the login kim"),
        ("otto", "Kim Lee", "kim", ""),
        ("otto", "kim lee", "kim", ""),
        ("kim", "Ana Ruiz", "whoever", ""),
    ],
)
def test_who_may_decide(world: World, asked_by: str, person: str, login: str, words: str) -> None:
    with pytest.raises(ApprovalNeeded):
        run(world, by=asked_by)
    if not words:
        say(world, approved=True, person=person, login=login)
        assert approvals_of(world.book)[0].state is ApprovalState.APPROVED
        return
    with pytest.raises(InputError, match=words):
        say(world, approved=True, person=person, login=login)
    assert approvals_of(world.book)[0].state is ApprovalState.WAITING


def test_what_is_decided_is_not_decided_again(world: World) -> None:
    with pytest.raises(ApprovalNeeded):
        run(world)
    request = the_one_that_waits(world)
    say(world, approved=True)
    with pytest.raises(InputError, match="approved already, by Ana Ruiz"):
        decide(world.services, request, approved=False, person="Kim Lee", why="no")


def test_only_a_plan_over_the_limit_asks_for_money(world: World) -> None:
    campaign = world.ledger.campaign(CAMPAIGN)
    assert not list(money_wanted(campaign, plan_of(cents=100_000), "EUR"))
    (wanted,) = money_wanted(campaign, plan_of(cents=100_001), "EUR")
    assert "EUR 1,000.01 (limit EUR 1,000.00)" in wanted.sentence
    assert not list(money_wanted(campaign_of(), plan_of(cents=10**9), "EUR"))


def test_only_a_partner_at_a_client_that_it_has_never_had_is_asked_about() -> None:
    ours, theirs = plan_of(), plan_of(person="pat")
    assert not list(new_clients_wanted(ours, crew_of(), frozenset()))
    (wanted,) = new_clients_wanted(theirs, crew_of(), frozenset())
    assert wanted.sentence == "send North IT (north) to acme, where it has never been"
    assert not list(new_clients_wanted(theirs, crew_of(), pairs_of(theirs, crew_of())))
    assert pairs_of(theirs, crew_of()) == {(PartnerId("north"), ClientId("acme"))}


def test_a_plan_that_binds_makes_its_partners_known_at_its_clients(world: World) -> None:
    campaign = world.ledger.campaign(CAMPAIGN)
    wanted = wanted_to_dispatch(world.services, campaign, plan_of("p2", cents=200_000, person="pat"))
    assert [one.act for one in wanted] == [Act.MONEY, Act.NEW_CLIENT]
    world.dispatch(plan_of("p2", person="pat"))
    assert not wanted_to_dispatch(world.services, campaign, plan_of("p3", person="pat"))


def test_a_whole_wave_is_rolled_back_only_with_a_yes_also_in_parts(world: World) -> None:
    world.ledger.open_campaign(campaign_of(approvals=replace(ALL_RULES, ramp=None), waves=SMALL), (), by="test")
    assert run(world) == [1, 2, 3]
    second = world.ledger.waves(CAMPAIGN)[1].host_ids
    ask_to_roll_back(world.services, CAMPAIGN, second[:1], by="otto")
    with pytest.raises(ApprovalNeeded, match="roll back wave 2"):
        ask_to_roll_back(world.services, CAMPAIGN, second, by="otto")
    push_batch(world.context(), second[:1], wave=0, step=StepName.ROLLBACK)
    assert world.standing()[second[0]] == "rolled back"
    with pytest.raises(ApprovalNeeded, match="roll back wave 2"):
        ask_to_roll_back(world.services, CAMPAIGN, second[1:], by="otto")
    say(world, approved=True, person="Kim Lee", login="kim")
    ask_to_roll_back(world.services, CAMPAIGN, second[1:], by="otto")
    world.clock.advance(timedelta(hours=24))
    with pytest.raises(ApprovalNeeded):
        ask_to_roll_back(world.services, CAMPAIGN, second[1:], by="otto")


def test_whole_waves_are_those_of_which_nothing_would_be_left(world: World) -> None:
    world.ledger.open_campaign(campaign_of(waves=SMALL), (), by="test")
    run(world)
    waves, states = world.ledger.waves(CAMPAIGN), {one.host_id: one for one in world.ledger.hosts(CAMPAIGN)}
    everybody = frozenset(states)
    assert whole_waves(waves, states, everybody) == (1, 2, 3)
    assert whole_waves(waves, states, everybody - set(waves[1].host_ids[:1])) == (1, 3)
    back = {key: replace(one, status=HostStatus.ROLLED_BACK) for key, one in states.items()}
    assert whole_waves(waves, back, everybody) == ()


def test_two_who_ask_the_same_at_once_make_one_request(world: World) -> None:
    wanted = (Request(Act.RAMP, "wave 1", "go on"),)
    one, other = (gatekeeper(world.services, CAMPAIGN) for _ in range(2))
    for keeper in (one, other):
        with pytest.raises(ApprovalNeeded):
            keeper.pass_or_ask(wanted, by="otto")
    assert len(approvals_of(world.book)) == 1


SUBJECTS = [Request(act, f"{act.value} {number}", "what") for act in Act for number in range(2)]
PEOPLE = ("Kim Lee", "Ana Ruiz", "otto", "kim")


YesUntil = dict[tuple[Act, str], datetime]
"""What the record must come to, kept beside it by other means."""


asks = st.tuples(st.just("ask"), st.sampled_from(SUBJECTS), st.sampled_from(PEOPLE))
answers = st.tuples(st.sampled_from(("yes", "no")), st.sampled_from(SUBJECTS), st.sampled_from(PEOPLE))
waits = st.tuples(st.just("wait"), st.sampled_from(SUBJECTS), st.sampled_from(PEOPLE))


@settings(max_examples=15)
@given(steps=st.lists(st.one_of(asks, answers, waits), max_size=20))
def test_no_act_slips_through(steps: list[tuple[str, Request, str]]) -> None:
    """An act passes exactly when somebody who may, and did not ask, said yes to it, and has not been too long ago."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder), campaign_of(approvals=ALL_RULES))
        keeper = gatekeeper(world.services, CAMPAIGN)
        yes_until: YesUntil = {}
        for what, about, person in steps:
            key, now = (about.act, about.subject), world.clock.now()
            if what == "ask":
                may_pass = key in yes_until and now < yes_until[key]
                try:
                    keeper.pass_or_ask((about,), by=person)
                except ApprovalNeeded:
                    assert not may_pass
                else:
                    assert may_pass, "nobody has said yes"
            elif what == "wait":
                world.clock.advance(timedelta(hours=13))
            else:
                _answer(world, about, person, approved=what == "yes", yes_until=yes_until)
        world.ledger.close()


def _answer(world: World, about: Request, person: str, *, approved: bool, yes_until: YesUntil) -> None:
    waiting = [
        one for one in still_waiting(approvals_of(world.book)) if (one.act, one.subject) == (about.act, about.subject)
    ]
    if not waiting:
        return
    rule = ALL_RULES.rule(about.act)
    assert rule is not None
    allowed = rule.by or ("Kim Lee", "Ana Ruiz")
    same = waiting[0].asked_by in {person, "kim" if person == "Kim Lee" else person}
    try:
        decide(world.services, waiting[0].id, approved=approved, person=person, login="kim", why="because")
    except MusterError:
        assert person not in allowed or same
        return
    assert person in allowed
    assert not same
    if approved:
        forever = timedelta(hours=24) if about.act is Act.ROLLBACK else timedelta(days=1000)
        yes_until[about.act, about.subject] = world.clock.now() + forever
