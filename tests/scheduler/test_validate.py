"""The second opinion catches every way in which a plan can be wrong: each is made on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from muster.ids import CampaignId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced
from scheduler.problem import Barred, Cap, Pin, Previous, Prices, Problem, Rest, Span
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.problems import EIGHT, FOUR, NOON, day, demand, person, problem


def plain(**changes: object) -> Problem:
    """Two visits on site and one from home; Anna and Ben both work on Monday and Tuesday."""
    made = problem(
        [demand("A", spot=1), demand("B", spot=2), demand("C", effort=30)],
        [person("Anna"), person("Ben")],
        [day(0), day(1), day(0, number=1), day(1, number=1)],
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def solved(of: Problem) -> Plan:
    plan = solve(of, MaxIterations(20), 1)
    assert violations(of, plan) == ()
    return plan


def rules(of: Problem, plan: Plan) -> set[str]:
    return {violation.rule for violation in violations(of, plan)}


def assigned(plan: Plan, visit: str) -> Assignment:
    return next(a for a in plan.assignments if a.visit_id == visit)


def moved(plan: Plan, visit: str, minutes: int = 0, **changes: object) -> Plan:
    """The plan with one assignment moved or changed."""
    old = assigned(plan, visit)
    step = timedelta(minutes=minutes)
    new = replace(old, starts_at=old.starts_at + step, ends_at=old.ends_at + step)
    new = replace(new, **changes)  # type: ignore[arg-type]
    return replace(plan, assignments=tuple(new if a is old else a for a in plan.assignments))


def at_home_of_anna(plan: Plan) -> None:
    assert {a.person_id for a in plan.assignments} == {"anna"}


WRONG_PLANS: dict[str, Callable[[Plan], Plan]] = {
    "campaign": lambda p: replace(p, campaign_id=CampaignId("other")),
    "visits": lambda p: replace(p, visits=p.visits[1:]),
    "people": lambda p: moved(p, "A", person_id=PersonId("zoe")),
    "effort": lambda p: moved(p, "C", ends_at=assigned(p, "C").ends_at + timedelta(minutes=1)),
    "minutes": lambda p: moved(
        p,
        "C",
        starts_at=assigned(p, "C").starts_at + timedelta(seconds=1),
        ends_at=assigned(p, "C").ends_at + timedelta(seconds=1),
    ),
    "shift": lambda p: moved(p, "C", -600),
    "overlap": lambda p: moved(
        p, "B", starts_at=assigned(p, "A").starts_at, ends_at=assigned(p, "A").starts_at + timedelta(minutes=60)
    ),
    "travel": lambda p: moved(
        p, "B", starts_at=assigned(p, "A").ends_at, ends_at=assigned(p, "A").ends_at + timedelta(minutes=60)
    ),
    "travel told": lambda p: moved(p, "A", travel_minutes=1),
    "cost": lambda p: replace(p, cost=PlanCost(1, 2, 3, 4)),
    "objective": lambda p: replace(p, objective=p.objective + 1),
    "bound": lambda p: replace(p, bound=p.objective + 1),
}


@pytest.mark.parametrize("rule", WRONG_PLANS)
def test_a_plan_that_was_changed_by_hand_is_caught(rule: str) -> None:
    of = plain()
    plan = solved(of)
    at_home_of_anna(plan)
    assert rule in rules(of, WRONG_PLANS[rule](plan))


def narrowed(**changes: object) -> Problem:
    """The plain problem with the first visit changed; a plan of the plain one is then judged by it."""
    of = plain()
    first = replace(of.demands[0], **changes)  # type: ignore[arg-type]
    return replace(of, demands=(first, *of.demands[1:]))


def with_visit(**changes: object) -> Problem:
    return narrowed(visit=replace(plain().demands[0].visit, **changes))  # type: ignore[arg-type]


def with_first_day(**changes: object) -> Problem:
    of = plain()
    return replace(of, days=tuple(replace(d, **changes) for d in of.days))  # type: ignore[arg-type]


def with_anna(**changes: object) -> Problem:
    of = plain()
    return replace(of, people=(replace(of.people[0], **changes), of.people[1]))  # type: ignore[arg-type]


A = VisitId("A")
WRONG_PROBLEMS: dict[str, Problem] = {
    "skills": with_visit(skills=frozenset({"mac"})),
    "excluded": with_visit(excluded=(PersonId("anna"),)),
    "partner allowed": replace(with_anna(partner_id="north"), demands=narrowed(partners_allowed=False).demands),
    "agreement": with_anna(partner_id="north", clients=frozenset({"borg"})),
    "competitor": replace(
        with_anna(partner_id="north"),
        demands=narrowed(barred=(Barred(PartnerId("north"), "competitor", "North competes with acme"),)).demands,
    ),
    "earliest": with_visit(earliest=plain().at(2000)),
    "latest": with_visit(latest=plain().at(0)),
    "access": narrowed(spans=(Span(0, 60), Span(2000, 2060))),
    "busy": with_first_day(blocked=(Span(EIGHT, FOUR),)),
    "rest": with_first_day(rest=Rest(300, EIGHT, FOUR)),
    "travel limit": with_first_day(max_leg_minutes=29),
    "people": with_visit(people=2),
    "cap": plain(caps=(Cap("week", (0, 1, 2, 3), 149),)),
    "pin": plain(pins=(Pin(A, PersonId("ben")),)),
    "deadline": plain(deadline=EIGHT, demands=tuple(replace(d, spans=()) for d in plain().demands)),
}


@pytest.mark.parametrize("rule", WRONG_PROBLEMS)
def test_a_plan_that_does_not_keep_a_rule_of_the_problem_is_caught(rule: str) -> None:
    """The plan is right for the plain problem; this one has one rule more, which the plan happens to break."""
    of = WRONG_PROBLEMS[rule]
    plan = replace(solved(plain()), visits=tuple(d.visit for d in of.demands))
    assert rule in rules(of, plan)


def test_a_promised_start_that_moved_is_caught() -> None:
    assert "pin" in rules(plain(pins=(Pin(A, None, NOON + 7),)), solved(plain()))


def test_travel_of_a_whole_day_over_its_limit_is_caught() -> None:
    assert "travel limit" in rules(with_first_day(max_travel_minutes=119), solved(plain()))


def test_a_cap_that_counts_travel_is_caught() -> None:
    """Work is 150 minutes and the way out, on and back another 120."""
    assert "cap" not in rules(plain(caps=(Cap("week", (0, 1, 2, 3), 270, counts_travel=True),)), solved(plain()))
    assert "cap" in rules(plain(caps=(Cap("week", (0, 1, 2, 3), 269, counts_travel=True),)), solved(plain()))


def test_a_visit_that_is_forgotten_is_caught() -> None:
    of = plain()
    plan = solved(of)
    less = replace(plan, assignments=tuple(a for a in plan.assignments if a.visit_id != "C"))
    assert [str(v) for v in violations(of, less)] == ["visits: C is neither placed nor told as left out"]


def test_a_visit_that_is_both_placed_and_left_out_is_caught() -> None:
    of = plain()
    both = replace(solved(of), unplaced=(Unplaced(A, (Reason("skills", "x"),)),) * 2)
    said = [str(v) for v in violations(of, both)]
    assert "visits: A is both placed and left out" in said
    assert "visits: A is told as left out more than once" in said


def test_a_visit_left_out_without_a_reason_is_caught() -> None:
    of = plain(demands=(demand("A", skills=["mac"]),))
    plan = solved(of)
    silent = replace(plan, unplaced=(Unplaced(A, ()),))
    assert "reasons" in rules(of, silent)


def test_the_same_person_twice_is_not_two_people() -> None:
    of = problem([demand("A", people=2)], [person("Anna"), person("Ben")], [day(0), day(1)])
    plan = solved(of)
    twice = replace(plan, assignments=(plan.assignments[0], plan.assignments[0]))
    assert "people" in rules(of, twice)


def test_people_who_do_not_start_together_are_caught() -> None:
    of = problem([demand("A", people=2)], [person("Anna"), person("Ben")], [day(0), day(1)])
    plan = solved(of)
    late = plan.assignments[1]
    step = timedelta(minutes=15)
    apart = replace(late, starts_at=late.starts_at + step, ends_at=late.ends_at + step)
    assert "people" in rules(of, replace(plan, assignments=(plan.assignments[0], apart)))


def test_a_visit_that_starts_before_what_it_waits_for_has_ended_is_caught() -> None:
    of = problem([demand("A"), demand("B", after=["A"])], [person("Anna"), person("Ben")], [day(0), day(1)])
    plan = solved(of)
    early = assigned(plan, "A")
    other = PersonId("ben" if early.person_id == "anna" else "anna")
    wrong = moved(plan, "B", person_id=other, starts_at=early.starts_at, ends_at=early.ends_at)
    assert "order" in rules(of, wrong)


def test_a_visit_that_is_placed_without_what_it_waits_for_is_caught() -> None:
    of = problem([demand("A"), demand("B", after=["A"])])
    plan = solved(of)
    without = replace(
        plan,
        assignments=tuple(a for a in plan.assignments if a.visit_id == "B"),
        unplaced=(Unplaced(A, (Reason("room", "x"),)),),
    )
    assert "order" in rules(of, without)


def test_overtime_is_in_the_cost() -> None:
    """Seven and a half hours of work and an hour of travel in a day of eight hours: half an hour more."""
    of = problem([demand("A", spot=1, effort=450)], days=[day(overtime=60)])
    plan = solved(of)
    assert plan.cost == PlanCost(labour_cents=45_000, travel_cents=6_000, overtime_cents=1_500)
    assert "cost" in rules(of, replace(plan, cost=replace(plan.cost, overtime_cents=0)))


def test_a_day_without_overtime_cannot_be_longer() -> None:
    of = problem([demand("A", spot=1, effort=450)], days=[day(overtime=60)])
    plan = solved(of)
    assert "travel" in rules(replace(of, days=(day(),)), plan)


@pytest.mark.parametrize(
    ("changes", "cents"),
    [
        ({"prices": Prices(continuity_cents=700)}, 700),
        ({"prices": Prices(change_person_cents=900)}, 900),
        ({"prices": Prices(change_day_cents=400)}, 400),
    ],
)
def test_soft_prices_are_in_the_objective(changes: dict[str, Prices], cents: int) -> None:
    """Ben was to come on Tuesday and is the preferred one; there is only Anna, on Monday."""
    previous = (Previous(A, (PersonId("ben"),), 1, 2000),)
    of = problem([demand("A", preferred=["ben"])], previous=previous, prices=changes["prices"])
    assert solved(of).objective == 6000 + cents


def test_slack_before_the_deadline_is_in_the_objective() -> None:
    of = problem([demand("A", delay=100)], days=[day(number=3)])
    assert solved(of).objective == 6000 + 300


def test_a_break_may_lie_before_the_day_after_it_or_between() -> None:
    for rest in (Rest(60, EIGHT - 60, EIGHT), Rest(60, FOUR, FOUR + 60), Rest(60, NOON - 60, NOON + 60)):
        of = problem([demand("A", effort=180), demand("B", effort=180)], days=[day(rest=rest)])
        assert solved(of).unplaced == ()


def test_a_call_out_price_is_paid_once_a_day_and_booked_with_its_partner() -> None:
    of = problem(
        [demand("A", effort=60), demand("B", effort=60)],
        [person("Pia", partner="north")],
        [day(fixed_cents=5_000)],
    )
    assert solved(of).cost == PlanCost(partner_cents=12_000 + 5_000)
