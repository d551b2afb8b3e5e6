"""Plans are kept as they are; one of them binds, if nothing has moved under it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.store import SqlLedger
from muster.clock import ManualClock
from muster.crew import Crew
from muster.errors import Conflict, InputError, NotFound
from muster.ids import CampaignId, PlanId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import DispatchedPlan, WaveState
from tests.ledger.make import (
    CAMPAIGN,
    STALE,
    begin_stale,
    campaign,
    claim,
    finish,
    fleet,
    ids,
    plan,
    probe,
)


def _dispatch(ledger: SqlLedger, made: Plan, revision: int | None = None) -> None:
    ledger.save_plan(made, by="ann")
    expected = ledger.revision() if revision is None else revision
    ledger.dispatch(made.id, by="ann", expected_revision=expected)


def test_a_plan_comes_out_as_it_went_in(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.save_plan(plan(), by="ann")
    ledger.save_plan(plan("a-plan"), by="ann")
    assert ledger.plan(PlanId("plan-1")) == plan()
    assert ledger.plans(CAMPAIGN) == ("plan-1", "a-plan")
    assert ledger.dispatched(CAMPAIGN) is None


def test_a_plan_never_changes(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.save_plan(plan(), by="ann")
    ledger.save_plan(plan(), by="ann")
    with pytest.raises(Conflict, match="another plan with the id plan-1"):
        ledger.save_plan(replace(plan(), seed=8), by="ann")
    with pytest.raises(InputError, match="not finite"):
        ledger.save_plan(replace(plan("p2"), bound=float("-inf")), by="ann")
    with pytest.raises(NotFound, match="no plan 'p2'"):
        ledger.plan(PlanId("p2"))


def test_dispatch_gives_hosts_their_visit_and_person(ledger: SqlLedger, clock: ManualClock) -> None:
    begin_stale(ledger)
    _dispatch(ledger, plan())
    placed = [(state.visit_id, state.person_id) for state in ledger.hosts(CAMPAIGN)]
    assert placed == [("v1", "e1"), ("v1", "e1"), (None, None), (None, None)]
    assert ledger.dispatched(CAMPAIGN) == DispatchedPlan(PlanId("plan-1"), "ann", clock.now())
    (lease,) = claim(ledger, ids(1))
    assert lease.visit_id == "v1"
    assert ledger.attempts(CAMPAIGN)[0].visit_id == "v1"


def test_a_host_that_a_later_plan_does_not_name_keeps_its_visit_only_when_it_is_done_or_under_way(
    ledger: SqlLedger,
) -> None:
    begin_stale(ledger, 6)
    _dispatch(ledger, plan(hosts=6))
    finish(ledger, claim(ledger, ids(1)))
    claim(ledger, ids(2)[1:])
    later = plan("plan-2", 6)
    _dispatch(ledger, replace(later, visits=later.visits[1:], assignments=(), unplaced=()))
    assert [state.visit_id for state in ledger.hosts(CAMPAIGN)] == ["v1", "v1", None, None, None, None]


def _wave(ledger: SqlLedger) -> None:
    ledger.open_wave(CAMPAIGN, ids(2), by="bob")
    ledger.close_wave(CAMPAIGN, 1, WaveState.PASSED, "fine", by="bob")


MOVES: dict[str, Callable[[SqlLedger], object]] = {
    "another's probe that changes a status": lambda ledger: probe(ledger, ids(1), None, HostStatus.UNREACHABLE),
    "a claim": lambda ledger: claim(ledger, ids(1)),
    "the inventory": lambda ledger: ledger.save_inventory(fleet(5), Crew(), by="bob"),
    "the policy": lambda ledger: ledger.open_campaign(campaign(reason="other"), (), by="bob"),
    "a stop": lambda ledger: ledger.stop(CAMPAIGN, by="bob", reason="wait"),
    "another dispatch": lambda ledger: _dispatch(ledger, plan("rival")),
}
KEEPS: dict[str, Callable[[SqlLedger], object]] = {
    "a note": lambda ledger: ledger.note("coffee", by="bob", campaign_id=CAMPAIGN),
    "a note that calls itself a stop": lambda ledger: ledger.note("stopped", by="bob", campaign_id=CAMPAIGN),
    "a probe that confirms": lambda ledger: probe(ledger, ids(1), STALE, HostStatus.STALE),
    "a saved plan": lambda ledger: ledger.save_plan(plan("other"), by="bob"),
    "an import of what is there": lambda ledger: ledger.save_inventory(fleet(4), Crew(), by="bob"),
    "a wave": _wave,
    "another campaign": lambda ledger: ledger.open_campaign(
        replace(campaign(), id=CampaignId("other")), ids(2), by="bob"
    ),
}


STEPS = ("another's probe that changes a status", "a claim")

UNDONE = [*((what, False) for what in MOVES), *((what, True) for what in MOVES if what not in STEPS)]
"""What moves a plan, and whether who dispatches has looked at the hosts, which allows for a push's steps alone."""


@pytest.mark.parametrize(("what", "beside_pushes"), UNDONE)
def test_a_plan_is_not_dispatched_when_this_has_moved(ledger: SqlLedger, what: str, *, beside_pushes: bool) -> None:
    begin_stale(ledger)
    revision = ledger.revision()
    ledger.save_plan(plan(), by="ann")
    MOVES[what](ledger)
    before = ledger.dispatched(CAMPAIGN)
    with pytest.raises(Conflict, match=f"not as it was at revision {revision}"):
        ledger.dispatch(PlanId("plan-1"), by="ann", expected_revision=revision, beside_pushes=beside_pushes)
    assert ledger.dispatched(CAMPAIGN) == before


@pytest.mark.parametrize("what", STEPS)
def test_who_has_looked_at_the_hosts_dispatches_beside_a_push(ledger: SqlLedger, what: str) -> None:
    begin_stale(ledger)
    revision = ledger.revision()
    ledger.save_plan(plan(), by="ann")
    MOVES[what](ledger)
    ledger.dispatch(PlanId("plan-1"), by="ann", expected_revision=revision, beside_pushes=True)
    assert ledger.dispatched(CAMPAIGN) is not None


@pytest.mark.parametrize("what", KEEPS)
def test_a_plan_is_dispatched_whatever_happened_beside_it(ledger: SqlLedger, what: str) -> None:
    begin_stale(ledger)
    revision = ledger.revision()
    ledger.save_plan(plan(), by="ann")
    KEEPS[what](ledger)
    ledger.dispatch(PlanId("plan-1"), by="ann", expected_revision=revision)
    assert ledger.dispatched(CAMPAIGN) is not None


def test_renewed_leases_do_not_move_a_plan(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    leases = claim(ledger, ids(1))
    revision = ledger.revision()
    ledger.renew(leases, lease_s=90)
    _dispatch(ledger, plan(), revision)
    assert ledger.dispatched(CAMPAIGN) is not None


def test_a_revision_that_the_ledger_has_not_reached_is_a_conflict(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    with pytest.raises(Conflict, match="its newest revision is"):
        _dispatch(ledger, plan(), ledger.revision() + 10)


def test_a_plan_for_hosts_of_another_campaign_is_a_conflict(ledger: SqlLedger) -> None:
    begin_stale(ledger, 2)
    with pytest.raises(Conflict, match="names the host h2"):
        _dispatch(ledger, plan(hosts=4))
