"""Plans of the project manager: made, looked at, explained, and dispatched with what clients are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.ids import PlanId
from muster.plan import Plan
from portal.access import Role
from tests.portal.conftest import RunningPortal, start_portal, stop_portal
from tests.portal.planned import make_planned
from tests.portal.test_manager_board import BOARD, words
from tests.portal.waiting import found_by
from tests.portal.world import CAMPAIGN


@pytest.fixture
def proposed(tmp_path: Path) -> Iterator[tuple[RunningPortal, Plan]]:
    """A portal in which a plan of the scheduler's waits to be dispatched."""
    world, plan = make_planned(tmp_path, dispatched=False)
    running = start_portal(world)
    yield running, plan
    stop_portal(running)


def test_a_plan_says_what_it_costs_how_good_it_is_and_what_dispatch_would_do(
    proposed: tuple[RunningPortal, Plan],
) -> None:
    running, plan = proposed
    with running.client(Role.MANAGER) as client:
        seen = words(client.get(f"{BOARD}/plan/{plan.id}").text)
        other = client.get(f"{BOARD}/plan/P-nothing")
    placed = len({one.visit_id for one in plan.assignments})
    assert f"Plan {plan.id} proposal" in seen
    assert f"Visits placed {placed} of {len(plan.visits)}" in seen
    assert f"EUR {plan.cost.total_cents / 100:,.2f}" in seen
    assert "What dispatch would do" in seen
    assert "to clients" in seen
    assert "minutes of travel" in seen, "what is left out says why"
    assert other.status_code == 404


def test_a_visit_that_is_left_out_says_why_and_what_would_place_it(proposed: tuple[RunningPortal, Plan]) -> None:
    running, plan = proposed
    out = plan.unplaced[0].visit_id
    placed = plan.assignments[0].visit_id
    with running.client(Role.MANAGER) as client:
        left = words(client.get(f"{BOARD}/plan/{plan.id}/why/{out}").text)
        why = words(client.get(f"{BOARD}/plan/{plan.id}/why/{placed}").text)
        nothing = client.get(f"{BOARD}/plan/{plan.id}/why/V-none")
    assert "is left out" in left
    assert "minutes of travel" in left
    assert "adds" in why
    assert nothing.status_code == 404


def test_dispatch_binds_the_plan_and_queues_what_clients_are_told(proposed: tuple[RunningPortal, Plan]) -> None:
    running, plan = proposed
    ledger = running.world.ledger
    waiting = len(ledger.messages(campaign_id=CAMPAIGN))
    with running.client(Role.AUDITOR) as client:
        assert client.post(f"{BOARD}/plan/{plan.id}/dispatch").status_code == 404
    with running.client(Role.MANAGER) as client:
        done = client.post(f"{BOARD}/plan/{plan.id}/dispatch", data={"why": "some could not be reached"})
        assert done.status_code == 303, words(done.text)
        seen = words(client.get(done.headers["location"]).text)
    binding = ledger.dispatched(CAMPAIGN)
    assert binding is not None
    assert (binding.plan_id, binding.by) == (plan.id, "Ana Silva (ana)")
    assert "dispatched by Ana Silva" in seen
    assert len(ledger.messages(campaign_id=CAMPAIGN)) > waiting


def test_a_plan_that_does_not_hold_any_more_names_each_visit_that_has_fallen(fresh_portal: RunningPortal) -> None:
    """The world's own plan was written by hand; the validator does not agree with it."""
    with fresh_portal.client(Role.MANAGER) as client:
        seen = words(client.get(f"{BOARD}/plan").text)
        refused = client.post(f"{BOARD}/plan/plan-1/dispatch", data={"without_notice": "told by telephone"})
    assert "Plan plan-1 binds" in seen
    assert refused.status_code == 409
    assert "does not hold any more" in words(refused.text)
    assert "v1: nothing is left to do there" in words(refused.text)


def test_a_plan_is_made_by_a_button_and_binds_nobody(fresh_portal: RunningPortal) -> None:
    ledger = fresh_portal.world.ledger
    with fresh_portal.client(Role.MANAGER) as client:
        found = found_by(client, client.post(f"{BOARD}/plan", data={"seconds": "1"}))
    made = PlanId(found.rpartition("/")[2])
    assert made in ledger.plans(CAMPAIGN)
    binding = ledger.dispatched(CAMPAIGN)
    assert binding is not None
    assert binding.plan_id == "plan-1"
