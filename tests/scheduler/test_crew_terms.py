"""What people and sites bring into a problem: languages, limits, calendars, turns; each rule held and broken."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from muster.campaign import PlanningPolicy
from muster.crew import Absence, Shift
from muster.fleet import Fleet, Place
from muster.ids import ClientId, PersonId, SiteId
from muster.outcomes import HostStatus
from scheduler.build import World, build
from scheduler.capacity import capacity_of
from scheduler.explain import explain
from scheduler.policy import Policy
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.world import NOW, engineer, fleet, local, states, world


def onsite(made: World) -> Problem:
    return build(made, states(made.fleet, HostStatus.UNREACHABLE))


def sites(of: Fleet, **changes: object) -> Fleet:
    """Every site changed."""
    return replace(of, sites=tuple(replace(site, **changes) for site in of.sites))  # type: ignore[arg-type]


def clients(of: Fleet, **changes: object) -> Fleet:
    return replace(of, clients=tuple(replace(client, **changes) for client in of.clients))  # type: ignore[arg-type]


def people_of(problem: Problem) -> set[str]:
    plan = solve(problem, MaxIterations(20), 0)
    assert violations(problem, plan) == ()
    return {str(made.person_id) for made in plan.assignments}


def test_who_comes_speaks_the_sites_language() -> None:
    crew = [engineer("Anna"), engineer("Zoe", languages=frozenset({"fr", "en"}), rate_cents_per_hour=9_000)]
    assert people_of(onsite(world(crew))) == {"anna"}
    assert people_of(onsite(world(crew, fleet=sites(fleet(), language="fr")))) == {"zoe"}


def test_nobody_speaks_it_and_the_reason_says_so() -> None:
    problem = onsite(world(fleet=sites(fleet(), language="fr")))
    plan = solve(problem, MaxIterations(5), 0)
    assert plan.assignments == ()
    first = plan.unplaced[0].reasons[0]
    assert first.rule == "language"
    assert "Anna does not speak fr" in first.text
    assert "Anna spoke fr" in first.remedy


def test_a_remote_visit_asks_for_no_language() -> None:
    made = world(fleet=sites(fleet(), language="fr"))
    assert people_of(build(made, states(made.fleet))) == {"anna"}


def test_people_have_limits_of_their_own_on_ways_and_travel() -> None:
    near = engineer("Anna", longest_leg_minutes=40, longest_travel_minutes=60)
    problem = onsite(world([near], policy=Policy(longest_leg_minutes=50)))
    assert {(day.max_leg_minutes, day.max_travel_minutes) for day in problem.days} == {(40, 60)}
    assert people_of(problem) == {"anna"}
    bound = onsite(world([replace(near, longest_leg_minutes=5)]))
    plan = solve(bound, MaxIterations(5), 0)
    assert {one.reasons[0].rule for one in plan.unplaced} == {"travel limit"}


def test_hours_a_day_and_a_week_are_caps() -> None:
    person = engineer("Anna", most_minutes_per_day=300, most_minutes_per_week=600)
    problem = onsite(world([person], fleet=fleet(30)))
    assert sorted({(cap.minutes, len(cap.days)) for cap in problem.caps}) == [(300, 1), (600, 5)]
    plan = solve(problem, MaxIterations(30), 0)
    assert violations(problem, plan) == ()
    assert plan.unplaced
    broken = replace(problem, caps=tuple(replace(cap, minutes=cap.minutes - 1) for cap in problem.caps))
    full = {one.rule for one in violations(broken, plan)}
    assert full <= {"cap"}
    free = onsite(world([engineer("Anna")], fleet=fleet(30)))
    assert len(solve(free, MaxIterations(30), 0).unplaced) < len(plan.unplaced)


def test_hours_a_day_lower_what_capacity_has_at_hand() -> None:
    made = world([engineer("Anna", most_minutes_per_day=240)])
    problem = onsite(made)
    assert capacity_of(problem, made.fleet, made.effort).at_hand_minutes == 240 * len(problem.days)


def test_a_day_may_end_elsewhere() -> None:
    problem = onsite(world([engineer("Anna", end=Place(49.9, -119.5))]))
    (day, *_) = problem.days
    assert problem.spots[day.start_spot].key == "home:anna"
    assert problem.spots[day.end_spot].key == "end:anna"
    assert problem.minutes_between(day.start_spot, day.end_spot) > 60


def test_an_imported_calendar_blocks_like_an_absence() -> None:
    busy = (Absence(local(2026, 10, 20, 11, zone="-7"), local(2026, 10, 20, 12, zone="-7"), "calendar"),)
    problem = onsite(world([engineer("Anna", busy=busy)]))
    day = next(d for d in problem.days if d.day.day == 20)
    assert [(problem.at(s.starts), problem.at(s.ends)) for s in day.blocked] == [(busy[0].starts_at, busy[0].ends_at)]


def test_people_are_sent_to_their_own_clients_only() -> None:
    crew = [engineer("Anna", clients=(ClientId("acme"),)), engineer("Ben", rate_cents_per_hour=9_000)]
    problem = onsite(world(crew))
    plan = solve(problem, MaxIterations(20), 0)
    assert {a.person_id for a in plan.assignments if plan.visit[a.visit_id].client_id == "borg"} == {"ben"}
    assert {a.person_id for a in plan.assignments if plan.visit[a.visit_id].client_id == "acme"} == {"anna"}


def test_clients_name_whom_they_want_and_whom_they_do_not() -> None:
    crew = [engineer("Anna"), engineer("Ben")]
    wanted = clients(fleet(), preferred=(PersonId("ben"),))
    assert people_of(onsite(world(crew, fleet=wanted))) == {"ben"}
    unwanted = clients(fleet(), excluded=(PersonId("anna"),))
    assert people_of(onsite(world(crew, fleet=unwanted))) == {"ben"}
    alone = onsite(world([engineer("Anna")], fleet=unwanted))
    assert explain(alone, solve(alone, MaxIterations(5), 0), alone.demands[0].visit.id)[0].rule == "excluded"


def test_what_a_machine_is_worth_is_added_to_its_price() -> None:
    plain, dear = onsite(world()), onsite(world(fleet=clients(fleet(), value_cents_per_host=7_000)))
    for one, other in zip(plain.demands, dear.demands, strict=True):
        assert other.unplaced_cents - one.unplaced_cents == 7_000 * len(one.visit.host_ids)


def test_a_site_may_want_two_people_at_once() -> None:
    made = world([engineer("Anna"), engineer("Ben")], fleet=sites(fleet(), people=2))
    problem = onsite(made)
    assert {d.visit.people for d in problem.demands} == {2}
    plan = solve(problem, MaxIterations(20), 0)
    assert violations(problem, plan) == ()
    assert plan.unplaced == ()
    assert {len([a for a in plan.assignments if a.visit_id == v.id]) for v in plan.visits} == {2}
    alone = onsite(world([engineer("Anna")], fleet=sites(fleet(), people=2)))
    assert solve(alone, MaxIterations(5), 0).assignments == ()


def test_a_sites_own_dates_bound_its_visits() -> None:
    bounded = sites(fleet(), not_before=date(2026, 10, 21), not_after=date(2026, 10, 22))
    problem = onsite(world(fleet=bounded))
    for demand in problem.demands:
        assert demand.visit.earliest == local(2026, 10, 21, 0, zone="-7")
        assert demand.visit.latest == local(2026, 10, 23, 0, zone="-7")
    plan = solve(problem, MaxIterations(20), 0)
    assert {(made.starts_at - timedelta(hours=7)).day for made in plan.assignments} <= {21, 22}


def test_canary_sites_are_done_before_the_others_begin() -> None:
    until = datetime(2026, 10, 21, 7, tzinfo=UTC)
    policy = Policy(canary_sites=(SiteId("borg"),), canary_until=until)
    problem = onsite(world(policy=policy))
    plan = solve(problem, MaxIterations(20), 0)
    assert plan.unplaced == ()
    for made in plan.assignments:
        assert (made.ends_at <= until) == (plan.visit[made.visit_id].site_id == "borg")


def test_a_canary_that_is_over_binds_nobody() -> None:
    policy = Policy(canary_sites=(SiteId("borg"),), canary_until=NOW - timedelta(days=1))
    assert onsite(world(policy=policy)).demands == onsite(world()).demands


def test_servers_go_first_where_the_campaign_says_so() -> None:
    made = world()
    hosts = tuple(replace(h, role="file server") if h.id.endswith("-0") else h for h in made.fleet.hosts)
    made = replace(made, fleet=replace(made.fleet, hosts=hosts))
    assert all(d.visit.after == () for d in onsite(made).demands)
    ordered = onsite(replace(made, policy=Policy(servers_first=True)))
    waiting = {d.visit.id: d.visit.after for d in ordered.demands if d.visit.site_id == "borg"}
    assert waiting == {"V-borg-onsite-1": (), "V-borg-onsite-2": ("V-borg-onsite-1",)}
    plan = solve(ordered, MaxIterations(20), 0)
    assert violations(ordered, plan) == ()
    times = {made.visit_id: made for made in plan.assignments}
    for visit in plan.visits:
        assert all(times[before].ends_at <= times[visit.id].starts_at for before in visit.after)


def test_kept_visits_follow_the_clients_new_word() -> None:
    made = world([engineer("Anna"), engineer("Ben")])
    kept = [d.visit for d in onsite(made).demands]
    unwanted = replace(made, fleet=clients(made.fleet, excluded=(PersonId("anna"),)))
    later = build(unwanted, states(made.fleet, HostStatus.UNREACHABLE), keep=kept)
    assert [d.visit.id for d in later.demands] == [v.id for v in kept]
    assert all(d.visit.excluded == ("anna",) for d in later.demands)


@pytest.mark.parametrize("field", ["unplaced_cents", "break_minutes", "servers_first"])
def test_the_campaigns_own_choices_become_the_policy(field: str) -> None:
    chosen = replace(PlanningPolicy(), **{field: 1})  # type: ignore[arg-type]
    assert getattr(Policy.of(chosen), field) == 1


def test_shifts_may_differ_from_day_to_day() -> None:
    shifts = (Shift(0, time(8), time(12)), Shift(2, time(10), time(18)))
    problem = onsite(world([engineer("Anna", shifts=shifts)], now=NOW - timedelta(hours=2)))
    assert {(d.day.weekday(), d.ends - d.starts) for d in problem.days} == {(0, 240), (2, 480)}
