"""What a partner sees: the visits it was dispatched, a set time before until a set time after, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, ClientId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan, Visit, VisitMode
from partners.agreement import SignedAgreement


@dataclass(frozen=True, slots=True)
class Window:
    """How long before and after a visit its partner may see it."""

    before: timedelta = timedelta(hours=48)
    after: timedelta = timedelta(hours=12)

    def is_open(self, assignment: Assignment, now: datetime) -> bool:
        """Whether the visit may be seen now."""
        return assignment.starts_at - self.before <= now <= assignment.ends_at + self.after


DEFAULT_WINDOW = Window()


@dataclass(frozen=True, slots=True)
class ListedHost:
    """What a partner is told of a machine: no address, no login, no credential. Muster pushes for them."""

    name: str
    os: str
    role: str
    model: str


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """One visit on a partner's list; times are local to the site."""

    visit_id: VisitId
    client_id: ClientId
    client: str
    site: str
    address: str
    mode: VisitMode
    person_id: PersonId
    person: str
    starts: datetime
    ends: datetime
    hosts: tuple[ListedHost, ...]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Who was shown what of which client, when, under which clause, and until when it binds."""

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    client_id: ClientId
    person_id: PersonId
    shown: tuple[str, ...]
    at: datetime
    by: str
    agreement_id: str
    clause: str
    binds_until: date

    @property
    def id(self) -> str:
        """One for each person and visit: what was shown once need not be written down twice."""
        return f"{self.campaign_id}/{self.visit_id}/{self.person_id}"


def task_list(
    partner_id: PartnerId,
    plan: Plan,
    fleet: Fleet,
    crew: Crew,
    now: datetime,
    window: Window = DEFAULT_WINDOW,
    among: Iterable[Assignment] | None = None,
) -> tuple[ListedVisit, ...]:
    """The visits of the dispatched plan that a partner may see now, in their order.

    ``among``: assignments of the plan among which all of the partner's are; whoever knows them need not go through all.
    """
    found = [
        _listed(plan.visit[one.visit_id], one, fleet, crew)
        for one in (plan.assignments if among is None else among)
        if crew.engineer[one.person_id].partner_id == partner_id and window.is_open(one, now)
    ]
    return tuple(sorted(found, key=lambda one: (one.starts, one.visit_id, one.person_id)))


def _listed(visit: Visit, assignment: Assignment, fleet: Fleet, crew: Crew) -> ListedVisit:
    site = fleet.site[visit.site_id]
    zone = ZoneInfo(site.timezone)
    hosts = (fleet.host[host_id] for host_id in visit.host_ids)
    return ListedVisit(
        visit_id=visit.id,
        client_id=visit.client_id,
        client=fleet.client[visit.client_id].name,
        site=site.name,
        address=site.address if visit.mode is VisitMode.ONSITE else "",
        mode=visit.mode,
        person_id=assignment.person_id,
        person=crew.engineer[assignment.person_id].name,
        starts=assignment.starts_at.astimezone(zone),
        ends=assignment.ends_at.astimezone(zone),
        hosts=tuple(ListedHost(one.name, one.os_version or one.os.value, one.role, one.model) for one in hosts),
    )


def disclosure(
    listed: ListedVisit, partner_id: PartnerId, plan: Plan, agreement: SignedAgreement, *, at: datetime, by: str
) -> Disclosure:
    """What showing a visit to its partner means for the record."""
    shown = ("the client's name", "the site", f"{len(listed.hosts)} machines by name")
    return Disclosure(
        campaign_id=plan.campaign_id,
        visit_id=listed.visit_id,
        partner_id=partner_id,
        client_id=listed.client_id,
        person_id=listed.person_id,
        shown=(*shown, "the address") if listed.address else shown,
        at=at,
        by=by,
        agreement_id=agreement.id,
        clause=f"confidentiality, {agreement.clauses.confidentiality_months} months after the end",
        binds_until=agreement.binds_until,
    )
