"""What a client's contact is shown: coming visits, what was done and why, and how its computers stand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from muster.campaign import Campaign
from muster.errors import MusterError
from muster.ids import CampaignId, ClientId, FixName, HostId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan, Visit, VisitMode
from muster.records import HostState
from partners.papers import FEEDBACK
from playbooks.catalog import fix_spec
from portal.access import Viewer, nothing_there
from portal.client.records import OWN_FEEDBACK, SLOT_REQUESTS, RequestState, SlotRequest
from portal.client.speech import Speech
from portal.field.contacts import CONTACTS, SiteContact
from portal.field.marks import NO_MARK, Mark
from portal.field.queries import Source
from portal.manager.common import Rows, rows_of

PHOTOS = "people"
"""The workspace's folder of photos of people, each named by the person's id."""
SUFFIXES = ("jpg", "jpeg", "png", "webp")
OLDER_PLANS = 12
"""Plans that are looked through for visits that are done and not in the plan any more."""
FORGOTTEN = timedelta(hours=12)
"""A visit that was started and that nobody said was finished is over so long after its planned end."""
OPEN_SENTENCES = {
    HostStatus.UNREACHABLE: "open_unreachable",
    HostStatus.UNTRUSTED: "open_unreachable",
    HostStatus.UNSUPPORTED: "open_decision",
}


@dataclass(frozen=True, slots=True)
class Who:
    """Who comes, or came."""

    name: str
    company: str
    photo: bool


@dataclass(frozen=True, slots=True)
class ClientVisit:
    """One visit as its client sees it; times are local to the site.

    Attributes:
        repair: whether it came back to computers that an earlier visit had left; otherwise it is planned prevention.
        left: a sentence for each computer that is not right after the visit.
        points: what this contact said of it; 0 where nothing.
        can_move: whether another time may be asked for.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    client: str
    site: str
    address: str
    onsite: bool
    starts: datetime
    ends: datetime
    who: Who
    reason: str
    notice: str
    machines: tuple[str, ...]
    right: int
    mark: Mark
    over: bool
    repair: bool
    left: tuple[str, ...]
    points: int
    can_move: bool
    wish: SlotRequest | None
    contact: SiteContact

    @property
    def minutes(self) -> int:
        """How long it takes by the plan."""
        return round((self.ends - self.starts) / timedelta(minutes=1))

    @property
    def path(self) -> str:
        """Its address."""
        return f"/client/visits/{self.campaign_id}/{self.visit_id}"


@dataclass(frozen=True)
class ClientPage:
    """Everything of a contact's clients: what comes, what was, and how many computers are right."""

    clients: tuple[str, ...]
    coming: Rows[ClientVisit]
    past: Rows[ClientVisit]
    right: int
    computers: int


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One certificate that may be had."""

    campaign_id: CampaignId
    campaign: str
    client_id: ClientId
    client: str
    right: int
    computers: int


@dataclass(frozen=True)
class _Said:
    """What the contact's clients have said, read once for a page."""

    contacts: Mapping[SiteId, SiteContact]
    points: Mapping[str, int]
    wishes: Mapping[str, SlotRequest]


@dataclass(frozen=True)
class _Look:
    """Who looks at what, in which language; the company's name and the workspace for what lies in it."""

    source: Source
    viewer: Viewer
    said: _Said
    speech: Speech
    company: str
    workspace: Path
    photos: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Placed:
    campaign: Campaign
    plan: Plan
    visit: Visit
    assignment: Assignment
    mark: Mark
    binds: bool


def client_page(
    source: Source, viewer: Viewer, speech: Speech, company: str, workspace: Path, page: int = 1, later: int = 1
) -> ClientPage:
    """Visits of all clients that the contact stands for: one page of what was, and one of what comes (``later``)."""
    found = [one for campaign in source.reading.campaigns() for one in _visits(source, viewer, campaign)]
    made = _told(source, viewer, found, speech, company, workspace)
    lines = certificate_lines(source, viewer)
    fleet = source.reading.fleet
    return ClientPage(
        clients=tuple(fleet.client[one].name for one in viewer.client_ids if one in fleet.client),
        coming=rows_of([one for one in made if not one.over], later),
        past=rows_of([one for one in reversed(made) if one.over], page),
        right=sum(one.right for one in lines),
        computers=sum(one.computers for one in lines),
    )


