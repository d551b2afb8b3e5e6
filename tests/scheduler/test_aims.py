"""The order of the aims, by the default prices: each aim outweighs everything below it, one test for each pair."""

from dataclasses import replace
from datetime import UTC, datetime

from muster.campaign import PlanningPolicy
from muster.fleet import Fleet
from muster.ids import ClientId, PersonId
from muster.outcomes import HostStatus
from muster.plan import Plan, VisitMode
from scheduler.build import World, build
from scheduler.policy import Policy
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.world import engineer, fleet, states, world

ONE_DAY = datetime(2026, 10, 20, 0, 0, tzinfo=UTC)
"""The end of Monday's shift is before it."""


def planned(made: World) -> tuple[Problem, Plan]:
    of = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    plan = solve(of, MaxIterations(60), 0)
    assert violations(of, plan) == ()
    return of, plan


def one_client(priority: int = 1, hosts: int = 3) -> Fleet:
    """Acme alone."""
    whole = fleet(hosts)
    clients = tuple(replace(c, priority=priority) for c in whole.clients if c.id == "acme")
    sites = tuple(s for s in whole.sites if s.client_id == "acme")
    ids = {s.id for s in sites}
    return Fleet(clients, sites, tuple(h for h in whole.hosts if h.site_id in ids))


def test_one_machine_of_the_lowest_priority_outweighs_any_cost() -> None:
    """Somebody at 900,000.00 an hour: every visit is done all the same."""
    gold = engineer("Gold", rate_cents_per_hour=90_000_000, overtime_factor=3.0, overtime_minutes_per_day=120)
    of, plan = planned(world([gold], fleet=one_client(priority=5, hosts=1)))
    assert plan.unplaced == ()
    assert plan.cost.total_cents > 100 * PlanningPolicy().unplaced_cents, "leaving all of it out seems cheap"
    used = {(a.person_id, a.starts_at.date()) for a in plan.assignments}
    assert min(d.unplaced_cents for d in of.demands) > plan.cost.total_cents / len(used)


def test_no_price_of_the_rest_can_ever_weigh_as_much_as_one_machine() -> None:
    """The whole of everything below the first aim, at its worst for one visit, stays below leaving it out."""
    made = world([engineer("Anna"), engineer("Gold", rate_cents_per_hour=50_000, overtime_minutes_per_day=180)])
    for policy in (Policy(), Policy(unplaced_cents=0), Policy(unplaced_cents=1, priority_factor=1)):
        of, _ = planned(replace(made, policy=policy))
        for demand in of.demands:
            days = [(of.people[day.person], day) for day in of.days]
            work = max(
                (day.latest_end - day.starts)
                * (max(who.rate_cents_per_hour, who.travel_cents_per_hour) + who.overtime_cents_per_hour)
                / 60
                for who, day in days
            )
            assert demand.unplaced_cents > work


def test_a_machine_of_higher_priority_comes_before_one_of_lower() -> None:
    """Hours for one of two visits: the client that is served first gets them, whatever else."""
    short = replace(world().campaign, deadline=ONE_DAY)
    person = engineer("Anna", most_minutes_per_day=130)
    for first in ("acme", "borg"):
        whole = fleet(2)
        clients = tuple(replace(c, priority=1 if c.id == first else 2) for c in whole.clients)
        sites = tuple(s for s in whole.sites if s.id in {"acme-hq", "borg"})
        ids = {s.id for s in sites}
        of = Fleet(clients, sites, tuple(h for h in whole.hosts if h.site_id in ids))
        _, plan = planned(world([person], fleet=of, campaign=short))
        assert len(plan.unplaced) == 1
        assert {plan.visit[a.visit_id].client_id for a in plan.assignments} == {ClientId(first)}


def test_cost_comes_before_slack() -> None:
    """Ben could come today for 30.00 more; Anna comes tomorrow."""
    anna = engineer("Anna", shifts=tuple(s for s in engineer("A").shifts if s.weekday == 1))
    ben = engineer("Ben", rate_cents_per_hour=9_000)
    _, plan = planned(world([anna, ben], fleet=one_client(hosts=1)))
    assert {a.person_id for a in plan.assignments} == {PersonId("anna")}


def test_slack_decides_between_days_that_cost_the_same() -> None:
    _, plan = planned(world([engineer("Anna")], fleet=one_client(hosts=1)))
    assert {a.starts_at.date().isoformat() for a in plan.assignments} == {"2026-10-19"}
    free = Policy.of(PlanningPolicy(delay_cents_per_day=0))
    of, _ = planned(world([engineer("Anna")], fleet=one_client(hosts=1), policy=free))
    assert {d.delay_cents_per_day for d in of.demands} == {0}


def test_cost_comes_before_continuity_and_continuity_before_chance() -> None:
    known = {ClientId("acme"): (PersonId("ben"),)}
    same = [engineer("Anna"), engineer("Ben")]
    _, plan = planned(world(same, fleet=one_client(hosts=1), preferred=known))
    assert {a.person_id for a in plan.assignments} == {PersonId("ben")}
    dear = [engineer("Anna"), engineer("Ben", rate_cents_per_hour=12_000)]
    _, plan = planned(world(dear, fleet=one_client(hosts=1), preferred=known))
    assert {a.person_id for a in plan.assignments} == {PersonId("anna")}


def test_few_changes_come_last_and_decide_between_equals() -> None:
    """The plan that binds has Ben; he stays while Anna costs the same, and goes where she is much cheaper."""
    made = world([engineer("Ben")], fleet=one_client(hosts=1))
    of = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    before = solve(of, MaxIterations(30), 0)
    for rate, who in ((6_000, "ben"), (30_000, "anna")):
        both = replace(
            made, crew=replace(made.crew, engineers=(engineer("Anna"), engineer("Ben", rate_cents_per_hour=rate)))
        )
        again = build(both, states(made.fleet, HostStatus.UNREACHABLE), previous=before)
        plan = solve(again, MaxIterations(60), 0)
        assert {a.person_id for a in plan.assignments} == {PersonId(who)}
    assert all(v.mode is VisitMode.ONSITE for v in before.visits)


def test_the_prices_stand_in_the_documented_order() -> None:
    """For one machine: leaving it out, an hour of anybody, a change, somebody unknown, a day later."""
    policy = PlanningPolicy()
    assert policy.unplaced_cents > 8 * (6_000 + policy.vehicle_cents_per_hour)
    assert policy.unplaced_cents > 6_000 > policy.change_person_cents
    assert policy.change_person_cents > policy.change_day_cents >= policy.continuity_cents > policy.delay_cents_per_day
    assert [Policy().unplaced(priority, 1) // policy.unplaced_cents for priority in (5, 4, 3, 2, 1)] == [1, 2, 4, 8, 16]
