"""A remote visit is planned when the gates would let its machines be touched."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from muster.fleet import Fleet, Host
from muster.hours import parse_hours
from muster.ids import VisitId
from muster.plan import VisitMode
from muster.safety import Blackout, GatePolicy, Hold, HostMatch, WindowRule
from push.gates import BY_CLOCK, Scene, first_held
from scheduler.build import World, build
from scheduler.localtime import zone
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.world import states, world

NIGHTS = parse_hours("Fri 22:00-04:00")
NO_GATES = GatePolicy()
SERVERS = HostMatch(ids=("borg-0",))


def with_gates(gates: GatePolicy, *, maintenance: str = "") -> World:
    made = world()
    hours = parse_hours(maintenance) if maintenance else ()
    sites = tuple(replace(site, maintenance=hours if site.id == "borg" else ()) for site in made.fleet.sites)
    return replace(
        made, fleet=Fleet(made.fleet.clients, sites, made.fleet.hosts), campaign=replace(made.campaign, gates=gates)
    )


def problem_with(gates: GatePolicy = NO_GATES, *, maintenance: str = "") -> tuple[World, Problem]:
    made = with_gates(gates, maintenance=maintenance)
    return made, build(made, states(made.fleet))


def remote_hosts(made: World, problem: Problem) -> list[tuple[int, Host, tuple[tuple[int, int], ...]]]:
    return [
        (number, made.fleet.host[host_id], tuple((span.starts, span.ends) for span in demand.spans))
        for number, demand in enumerate(problem.demands)
        if demand.visit.mode is VisitMode.REMOTE
        for host_id in demand.visit.host_ids
    ]


GATES = [
    pytest.param(GatePolicy(), "", id="none"),
    pytest.param(GatePolicy(), "Mon-Fri 14:00-18:00", id="hours of the site"),
    pytest.param(GatePolicy(windows=(WindowRule(NIGHTS, SERVERS),)), "Mon-Fri 14:00-18:00", id="hours of a rule"),
    pytest.param(
        GatePolicy(
            blackouts=(
                Blackout(
                    datetime.fromisoformat("2026-10-20T09:00"), datetime.fromisoformat("2026-10-28T12:30"), "audit"
                ),
            )
        ),
        "Mon-Sun 01:00-23:00",
        id="blackout",
    ),
    pytest.param(
        GatePolicy(holds=(Hold("firmware", SERVERS, datetime.fromisoformat("2026-10-25T12:00")),)),
        "",
        id="a hold's day",
    ),
]


@pytest.mark.parametrize(("gates", "maintenance"), GATES)
def test_the_plan_and_the_gates_agree_about_every_hour(gates: GatePolicy, maintenance: str) -> None:
    """Two ways to the same answer: the problem's spans, and what the gates say of each host at each instant."""
    made, problem = problem_with(gates, maintenance=maintenance)
    known = {state.host_id: state for state in states(made.fleet)}
    for _, host, spans in remote_hosts(made, problem):
        for minute in range(7, problem.deadline, 97):
            scene = Scene(gates, made.fleet, known, problem.epoch + timedelta(minutes=minute))
            open_now = first_held(host, scene, BY_CLOCK) is None
            assert any(starts <= minute < ends for starts, ends in spans) == open_now, (host.id, scene.now)


def test_hosts_that_may_be_touched_at_other_hours_have_a_visit_of_their_own() -> None:
    made, problem = problem_with(GatePolicy(windows=(WindowRule(NIGHTS, SERVERS),)))
    by_host: dict[str, int] = {host.id: number for number, host, _ in remote_hosts(made, problem)}
    assert by_host["borg-0"] != by_host["borg-1"]
    _, without = problem_with()
    together: dict[str, int] = {host.id: number for number, host, _ in remote_hosts(made, without)}
    assert together["borg-0"] == together["borg-1"]


def test_a_hold_that_only_a_person_ends_closes_nothing() -> None:
    made, problem = problem_with(GatePolicy(holds=(Hold("firmware", SERVERS),)))
    assert all(spans == ((0, problem.deadline),) for _, _, spans in remote_hosts(made, problem))


def test_every_remote_visit_is_placed_inside_the_hours_of_its_machines() -> None:
    _, problem = problem_with(maintenance="Mon-Fri 14:00-18:00")
    plan = solve(problem, MaxIterations(300), 1)
    placed = [one for one in plan.assignments if plan.visit[one.visit_id].site_id == "borg"]
    assert placed
    vancouver = zone("America/Vancouver")
    for one in placed:
        assert time(14) <= one.starts_at.astimezone(vancouver).time() < one.ends_at.astimezone(vancouver).time()
        assert one.ends_at.astimezone(vancouver).time() <= time(18)


def test_where_nobody_works_in_those_hours_it_says_so() -> None:
    _, problem = problem_with(maintenance="Fri 22:00-04:00")
    plan = solve(problem, MaxIterations(200), 1)
    borg = [one for one in plan.unplaced if one.visit_id == VisitId("V-borg-remote-1")]
    assert borg
    assert "maintenance hours" in " ".join(str(one) for one in borg)


def test_hours_count_in_the_time_of_the_site() -> None:
    _, problem = problem_with(maintenance="Mon-Fri 14:00-18:00")
    demand = next(d for d in problem.demands if d.visit.id == "V-borg-remote-1")
    first = problem.epoch + timedelta(minutes=demand.spans[0].starts)
    assert first.astimezone(zone("America/Vancouver")).time() == time(14)
