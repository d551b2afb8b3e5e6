"""Capacity: hours needed against hours at hand before the date, and other worlds side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from flows.planning import world_of
from flows.services import Services
from flows.whatif import AS_IT_IS, Row, compare
from muster.crew import Crew
from muster.errors import InputError, NothingToPlan
from muster.ids import CampaignId
from muster.plan import Plan
from portal.beside import Sum
from portal.manager.kept import worked_out
from portal.reading import Reading
from portal.words import money
from scheduler.scenarios import FORMS, scenario

if TYPE_CHECKING:  # they bring OR-Tools, which other pages need not wait for
    from scheduler.capacity import Capacity, Need, WeekHours

SHARE = 0.8
"""How sure the hours are that sentences and the picture tell."""
MOST_SCENARIOS = 4
LONGEST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class NeedLine:
    """Work of one kind in one region, hours at each share."""

    what: str
    region: str
    visits: int
    hosts: int
    hours: tuple[float, ...]
    short: float
    short_with_overtime: float
    tight: str


@dataclass(frozen=True, slots=True)
class WeekBar:
    """One week: hours at hand and used; heights are shares (0 to 1) of the highest bar."""

    label: str
    monday: date
    own: float
    partner: float
    overtime: float
    used: float
    own_height: float
    partner_height: float
    used_height: float


@dataclass(frozen=True, slots=True)
class CapacityPage:
    """Everything that the page shows; ``enough`` is None where no machine needs a visit."""

    enough: bool | None
    verdict: str
    shares: tuple[float, ...]
    needs: tuple[NeedLine, ...]
    weeks: tuple[WeekBar, ...]
    needed: float = 0.0
    at_hand: float = 0.0
    short: float = 0.0
    overtime_closes: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """One scenario beside today's world."""

    name: str
    today: bool
    done_by: datetime | None
    odds: float
    done_share: float
    left_out: int
    cost_cents: int
    more_cents: int
    margin: str
    moved: int
    risks: tuple[str, ...]
    best: bool
    cheapest: bool


def capacity_page(services: Services, reading: Reading, campaign_id: CampaignId) -> CapacityPage | None:
    """Hours needed and at hand, by kind of work and by week; None while they are worked out for the first time."""
    hosts = reading.counts(campaign_id).total()
    return worked_out(services, reading, Sum(_capacity, (campaign_id,)), hosts)


def examples(crew: Crew) -> tuple[str, ...]:
    """Scenarios to choose from: the forms, with the partners and people that there are."""
    partners = [one.id for one in crew.partners][:4]
    return (
        "overtime 60",
        "people +1",
        *(f"add partner {one}" for one in partners),
        *(f"without partner {one}" for one in partners),
        "partners everywhere",
        "automation 90 %",
        "deadline -3d",
        "access until 20:00",
    )


def forms() -> tuple[tuple[str, str], ...]:
    """Every form of a scenario with what it means."""
    return FORMS


def asked_worlds(services: Services, plan: Plan, scenarios: Sequence[str]) -> tuple[str, ...]:
    """The scenarios that somebody asks for, each of which can be read.

    Raises:
        InputError: there is none, one cannot be read or is there twice, or there are too many.
    """
    wanted = tuple(one.strip() for one in scenarios if one.strip())
    if not wanted:
        raise InputError("no scenario is given", hint="such as: overtime 60")
    if len(wanted) > MOST_SCENARIOS:
        raise InputError(f"{len(wanted)} scenarios are too many at once", hint=f"at most {MOST_SCENARIOS}")
    if len(set(wanted)) != len(wanted):
        raise InputError("a scenario is there twice", hint="give each once")
    world = world_of(services, plan.campaign_id, now=services.clock.now())
    for one in wanted:
        scenario(one, world)
    return wanted