def client_visit(
    source: Source,
    viewer: Viewer,
    campaign_id: CampaignId,
    visit_id: VisitId,
    speech: Speech,
    company: str,
    workspace: Path,
) -> tuple[ClientVisit, Plan]:
    """One visit with the plan that it stands in.

    Raises:
        NotFound: there is none, or it is another client's.
    """
    if campaign_id in {one.id for one in source.reading.campaigns()}:
        campaign = source.reading.campaign(campaign_id).campaign
        found = list(_visits(source, viewer, campaign))
        for one in _told(source, viewer, found, speech, company, workspace, only=visit_id):
            return one, next(placed.plan for placed in found if placed.visit.id == visit_id)
    raise nothing_there()


def certificate_lines(source: Source, viewer: Viewer) -> tuple[CertificateLine, ...]:
    """For each campaign with computers of the contact's clients, how they stand."""
    reading, found = source.reading, []
    for campaign in reading.campaigns():
        for client_id in viewer.client_ids:
            counts = [reading.counts_of_site(campaign.id, site.id) for site in reading.sites_of(client_id)]
            number = sum(sum(one.values()) for one in counts)
            right = sum(n for one in counts for status, n in one.items() if status.protected)
            if number:
                name = reading.fleet.client[client_id].name
                found.append(CertificateLine(campaign.id, campaign.name, client_id, name, right, number))
    return tuple(found)


def photo_file(workspace: Path, person_id: str) -> Path | None:
    """The photo of a person, where the company keeps one."""
    if not person_id or Path(person_id).name != person_id:
        return None
    files = (workspace / PHOTOS / f"{person_id}.{suffix}" for suffix in SUFFIXES)
    return next((one for one in files if one.is_file()), None)


def _photographed(workspace: Path) -> frozenset[str]:
    """Everybody of whom there is a photo."""
    folder = workspace / PHOTOS
    names = folder.iterdir() if folder.is_dir() else ()
    return frozenset(one.stem for one in names if one.suffix.removeprefix(".") in SUFFIXES)


def _visits(source: Source, viewer: Viewer, campaign: Campaign) -> Iterator[_Placed]:
    """The visits at the contact's clients: those of the plan that binds, and older ones that were done."""
    clients = frozenset(viewer.client_ids)
    plan = source.reading.binding_plan(campaign.id)
    if plan is None or not clients:
        return
    marks = source.marks(campaign.id, clients)
    seen: set[VisitId] = set()
    for one in source.reading.index(plan).at_clients(sorted(clients)):
        visit = plan.visit[one.visit_id]
        if visit.id not in seen:
            seen.add(visit.id)
            yield _Placed(campaign, plan, visit, one, marks.get(visit.id, NO_MARK).of(campaign, one), binds=True)
    lost = {visit_id for visit_id in marks if visit_id not in seen and visit_id not in plan.visit}
    for plan_id in reversed(source.reading.campaign(campaign.id).plan_ids[-OLDER_PLANS:]) if lost else ():
        older = source.reading.plan(plan_id)
        for one in older.assignments:
            if one.visit_id in lost and older.visit[one.visit_id].client_id in clients:
                lost.discard(one.visit_id)
                yield _Placed(campaign, older, older.visit[one.visit_id], one, marks[one.visit_id], binds=False)


def _told(
    source: Source,
    viewer: Viewer,
    found: Iterable[_Placed],
    speech: Speech,
    company: str,
    workspace: Path,
    *,
    only: VisitId | None = None,
) -> list[ClientVisit]:
    """Visits as they are told, by time: all of them, or the one that is wanted (the others say whether it repairs)."""
    look = _Look(source, viewer, _said(source, viewer), speech, company, workspace, _photographed(workspace))
    earlier: dict[CampaignId, set[HostId]] = {}
    made = []
    for one in sorted(found, key=lambda placed: (placed.assignment.starts_at, placed.visit.id)):
        before = earlier.setdefault(one.campaign.id, set())
        repair = bool(before & set(one.visit.host_ids))
        before |= set(one.visit.host_ids)
        if only in {None, one.visit.id}:
            made.append(_visit(look, one, repair=repair))
    return made


