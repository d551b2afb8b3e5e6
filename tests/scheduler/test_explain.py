"""Explanations: the minimal set of rules, the easiest change that is really enough, the next best."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.errors import NotFound
from muster.ids import VisitId
from muster.plan import Reason
from scheduler.assemble import solution_of, state_of
from scheduler.changes import EASE, changes_for
from scheduler.explain import explain
from scheduler.next_best import beside
from scheduler.problem import Cap, Demand, Pin, Prices, Problem, Rest
from scheduler.reasons import obstacles
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from tests.scheduler.problems import EIGHT, NOON, day, demand, person, problem, random_problem


def explained(of: Problem, visit: str = "V") -> tuple[Reason, ...]:
    return explain(of, solve(of, MaxIterations(10), 0), VisitId(visit))


def one_day(one: Demand, **more: object) -> Problem:
    return problem([one], days=[day(**more)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "rule", "remedy"),
    [
        (problem([demand("V", skills=["mac"])]), "skills", "Anna could do mac"),
        (problem([demand("V", skills=["mac"])]), "skills", "one more mac engineer in week 43"),
        (problem([demand("V", excluded=["anna"])]), "excluded", "Anna might be sent there"),
        (
            problem([demand("V", spans=[(EIGHT - 60, EIGHT + 30)])]),
            "access",
            "its machines could be touched until 09:00 on Mon 19 Oct",
        ),
        (problem([demand("V", effort=500)]), "length", "Anna worked 20 minutes longer on Mon 19 Oct"),
        (
            problem([demand("V")], caps=[Cap("agreement of North", (0,), 30)]),
            "cap",
            "agreement of North were raised by 30 minutes",
        ),
        (problem([demand("V")], pins=[Pin(VisitId("V"), None, 60)]), "promised start", "its promise were given up"),
        (one_day(demand("V", spot=2), max_leg=59), "travel limit", "Anna might travel farther on Mon 19 Oct"),
        (one_day(demand("V", effort=300), blocked=[(NOON, NOON + 60)]), "busy", "Anna were free all Mon 19 Oct"),
        (
            problem([demand("V", partners_allowed=False)], [person("Pia", partner="north")]),
            "partner allowed",
            "client acme allowed partners (north)",
        ),
        (
            problem([demand("V", client="borg")], [person("Pia", partner="north", clients=["acme"])]),
            "agreement",
            "the agreement of north covered client borg",
        ),
    ],
)
def test_the_rule_that_stops_a_visit_comes_with_the_change_that_would_place_it(
    of: Problem, rule: str, remedy: str
) -> None:
    first = explained(of)[0]
    assert first.rule == rule
    assert remedy in first.remedy


def test_a_break_that_stands_in_the_way_may_be_moved() -> None:
    tight = one_day(demand("V", effort=200), starts=EIGHT, ends=EIGHT + 200, rest=Rest(30, EIGHT, EIGHT + 210))
    assert "Anna's break on Mon 19 Oct could be moved" in explained(tight)[0].remedy


def test_the_easiest_change_comes_first() -> None:
    """Twenty minutes of overtime are easier than a new skill or another person."""
    crew = [person("Anna"), person("Ben", skills=[])]
    of = problem([demand("V", effort=500, skills=["linux"])], crew, [day(0), day(1)])
    said = explained(of)[0].remedy
    assert said.startswith("it fits if Anna worked 20 minutes longer")


def test_the_minimal_set_is_told_before_everything_else_that_stops_it() -> None:
    """Ben lacks only the skill; Anna lacks it too and is excluded: the skill alone is the minimal set."""
    crew = [person("Anna", skills=[]), person("Ben", skills=[])]
    of = problem([demand("V", skills=["linux"], excluded=["anna"])], crew, [day(0), day(1)])
    reasons = explained(of)
    assert [r.rule for r in reasons] == ["skills", "excluded"]
    touring = Touring(of)
    state = state_of(touring, solution_of(touring, solve(of, MaxIterations(1))))
    assert obstacles(touring, state, 0).minimal == {"skills"}


def test_of_two_sets_of_one_rule_the_one_that_is_easier_to_lift_is_told_first() -> None:
    """Anna is full, three others lack the skill: an hour is easier than a skill, however many lack it."""
    crew = [person("Anna"), *(person(name, skills=[]) for name in ("Ben", "Cleo", "Dan"))]
    both = [demand(name, effort=300, skills=["linux"]) for name in ("A", "V")]
    of = problem(both, crew, [day(n) for n in range(4)])
    (out,) = solve(of, MaxIterations(10), 0).unplaced
    assert [reason.rule for reason in out.reasons] == ["room", "skills"]


def test_a_full_day_is_named_and_what_would_help() -> None:
    of = problem([demand("A", effort=440, unplaced_cents=2_000_000), demand("V", effort=60)])
    first = explained(of)[0]
    assert first.rule == "room"
    assert "Anna is full on Mon 19 Oct (1 visit)" in first.text
    assert "Anna worked 20 minutes longer on Mon 19 Oct" in first.remedy


def test_a_visit_that_waits_for_one_that_is_left_out_says_so() -> None:
    of = problem([demand("A", skills=["mac"]), demand("V", after=["A"])])
    assert explained(of) == (Reason("order", "it waits for A, which is left out", "place A first"),)


def test_a_visit_that_is_not_worth_its_cost_says_what_both_cost() -> None:
    first = explained(problem([demand("V", unplaced_cents=100)]))[0]
    assert first.text == "placing it costs 60.00, and leaving it out is priced at 1.00"


def test_people_who_are_not_free_together_are_told() -> None:
    of = problem([demand("V", people=2)], [person("Anna"), person("Ben")], [day(0), day(1, number=1)])
    assert "2 people" in explained(of)[0].text


def test_a_placed_visit_says_why_this_person_and_what_the_next_best_costs() -> None:
    of = problem([demand("V")], [person("Anna"), person("Gold", rate=9_000)], [day(0), day(1)])
    who, hour = explained(of)
    assert (
        who.text == "Anna on Mon 19 Oct adds 60.00 to the plan; the next best is Gold, Mon 19 Oct 08:00, for 30.00 more"
    )
    assert hour.text == "08:00 is the first after Anna's day begins at 08:00"


def test_who_could_do_it_only_if_something_else_moves_is_told_with_what_moves() -> None:
    """Ben's day is full of A, which Anna could do: the two may change places."""
    crew = [person("Anna"), person("Ben", rate=7_000)]
    both = [demand("V", effort=400, preferred=["anna"]), demand("A", effort=400)]
    said = explained(problem(both, crew, [day(0), day(1)], prices=Prices(continuity_cents=100)))[0].text
    assert said == (
        "Anna on Mon 19 Oct adds 400.00 to the plan; nobody else has room as the plan stands; "
        "Ben, Mon 19 Oct 08:00 could if A goes to Anna, Mon 19 Oct 08:00, for 1.00 more"
    )


