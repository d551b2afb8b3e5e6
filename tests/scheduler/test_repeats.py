"""Hosts that fail or are offline: sums that are known beforehand, and that more of them never help."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.ids import HostId, VisitId
from scheduler.estimate import Effort
from scheduler.problem import Cap, Demand, Problem
from scheduler.robust import Odds, Uncertain, simulate
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.tries import PRIOR_TRIES, Tries, rate
from tests.scheduler.problems import EIGHT, FOUR, NOON, day, demand, person, problem, random_problem

LIVES = 20_000


def with_hosts(one: Demand, count: int) -> Demand:
    ids = tuple(HostId(f"{one.visit.id}-{number}") for number in range(count))
    return replace(one, visit=replace(one.visit, host_ids=ids))


def odds(of: Problem, tries: Tries, *, lives: int = LIVES, no_show: float = 0.0, deviation: float = 0.0) -> Odds:
    plan = solve(of, MaxIterations(3), 1, with_reasons=False)
    efforts = {d.visit.id: Uncertain(Effort(float(d.visit.effort_minutes), deviation), 0.3) for d in of.demands}
    return simulate(of, plan, efforts, lives=lives, no_show=no_show, tries=tries, seed=3)


def shut_at(closes: int, hosts: int = 2, effort: int = 60) -> Problem:
    """One visit, and one day of Anna's that ends so."""
    return problem([with_hosts(demand("A", effort=effort), hosts)], days=[day(ends=closes)])


def test_without_time_for_a_repeat_every_host_must_come_right_at_once() -> None:
    found = odds(shut_at(EIGHT + 60), Tries(failed=0.1))
    assert found.all_done == pytest.approx(0.9**2, abs=0.01)
    assert found.done_share == pytest.approx(0.9, abs=0.01)
    assert found.failed == pytest.approx(1 - found.all_done)
    assert found.offline == 0.0
    offline = odds(shut_at(EIGHT + 60), Tries(offline=0.1))
    assert offline.all_done == pytest.approx(0.9**2, abs=0.01)
    assert offline.failed == 0.0
    assert offline.offline == pytest.approx(1 - offline.all_done)


def test_half_an_hour_is_one_repeat_of_one_of_two_hosts() -> None:
    """Two hosts in sixty minutes, thirty are left: both are right at once, or one after its repeat."""
    found = odds(shut_at(EIGHT + 90), Tries(failed=0.1))
    assert found.all_done == pytest.approx(0.81 + 2 * 0.1 * 0.9 * 0.9, abs=0.01)


def test_a_host_that_failed_as_often_as_it_may_is_missed_however_much_time_there_is() -> None:
    days = [day(number=number) for number in range(5)]
    of = problem([with_hosts(demand("A"), 1)], days=days)
    for most in (1, 2, 3):
        found = odds(of, Tries(failed=0.4, most_failures=most))
        assert found.all_done == pytest.approx(1 - 0.4**most, abs=0.01)
    offline = odds(of, Tries(offline=0.4))
    assert offline.all_done == pytest.approx(1 - 0.4**6, abs=0.01), "one try and a repeat on each of five days"


def test_repeats_are_done_by_others_who_may_and_by_nobody_else() -> None:
    first, alone = day(0, ends=EIGHT + 60), with_hosts(demand("A", skills=["linux"]), 1)
    plan = solve(problem([alone], [person("Anna")], [first]), MaxIterations(3), 1)
    for skill, share in (("linux", 1 - 0.2**2), ("mac", 0.8)):
        of = problem([alone], [person("Anna"), person("Ben", skills=[skill])], [first, day(1, number=1)])
        found = simulate(of, plan, {}, lives=LIVES, no_show=0.0, tries=Tries(failed=0.2, most_failures=2), seed=3)
        assert found.all_done == pytest.approx(share, abs=0.01), skill


