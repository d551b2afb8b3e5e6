"""What the search takes for the cheapest place, against every place looked at by itself."""

import pytest

from benchmarks.instances import Recipe, make
from scheduler.search import first
from scheduler.search.anneal import clear_for, ruin
from scheduler.search.looks import NEAR_LOOKS, cheapest, look_near, price_on
from scheduler.search.part import Part
from scheduler.search.places import best_place, caps_allow, empty, least_added, refresh, undo_step
from scheduler.search.records import ABSENT, NEVER, OUT, STEP, UNDO
from scheduler.tour import Touring

RECIPES = [Recipe(60, 5, 2), Recipe(120, 10, 3, remote_share=0.5), Recipe(90, 4, 4)]


def part_of(recipe: Recipe, steps: int) -> Part:
    """A search that has gone on for a while, so that some of what it remembers is old."""
    touring = Touring(make(recipe))
    part = Part(touring, first(touring, 1), 5)
    part.search.anneal(steps, 3000.0, 1000.0)
    return part


def places(part: Part, row: int) -> dict[int, tuple[int, int]]:
    """By day what it costs to put a row there now, as far as the caps allow, and its own price in that."""
    model, work = part.search.model, part.search.work
    found = {}
    for c in range(model.row[row]["cand_from"], model.row[row]["cand_to"]):
        day, price = (int(value) for value in work.option[c])
        cost, place, travel = best_place(model, work, row, day, price, NEVER)
        if place != ABSENT and caps_allow(model, work, day, int(model.row[row]["effort"]), travel):
            found[day] = cost, price
    return found


def rows_out(part: Part) -> list[int]:
    """The rows that no day has."""
    return [int(row) for row in part.search.work.out[: part.search.work.counts[OUT]]]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.visits}-{r.people}-{r.seed}")
@pytest.mark.parametrize("steps", [0, 40, 1500])
def test_the_cheapest_place_is_the_cheapest_of_all(recipe: Recipe, steps: int) -> None:
    part = part_of(recipe, steps)
    model, work = part.search.model, part.search.work
    for day in range(0, len(model.day), 3):
        empty(model, work, day)
        assert refresh(model, work, day)
    looked_at = 0
    for row in rows_out(part):
        costs = places(part, row)
        least = min((cost for cost, _ in costs.values()), default=NEVER)
        day, _, price = cheapest(model, work, row, 0.0)
        if least < model.row[row]["unplaced"]:
            looked_at += 1
            assert day != ABSENT
            assert costs[day] == (least, price)
        else:
            assert day == ABSENT
    assert looked_at > 5


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.visits}-{r.people}-{r.seed}")
def test_the_cheapest_place_nearby_is_the_cheapest_of_the_neighbours_days_and_those_that_have_changed(
    recipe: Recipe,
) -> None:
    part = part_of(recipe, 1500)
    model, work = part.search.model, part.search.work
    tried = 0
    for _ in range(40):
        cost_before, routes = part.search.cost, part.search.routes_now()
        work.counts[STEP] += 1
        work.counts[UNDO] = 0
        if ruin(model, work):
            for row in rows_out(part):
                if model.row[row]["spot"] == ABSENT:
                    continue
                near = {int(work.day_of[n]) for n in model.near[row, :NEAR_LOOKS] if n != ABSENT}
                near |= {int(day) for day in work.undo_day[: work.counts[UNDO]]}
                costs = {
                    day: cost
                    for day, (cost, _) in places(part, row).items()
                    if day in near and work.busy[day] and cost < model.row[row]["unplaced"]
                }
                cents, day, position, price = look_near(model, work, row, 0.0)
                tried += bool(costs)
                assert (day != ABSENT) == bool(costs)
                if costs:
                    assert cents == min(costs.values()) == costs[day]
                    assert price == places(part, row)[day][1] == price_on(model, day, row)
                    assert best_place(model, work, row, day, price, NEVER)[:2] == (cents, position)
        undo_step(model, work)
        assert (part.search.cost, part.search.routes_now()) == (cost_before, routes)
    assert tried > 40


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.visits}-{r.people}-{r.seed}")
def test_what_a_place_costs_at_least_is_never_more_than_it_costs(recipe: Recipe) -> None:
    part = part_of(recipe, 1500)
    model, work = part.search.model, part.search.work
    compared = 0
    for row in range(len(model.row)):
        if work.day_of[row] != ABSENT:
            continue
        for day in range(len(model.day)):
            cost, place, _ = best_place(model, work, row, day, 0, NEVER)
            if place != ABSENT:
                compared += 1
                assert least_added(model, work, row, day, 0) <= cost
    assert compared or not rows_out(part)


def test_a_day_or_a_week_is_cleared_for_a_visit_that_is_out_and_all_is_as_before_when_the_step_is_undone() -> None:
    part = part_of(RECIPES[0], 1500)
    model, work = part.search.model, part.search.work
    day_caps = [set(model.day_cap[day["cap_from"] : day["cap_to"]].tolist()) for day in model.day]
    cost, routes = part.search.cost, part.search.routes_now()
    rows = [row for row in rows_out(part) if model.row[row]["cand_to"] > model.row[row]["cand_from"]]
    cleared = set()
    for row in rows * 30:
        days = {int(day) for day, _ in work.option[model.row[row]["cand_from"] : model.row[row]["cand_to"]]}
        work.counts[STEP] += 1
        work.counts[UNDO] = 0
        if clear_for(model, work, row):
            gone = routes.keys() - part.search.routes_now().keys()
            people = {int(model.day[day]["person"]) for day in gone}
            assert len(people) == 1
            offered = {day for day in days if int(model.day[day]["person"]) in people}
            assert any(all(day == one or day_caps[day] & day_caps[one] for day in gone) for one in offered)
            assert {*rows_out(part)} >= {row for day in gone for row in routes[day]}
            cleared.add(len(gone))
        undo_step(model, work)
        assert part.search.routes_now() == routes
        assert part.search.cost == cost
    assert cleared >= {1, 2}
