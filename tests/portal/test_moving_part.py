"""What a moved visit breaks and moves is the same whether the whole problem is looked at or the part it is about."""

from datetime import timedelta

import pytest

from flows import moving_part
from flows.moving import Checked, Moving, Wish, around, check, make_way
from muster.plan import Plan
from tests.portal.conftest import RunningPortal


def wishes_of(plan: Plan) -> list[Wish]:
    """Every visit an hour later, and every visit where another person's stands."""
    wishes = [Wish(one.visit_id, one.person_id, one.starts_at + timedelta(hours=1)) for one in plan.assignments[::2]]
    pairs = ((one, other) for one in plan.assignments for other in plan.assignments if one.person_id != other.person_id)
    return wishes + [Wish(one.visit_id, other.person_id, other.starts_at) for one, other in list(pairs)[::8]]


def told(found: Checked) -> set[str]:
    """The rules that break."""
    return {one.text for one in found.breaks}


def standing(way: Moving) -> set[tuple[str, str, str]]:
    """Who is where when afterwards."""
    return {(one.visit_id, one.person_id, one.starts_at.isoformat()) for one in way.plan.assignments}


def test_the_part_answers_as_the_whole_does(
    planned: tuple[RunningPortal, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, plan = planned
    services, smaller = running.world.services, 0
    problem = around(services, plan)
    for wish in wishes_of(plan):
        monkeypatch.setattr(moving_part, "WHOLE", 10_000)
        breaks, way = told(check(problem, plan, wish)), make_way(services, problem, plan, wish)
        monkeypatch.setattr(moving_part, "WHOLE", 0)
        part = moving_part.part_about(problem, plan, [wish.visit_id], [wish.person_id])
        smaller += len(part.demands) < len(problem.demands)
        parted = make_way(services, problem, plan, wish)
        assert told(check(problem, plan, wish)) == breaks, wish
        assert parted.granted == way.granted, wish
        assert len(parted.plan.visits) == len(way.plan.visits)
        if way.granted:
            assert standing(parted) == standing(way), wish
            assert parted.cost_cents == way.cost_cents, wish
    assert smaller > 5, "otherwise nothing was tried"
