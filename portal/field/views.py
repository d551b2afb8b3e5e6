"""What somebody in the field is shown: a visit as a line, a visit as a page, its machines, a day."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from muster.ids import CampaignId, HostId, PersonId, VisitId
from muster.outcomes import HostStatus
from muster.plan import VisitMode
from portal.field.by_hand import Advice
from portal.field.contacts import SiteContact
from portal.field.marks import Mark
from portal.field.records import FieldReport


class Phase(StrEnum):
    """Where a visit stands, for who does it."""

    TO_COME = "to come"
    UNDER_WAY = "under way"
    DONE = "done"


class Tone(StrEnum):
    """How a machine's state is painted; the words say the same."""

    GOOD = "good"
    BUSY = "busy"
    OPEN = "idle"
    BAD = "bad"


SAID = {
    HostStatus.PENDING: ("not asked yet", Tone.OPEN),
    HostStatus.RIGHT: ("was right already", Tone.GOOD),
    HostStatus.STALE: ("to be done", Tone.OPEN),
    HostStatus.CLAIMED: ("being worked on", Tone.BUSY),
    HostStatus.VERIFIED: ("done and checked", Tone.GOOD),
    HostStatus.FAILED: ("did not work", Tone.BAD),
    HostStatus.UNKNOWN: ("not known", Tone.BAD),
    HostStatus.UNREACHABLE: ("does not answer", Tone.BAD),
    HostStatus.UNTRUSTED: ("another identity", Tone.BAD),
    HostStatus.UNSUPPORTED: ("by hand", Tone.BAD),
    HostStatus.ROLLED_BACK: ("put back", Tone.BAD),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a visit, as who does the visit sees it.

    Attributes:
        address: empty for those who are not told.
        advice: what to do there; empty where nothing is to be done.
        by_hand: what somebody already said was done by hand.
    """

    host_id: HostId
    name: str
    os: str
    role: str
    model: str
    address: str
    said: str
    tone: Tone
    cause: str = ""
    advice: Advice = field(default_factory=Advice)
    by_hand: tuple[FieldReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One visit in a list; times are local to the site."""

    campaign_id: CampaignId
    visit_id: VisitId
    person_id: PersonId
    client: str
    site: str
    address: str
    mode: VisitMode
    starts: datetime
    ends: datetime
    travel_minutes: int
    door: str
    machines: int
    right: int
    phase: Phase
    late_minutes: int = 0
    cannot_come: bool = False

    @property
    def onsite(self) -> bool:
        """Whether somebody travels."""
        return self.mode is VisitMode.ONSITE

    @property
    def leave_at(self) -> datetime:
        """When to set out, in the site's time."""
        return self.starts - timedelta(minutes=self.travel_minutes)

    @property
    def path(self) -> str:
        """The visit's part of an address."""
        return f"{self.campaign_id}/{self.visit_id}"


@dataclass(frozen=True)
class VisitPage:
    """One visit with everything that who does it needs.

    Attributes:
        first: what to do first, in a sentence.
        start_from: it may not be started before.
    """

    card: Card
    reason: str
    campaign: str
    ask_for: SiteContact
    first: str
    machines: tuple[Machine, ...]
    reports: tuple[FieldReport, ...]
    mark: Mark
    start_from: datetime

    @property
    def open(self) -> tuple[Machine, ...]:
        """Machines that are not right."""
        return tuple(one for one in self.machines if one.tone is not Tone.GOOD)

    @property
    def busy(self) -> bool:
        """Whether somebody works at one of its machines now."""
        return any(one.tone is Tone.BUSY for one in self.machines)


@dataclass(frozen=True)
class DayPage:
    """One person's day.

    Attributes:
        following: days after it on which there are visits, with how many.
        next: of all days, the visit that is under way or comes next; shown first on today's page.
    """

    day: date
    today: date
    cards: tuple[Card, ...]
    next: Card | None
    following: tuple[tuple[date, int], ...] = ()

    @property
    def is_today(self) -> bool:
        """Whether it is today's."""
        return self.day == self.today
