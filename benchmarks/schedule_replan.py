"""The world changes on a generated campaign: one person falls ill, late visits come in, a partner is suspended.

Runs in a process of its own (``python -m benchmarks.schedule_contestants replan``); prints one line of JSON with the
cost, the share of visits that stay exactly where they were (of all, and of the rest: those whose people still
have days), and the seconds of each choice, beside a plan of the same problem from nothing.
"""

import time
from collections import Counter
from dataclasses import replace

from benchmarks.instances import Recipe, make
from muster.plan import Plan
from scheduler.problem import Problem
from scheduler.replan import Freedom, replan
from scheduler.solve import solve
from scheduler.stop import MaxSeconds
from scheduler.validate import violations
from scheduler.whatif import without_partner, without_person

Answer = dict[str, float | int | str | None]

FREEDOMS = tuple(Freedom)


def change(visits: int, people: int, late: int, seconds: float, search_seconds: float, seed: int) -> Answer:
    """Plan without the late visits, change the world, and go on in each way; prices of changes are not in the costs.

    Args:
        visits: in all.
        people: in the crew.
        late: of the visits, those that are not known at first.
        seconds: for the plan that binds, and for the plan from nothing.
        search_seconds: for each choice that is a search.
        seed: of the instance and of every search.
    """
    after = make(Recipe(visits, people, seed))
    before = replace(after, demands=after.demands[: visits - late])
    binding = solve(before, MaxSeconds(seconds), seed, with_reasons=False)
    after = _worse(after, binding)
    answer: Answer = {}
    for freedom in FREEDOMS:
        began = time.monotonic()
        choice = replan(after, binding, MaxSeconds(search_seconds), seed, freedoms=(freedom,)).least
        took = time.monotonic() - began
        broken = violations(after, choice.plan)
        assert not broken, broken[:3]
        name = freedom.value.replace(" ", "_")
        answer[f"{name}_s"] = round(took, 2)
        answer[f"{name}_cost"] = _cost(after, choice.plan)
        answer[f"{name}_unmoved_percent"] = round(100 * choice.kept_share, 1)
        answer[f"{name}_rest_unmoved_percent"] = round(100 * _rest_kept(after, binding, choice.plan), 1)
        answer[f"{name}_left_out"] = len(choice.plan.unplaced)
    fresh = solve(after, MaxSeconds(seconds), seed, with_reasons=False)
    assert not violations(after, fresh)
    answer |= {"from_nothing_cost": round(fresh.objective), "from_nothing_left_out": len(fresh.unplaced)}
    for freedom in FREEDOMS:
        name = freedom.value.replace(" ", "_")
        cost = answer[f"{name}_cost"]
        assert isinstance(cost, int)
        answer[f"{name}_over_nothing_percent"] = round(100 * (cost / fresh.objective - 1), 2)
    return answer


def _worse(problem: Problem, plan: Plan) -> Problem:
    """The busiest own person falls ill, and the partner with the most visits is suspended."""
    person = {p.id: p for p in problem.people}
    busy = Counter(a.person_id for a in plan.assignments)
    ill = next(who for who, _ in busy.most_common() if person[who].partner_id is None)
    partners = Counter(p for a in plan.assignments if (p := person[a.person_id].partner_id) is not None)
    return without_partner(without_person(problem, ill), partners.most_common(1)[0][0])


def _rest_kept(problem: Problem, before: Plan, now: Plan) -> float:
    """Of the visits whose people still have days: the share that is exactly where it was."""
    there = {problem.people[day.person].id for day in problem.days}
    gone = {one.visit_id for one in before.assignments if one.person_id not in there}
    rest = {(one.visit_id, one.person_id, one.starts_at) for one in before.assignments if one.visit_id not in gone}
    moved = rest - {(one.visit_id, one.person_id, one.starts_at) for one in now.assignments}
    return 1 - len({visit for visit, *_ in moved}) / len({visit for visit, *_ in rest})


def _cost(problem: Problem, plan: Plan) -> int:
    """The objective without prices of changes: what a plan from nothing is compared by."""
    assert not problem.previous
    return round(plan.objective)
