"""Plans put together from known tours by following the linear program and by CP-SAT."""

import pytest

from benchmarks.instances import Recipe, make
from scheduler.assemble import plan_of
from scheduler.search import first, prove, search
from scheduler.search.columns import Columns
from scheduler.search.lower import Bounding, never
from scheduler.search.recombine import dive, recombine
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.validate import violations

TIED = Recipe(80, 8, 3, team_share=0.1, order_share=0.3)
RECIPES = [Recipe(60, 8, 1), TIED]


def holds(touring: Touring, state: State) -> bool:
    plan = plan_of(touring, state.solution(), bound=None, seed=1, seconds=0.0, with_reasons=False)
    return not violations(touring.problem, plan)


def begun(recipe: Recipe, steps: int = 300) -> tuple[Touring, State, Columns]:
    touring, columns = Touring(make(recipe)), Columns()
    return touring, search(touring, first(touring, 1), MaxIterations(steps), 1, columns=columns), columns


@pytest.mark.parametrize("recipe", RECIPES, ids=["free", "tied"])
def test_a_dive_and_a_choice_among_tours_give_plans_that_hold_and_are_the_same_again(recipe: Recipe) -> None:
    touring, state, columns = begun(recipe)
    found = []
    for _ in range(2):
        with Bounding(touring, [state.solution()], columns.latest(1000), 1) as bounding:
            bounding.go_on(never, 6)
            dived = dive(touring, bounding.master, state, 1, never)
            choices = bounding.master.choices(bounding.master.solve(), 10_000_000, 1000)
        chosen = recombine(touring, choices, state, float("inf"), 1, never)
        assert holds(touring, dived)
        assert holds(touring, chosen)
        found.append((dived.solution(), chosen.solution()))
    assert found[0] == found[1]
    assert found[0][1].objective <= state.objective()


def test_tours_that_the_bound_has_priced_make_a_poor_plan_a_good_one() -> None:
    touring, state, _ = begun(RECIPES[0], 0)
    with Bounding(touring, [state.solution()], (), 1) as bounding:
        bounding.go_on(never, 60)
        bounding.master.set_free()
        choices = bounding.master.choices(bounding.master.solve(), 10_000_000, 5000)
        best = recombine(touring, choices, state, float("inf"), 1, never)
        proved = bounding.bounded().cents
    assert proved <= best.objective() < state.objective()
    assert best.objective() < 1.02 * proved


def test_tied_visits_stay_where_they_are() -> None:
    touring, state, columns = begun(TIED)
    with Bounding(touring, [state.solution()], columns.latest(1000), 1) as bounding:
        bounding.go_on(never, 4)
        dived = dive(touring, bounding.master, state, 1, never)
    assert touring.tied
    for visit in touring.tied:
        assert dived.days_of.get(visit) == state.days_of.get(visit)
        assert dived.fixed.get(visit) == state.fixed.get(visit)


@pytest.mark.slow
def test_the_bound_of_very_many_visits_is_near_that_of_the_whole_program(monkeypatch: pytest.MonkeyPatch) -> None:
    touring, state, _ = begun(Recipe(120, 14, 2, team_share=0.05), 20_000)
    whole = prove(touring, [state.solution()], 20.0, most_rounds=30)
    monkeypatch.setattr("scheduler.search.proving.WHOLE_VISITS", 100)
    wide = prove(touring, [state.solution()], 6.0)
    assert 0.9 * whole.cents < wide.cents <= state.objective()
