"""What limits a plan: the rule that leaves most out, agreements that are used up, the client least likely done."""

from dataclasses import replace

from muster.ids import ClientId, PartnerId
from scheduler.problem import Cap, Problem
from scheduler.risk import risks
from scheduler.robust import ClientOdds, Odds
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.problems import day, demand, person, problem


def odds(*clients: tuple[str, float]) -> Odds:
    found = tuple(ClientOdds(ClientId(name), 1, 1, share, share) for name, share in clients)
    return Odds(100, 1.0, 1.0, found, {})


def told(of: Problem, *clients: tuple[str, float]) -> tuple[str, ...]:
    return risks(of, solve(of, MaxIterations(20), 0), odds(*clients))


def test_nothing_stands_out_where_all_fits() -> None:
    assert told(problem([demand("a")], [person("Anna")], [day()]), ("acme", 0.95)) == ()


def test_the_rule_that_leaves_most_hosts_out_is_told_first() -> None:
    demands = [demand("a"), demand("b", skills=["windows"]), demand("c", skills=["windows"])]
    (said,) = told(problem(demands, [person("Anna")], [day()]))
    assert said.startswith("2 hosts left out, 2 of them by skills (such as b: ")


def test_an_agreement_without_an_hour_left_is_told_and_one_with_room_is_not() -> None:
    people, days = [person("Nils", partner="north")], [day()]
    full = Cap("agreement of North", (0,), 60, partner_id=PartnerId("north"))
    roomy = Cap("agreement of North", (0,), 600, partner_id=PartnerId("north"))
    assert told(problem([demand("a")], people, days, caps=(full,))) == ("agreement of North is used up: 1 of 1 h",)
    assert told(problem([demand("a")], people, days, caps=(roomy,))) == ()


def test_hosts_that_go_wrong_are_told_with_their_share_the_larger_first_where_they_limit() -> None:
    of = problem([demand("a")], [person("Anna")], [day()])
    plan = solve(of, MaxIterations(20), 0)
    assert risks(of, plan, replace(odds(("acme", 0.95)), failed=0.04, offline=0.05)) == ()
    failed, offline = risks(of, plan, replace(odds(("acme", 0.95)), failed=0.3, offline=0.12))
    assert failed == "in 30% of lives a host that failed is not put right by another try before the deadline"
    assert offline.startswith("in 12% of lives a host that was offline")
    assert risks(of, plan, replace(odds(("acme", 0.95)), failed=0.1, offline=0.12))[0] == offline


def test_the_client_least_likely_to_be_done_is_told_unless_it_never_is() -> None:
    of = problem([demand("a")], [person("Anna")], [day()])
    assert told(of, ("acme", 0.8), ("borg", 0.4), ("cyan", 0.0)) == ("client borg is all done in 40% of lives",)