def worlds_of(services: Services, plan: Plan, scenarios: Sequence[str], seconds: float) -> tuple[World, ...]:
    """Today's world and each scenario of ``asked_worlds``, planned for as long."""
    rows = compare(services, plan, scenarios, seconds=seconds, seed=0)
    best = max(rows, key=lambda one: (round(one.odds.all_done, 2), -one.plan.cost.total_cents))
    better = round(best.odds.all_done, 2) > round(rows[0].odds.all_done, 2)
    cheapest = None if better else _cheapest(rows)
    return tuple(_world(one, best=better and one is best, cheapest=one is cheapest) for one in rows)


def _cheapest(rows: Sequence[Row]) -> Row | None:
    """Where no world has better odds than today's: the cheapest of those with its odds that leave out the fewest.

    None where there is only one, or all cost the same.
    """
    same = [one for one in rows if round(one.odds.all_done, 2) == round(rows[0].odds.all_done, 2)]
    fewest = [one for one in same if one.open_hosts == min(each.open_hosts for each in same)]
    costs = {one.plan.cost.total_cents for one in fewest}
    return min(fewest, key=lambda one: one.plan.cost.total_cents) if len(costs) > 1 else None


def _world(row: Row, *, best: bool, cheapest: bool) -> World:
    earned = row.margin
    return World(
        row.name,
        row.name == AS_IT_IS,
        row.done_by,
        row.odds.all_done,
        row.odds.done_share,
        row.open_hosts,
        row.plan.cost.total_cents,
        row.more_cents,
        money(int(earned.amount * 100), earned.currency) if earned else "",
        row.moved,
        row.risks,
        best,
        cheapest,
    )


def _capacity(services: Services, _reading: Reading, campaign_id: CampaignId) -> CapacityPage:
    from scheduler.capacity import capacity  # brings OR-Tools, which takes longer to load than most pages take

    try:
        world = world_of(services, campaign_id, now=services.clock.now())
        found = capacity(world, services.ledger.hosts(campaign_id))
    except NothingToPlan as error:
        return CapacityPage(None, error.message, (), (), ())
    needed, short = found.needed_minutes(SHARE), found.short_minutes(SHARE)
    closes = short - found.short_minutes(SHARE, overtime=True)
    return CapacityPage(
        short < 1,
        _verdict(found),
        found.shares,
        tuple(_need(one, found.shares) for one in found.needs),
        _weeks(found.weeks),
        needed / 60,
        found.at_hand_minutes / 60,
        short / 60,
        closes / 60,
    )


def _verdict(found: "Capacity") -> str:
    short = found.short_minutes(SHARE)
    if short < 1:
        return "The people at hand are enough."
    where = [
        f"{one.skills_in_words or 'any skill'} in {one.region or 'no region'} "
        f"({one.short[SHARE] / 60:,.0f} h{_in_weeks(one)})"
        for one in sorted(found.needs, key=lambda need: -need.short[SHARE])
        if one.short[SHARE] >= 1
    ]
    return f"Short by {short / 60:,.0f} hours: {', '.join(where[:4])}{' and more' if len(where) > 4 else ''}."


def _in_weeks(need: "Need") -> str:
    return f", weeks {', '.join(str(week) for _, week in need.tight_weeks)}" if need.tight_weeks else ""


def _need(one: "Need", shares: tuple[float, ...]) -> NeedLine:
    return NeedLine(
        one.skills_in_words or "any skill",
        one.region or "no region",
        one.visits,
        one.hosts,
        tuple(one.needed[share] / 60 for share in shares),
        one.short[SHARE] / 60,
        one.short_with_overtime[SHARE] / 60,
        ", ".join(f"week {week}" for _, week in one.tight_weeks),
    )


def _weeks(weeks: "tuple[WeekHours, ...]") -> tuple[WeekBar, ...]:
    most = max((max(one.at_hand_minutes, one.used[SHARE]) for one in weeks), default=0) or 1
    return tuple(
        WeekBar(
            f"week {one.week[1]}",
            one.monday,
            one.own_minutes / 60,
            one.partner_minutes / 60,
            one.overtime_minutes / 60,
            one.used[SHARE] / 60,
            one.own_minutes / most,
            one.partner_minutes / most,
            one.used[SHARE] / most,
        )
        for one in weeks
    )
