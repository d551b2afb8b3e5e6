"""The problem a plan answers: every rule and every price as data, every instant as whole minutes.

A ``Problem`` is immutable. ``scheduler/build.py`` makes one from a campaign; tests and the benchmark's generator
make them directly. ``scheduler/arrays.py`` is the one place that turns it into arrays for compiled code, and
``scheduler/validate.py`` judges plans by it.

What a plan may do
    * A visit is done by ``visit.people`` different people at the same time, wholly inside one of its ``spans``,
      for exactly ``visit.effort_minutes`` and without a pause.
    * A person must have all its skills, must not be excluded, and, where the person is of a partner, the client
      must allow partners, the person's agreement must cover the client, and neither may be ``barred`` there.
    * A person's day begins at ``start_spot`` and ends at ``end_spot``. Travel is working time: the whole tour, both
      ends included, lies in ``starts .. ends + overtime_minutes``. A remote visit is done from ``start_spot``.
      A leg of travel lies somewhere between the two visits that it joins, without a pause.
    * Nothing, travel included, overlaps a ``blocked`` span. Where a day has a ``rest``, the time between its
      ``earliest`` and ``latest`` holds a free stretch of ``minutes`` (outside visits, travel and blocked spans).
    * Visits of ``visit.after`` that are part of the problem are placed, and have ended, before it starts.
    * Every ``Cap`` holds. Every ``Pin`` holds, or its visit is left out.

What a plan costs (whole cents; ``money`` rounds each item by itself)
    ============  =======================================================================================
    unplaced      ``unplaced_cents`` of every visit that is left out, plus ``pinned_cents`` where it is pinned
    labour        effort at ``rate_cents_per_hour``, for each person of it
    travel        minutes of every leg, home legs included, at ``travel_cents_per_hour``
    overtime      minutes of the tour after ``ends`` at ``overtime_cents_per_hour``: what is paid *on top* of the rate
    day           ``fixed_cents`` once for every person-day that has a visit
    slack         ``delay_cents_per_day`` times ``PersonDay.ordinal``, once per visit (its earliest-numbered day)
    continuity    ``continuity_cents`` for each person of a visit with ``preferred`` people who is not one of them
    changes       ``change_person_cents`` for each person of a visit with a ``Previous`` who was not on it, and
                  ``change_day_cents`` once where the day (ordinal) is another one
    ============  =======================================================================================

    Labour, travel, overtime and day of a partner's people are booked as partner cost. ``objective`` is the sum of
    all rows. The order of the aims (machines first, then cost, then slack, continuity and few changes) is kept by
    the size of the prices; ``scheduler/policy.py`` documents the defaults and the tests hold their order.
"""

import itertools
import weakref
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from muster.errors import PlanError
from muster.ids import CampaignId, ClientId, PartnerId, PersonId, VisitId
from muster.plan import Visit
from scheduler.travel import Spot, Travel

AT_HOME: Final = -1
"""The spot of a remote visit: wherever the person's day begins."""


class Span(NamedTuple):
    """Minutes from the problem's epoch; ``ends`` is not part of it."""

    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Barred:
    """A partner, or one of its people, that must not be sent to a site, by a rule that is not the solver's own.

    Attributes:
        person_id: None bars everybody of the partner.
        rule: its name, such as ``competitor`` or ``service level``.
        text: the sentence for the manager.
    """

    partner_id: PartnerId
    rule: str
    text: str
    person_id: PersonId | None = None

    def bars(self, partner_id: PartnerId | None, person_id: PersonId) -> bool:
        """Whether it keeps somebody away."""
        return self.partner_id == partner_id and self.person_id in {None, person_id}


