import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from benchmarks.pictures import draw_problem
from scheduler.problem import AT_HOME


def test_the_same_recipe_gives_the_same_problem_and_another_seed_another() -> None:
    first, again, other = (make(Recipe(60, 8, seed)) for seed in (3, 3, 4))
    assert first.demands == again.demands
    assert first.days == again.days
    assert first.caps == again.caps
    assert first.demands != other.demands


def test_every_visit_is_open_at_some_time_and_somebody_can_do_it() -> None:
    problem = make(Recipe(200, 20, 5))
    for demand in problem.demands:
        assert any(span.ends - span.starts >= demand.visit.effort_minutes for span in demand.spans)
        assert any(demand.visit.skills <= person.skills for person in problem.people)


def test_sizes_are_what_was_asked_for() -> None:
    problem = make(Recipe(150, 20, 1, team_share=0.1, order_share=0.2))
    assert len(problem.demands) == 150
    assert len(problem.people) == 20
    assert {day.ordinal % 7 for day in problem.days} == {0, 1, 2, 3, 4}
    assert any(demand.visit.people == 2 for demand in problem.demands)
    assert any(demand.visit.after for demand in problem.demands)
    assert 0.03 < np.mean([demand.spot == AT_HOME for demand in problem.demands]) < 0.3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_own_people_and_partners_are_both_there_and_partners_cost_a_call_out(seed: int) -> None:
    problem = make(Recipe(100, 20, seed))
    own = [day for day in problem.days if problem.people[day.person].partner_id is None]
    partners = [day for day in problem.days if problem.people[day.person].partner_id is not None]
    assert own
    assert partners
    assert all(day.fixed_cents > 0 for day in partners)
    assert {cap.partner_id for cap in problem.caps if cap.partner_id is not None} == {
        problem.people[day.person].partner_id for day in partners
    }


def test_the_picture_shows_visits_and_homes() -> None:
    picture = draw_problem(make(Recipe(50, 6, 1)))
    assert picture.startswith("<svg")
    assert picture.count("<circle") > 30
    assert "hours a visit is open" in picture