def test_nobody_else_says_what_keeps_everybody_else_away() -> None:
    crew = [person("Anna"), person("Ben", skills=[]), person("Cid", skills=[]), person("Dan"), person("Eve")]
    days = [day(0), day(1), day(2), day(3, starts=NOON), day(4)]
    of = problem([demand("V", effort=450, skills=["linux"], excluded=["eve"])], crew, days)
    assert explained(of)[0].text == (
        "Anna on Mon 19 Oct adds 450.00 to the plan; nobody else can: of the others 2 lack a skill, "
        "1 does not work when it can be done, 1 must not be sent there"
    )


def test_a_visit_of_several_people_names_them_and_who_could_come_instead() -> None:
    crew = [person("Anna"), person("Ben"), person("Gold", rate=9_000)]
    who, hour = explained(problem([demand("V", people=2)], crew, [day(0), day(1), day(2)]))
    assert who.text == (
        "Anna and Ben on Mon 19 Oct add 120.00 to the plan; "
        "the next best at the same time is Gold instead of Anna, for 30.00 more"
    )
    assert hour.text == "08:00 is held by what it is tied to: its 2 people are free together then"


def test_a_visit_that_waits_and_one_that_is_waited_for_name_each_other() -> None:
    of = problem([demand("A"), demand("V", after=["A"])], [person("Anna"), person("Ben")], [day(0), day(1)])
    assert explained(of)[1].text == (
        "09:00 is held by what it is tied to: it waits for A, which is over at Mon 19 Oct 09:00"
    )
    first = explained(of, "A")
    assert first[1].text == "08:00 is held by what it is tied to: V waits for it"
    assert "the next best at the same time is " in first[0].text


def test_of_a_tied_visit_nobody_else_at_that_time_is_told() -> None:
    of = problem([demand("A"), demand("V", after=["A"])])
    assert "nobody else can at that time" in explained(of)[0].text


def test_a_rule_about_people_counts_people_and_one_about_days_counts_days() -> None:
    crew = [person("Anna", skills=[]), person("Ben", skills=[])]
    of = problem([demand("V", skills=["linux"])], crew, [day(0), day(0, number=1), day(1)])
    assert explained(of)[0].text.endswith("(so it is with all 2 people)")
    late = problem([demand("V", spans=[(0, 60)])], days=[day(), day(number=1)])
    assert explained(late)[0].text.endswith("(on all 2 working days)")


def test_the_cheapest_change_is_told_beside_the_easiest_ones() -> None:
    """An hour of overtime of dear people is easier to be had, but a skill that a cheap one learns costs less."""
    crew = [person(name, rate=rate) for name, rate in (("Gold", 90_000), ("Silver", 80_000), ("Bronze", 70_000))]
    cheap = person("Cheap", rate=1_000, skills=[])
    of = problem(
        [demand("V", effort=490, skills=["linux"], unplaced_cents=5_000_000)],
        [*crew, cheap],
        [day(0), day(1), day(2), day(3)],
    )
    remedy = explained(of)[0].remedy
    assert remedy.startswith("it fits if ")
    assert "Cheap could do linux" in remedy
    assert remedy.count("; or if ") == 2