@dataclass(frozen=True, slots=True)
class Demand:
    """A visit, and everything about it turned into minutes and cents.

    Attributes:
        spot: index into ``Problem.spots``, ``AT_HOME`` for a remote visit.
        spans: sorted, apart from each other; already cut by access hours, earliest, latest and the deadline.
        unplaced_cents: the price of leaving it out.
        delay_cents_per_day: the price of each day later.
        partners_allowed: the client's word.
        timezone: IANA name, for sentences; promised times are told in it.
        barred: partners that must not be sent there, and why.
    """

    visit: Visit
    spot: int
    spans: tuple[Span, ...]
    unplaced_cents: int
    delay_cents_per_day: int = 0
    partners_allowed: bool = True
    region: str = ""
    timezone: str = "UTC"
    barred: tuple[Barred, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the crew.

    Attributes:
        clients: the only clients this person may be sent to; None where there is no such limit.
        rate_cents_per_hour: of a minute's work in a visit, sixty times.
        travel_cents_per_hour: of a minute on the road, the vehicle included, sixty times.
        overtime_cents_per_hour: what comes on top in overtime.
    """

    id: PersonId
    name: str
    skills: frozenset[str]
    partner_id: PartnerId | None = None
    clients: frozenset[ClientId] | None = None
    rate_cents_per_hour: int = 6000
    travel_cents_per_hour: int = 6000
    overtime_cents_per_hour: int = 3000
    region: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Rest:
    """A break: a free stretch of ``minutes`` somewhere between ``earliest`` and ``latest``."""

    minutes: int
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class PersonDay:
    """One person's working day.

    Attributes:
        person: index into ``Problem.people``.
        day: the local date on which it begins.
        ordinal: days from the local date of the epoch's first day; the same for all who work that date.
        starts, ends: the regular shift, in minutes.
        overtime_minutes: how far beyond ``ends`` the tour may reach.
        start_spot, end_spot: indices into ``Problem.spots``.
        blocked: sorted spans inside the day without work or travel: absences, calendar entries, gaps between shifts.
        rest: the break that must fit in, None where none is due.
        max_leg_minutes: no leg is longer; None without a limit.
        max_travel_minutes: all legs together are no longer; None without a limit.
        fixed_cents: the price of using the day at all.
    """

    person: int
    day: date
    ordinal: int
    starts: int
    ends: int
    start_spot: int
    end_spot: int
    overtime_minutes: int = 0
    blocked: tuple[Span, ...] = ()
    rest: Rest | None = None
    max_leg_minutes: int | None = None
    max_travel_minutes: int | None = None
    fixed_cents: int = 0

    @property
    def latest_end(self) -> int:
        """When the tour must be over, overtime included."""
        return self.ends + self.overtime_minutes


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on the work of several person-days together: a partner's agreement, a person's week.

    Attributes:
        name: for sentences, such as ``partner northside`` or ``anna, week 43``.
        days: indices into ``Problem.days``.
        minutes: the most work, counted as effort, or as effort and travel where ``counts_travel``.
    """

    name: str
    days: tuple[int, ...]
    minutes: int
    counts_travel: bool = False
    partner_id: PartnerId | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """A promise: who does a visit (None: anybody), and when it starts, in minutes (None: at any time).

    A visit with several people may have several pins, one for each person that is promised.
    """

    visit_id: VisitId
    person_id: PersonId | None = None
    starts: int | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """Where a visit stood in the plan before: the price of a change is counted against it."""

    visit_id: VisitId
    person_ids: tuple[PersonId, ...]
    ordinal: int
    starts: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who is not in the problem, and why: for explanations only, no solver reads it."""

    name: str
    reason: str
    person_id: PersonId | None = None
    partner_id: PartnerId | None = None
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices that are the same for all visits, in cents; the others stand with their visit and person."""

    continuity_cents: int = 0
    change_person_cents: int = 0
    change_day_cents: int = 0
    pinned_cents: int = 100_000_000


@dataclass(frozen=True)
class Problem:
    """Everything a plan is made from and judged by.

    Attributes:
        epoch: minute zero, aware, UTC, a whole minute.
        deadline: minutes; nothing ends after it.
        created_at: the campaign's clock when the problem was built; becomes the plan's.

    Raises:
        PlanError: an index points nowhere, an id occurs twice, or a span is turned round.
    """

    campaign_id: CampaignId
    epoch: datetime
    deadline: int
    demands: tuple[Demand, ...]
    people: tuple[Person, ...]
    days: tuple[PersonDay, ...]
    spots: tuple[Spot, ...]
    travel: Travel
    caps: tuple[Cap, ...] = ()
    pins: tuple[Pin, ...] = ()
    previous: tuple[Previous, ...] = ()
    prices: Prices = Prices()
    left_out: tuple[LeftOut, ...] = ()
    created_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    ledger_revision: int = 0

    def __post_init__(self) -> None:
        for complaint in _complaints(self):
            raise PlanError(f"the problem does not hold together: {complaint}")

    @cached_property
    def demand_index(self) -> dict[VisitId, int]:
        """Index of a visit's demand by its id."""
        return {demand.visit.id: number for number, demand in enumerate(self.demands)}

    @cached_property
    def person_index(self) -> dict[PersonId, int]:
        """Index of a person by id."""
        return {person.id: number for number, person in enumerate(self.people)}

    @cached_property
    def days_of(self) -> dict[PersonId, tuple[int, ...]]:
        """Indices of a person's days, in order of time."""
        found: dict[PersonId, list[int]] = {person.id: [] for person in self.people}
        for number in sorted(range(len(self.days)), key=lambda n: self.days[n].starts):
            found[self.people[self.days[number].person].id].append(number)
        return {person_id: tuple(numbers) for person_id, numbers in found.items()}

    @cached_property
    def travel_minutes(self) -> NDArray[np.int16]:
        """Minutes from row to column, over ``spots``; read-only. Problems of the same places share one table."""
        return _ways(self.travel, self.spots)

    def minutes_between(self, origin: int, destination: int) -> int:
        """Minutes from one spot to another."""
        return int(self.travel_minutes[origin, destination])

    def at(self, minute: int) -> datetime:
        """The instant of a minute, aware, in UTC."""
        return self.epoch + timedelta(minutes=minute)

    def minute(self, at: datetime) -> int:
        """The minute of an instant (aware); the last whole one before it."""
        return (at - self.epoch) // timedelta(minutes=1)


_TABLES: "tuple[tuple[Travel, tuple[Spot, ...], weakref.ref[NDArray[np.int16]]], ...]" = ()
"""The last tables that were worked out, for as long as a problem has them: of 4,000 places one takes seconds."""
_KEPT_TABLES = 4


def _ways(travel: Travel, spots: tuple[Spot, ...]) -> NDArray[np.int16]:
    """The table of a travel model's minutes between places; the one that is there where somebody has it."""
    global _TABLES  # noqa: PLW0603 - one for the process; bound anew as a whole, so that threads need no lock
    for known, places, table in _TABLES:
        there = table() if known is travel and places is spots else None
        if there is not None:
            return there
    made = travel.matrix(spots)
    made.setflags(write=False)
    _TABLES = (*_TABLES[-_KEPT_TABLES + 1 :], (travel, spots, weakref.ref(made)))
    return made


def money(minutes: int, cents_per_hour: int) -> int:
    """Whole cents for minutes at a price per hour, halves rounded up."""
    return (minutes * cents_per_hour + 30) // 60


def _complaints(problem: Problem) -> list[str]:
    return [
        *_clock_complaints(problem),
        *_id_complaints(problem),
        *_demand_complaints(problem),
        *_day_complaints(problem),
    ]


def _clock_complaints(problem: Problem) -> list[str]:
    epoch = problem.epoch
    if epoch.tzinfo is None or epoch.utcoffset() != timedelta(0) or epoch.second or epoch.microsecond:
        return [f"the epoch {epoch} is not a whole minute in UTC"]
    return []


def _id_complaints(problem: Problem) -> list[str]:
    wrong = []
    if len(problem.demand_index) != len(problem.demands):
        wrong.append("two visits have one id")
    if len(problem.person_index) != len(problem.people):
        wrong.append("two people have one id")
    wrong += [
        f"a pin names {pin.visit_id}, which is no visit"
        for pin in problem.pins
        if pin.visit_id not in problem.demand_index
    ]
    return wrong


def _demand_complaints(problem: Problem) -> list[str]:
    wrong = []
    for demand in problem.demands:
        visit = demand.visit
        if demand.spot != AT_HOME and not 0 <= demand.spot < len(problem.spots):
            wrong.append(f"{visit.id} stands at spot {demand.spot}, which is not there")
        if visit.effort_minutes < 1 or visit.people < 1:
            wrong.append(f"{visit.id} takes {visit.effort_minutes} minutes of {visit.people} people")
        if not _in_order(demand.spans):
            wrong.append(f"the spans of {visit.id} overlap or are turned round")
        if demand.spans and demand.spans[-1].ends > problem.deadline:
            wrong.append(f"the spans of {visit.id} reach beyond the deadline")
    return wrong


def _day_complaints(problem: Problem) -> list[str]:
    wrong = []
    for day in problem.days:
        if not 0 <= day.person < len(problem.people):
            wrong.append(f"a day of {day.day} belongs to person {day.person}, who is not there")
        if not (0 <= day.start_spot < len(problem.spots) and 0 <= day.end_spot < len(problem.spots)):
            wrong.append(f"a day of {day.day} begins or ends at a spot that is not there")
        if day.ends <= day.starts or day.overtime_minutes < 0 or not _in_order(day.blocked):
            wrong.append(f"the hours of a day of {day.day} are turned round")
    wrong += [
        f"the cap {cap.name} names a day that is not there"
        for cap in problem.caps
        if any(not 0 <= number < len(problem.days) for number in cap.days)
    ]
    return wrong


def _in_order(spans: tuple[Span, ...]) -> bool:
    return all(span.starts < span.ends for span in spans) and all(
        before.ends <= after.starts for before, after in itertools.pairwise(spans)
    )
