"""A pilot picks the visits that take most of what is not known, for their minutes, and says how much is left."""

from dataclasses import replace
from itertools import pairwise
from math import sqrt

from hypothesis import given, settings
from hypothesis import strategies as st

from muster.campaign import EffortPolicy
from muster.fleet import Fleet, OsFamily
from muster.ids import HostId, VisitId
from muster.plan import Visit, VisitMode
from scheduler.estimate import Observation, effort_model
from scheduler.pilot import minutes_of, pilot
from scheduler.pooling import PRIOR_WEIGHT
from tests.scheduler.world import fleet, host, world


def visit(name: str, hosts: list[HostId], minutes: int, mode: VisitMode = VisitMode.REMOTE) -> Visit:
    plain = world()
    site = plain.fleet.sites[0]
    return Visit(
        VisitId(name), site.client_id, site.id, mode, tuple(hosts), minutes, frozenset(), 3, plain.now,
        plain.campaign.deadline,
    )  # fmt: skip


def many(count: int) -> tuple[Fleet, list[HostId], list[HostId]]:
    """A fleet with so many Windows machines and half as many with Linux."""
    small = fleet()
    hosts = [replace(host(small.sites[0], n), id=HostId(f"x{n}")) for n in range(3 * count)]
    windows = [one.id for one in hosts if one.os is OsFamily.WINDOWS]
    linux = [one.id for one in hosts if one.os is OsFamily.LINUX]
    return replace(small, hosts=tuple(hosts)), windows, linux


def test_of_two_visits_the_one_with_more_machines_an_hour_is_picked_first() -> None:
    of, windows, _ = many(20)
    quick, slow = visit("quick", windows[:10], 40), visit("slow", windows[10:20], 80)
    assert [one.visit_id for one in pilot([slow, quick], of, effort_model(EffortPolicy()), 2)] == ["quick", "slow"]


def test_the_kind_that_most_of_the_work_is_of_is_learned_first() -> None:
    of, windows, linux = many(20)
    model = effort_model(EffortPolicy())
    visits = [visit("w", windows[:2], 20), visit("l", linux[:2], 20), visit("rest", linux[2:40], 500)]
    assert pilot(visits, of, model, 1)[0].visit_id == "l"


def test_what_was_measured_already_teaches_less() -> None:
    of, windows, linux = many(20)
    known = effort_model(EffortPolicy(), [Observation(VisitMode.REMOTE, 3.0, OsFamily.LINUX)] * 500)
    visits = [visit("w", windows[:5], 20), visit("l", linux[:5], 20)]
    assert pilot(visits, of, known, 1)[0].visit_id == "w"


def test_the_uncertainty_that_is_told_is_that_of_the_estimate() -> None:
    of, windows, _ = many(30)
    model = effort_model(EffortPolicy())
    (only,) = pilot([visit("w", windows[:20], 100)], of, model, 3)
    shared = model.per_host[VisitMode.REMOTE, OsFamily.WINDOWS].shared_deviation
    assert abs(only.before_minutes - 20 * shared) < 1e-9
    assert abs(only.after_minutes - 20 * shared * sqrt(PRIOR_WEIGHT / (PRIOR_WEIGHT + 20))) < 1e-9


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(5, 200), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 9),
)
def test_every_visit_of_a_pilot_leaves_less_unknown(sizes: list[tuple[int, int, bool]], most: int) -> None:
    of, windows, linux = many(120)
    visits = []
    for number, (hosts, minutes, is_windows) in enumerate(sizes):
        pool = windows if is_windows else linux
        visits.append(visit(f"v{number}", pool[number * 9 : number * 9 + hosts], minutes))
    lessons = pilot(visits, of, effort_model(EffortPolicy()), most)
    assert len(lessons) == min(most, len(visits))
    assert len({one.visit_id for one in lessons}) == len(lessons)
    assert all(one.after_minutes < one.before_minutes for one in lessons)
    assert all(abs(one.after_minutes - two.before_minutes) < 1e-6 for one, two in pairwise(lessons))
    assert minutes_of(lessons) <= sum(one.effort_minutes for one in visits)
