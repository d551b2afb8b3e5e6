"""Odds: sums that are known beforehand come out of the simulation."""

from dataclasses import replace

import pytest

from muster.campaign import EffortPolicy
from muster.ids import VisitId
from muster.outcomes import HostStatus
from scheduler.build import build
from scheduler.estimate import Effort, effort_model
from scheduler.problem import Problem, Rest
from scheduler.robust import Odds, Uncertain, simulate, uncertain
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.problems import EIGHT, day, demand, person, problem, random_problem
from tests.scheduler.world import engineer, fleet, states, world


def odds(of: Problem, deviation: float = 0.0, common: float = 0.0, **more: float) -> Odds:
    plan = solve(of, MaxIterations(20), 0)
    efforts = {d.visit.id: Uncertain(Effort(float(d.visit.effort_minutes), deviation), common) for d in of.demands}
    return simulate(of, plan, efforts, lives=4000, no_show=more.get("no_show", 0.0), seed=int(more.get("seed", 1)))


def test_what_is_sure_is_done() -> None:
    found = odds(problem([demand("A"), demand("B", spot=1)]))
    assert (found.all_done, found.done_share) == (1.0, 1.0)


def test_a_visit_that_is_left_out_is_never_done() -> None:
    found = odds(problem([demand("A"), demand("B", skills=["mac"])]))
    assert (found.all_done, found.done_share) == (0.0, 0.5)
    assert found.visits[VisitId("B")] == 0.0


def test_no_shows_take_their_share() -> None:
    found = odds(problem([demand("A"), demand("B")]), no_show=0.2)
    assert found.all_done == pytest.approx(0.8, abs=0.03)


def test_the_course_tells_what_is_right_by_when_in_the_worst_and_in_the_best_tenth() -> None:
    of = problem([demand("A"), demand("B", spot=1)])
    hosts = sum(len(one.visit.host_ids) for one in of.demands)
    sure, risky, doubtful = odds(of), odds(of, no_show=0.02), odds(of, no_show=0.2)
    assert [one.at for one in sure.course] == sorted(one.at for one in sure.course)
    assert all(one.worst == one.best > 0 for one in sure.course)
    assert sure.course[-1].worst == hosts
    assert risky.course[-1].worst == hosts, "in nine lives of ten somebody comes"
    assert (doubtful.course[-1].worst, doubtful.course[-1].best) == (0, hosts)


def test_a_visit_that_fills_its_hours_to_the_median_is_done_half_of_the_time() -> None:
    """A mean of 60 with little spread in a window of 60: about half of the lives are longer."""
    found = odds(problem([demand("A", spans=[(EIGHT, EIGHT + 60)])]), deviation=6.0)
    assert found.all_done == pytest.approx(0.5, abs=0.04)


def test_delays_are_handed_on_to_what_comes_after() -> None:
    """Eight visits fill the day exactly: nobody begins early, so that delays add up and the last is the least sure."""
    of = problem([demand(f"V-{n}", effort=60) for n in range(8)])
    plan = solve(of, MaxIterations(5), 0)
    found = odds(of, deviation=10.0)
    order = [a.visit_id for a in sorted(plan.assignments, key=lambda a: a.starts_at)]
    assert found.visits[order[0]] == 1.0
    assert found.visits[order[-1]] < 0.5


def test_what_is_common_to_all_goes_wrong_together() -> None:
    of = problem(
        [demand(f"V-{n}", spans=[(EIGHT, EIGHT + 60)]) for n in range(4)],
        [person(name) for name in ("A", "B", "C", "D")],
        [day(who) for who in range(4)],
    )
    together, apart = odds(of, deviation=6.0, common=1.0), odds(of, deviation=6.0, common=0.0)
    assert together.all_done == pytest.approx(0.5, abs=0.04)
    assert apart.all_done == pytest.approx(0.5**4, abs=0.03)
    assert together.done_share == pytest.approx(apart.done_share, abs=0.03)


def test_what_waits_fails_with_what_it_waits_for() -> None:
    of = problem(
        [demand("A", spans=[(EIGHT, EIGHT + 60)]), demand("B", after=["A"])],
        [person("Anna"), person("Ben")],
        [day(0), day(1)],
    )
    found = odds(of, deviation=6.0)
    assert found.visits[VisitId("B")] <= found.visits[VisitId("A")] < 0.6


def test_odds_are_told_by_client() -> None:
    found = odds(problem([demand("A"), demand("B", client="borg", skills=["mac"])]))
    assert {c.client_id: c.all_done for c in found.clients} == {"acme": 1.0, "borg": 0.0}


def test_the_same_seed_gives_the_same_odds() -> None:
    of = problem([demand("A", spans=[(EIGHT, EIGHT + 60)])])
    assert odds(of, deviation=6.0, seed=5) == odds(of, deviation=6.0, seed=5)
    assert odds(of, deviation=6.0, seed=5) != odds(of, deviation=6.0, seed=6)


def test_a_surer_percentile_gives_better_odds() -> None:
    """The same hosts planned at 50 % and at 95 %: who plans with more minutes is late less often."""
    shares = []
    for percentile in (0.5, 0.95):
        policy = EffortPolicy(percentile=percentile, onsite_minutes_per_host=60, max_visit_minutes=400)
        made = world([engineer("Anna"), engineer("Ben")], fleet=fleet(2), effort=effort_model(policy))
        of = build(made, states(made.fleet, HostStatus.UNREACHABLE))
        plan = solve(of, MaxIterations(30), 0)
        efforts = uncertain(made.effort, made.fleet, plan)
        assert all(0 < u.common < 1 for u in efforts.values())
        shares.append(simulate(of, plan, efforts, no_show=0.0, lives=2000).done_share)
    assert 0 < shares[0] < shares[1]


def test_a_break_that_is_due_is_taken_and_what_follows_begins_later() -> None:
    """The first visit ends twenty minutes late; the break of half an hour still comes before the second."""
    rest = Rest(30, EIGHT + 60, EIGHT + 120)
    of = problem(
        [
            demand("A", effort=60, spans=[(EIGHT, EIGHT + 90)]),
            demand("B", effort=60, spans=[(EIGHT + 90, EIGHT + 165)]),
        ],
        days=[replace(day(0), rest=rest)],
    )
    plan = solve(of, MaxIterations(5), 0)
    assert [one.starts_at for one in plan.assignments] == [of.at(EIGHT), of.at(EIGHT + 90)]
    late = {VisitId("A"): Uncertain(Effort(80.0, 1e-6)), VisitId("B"): Uncertain(Effort(60.0, 1e-6))}
    assert simulate(of, plan, {}, lives=50, no_show=0.0).all_done == 1.0, "as planned there is room for it"
    found = simulate(of, plan, late, lives=50, no_show=0.0)
    assert (found.visits[VisitId("A")], found.visits[VisitId("B")]) == (1.0, 0.0)
    free = replace(of, days=(replace(of.days[0], rest=None),))
    assert simulate(free, plan, late, lives=50, no_show=0.0).all_done == 1.0, (
        "without a break it would have been in time"
    )


@pytest.mark.parametrize("seed", range(25))
def test_a_plan_comes_true_where_everything_takes_as_long_as_planned(seed: int) -> None:
    of = random_problem(seed)
    plan = solve(of, MaxIterations(3), 1, with_reasons=False)
    found = simulate(of, plan, {}, lives=2, no_show=0.0)
    placed = {one.visit_id for one in plan.assignments}
    assert {visit_id for visit_id, share in found.visits.items() if share == 1.0} == placed
