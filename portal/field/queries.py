"""Reading what people in the field are shown: for one person, and nothing of anybody else's."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.services import Services
from muster.campaign import Campaign
from muster.errors import NotFound
from muster.fleet import Fleet, Host, Site, TransportName
from muster.ids import CampaignId, ClientId, HostId, PersonId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan, Visit, VisitMode
from muster.records import HostState
from partners.papers import Book
from portal.field.by_hand import Advice, advice
from portal.field.contacts import contact_of
from portal.field.marks import NO_MARK, Mark, marks_of
from portal.field.records import FieldKind, FieldReport, reports_of
from portal.field.views import SAID, Card, DayPage, Machine, Phase, Tone, VisitPage
from portal.known_book import known_book
from portal.reading import Reading
from reports.schedule_entries import door_text

IP_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7}\b")
NEAR, MOST_NEAR = timedelta(days=1), 8
"""Which visits may be the next one: those that ended no longer ago than this, and so many of them."""
BACK, AHEAD = timedelta(days=30), timedelta(days=60)
"""Visits further away are on nobody's pages."""


@dataclass(frozen=True)
class Gathered:
    """What cards are made from: the plan that binds, and what is known of the visits that are looked at."""

    campaign: Campaign
    plan: Plan
    fleet: Fleet
    states: Mapping[HostId, HostState]
    marks: Mapping[VisitId, Mark]
    workspace: Path
    reports: Mapping[VisitId, tuple[FieldReport, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Own:
    """A visit that somebody is given, with the day on which it stands by the site's clock."""

    campaign: Campaign
    plan: Plan
    assignment: Assignment
    day: date


@dataclass(frozen=True, slots=True)
class Source:
    """Where pages read from: what is known in memory, what is kept in the book, and the folder of fixes."""

    reading: Reading
    services: Services
    workspace: Path

    @property
    def book(self) -> Book:
        """What is kept of partners and people, with a memory for what pages ask again and again."""
        return known_book(self.reading, self.services.book)

    def marks(self, campaign_id: CampaignId, client_ids: Iterable[ClientId]) -> Mapping[VisitId, Mark]:
        """When visits at these clients were started and finished."""
        return marks_of(self.reading, self.services.ledger, self.book, campaign_id, client_ids)


def day_page(source: Source, person_id: PersonId, day: date | None, *, zone: str) -> DayPage:
    """A person's day: by default today in the person's own zone. Visits stand on the day of their site's clock.

    Of all visits only those of the day, and the few that may be the next one, are looked up as they stand.
    """
    now = source.reading.now
    today = now.astimezone(ZoneInfo(zone)).date()
    meant, mine = day or today, own_visits(source, person_id)
    on_day = [one for one in mine if one.day == meant]
    near = [one for one in mine if one.assignment.ends_at > now - NEAR][:MOST_NEAR]
    cards = {(one.campaign_id, one.visit_id): one for one in _cards(source, {*on_day, *near})}
    later = Counter(one.day for one in mine if one.day > meant)
    return DayPage(
        day=meant,
        today=today,
        cards=tuple(sorted((one for one in cards.values() if one.starts.date() == meant), key=_order)),
        next=next_of((cards[one.campaign.id, one.assignment.visit_id] for one in near), now),
        following=tuple(sorted(later.items()))[:10],
    )


def own_visits(source: Source, person_id: PersonId) -> list[Own]:
    """What a person is given by every plan that binds, in order of time."""
    found = []
    for campaign in source.reading.campaigns():
        plan = source.reading.binding_plan(campaign.id)
        for one in source.reading.index(plan).by_person.get(person_id, ()) if plan else ():
            if plan is not None:
                site = source.reading.fleet.site[plan.visit[one.visit_id].site_id]
                found.append(Own(campaign, plan, one, one.starts_at.astimezone(ZoneInfo(site.timezone)).date()))
    return sorted(found, key=lambda one: (one.assignment.starts_at, one.assignment.visit_id))


def next_of(cards: Iterable[Card], now: datetime) -> Card | None:
    """The visit that is under way, else the first that is not over."""
    there = sorted((one for one in cards if one.phase is not Phase.DONE and not one.cannot_come), key=_order)
    under_way = [one for one in there if one.phase is Phase.UNDER_WAY]
    ahead = [one for one in there if one.ends > now]
    return next(iter(under_way), None) or next(iter(ahead), None)


def cards_of(source: Source, person_id: PersonId) -> Iterator[Card]:
    """Every visit of a person from a month ago until two months ahead, over all campaigns."""
    now = source.reading.now
    mine = own_visits(source, person_id)
    yield from _cards(source, [one for one in mine if now - BACK <= one.assignment.starts_at <= now + AHEAD])


def _cards(source: Source, chosen: Iterable[Own]) -> Iterator[Card]:
    """These visits as they stand, looked up campaign by campaign."""
    by_campaign: dict[CampaignId, list[Own]] = {}
    for one in chosen:
        by_campaign.setdefault(one.campaign.id, []).append(one)
    for found in by_campaign.values():
        campaign, plan = found[0].campaign, found[0].plan
        gathered = gather(source, campaign, plan, [plan.visit[one.assignment.visit_id] for one in found])
        yield from (card(gathered, one.assignment) for one in found)


def visit_page(
    source: Source, person_id: PersonId, campaign_id: CampaignId, visit_id: VisitId, *, told: bool = True
) -> VisitPage:
    """One visit of a person; ``told`` is whether the person is told machines' addresses.

    Raises:
        NotFound: there is no such visit, or it is somebody else's.
    """
    campaign, plan, mine = own_assignment(source, person_id, campaign_id, visit_id)
    visit = plan.visit[visit_id]
    gathered = gather(source, campaign, plan, [visit])
    site = gathered.fleet.site[visit.site_id]
    return VisitPage(
        card=card(gathered, mine),
        reason=campaign.reason,
        campaign=campaign.name,
        ask_for=contact_of(source.book, site, gathered.fleet.client[site.client_id]),
        first=first_step(gathered, visit),
        machines=tuple(machines_of(gathered, visit, told=told)),
        reports=gathered.reports.get(visit_id, ()),
        mark=mark_of(gathered, mine),
        start_from=mine.starts_at - timedelta(minutes=campaign.running.early_minutes),
    )


def own_assignment(
    source: Source, person_id: PersonId, campaign_id: CampaignId, visit_id: VisitId
) -> tuple[Campaign, Plan, Assignment]:
    """What a person was given of a visit, with its plan.

    Raises:
        NotFound: nothing.
    """
    if campaign_id in {one.id for one in source.reading.campaigns()}:
        plan = source.reading.binding_plan(campaign_id)
        for one in source.reading.assignments(plan).get(visit_id, ()) if plan else ():
            if one.person_id == person_id and plan is not None:
                return source.reading.campaign(campaign_id).campaign, plan, one
    raise NotFound("there is no such visit")


def gather(source: Source, campaign: Campaign, plan: Plan, visits: Iterable[Visit]) -> Gathered:
    """Look up what is known of these visits of a plan."""
    found = tuple(visits)
    if not found:
        return Gathered(campaign, plan, Fleet(), {}, {}, source.workspace)
    host_ids = [host_id for visit in found for host_id in visit.host_ids]
    states = {one.host_id: one for one in source.reading.states(campaign.id, host_ids)}
    marks = source.marks(campaign.id, {visit.client_id for visit in found})
    reports = _reports(source.book, campaign, found)
    return Gathered(campaign, plan, source.reading.fleet, states, marks, source.workspace, reports)


def card(gathered: Gathered, one: Assignment) -> Card:
    """An assignment as a line of a list."""
    visit = gathered.plan.visit[one.visit_id]
    site: Site = gathered.fleet.site[visit.site_id]
    zone = ZoneInfo(site.timezone)
    starts, onsite = one.starts_at.astimezone(zone), visit.mode is VisitMode.ONSITE
    states = [gathered.states[host_id] for host_id in visit.host_ids if host_id in gathered.states]
    said = [r for r in gathered.reports.get(visit.id, ()) if r.person_id == one.person_id]
    return Card(
        campaign_id=gathered.campaign.id,
        visit_id=visit.id,
        person_id=one.person_id,
        client=gathered.fleet.client[visit.client_id].name,
        site=site.name,
        address=site.address,
        mode=visit.mode,
        starts=starts,
        ends=one.ends_at.astimezone(zone),
        travel_minutes=one.travel_minutes,
        door=door_text(site.access, starts) if onsite else "",
        machines=len(visit.host_ids),
        right=sum(state.status.protected for state in states),
        phase=phase_of(mark_of(gathered, one), states),
        late_minutes=next((r.minutes for r in reversed(said) if r.kind is FieldKind.LATE), 0),
        cannot_come=any(r.kind is FieldKind.CANNOT_COME for r in said),
    )


def mark_of(gathered: Gathered, one: Assignment) -> Mark:
    """When it was started and finished, as far as that counts for where it stands in the plan."""
    return gathered.marks.get(one.visit_id, NO_MARK).of(gathered.campaign, one)


def phase_of(mark: Mark, states: Iterable[HostState]) -> Phase:
    """Where a visit stands: finished by who did it, started, or still to come."""
    if mark.finished_at is not None:
        return Phase.DONE
    if mark.started_at is not None:
        return Phase.UNDER_WAY
    found = tuple(states)
    return Phase.DONE if found and all(state.status.protected for state in found) else Phase.TO_COME


def machines_of(gathered: Gathered, visit: Visit, *, told: bool) -> Iterator[Machine]:
    """The machines of a visit: what is open first."""
    said = [one for one in gathered.reports.get(visit.id, ()) if one.kind is FieldKind.BY_HAND]
    found = [_machine(gathered, host, said, told=told) for host in _hosts(gathered, visit)]
    rank = {Tone.BAD: 0, Tone.BUSY: 1, Tone.OPEN: 2, Tone.GOOD: 3}
    yield from sorted(found, key=lambda one: (rank[one.tone], "server" not in one.role.lower(), one.name))


def first_step(gathered: Gathered, visit: Visit) -> str:
    """What to do first, in one sentence."""
    hosts = _hosts(gathered, visit)
    servers = [host.name for host in hosts if "server" in host.role.lower()]
    states = [gathered.states[host.id] for host in hosts if host.id in gathered.states]
    if visit.mode is VisitMode.REMOTE:
        return f"Push {servers[0]} first, it is the server; the others follow." if servers else "Push, and watch."
    absent = [s for s in states if s.status is HostStatus.UNREACHABLE]
    if absent:
        names = [gathered.fleet.host[s.host_id].name for s in absent]
        return f"See that {_named(names)} {'is' if len(names) == 1 else 'are'} switched on and connected."
    manual = [h for h in hosts if h.transport is TransportName.NONE]
    if manual:
        return f"Begin with {manual[0].name}: it has to be done by hand."
    return f"Begin with {servers[0]}, the server." if servers else "Say at the door why you are here, then press Start."


def _machine(gathered: Gathered, host: Host, said: Iterable[FieldReport], *, told: bool) -> Machine:
    state, zone = gathered.states.get(host.id), gathered.fleet.timezone_of(host)
    words, tone = SAID[state.status] if state else ("not in the campaign", Tone.OPEN)
    return Machine(
        host_id=host.id,
        name=host.name,
        os=host.os_version or host.os.value,
        role=host.role,
        model=host.model,
        address=host.address if told else "",
        said=words,
        tone=tone,
        cause=_cause(state.cause, host, told=told) if state and tone is Tone.BAD else "",
        advice=advice(gathered.campaign, host, state, zone, gathered.workspace) if state else Advice(),
        by_hand=tuple(one for one in said if one.host_id == host.id),
    )


def _cause(cause: str, host: Host, *, told: bool) -> str:
    """Why it is not right; without addresses for those who are not told them."""
    if told:
        return cause
    bare = cause.replace(host.address, "its address") if len(host.address) > 2 else cause
    return IP_ADDRESS.sub("its address", bare)


def _hosts(gathered: Gathered, visit: Visit) -> list[Host]:
    return [gathered.fleet.host[host_id] for host_id in visit.host_ids if host_id in gathered.fleet.host]


def _reports(book: Book, campaign: Campaign, visits: Iterable[Visit]) -> dict[VisitId, tuple[FieldReport, ...]]:
    found: dict[VisitId, tuple[FieldReport, ...]] = {}
    clients: set[ClientId] = {visit.client_id for visit in visits}
    for client_id in sorted(clients):
        for one in reports_of(book, campaign.id, client_id):
            found[one.visit_id] = (*found.get(one.visit_id, ()), one)
    return found


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _order(one: Card) -> tuple[datetime, str]:
    return one.starts, one.visit_id
