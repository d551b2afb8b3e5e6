"""Everybody who can be given a visit: own engineers, and the people of vetted, signed partners."""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property

from muster.fleet import Place
from muster.ids import ClientId, PartnerId, PersonId


@dataclass(frozen=True, slots=True)
class Shift:
    """A weekly span in which a person works, in the person's local time; 0 is Monday.

    ``ends`` is later than ``starts``; a night shift is two shifts.
    """

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Absence:
    """A span (aware) in which a person cannot be given a visit."""

    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Engineer:
    """A person, own or of a partner.

    Attributes:
        partner_id: None for the company's own people.
        rate_cents_per_hour: what an hour of this person costs us.
        overtime_minutes_per_day: how far beyond a shift the person may be asked, at ``overtime_factor`` times the rate.
        skills: lower-case words that a visit may ask for, such as ``linux`` or ``windows``.
        home: where the person's day begins, and ends where ``end`` is not given.
        languages: lower-case words, such as ``fr``; a site may ask that who comes speaks one.
        end: where the day ends, where that is not where it began.
        longest_leg_minutes, longest_travel_minutes: of one way, and of all ways of a day; None for no limit.
        most_minutes_per_day, most_minutes_per_week: visits and travel together; None for no limit of the person's own.
        clients: the only clients this person is sent to; empty for no such limit.
        busy: what the person's imported calendar says; ``absences`` are those that were typed.
    """

    id: PersonId
    name: str
    timezone: str
    shifts: tuple[Shift, ...]
    skills: frozenset[str] = frozenset()
    partner_id: PartnerId | None = None
    email: str = ""
    home: Place | None = None
    region: str = ""
    rate_cents_per_hour: int = 6000
    overtime_minutes_per_day: int = 0
    overtime_factor: float = 1.5
    absences: tuple[Absence, ...] = ()
    languages: frozenset[str] = frozenset()
    end: Place | None = None
    longest_leg_minutes: int | None = None
    longest_travel_minutes: int | None = None
    most_minutes_per_day: int | None = None
    most_minutes_per_week: int | None = None
    clients: tuple[ClientId, ...] = ()
    busy: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class Vetting:
    """What was judged of a partner, by whom, and until when it holds (inclusive)."""

    passed: bool
    judged_by: str
    judged_on: date
    valid_until: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What binds a partner: no poaching of clients or staff, how much work, until when (inclusive).

    Attributes:
        capacity_minutes: the most work that it covers, None where it sets no limit.
        clients: the only clients it covers; empty means every client that allows partners.
    """

    signed_on: date
    valid_until: date
    capacity_minutes: int | None = None
    clients: tuple[ClientId, ...] = ()
    non_solicitation: bool = True


@dataclass(frozen=True, slots=True)
class Partner:
    """A subcontracting company."""

    id: PartnerId
    name: str
    email: str = ""
    region: str = ""
    vetting: Vetting | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True)
class Crew:
    """Everybody, with look-ups by id."""

    engineers: tuple[Engineer, ...] = ()
    partners: tuple[Partner, ...] = ()

    @cached_property
    def engineer(self) -> dict[PersonId, Engineer]:
        """People by id."""
        return {person.id: person for person in self.engineers}

    @cached_property
    def partner(self) -> dict[PartnerId, Partner]:
        """Partners by id."""
        return {partner.id: partner for partner in self.partners}
