"""The arrays say what the problem says."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.ids import CampaignId
from scheduler.arrays import NO_LIMIT, NOBODY, arrays_of
from scheduler.problem import AT_HOME, Pin, Problem
from scheduler.rules import DAY_RULES, Case
from scheduler.tour import Touring
from scheduler.travel import TableTravel
from tests.scheduler.problems import EPOCH, day, demand, person, problem, random_problem

PERSON_RULES = ("skills", "excluded", "partner allowed", "agreement", "barred", "promised person")


def flat(values: np.ndarray, offsets: np.ndarray, number: int) -> list[int]:
    return [int(v) for v in values[offsets[number] : offsets[number + 1]]]


@settings(max_examples=100)
@given(st.integers(0, 10**9))
def test_people_are_allowed_where_no_rule_about_people_is_broken(seed: int) -> None:
    of = random_problem(seed)
    touring = Touring(of)
    for number, one in enumerate(of.days):
        for visit in range(len(of.demands)):
            case = Case(touring, visit, number)
            broken = [rule for rule in PERSON_RULES if DAY_RULES[rule](case) is not None]
            unknown = any(
                pin.visit_id == of.demands[visit].visit.id and pin.person_id not in {None, *of.person_index}
                for pin in of.pins
            )
            assert bool(touring.arrays.visits.allowed[one.person, visit]) == (not broken and not unknown)


@settings(max_examples=50)
@given(st.integers(0, 10**9))
def test_flat_arrays_hold_the_fields_of_each_row(seed: int) -> None:
    of = random_problem(seed)
    arrays = arrays_of(of)
    for number, one in enumerate(of.demands):
        assert arrays.visits.effort[number] == one.visit.effort_minutes
        assert arrays.visits.spot[number] == (NOBODY if one.spot == AT_HOME else one.spot)
        waits = [of.demand_index[v] for v in one.visit.after if v in of.demand_index]
        assert flat(arrays.visits.after, arrays.visits.after_offsets, number) == waits
        if not any(pin.visit_id == one.visit.id for pin in of.pins):
            starts = flat(arrays.visits.span_starts, arrays.visits.span_offsets, number)
            assert starts == [span.starts for span in one.spans]
    for number, spell in enumerate(of.days):
        ends = flat(arrays.days.blocked_ends, arrays.days.blocked_offsets, number)
        assert ends == [span.ends for span in spell.blocked]
        caps = [n for n, cap in enumerate(of.caps) if number in cap.days]
        assert flat(arrays.days.cap, arrays.days.cap_offsets, number) == caps
        assert arrays.days.max_leg[number] == (NO_LIMIT if spell.max_leg_minutes is None else spell.max_leg_minutes)


def pinned(starts: int) -> Problem:
    one = demand("V", spans=[(0, 600), (700, 900)])
    return problem([one], [person("Anna"), person("Ben")], [day(0), day(1)], pins=[Pin(one.visit.id, None, starts)])


def test_a_promised_start_cuts_the_spans_to_itself() -> None:
    arrays = arrays_of(pinned(720))
    assert (arrays.visits.span_starts.tolist(), arrays.visits.span_ends.tolist()) == ([720], [780])


def test_a_promise_outside_the_spans_leaves_none() -> None:
    assert arrays_of(pinned(590)).visits.span_starts.tolist() == []


def test_leaving_out_what_is_promised_costs_more() -> None:
    plain = problem([demand("V")])
    assert arrays_of(pinned(720)).visits.unplaced_cents[0] == 1_000_000 + plain.prices.pinned_cents
    assert arrays_of(plain).visits.unplaced_cents[0] == 1_000_000


def test_a_problem_without_people_or_visits_has_arrays() -> None:
    arrays = arrays_of(Problem(CampaignId("C"), EPOCH, 10, (), (), (), (), TableTravel()))
    assert arrays.visits.allowed.shape == (0, 0)
    assert arrays.travel.shape == (0, 0)