def test_repeats_keep_the_hours_of_the_site_and_what_a_limit_leaves() -> None:
    shut = problem([with_hosts(demand("A", spans=[(EIGHT, EIGHT + 60)]), 1)], days=[day(ends=FOUR)])
    assert odds(shut, Tries(failed=0.1)).all_done == pytest.approx(0.9, abs=0.01)
    one = [with_hosts(demand("A"), 1)]
    capped = problem(one, days=[day(ends=FOUR)], caps=[Cap("week", (0,), 60)])
    assert odds(capped, Tries(failed=0.1)).all_done == pytest.approx(0.9, abs=0.01)
    free = problem(one, days=[day(ends=FOUR)])
    assert odds(free, Tries(failed=0.1)).all_done > 0.98


def test_a_visit_on_site_finds_its_hosts() -> None:
    found = odds(problem([demand("A", spot=1)]), Tries(failed=0.5, offline=0.5), lives=100)
    assert found.all_done == 1.0


@pytest.mark.parametrize("seed", range(10))
def test_nothing_that_goes_wrong_gives_the_odds_of_the_plan_alone(seed: int) -> None:
    of = random_problem(seed)
    plan = solve(of, MaxIterations(3), 1, with_reasons=False)
    efforts = {d.visit.id: Uncertain(Effort(float(d.visit.effort_minutes), 9.0), 0.3) for d in of.demands}
    alone = simulate(of, plan, efforts, lives=200, no_show=0.1, seed=seed)
    assert simulate(of, plan, efforts, lives=200, no_show=0.1, tries=Tries(0.0, 0.0), seed=seed) == alone
    hardly = simulate(of, plan, efforts, lives=200, no_show=0.1, tries=Tries(1e-15, 1e-15), seed=seed)
    assert (hardly.all_done, hardly.visits) == (alone.all_done, alone.visits), "the way through the repeats agrees"
    assert hardly.done_share == pytest.approx(alone.done_share)


SHARES = st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0])


@settings(max_examples=60)
@given(st.integers(0, 40), st.tuples(SHARES, SHARES), st.tuples(SHARES, SHARES), st.integers(1, 4))
def test_more_failures_never_give_better_odds(
    seed: int, one: tuple[float, float], other: tuple[float, float], most: int
) -> None:
    of = random_problem(seed)
    of = replace(of, demands=tuple(with_hosts(d, 1 + (seed + n) % 7) for n, d in enumerate(of.demands)))
    less = Tries(min(one[0], other[0]), min(one[1], other[1]), most)
    more = Tries(max(one[0], other[0]), max(one[1], other[1]), most)
    better = odds(of, less, lives=60, no_show=0.1, deviation=9.0)
    worse = odds(of, more, lives=60, no_show=0.1, deviation=9.0)
    assert worse.all_done <= better.all_done
    assert worse.done_share <= better.done_share + 1e-9
    for before, after in zip(better.clients, worse.clients, strict=True):
        assert after.all_done <= before.all_done
    assert all(worse.visits[visit] <= share for visit, share in better.visits.items())


def test_a_rate_is_the_prior_moved_by_what_was_seen_and_says_so() -> None:
    assert rate(0, 0, 0.03).share == pytest.approx(0.03)
    seen = rate(3, 120, 0.03)
    assert seen.share == pytest.approx((3 + PRIOR_TRIES * 0.03) / (120 + PRIOR_TRIES))
    assert seen.sentence("fail") == "2.6% of tries fail (3 of 120 did)"
    assert "nothing was tried yet" in rate(0, 0, 0.03).sentence("fail")
    chosen = rate(3, 120, 0.03, 0.0)
    assert (chosen.share, chosen.sentence("fail")) == (0.0, "0.0% of tries fail (by the campaign file)")


def test_a_repeat_does_not_wait_for_the_next_visit_of_the_day() -> None:
    """It comes after it: the second visit still begins as planned."""
    of = problem([with_hosts(demand("A"), 2), with_hosts(demand("B"), 2)], days=[day(ends=NOON)])
    found = odds(of, Tries(failed=0.3, most_failures=2))
    assert found.all_done == pytest.approx((1 - 0.09) ** 4, abs=0.01)
    assert found.visits[VisitId("A")] == pytest.approx(found.visits[VisitId("B")], abs=0.01)
