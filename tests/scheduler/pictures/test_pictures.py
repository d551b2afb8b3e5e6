"""Every picture is well-formed, shows every visit, and takes hostile names as words."""

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from muster.fleet import Place
from muster.outcomes import HostStatus
from muster.plan import Plan
from scheduler.build import build
from scheduler.capacity import capacity
from scheduler.pictures.daymap import _rows, _Tour, day_map
from scheduler.pictures.load import load
from scheduler.pictures.svg import INK
from scheduler.pictures.timeline import timeline
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.problems import day, demand, person, problem, random_problem
from tests.scheduler.world import engineer, states, world

SVG = "{http://www.w3.org/2000/svg}"
MONDAY = date(2026, 10, 19)


def read(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own text


def words(picture: str) -> str:
    root = read(picture)
    return " | ".join(e.text or "" for e in root.iter() if e.tag in {f"{SVG}text", f"{SVG}title"})


def planned() -> tuple[Problem, Plan]:
    of = problem(
        [
            demand("A", spot=1, spans=[(500, 600)]),
            demand("B", spot=2, spans=[(600, 800)]),
            demand("C"),
            demand("lost", skills=["mac"]),
        ],
        [person("Anna"), person("Ben")],
        [day(0), day(1)],
    )
    return of, solve(of, MaxIterations(20), 0)


def test_the_timeline_shows_every_visit_with_its_local_hours() -> None:
    of, plan = planned()
    shown = words(timeline(of, plan))
    for made in plan.assignments:
        assert f"{made.visit_id}: {made.starts_at:%H:%M}-{made.ends_at:%H:%M}" in shown
    assert "3 of 4 visits placed, 1 left out: lost" in shown
    assert "Mon 19 Oct" in shown


def test_the_timeline_is_in_the_persons_own_time() -> None:
    made = world()
    of = build(made, states(made.fleet))
    plan = solve(of, MaxIterations(10), 0)
    first = min(plan.assignments, key=lambda a: a.starts_at)
    assert f"{first.visit_id}: 08:00-" in words(timeline(of, plan))


def test_the_map_numbers_the_stops_of_everybody() -> None:
    of, plan = planned()
    shown = words(day_map(of, plan, MONDAY))
    assert "Monday 19 October 2026" in shown
    assert "Anna, 1.: A" in shown
    assert "Anna, 2.: B" in shown
    assert "Anna: 2 + 1 remote" in shown


def test_a_map_keeps_north_up_and_east_right() -> None:
    of, plan = planned()
    corners = tuple(
        replace(spot, place=place)
        for spot, place in zip(of.spots, [Place(50, 8), Place(51, 9), Place(49, 10)], strict=True)
    )
    drawn = read(day_map(replace(of, spots=corners), plan, MONDAY))
    dots = {
        circle.findtext(f"{SVG}title"): (float(circle.get("cx", "nan")), float(circle.get("cy", "nan")))
        for circle in drawn.iter(f"{SVG}circle")
    }
    assert dots["Anna, 1.: A"][1] < dots["Anna, 2.: B"][1]
    assert dots["Anna, 1.: A"][0] < dots["Anna, 2.: B"][0]


def test_many_stops_in_one_place_do_not_cover_each_other() -> None:
    of = problem([demand(f"V-{n}", effort=10, spot=1) for n in range(20)], [person("Anna")], [day(0)])
    drawn = read(day_map(of, solve(of, MaxIterations(5), 0), MONDAY))
    dots = [(float(c.get("cx", "nan")), float(c.get("cy", "nan"))) for c in drawn.iter(f"{SVG}circle")]
    assert len(dots) == 20
    apart = [abs(complex(*one) - complex(*other)) for n, one in enumerate(dots) for other in dots[:n]]
    assert min(apart) > 12


def test_every_tour_has_a_letter_of_its_own() -> None:
    of, plan = planned()
    both = replace(of, demands=tuple(replace(d, visit=replace(d.visit, people=2)) for d in of.demands[:1]))
    shown = words(day_map(both, solve(both, MaxIterations(5), 0), MONDAY)).split(" | ")
    assert {"A", "A1", "B", "B1"} <= set(shown)
    assert plan.assignments


def test_a_way_is_not_drawn_through_a_busy_time() -> None:
    busy = day(0, blocked=[(540, 600)])
    of = problem([demand("V", spot=1, spans=[(600, 700)])], days=[busy])
    drawn = read(timeline(of, solve(of, MaxIterations(5), 0)))
    boxes = {
        box.findtext(f"{SVG}title"): (float(box.get("x", "nan")), float(box.get("width", "nan")))
        for box in drawn.iter(f"{SVG}rect")
        if box.get("x")
    }
    way, blocked = boxes["30 min travel"], boxes["busy"]
    assert way[0] + way[1] <= blocked[0] + 0.2


def test_a_day_without_visits_says_so() -> None:
    of, plan = planned()
    assert "nobody travels" in words(day_map(of, plan, date(2026, 10, 20)))


def test_the_load_says_what_is_needed_at_hand_and_short() -> None:
    made = world()
    found = capacity(made, states(made.fleet, HostStatus.UNREACHABLE))
    shown = words(load(found, 0.8))
    assert "at hand, nothing short" in shown
    assert "week 43" in shown
    alone = replace(made, crew=replace(made.crew, engineers=(engineer("Lin", skills=frozenset({"linux"})),)))
    short = words(load(capacity(alone, states(made.fleet, HostStatus.UNREACHABLE)), 0.8))
    assert "short" in short
    assert "windows, west" in short


def test_the_load_of_a_plan_is_what_it_plans_in_each_week() -> None:
    made = world()
    found = capacity(made, states(made.fleet, HostStatus.UNREACHABLE))
    of = build(made, states(made.fleet, HostStatus.UNREACHABLE))
    plan = solve(of, MaxIterations(5), 0)
    minutes = sum((a.ends_at - a.starts_at).total_seconds() / 60 + a.travel_minutes for a in plan.assignments)
    shown = words(load(found, 0.8, plan)).split(" | ")
    assert "planned, with travel" in shown
    assert f"used: {minutes / 60:,.1f} h" in shown
    nothing = words(load(found, 0.8, replace(plan, assignments=()))).split(" | ")
    assert nothing.count("used: 0 h") == len(found.weeks)


def test_the_words_of_many_weeks_stand_beside_each_other() -> None:
    made = world()
    found = capacity(made, states(made.fleet, HostStatus.UNREACHABLE))
    drawn = load(replace(found, weeks=found.weeks[:1] * 16), 0.8)
    places = [float(x) for x in re.findall(r'<text x="([0-9.]+)"[^>]*>from [0-9]+ [A-Z][a-z]+<', drawn)]
    assert len(places) == 16
    wide = 0.6 * 9 * len("from 23 Nov")  # letters are six tenths as wide as high
    assert all(after - before > wide for before, after in pairwise(places))


def test_the_timeline_names_partners_and_tells_who_has_no_visit() -> None:
    of = problem([demand("A", spot=1)], [person("Pia", partner="north"), person("Idle", rate=90_000)], [day(0), day(1)])
    shown = words(timeline(of, solve(of, MaxIterations(5), 0))).split(" | ")
    assert "north" in shown
    assert "1 of 1 visits placed; 1 person has no visit" in shown


def test_a_visit_of_several_people_has_an_edge_and_a_remote_one_is_lighter() -> None:
    of = problem([demand("A", spot=1, people=2), demand("B")], [person("Anna"), person("Ben")], [day(0), day(1)])
    drawn = read(timeline(of, solve(of, MaxIterations(5), 0)))
    boxes = list(drawn.iter(f"{SVG}rect"))
    assert sum(box.get("fill") == INK for box in boxes) == 2
    faint = {box.findtext(f"{SVG}title", "").split(":")[0]: box.get("fill-opacity") for box in boxes}
    assert faint["B"] is not None
    assert faint["A"] is None


def test_the_map_lists_stops_with_their_sites_and_times_unless_they_are_too_many() -> None:
    of, plan = planned()
    first = next(a for a in plan.assignments if a.visit_id == "A")
    shown = words(day_map(of, plan, MONDAY))
    assert f"1 {plan.visit[first.visit_id].site_id} {first.starts_at:%H:%M}" in shown
    tours = [_Tour(f"P{n}", None, None, (), 0, tuple(f"{k} site-{k} 08:00" for k in range(9))) for n in range(40)]
    assert all(lines for _, lines, _ in _rows(tours[:10]))
    assert not any(lines for _, lines, _ in _rows(tours))


def test_names_are_words_and_never_markup() -> None:
    evil = '<script>alert("x")</script>&'
    of = problem([demand("A", spot=1)], [replace(person("Anna"), name=evil)], [day(0)])
    plan = solve(of, MaxIterations(5), 0)
    for picture in (timeline(of, plan), day_map(of, plan, MONDAY)):
        root = read(picture)
        assert not list(root.iter(f"{SVG}script"))
        assert "<script>" not in picture


@settings(max_examples=25)
@given(st.integers(0, 10**9))
def test_pictures_of_random_plans_are_well_formed(seed: int) -> None:
    of = random_problem(seed)
    plan = solve(of, MaxIterations(5), 0, with_reasons=False)
    read(timeline(of, plan))
    for when in {one.day for one in of.days}:
        read(day_map(of, plan, when))
