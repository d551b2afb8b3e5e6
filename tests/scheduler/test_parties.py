"""From a problem to make or buy: who may do a client, with what minutes and at what price; and the answer planned."""

from muster.ids import ClientId, PartnerId
from scheduler.make_or_buy import Load
from scheduler.parties import only_as_given, rooms, shares
from scheduler.problem import Cap, Rest
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.problems import day, demand, person, problem

LINUX = frozenset({"linux"})
NORTH = PartnerId("north")
ACME, BORG = ClientId("acme"), ClientId("borg")


def test_a_party_may_do_a_client_when_it_may_do_every_visit_of_it() -> None:
    people = [person("Anna"), person("Nils", partner="north", skills=["linux", "windows"])]
    demands = [
        demand("a1"),
        demand("a2", skills=["windows"]),
        demand("b1", client="borg", partners_allowed=False),
        demand("c1", client="cyan", people=2),
    ]
    found = shares(problem(demands, people, [day(0), day(1)]))
    assert set(found) == {(ACME, NORTH), (BORG, None)}, "windows is Nils' alone, borg wants no partner, nobody is two"
    assert found[ACME, NORTH].loads == (Load(frozenset(), 60), Load(frozenset({"windows"}), 60))


def test_work_costs_the_mean_rate_and_the_shortest_way() -> None:
    people = [person("Anna", rate=6000), person("Ben", rate=8000)]
    found = shares(problem([demand("a", spot=2)], people, [day(0, home=0), day(1, home=1)]))[ACME, None]
    assert found.loads == (Load(frozenset(), 60 + 30),), "Ben lives one spot away"
    assert found.cents == 7000 + 3000
    twice = shares(problem([demand("a", spot=2), demand("b", spot=2)], people, [day(0), day(1)]))[ACME, None]
    assert twice.loads == (Load(frozenset(), 120),), "whoever does the one is there already"


def test_rooms_are_regular_hours_within_the_limits_of_days_and_weeks() -> None:
    people = [person("Anna"), person("Nils", partner="north")]
    days = [
        day(0, blocked=[(600, 660)], rest=Rest(30, 700, 800), overtime=120),
        day(0, number=1),
        day(1),
        day(1, number=1),
    ]
    free = problem([demand("a")], people, days)
    assert rooms(free) == {None: (Load(LINUX, 480 - 90 + 480),), NORTH: (Load(LINUX, 960),)}
    caps = (Cap("Nils, Tue", (3,), 300), Cap("Nils, week 43", (2, 3), 600), Cap("north", (2, 3), 10, partner_id=NORTH))
    assert rooms(problem([demand("a")], people, days, caps=caps))[NORTH] == (Load(LINUX, 600),)


def test_the_answer_is_planned_with_nobody_else() -> None:
    people = [person("Anna", rate=9000), person("Nils", partner="north", rate=1000)]
    of = problem([demand("a"), demand("b", client="borg"), demand("c", client="cyan")], people, [day(0), day(1)])
    divided = only_as_given(of, {ACME: None, BORG: NORTH})
    plan = solve(divided, MaxIterations(30), 0)
    assert {str(one.visit_id): str(one.person_id) for one in plan.assignments} == {"a": "anna", "b": "nils"}
    assert [one.visit_id for one in plan.unplaced] == ["c"], "it is given to nobody"
    assert violations(divided, plan) == ()
