"""Hours needed and at hand: nobody is counted twice, and what is short is short where it is said to be."""

from dataclasses import replace
from datetime import time

import pytest

from muster.campaign import EffortPolicy
from muster.crew import Agreement, Engineer, Shift
from muster.fleet import Fleet, Host, OsFamily
from muster.ids import PartnerId
from muster.outcomes import HostStatus
from scheduler.build import World
from scheduler.capacity import Capacity, capacity, with_overtime, with_people, without_partner
from scheduler.estimate import effort_model
from tests.scheduler.world import NOW, campaign, engineer, fleet, local, partner, states, world

ONE_DAY = (Shift(0, time(8), time(16)),)
POLICY = EffortPolicy(remote_minutes_per_host=60.0, setup_minutes=0.0, max_visit_minutes=10_000)


def week_of(fleet_: Fleet, *people: Engineer, **changes: object) -> World:
    """One week; an hour for every host, nothing measured."""
    made = world(
        people,
        campaign=replace(campaign(), deadline=local(2026, 10, 25, 7), effort=POLICY),
        fleet=fleet_,
        effort=effort_model(POLICY),
        now=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def of_family(count: int, family: OsFamily) -> Fleet:
    made = fleet(count)
    return replace(made, hosts=tuple(replace(h, os=family) for h in made.hosts if h.site_id == "acme-hq"))


def both(linux: int, windows: int) -> Fleet:
    made = fleet(linux + windows)
    hosts: list[Host] = [h for h in made.hosts if h.site_id == "acme-hq"]
    families = [OsFamily.LINUX] * linux + [OsFamily.WINDOWS] * windows
    return replace(made, hosts=tuple(replace(h, os=f) for h, f in zip(hosts, families, strict=True)))


def answer(of: World) -> Capacity:
    return capacity(of, states(of.fleet), (0.5, 0.8, 0.95))


def test_enough_hours_are_not_short() -> None:
    found = answer(week_of(of_family(2, OsFamily.LINUX), engineer("Anna")))
    assert found.short_minutes(0.95) == 0
    assert found.at_hand_minutes == 5 * 450


def test_a_surer_answer_needs_more_hours() -> None:
    found = answer(week_of(both(5, 5), engineer("Anna")))
    needed = [found.needed_minutes(share) for share in (0.5, 0.8, 0.95)]
    assert needed == sorted(needed)
    assert needed[0] < 600 < needed[1]


def test_somebody_with_two_skills_is_not_counted_twice() -> None:
    """Five Linux and five Windows hours against one person's day of seven and a half."""
    linux_only = answer(week_of(both(5, 0), engineer("Anna", shifts=ONE_DAY)))
    two = answer(week_of(both(5, 5), engineer("Anna", shifts=ONE_DAY)))
    assert linux_only.short_minutes(0.5) == 0
    assert two.short_minutes(0.5) == pytest.approx(two.needed_minutes(0.5) - two.at_hand_minutes)


def test_what_is_short_is_told_by_skill_and_region() -> None:
    made = week_of(both(2, 20), engineer("Anna", skills=frozenset({"linux"})), engineer("Ben", shifts=ONE_DAY))
    found = answer(made)
    short = {(tuple(need.skills), need.region): need.short[0.8] > 0 for need in found.needs}
    assert short == {(("windows",), "west"): True, (("linux",), "west"): False}
    assert found.needs[0].tight_weeks == ((2026, 43),)
    assert found.weeks[0].used[0.5] < found.weeks[0].at_hand_minutes


def test_weeks_that_are_full_are_named() -> None:
    found = answer(week_of(both(60, 0), engineer("Anna")))
    assert found.needs[0].tight_weeks == ((2026, 43),)
    assert found.weeks[0].used[0.8] == pytest.approx(found.weeks[0].at_hand_minutes)


def test_extra_people_close_the_gap() -> None:
    made = week_of(both(100, 0), engineer("Anna"))
    before = answer(made).short_minutes(0.8)
    after = answer(with_people(made, [engineer("Ben")])).short_minutes(0.8)
    assert before - after == pytest.approx(5 * 450)


def test_overtime_closes_part_of_it() -> None:
    made = with_overtime(week_of(both(60, 0), engineer("Anna")), 60)
    found = answer(made)
    assert found.short_minutes(0.8) - found.short_minutes(0.8, overtime=True) == pytest.approx(300)


def test_an_agreement_is_not_exceeded_and_a_partner_can_be_thought_away() -> None:
    hired = partner(agreement=Agreement(partner().agreement.signed_on, local(2026, 12, 1, 0).date(), 120))  # type: ignore[union-attr]
    made = week_of(both(60, 0), engineer("Anna"), engineer("Pia", partner_id=PartnerId("north")))
    made = replace(made, crew=replace(made.crew, partners=(hired,)))
    with_partner, alone = answer(made), answer(without_partner(made, PartnerId("north")))
    assert alone.short_minutes(0.8) - with_partner.short_minutes(0.8) == pytest.approx(120)


def test_nobody_at_all_leaves_everything_short() -> None:
    made = week_of(both(3, 3), engineer("Anna", shifts=()))
    found = answer(made)
    assert found.at_hand_minutes == 0
    assert found.short_minutes(0.8) == pytest.approx(found.needed_minutes(0.8))


def test_travel_to_sites_is_part_of_what_is_needed() -> None:
    made = week_of(fleet(), engineer("Anna"))
    found = capacity(made, states(made.fleet, HostStatus.UNREACHABLE))
    assert sum(need.travel_minutes for need in found.needs) >= 3 * 12
