"""Each rule has nothing to say to a good campaign and to one that only looks bad, and speaks up where it is broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from muster.campaign import EffortPolicy
from muster.crew import Crew
from muster.fleet import OsFamily
from muster.ids import ClientId, PartnerId, SiteId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Visit, VisitMode
from reports.premortem.case import Case
from reports.premortem.check import NAMES, RULES, worries
from reports.premortem.worry import Severity, name_of, reason_and_cure
from tests.reports.premortem.cases import (
    DEADLINE,
    EVENING,
    at,
    away,
    engineer,
    good,
    host,
    of_partner,
    plan_of,
    visit,
    with_client,
    with_hosts,
    with_planning,
)

ALL = ("h1", "h2", "h3")
NOON = datetime(2026, 10, 21, 16, tzinfo=UTC)
MONDAY = datetime(2026, 10, 26, tzinfo=UTC)
FALL_BACK = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
"""01:30 in New York; half an hour later the clock is set back."""


def planned(*pairs: tuple[Visit, Assignment | None], case: Case | None = None) -> Case:
    """A case with these (visit, assignment) pairs."""
    made = plan_of(tuple(v for v, _ in pairs), tuple(a for _, a in pairs if a))
    case = case or good()
    return replace(case, plan=made, told=frozenset(one.id for one in made.visits))


def crew(*people: object) -> Case:
    return replace(good(), crew=Crew(tuple(people)))  # type: ignore[arg-type]


def twice(first: int, second: int) -> Case:
    pairs = [(visit(n, (f"h{n}",), effort_minutes=m), at(n, EVENING + n * timedelta(days=1))) for n, m in
             ((1, first), (2, second))]  # fmt: skip
    return planned(*pairs)


def partnered(rivals: tuple[str, ...]) -> Case:
    case = planned((visit(1, ALL), at(1, EVENING, person="pat")), case=crew(of_partner("Pat", "isle"), engineer("Ann")))
    return replace(case, rivals={PartnerId("isle"): frozenset(ClientId(one) for one in rivals)})


def speaking(code: str) -> Case:
    (site,) = good().fleet.sites
    return replace(good(), fleet=replace(good().fleet, sites=(replace(site, language=code),)))


def left_out(skills: frozenset[str]) -> Case:
    case = planned((visit(1, ALL), at(1, EVENING)), (visit(2, ("h2",), skills=skills), None))
    return replace(case, crew=Crew((engineer("Ann"), engineer("Bob"))))


WINDOWS = host(9, os=OsFamily.WINDOWS, os_version="Windows 11")
UNSEEN = host(9, os_version="Debian 9")

HOLDS: dict[str, Callable[[], Case]] = {
    "no-reason-for-clients": good,
    "no-contact": lambda: replace(with_client(good(), email=""), hosts=()),
    "not-told": lambda: replace(good(), plan=None, told=frozenset()),
    "language-unknown": lambda: speaking("fr"),
    "visited-twice": lambda: twice(200, 100),
    "idle-in-office-hours": lambda: planned((visit(1, ("h1",)), at(1, NOON))),
    "no-slack": lambda: planned((visit(1, ALL), at(1, DEADLINE - timedelta(hours=50)))),
    "clock-change": lambda: planned((visit(1, ALL), at(1, FALL_BACK + timedelta(days=1)))),
    "rival-partner": lambda: partnered(("other",)),
    "no-backup": good,
    "no-rollback": lambda: with_hosts(good(), host(9, os=OsFamily.OTHER)),
    "canary-misses-kind": lambda: with_planning(
        with_hosts(good(), UNSEEN), canary_sites=(SiteId("hq"),), canary_until=NOON
    ),
    "never-tried": lambda: with_hosts(good(), UNSEEN, status=HostStatus.RIGHT),
    "one-knows": good,
    "idle-people": lambda: left_out(frozenset({"windows"})),
    "everybody-away": lambda: crew(away("Ann", MONDAY, 7), engineer("Bob")),
}
BROKEN: dict[str, tuple[Callable[[], Case], Severity, int]] = {
    "no-reason-for-clients": (
        lambda: replace(good(), campaign=replace(good().campaign, reason=" ")),
        Severity.SEVERE,
        1,
    ),
    "no-contact": (lambda: with_client(good(), email=""), Severity.SEVERE, 1),
    "not-told": (lambda: replace(good(), told=frozenset()), Severity.WARNING, 1),
    "language-unknown": (lambda: speaking("tlh"), Severity.REMARK, 1),
    "visited-twice": (lambda: twice(60, 100), Severity.WARNING, 1),
    "idle-in-office-hours": (lambda: planned((visit(1, ALL), at(1, NOON))), Severity.WARNING, 1),
    "no-slack": (lambda: planned((visit(1, ALL), at(1, DEADLINE - timedelta(hours=3)))), Severity.SEVERE, 1),
    "clock-change": (lambda: planned((visit(1, ALL), at(1, FALL_BACK))), Severity.SEVERE, 1),
    "rival-partner": (lambda: partnered(("acme",)), Severity.SEVERE, 1),
    "no-backup": (
        lambda: replace(good(), campaign=replace(good().campaign, gates=type(good().campaign.gates)())),
        Severity.WARNING,
        3,
    ),
    "no-rollback": (
        lambda: replace(with_hosts(good(), WINDOWS), rollback=frozenset({OsFamily.LINUX})),
        Severity.SEVERE,
        1,
    ),
    "canary-misses-kind": (lambda: with_hosts(good(), UNSEEN, status=HostStatus.UNREACHABLE), Severity.WARNING, 1),
    "never-tried": (lambda: with_hosts(good(), UNSEEN), Severity.WARNING, 1),
    "one-knows": (lambda: with_hosts(good(), WINDOWS), Severity.SEVERE, 1),
    "idle-people": (lambda: left_out(frozenset({"linux"})), Severity.WARNING, 1),
    "everybody-away": (lambda: crew(away("Ann", MONDAY, 7), away("Bob", MONDAY, 7)), Severity.SEVERE, 1),
}


def test_a_good_campaign_has_nothing_to_fear() -> None:
    assert worries(good()) == ()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_rule_holds(name: str) -> None:
    assert NAMES[name](HOLDS[name]()) is None


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_rule_is_broken(name: str) -> None:
    make, severity, concerned = BROKEN[name]
    said = NAMES[name](make())
    assert said is not None
    assert (said.rule, said.severity, said.concerned) == (name, severity, concerned)
    assert said.examples


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_every_rule_says_why_it_is_there_and_what_helps(rule: Callable[[Case], None]) -> None:
    reason, cure = reason_and_cure(rule)
    assert reason.endswith(".")
    assert len(cure) > 20


def test_one_person_who_knows_is_a_warning_and_nobody_is_severe() -> None:
    said = NAMES["one-knows"](crew(engineer("Ann")))
    assert said is not None
    assert (said.severity, said.examples) == (Severity.WARNING, ("linux (Ann)",))


def test_a_day_with_a_clock_change_is_a_warning_where_the_visit_lies_clear_of_it() -> None:
    said = NAMES["clock-change"](planned((visit(1, ALL), at(1, FALL_BACK + timedelta(hours=12)))))
    assert said is not None
    assert said.severity is Severity.WARNING


def test_remote_visits_are_no_second_journey() -> None:
    pairs = [(visit(n, (f"h{n}",), mode=VisitMode.REMOTE), at(n, EVENING)) for n in (1, 2)]
    assert NAMES["visited-twice"](planned(*pairs)) is None


def test_parts_of_absences_that_join_leave_nobody_there_and_a_gap_leaves_somebody() -> None:
    whole = away("Ann", MONDAY, 7)
    joined = replace(whole, absences=away("Ann", MONDAY, 3).absences, busy=away("x", MONDAY + timedelta(3), 4).absences)
    assert NAMES["everybody-away"](crew(joined)) is not None
    gap = replace(joined, busy=away("x", MONDAY + timedelta(days=3, hours=18), 4).absences)
    assert NAMES["everybody-away"](crew(gap)) is None


def test_long_visits_are_split_by_the_campaign_and_may_be_two() -> None:
    case = twice(60, 100)
    short = replace(case.campaign, effort=EffortPolicy(max_visit_minutes=120))
    assert NAMES["visited-twice"](replace(case, campaign=short)) is None
