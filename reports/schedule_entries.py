"""The lines of somebody's schedule: an own engineer's days, or what a partner may see of a plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from muster.crew import Crew
from muster.errors import NotFound
from muster.fleet import AccessWindow, Fleet, Host, Site
from muster.ids import PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan, VisitMode
from partners.scope import DEFAULT_WINDOW, ListedVisit, Window, task_list

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a visit; ``address`` is empty for those who are not told."""

    name: str
    os: str
    role: str
    model: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit of one person; times are local to the site.

    Attributes:
        travel_minutes: on the way before it starts; 0 where nobody travels, and for partners.
        door: when the site lets people in that day, such as ``09:00-17:00``; empty for at any hour.
    """

    visit_id: VisitId
    person: str
    client: str
    site: str
    address: str
    mode: VisitMode
    starts: datetime
    ends: datetime
    machines: tuple[Machine, ...]
    travel_minutes: int = 0
    door: str = ""

    @property
    def minutes(self) -> int:
        """How long it takes by the plan."""
        return round((self.ends.timestamp() - self.starts.timestamp()) / 60)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's visits."""

    date: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Schedule:
    """Somebody's schedule.

    Attributes:
        whose: the person's or partner's name.
        campaign: name of the campaign.
        reason: what the campaign is for, in the clients' words.
        several: whether it is of several people, who are then named at each visit.
        at: when it was made.
        conduct: headed paragraphs that a partner's people go by.
    """

    whose: str
    campaign: str
    campaign_id: str
    reason: str
    entries: tuple[Entry, ...]
    at: datetime
    several: bool = False
    conduct: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> tuple[Day, ...]:
        """Day by day, as the sites' clocks have it."""
        ordered = sorted(self.entries, key=lambda one: (one.starts.date(), one.starts))
        return tuple(Day(day, tuple(found)) for day, found in groupby(ordered, key=lambda one: one.starts.date()))


def own_entries(plan: Plan, fleet: Fleet, crew: Crew, person_id: PersonId) -> tuple[Entry, ...]:
    """Everything that one of our own people does by a plan.

    Raises:
        NotFound: there is no such person, or it is a partner's, who sees only what ``partner_entries`` gives.
    """
    person = crew.engineer.get(person_id)
    if person is None or person.partner_id is not None:
        raise NotFound(f"there is no own engineer {person_id!r}", hint="their ids stand in crew.csv")
    found = (one for one in plan.assignments if one.person_id == person_id)
    return tuple(_entry(plan, one, fleet, person.name) for one in sorted(found, key=lambda one: one.starts_at))


def partner_entries(
    plan: Plan, fleet: Fleet, crew: Crew, partner_id: PartnerId, now: datetime, window: Window = DEFAULT_WINDOW
) -> tuple[Entry, ...]:
    """What a partner may see now, and nothing else: ``partners.scope`` decides."""
    return entries_of(task_list(partner_id, plan, fleet, crew, now, window))


def entries_of(listed: Iterable[ListedVisit]) -> tuple[Entry, ...]:
    """The same visits as lines of a schedule."""
    return tuple(_listed(one) for one in listed)


def door_text(access: tuple[AccessWindow, ...], day: datetime) -> str:
    """When a site lets people in on a day; ``closed`` where it has hours, and none that day."""
    if not access:
        return ""
    spans = [f"{one.opens:%H:%M}-{one.closes:%H:%M}" for one in access if one.weekday == day.weekday()]
    return ", ".join(spans) or "closed"


def machine_of(host: Host) -> Machine:
    """A machine as an own engineer sees it."""
    return Machine(host.name, host.os_version or host.os.value, host.role, host.model, host.address)


def _entry(plan: Plan, one: Assignment, fleet: Fleet, person: str) -> Entry:
    visit = plan.visit[one.visit_id]
    site: Site = fleet.site[visit.site_id]
    zone = ZoneInfo(site.timezone)
    return Entry(
        visit_id=visit.id,
        person=person,
        client=fleet.client[visit.client_id].name,
        site=site.name,
        address=site.address,
        mode=visit.mode,
        starts=one.starts_at.astimezone(zone),
        ends=one.ends_at.astimezone(zone),
        machines=tuple(machine_of(fleet.host[host_id]) for host_id in visit.host_ids),
        travel_minutes=one.travel_minutes,
        door=door_text(site.access, one.starts_at.astimezone(zone)) if visit.mode is VisitMode.ONSITE else "",
    )


def _listed(one: ListedVisit) -> Entry:
    machines = tuple(Machine(host.name, host.os, host.role, host.model) for host in one.hosts)
    return Entry(one.visit_id, one.person, one.client, one.site, one.address, one.mode, one.starts, one.ends, machines)