def _visit(look: _Look, one: _Placed, *, repair: bool) -> ClientVisit:
    reading = look.source.reading
    fleet, now = reading.fleet, reading.now
    site, client = fleet.site[one.visit.site_id], fleet.client[one.visit.client_id]
    zone = ZoneInfo(site.timezone)
    onsite = one.visit.mode is VisitMode.ONSITE
    states = reading.states(one.campaign.id, one.visit.host_ids)
    late = one.assignment.ends_at + (FORGOTTEN if one.mark.started_at else timedelta())
    over = one.mark.finished_at is not None or late <= now
    to_come = one.binds and not over and one.mark.started_at is None
    return ClientVisit(
        campaign_id=one.campaign.id,
        visit_id=one.visit.id,
        client=client.name,
        site=site.name,
        address=site.address if onsite else "",
        onsite=onsite,
        starts=one.assignment.starts_at.astimezone(zone),
        ends=one.assignment.ends_at.astimezone(zone),
        who=_who(look, one.assignment),
        reason=one.campaign.reason,
        notice=_notice(one.campaign.fix, look.workspace, look.speech.code),
        machines=tuple(fleet.host[host_id].name for host_id in one.visit.host_ids if host_id in fleet.host),
        right=sum(state.status.protected for state in states),
        mark=one.mark,
        over=over,
        repair=repair,
        left=tuple(_left(look, state) for state in states if not state.status.protected) if over else (),
        points=look.said.points.get(f"{one.campaign.id}/{one.visit.id}/{look.viewer.by}", 0),
        can_move=to_come,
        wish=_wish(look.said, one) if to_come else None,
        contact=look.said.contacts.get(site.id, SiteContact(site.id, client.id)),
    )


def _who(look: _Look, one: Assignment) -> Who:
    crew = look.source.reading.crew
    person = crew.engineer.get(one.person_id)
    if person is None:
        return Who(look.company, "", photo=False)
    partner = crew.partner.get(person.partner_id) if person.partner_id else None
    company = partner.name if partner else look.company
    return Who(person.name, company, person.id in look.photos)


@lru_cache(maxsize=32)
def _notice(fix: FixName, workspace: Path, code: str) -> str:
    """What the fix says that clients notice, in their language or in English; empty where it cannot be read."""
    try:
        return fix_spec(fix, workspace).notice(code)
    except MusterError:
        return ""


def _left(look: _Look, state: HostState) -> str:
    name = look.source.reading.fleet.host[state.host_id].name
    return look.speech.say(OPEN_SENTENCES.get(state.status, "open_again"), machine=name)


def _said(source: Source, viewer: Viewer) -> _Said:
    book = source.book
    contacts: dict[SiteId, SiteContact] = {}
    points: dict[str, int] = {}
    wishes: dict[str, SlotRequest] = {}
    for client_id in viewer.client_ids:
        contacts |= {kept.value.site_id: kept.value for kept in book.papers(CONTACTS, client_id=client_id)}
        points |= {kept.value.id: kept.value.points for kept in book.papers(FEEDBACK, client_id=client_id)}
        points |= {kept.value.id: kept.value.points for kept in book.papers(OWN_FEEDBACK, client_id=client_id)}
        wishes |= {kept.value.id: kept.value for kept in book.papers(SLOT_REQUESTS, client_id=client_id)}
    return _Said(contacts, points, wishes)


def _wish(said: _Said, one: _Placed) -> SlotRequest | None:
    """The wish that waits for a visit as it stands."""
    wish = said.wishes.get(f"{one.campaign.id}/{one.visit.id}")
    waits = wish is not None and wish.state is RequestState.ASKED and wish.before == one.assignment.starts_at
    return wish if waits else None