def test_hours_of_a_site_are_told_once() -> None:
    both = problem([demand("V", spans=[(0, 120), (1440, 1560)])], days=[day(starts=720, ends=900)])
    assert explained(both)[0].text.count("00:00-02:00") <= 1


def test_the_only_person_is_told_as_such() -> None:
    assert explained(problem([demand("V")]))[0].text.endswith("nobody else works before the deadline")


def test_another_day_of_the_same_person_is_told_with_its_price() -> None:
    of = problem([demand("V", delay=250)], [person("Anna")], [day(), day(number=1)])
    said = {reason.rule: reason.text for reason in explained(of)}
    assert said["day"] == (
        "Mon 19 Oct is the cheapest day of Anna for it; the next is Anna, Tue 20 Oct 08:00, for 2.50 more"
    )


def test_access_that_ends_too_early_is_asked_for_until_it_is_late_enough() -> None:
    of = problem([demand("V", spans=[(NOON, NOON + 30)])], days=[day(ends=NOON + 120)])
    assert "its machines could be touched until 13:00 on Mon 19 Oct" in explained(of)[0].remedy
    early = problem([demand("V", spans=[(EIGHT - 60, EIGHT + 30)])])
    assert "its machines could be touched until 09:00 on Mon 19 Oct" in explained(early)[0].remedy


@settings(max_examples=40)
@given(st.integers(0, 10**9))
def test_somebody_who_is_told_as_next_best_could_really_do_it(seed: int) -> None:
    """Where nothing else moves, the visit is put there, and the plan stays whole and costs what was said."""
    of = random_problem(seed, people=4)
    touring = Touring(of)
    state = state_of(touring, solution_of(touring, solve(of, MaxIterations(10), 0)))
    for visit in list(state.days_of):
        if visit in touring.tied:
            continue
        without = state.copy()
        without.remove([visit])
        for other in beside(touring, without, visit)[:3]:
            moved = without.copy()
            day_ = touring.problem.days[other.day]
            tours = [
                touring.tour(other.day, (*there[:k], visit, *there[k:]), moved.fixed)
                for there in [moved.visits_on(other.day)]
                for k in range(len(there) + 1)
            ]
            assert any(tour is not None for tour in tours), (visit, day_)
            old = moved.tours[other.day]
            costs = {tour.cents - (old.cents if old else 0) for tour in tours if tour is not None}
            assert other.cents in costs


def test_a_placed_visit_says_why_this_hour() -> None:
    opens = problem([demand("V", spans=[(NOON, NOON + 100)])])
    assert explained(opens)[1].text == "12:00 is when it can first be done that day"
    follows = problem([demand("A", spans=[(EIGHT, EIGHT + 60)]), demand("V", spot=1)])
    assert explained(follows)[1].text == "09:30 follows A and 30 minutes of travel"


def test_a_promise_is_told() -> None:
    of = problem([demand("V")], pins=[Pin(VisitId("V"), None, NOON)])
    assert explained(of)[-1].text == "it is promised and does not move"


def test_a_visit_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="V-9"):
        explained(problem([demand("V")]), "V-9")


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_every_visit_of_a_random_problem_can_be_explained(seed: int) -> None:
    of = random_problem(seed)
    plan = solve(of, MaxIterations(10), 0)
    for one in of.demands:
        reasons = explain(of, plan, one.visit.id)
        assert reasons
        assert all(reason.text for reason in reasons)


def widened(of: Problem, minutes: int) -> Problem:
    days = tuple(replace(d, overtime_minutes=d.overtime_minutes + minutes) for d in of.days)
    return replace(of, days=days)


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_overtime_that_is_offered_alone_really_places_the_visit(seed: int) -> None:
    """The change is made in the problem, and the visit then fits beside everything that is placed."""
    of = random_problem(seed)
    plan = solve(of, MaxIterations(10), 0)
    for out in plan.unplaced:
        touring = Touring(of)
        state = state_of(touring, solution_of(touring, plan))
        visit = of.demand_index[out.visit_id]
        found = obstacles(touring, state, visit)
        offers = [c for c in changes_for(touring, state, found) if c.kinds == ("overtime",)]
        if not offers or out.reasons[0].rule == "order":
            continue
        wider = Touring(widened(of, offers[0].amount))
        again = state_of(wider, solution_of(wider, plan))
        fits = [
            wider.tour(d, (*again.visits_on(d)[:k], visit, *again.visits_on(d)[k:]), again.fixed)
            for d in range(len(of.days))
            if wider.arrays.visits.allowed[of.days[d].person, visit]
            for k in range(len(again.visits_on(d)) + 1)
        ]
        assert any(fits)


def test_changes_are_ranked_by_what_is_easier_to_be_had() -> None:
    assert EASE.index("overtime") < EASE.index("access") < EASE.index("skills") < EASE.index("person")
