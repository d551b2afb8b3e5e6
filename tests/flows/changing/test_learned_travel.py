"""Ways are planned as long as they were, once enough trips were told."""

import pytest

from flows.measured import finish_visit, learned_ratio
from flows.planning import problem_of
from muster.plan import VisitMode
from tests.flows.changing.bound import binding
from tests.flows.changing.conftest import Within
from tests.muster.worlds import SPRING


def test_a_few_trips_change_nothing_and_enough_of_them_make_every_way_longer(
    within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = within()
    before = problem_of(services, SPRING).travel_minutes
    plan = binding(services)
    trips = [one for one in plan.assignments if one.travel_minutes]
    assert {plan.visit[one.visit_id].mode for one in trips} == {VisitMode.ONSITE}
    for one in trips:
        finish_visit(
            services, SPRING, one.visit_id, minutes=100, travel_minutes=2.0 * one.travel_minutes, by="ben", note=""
        )
    assert 1 < len(trips) < 5
    assert learned_ratio(services, SPRING) == 1.0, "so few trips are not enough"
    assert (problem_of(services, SPRING).travel_minutes == before).all()
    monkeypatch.setattr("flows.measured.LEAST_TRIPS", len(trips))
    assert learned_ratio(services, SPRING) == 2.0
    after = problem_of(services, SPRING).travel_minutes
    assert (after == 2 * before).all()
