"""The certificate of a client: each machine before and now, how that is known, who did it, and what is left."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from muster.fleet import Client, Site
from muster.ids import ClientId, HostId, SiteId
from muster.outcomes import HostStatus
from muster.plan import VisitMode
from muster.records import HostState
from reports.evidence import EvidenceRow, evidence_rows
from reports.findings import BeneficialFinding
from reports.folding import natural
from reports.pages import render
from reports.record import CampaignRecord
from reports.words import moment as plain_moment

LEFT = {
    HostStatus.UNREACHABLE: "could not be reached; somebody comes, or it has to be switched on",
    HostStatus.UNTRUSTED: "its identity has changed and is being cleared up",
    HostStatus.UNSUPPORTED: "cannot be done from afar; a visit or a decision is needed",
    HostStatus.UNKNOWN: "its state is being checked again",
    HostStatus.FAILED: "the work did not succeed and is repeated",
    HostStatus.ROLLED_BACK: "was put back to what it was; the cause is looked for",
    HostStatus.CLAIMED: "is being worked on",
}
HOW = {
    HostStatus.VERIFIED: "asked again in a new session after the work",
    HostStatus.RIGHT: "asked; it needed no work",
}
NOT_YET = "has not been worked on yet"
PAGE = "certificate.html.j2"


@dataclass(frozen=True, slots=True)
class MachineLine:
    """One machine on the certificate, in the client's words; ``left`` and ``by`` are empty where nothing is left."""

    name: str
    os: str
    good: bool
    before: str
    now: str
    how: str
    when: str
    who: str
    left: str
    by: str


@dataclass(frozen=True, slots=True)
class SiteLines:
    """The machines of one site."""

    name: str
    machines: tuple[MachineLine, ...]

    @property
    def protected(self) -> int:
        """How many are right."""
        return sum(one.good for one in self.machines)


@dataclass(frozen=True, slots=True)
class Part:
    """Which machines a page lists, where it does not list all: the page of so many, with so many on each, from 1."""

    page: int
    size: int

    def pages(self, total: int) -> int:
        """How many pages there are."""
        return max(1, -(-total // self.size))


@dataclass(frozen=True)
class Certificate:
    """What the page shows.

    Attributes:
        number: what people call it by.
        sites: with the machines that are listed.
        total, protected: of all machines, listed or not.
        page, pages: of a certificate that is looked at part by part.
        fingerprint, head: of the key and of the chain; empty where it is only looked at.
    """

    number: str
    company: str
    campaign: str
    reason: str
    method: str
    client: str
    issued: str
    deadline: str
    sites: tuple[SiteLines, ...]
    findings: tuple[BeneficialFinding, ...]
    total: int
    protected: int
    page: int = 1
    pages: int = 1
    fingerprint: str = ""
    head: str = ""
    evidence: str = ""

    @property
    def machines(self) -> tuple[MachineLine, ...]:
        """All that are listed."""
        return tuple(one for site in self.sites for one in site.machines)

    @property
    def left(self) -> tuple[MachineLine, ...]:
        """Those of the listed on which something is left."""
        return tuple(one for one in self.machines if not one.good)


def certificate_of(
    record: CampaignRecord,
    client: Client,
    company: str,
    findings: Iterable[BeneficialFinding] = (),
    part: Part | None = None,
) -> Certificate:
    """The certificate of one client, or a part of it to be looked at; it holds nothing of another one."""
    whole = record.for_client(client.id)
    mine = whole if part is None else of_part(whole, part)
    rows = {HostId(row.host_id): row for row in evidence_rows(mine)}
    states = {state.host_id: state for state in mine.hosts}
    visits = _Visits.ahead(record, client.id)
    return Certificate(
        number=number_of(record, client.id),
        company=company,
        campaign=record.campaign.name,
        reason=record.campaign.reason,
        method=_method(record),
        client=client.name,
        issued=moment(record.local(record.now)),
        deadline=moment(record.local(record.campaign.deadline)),
        sites=tuple(
            SiteLines(site.name, tuple(_line(record, states[id_], rows[id_], visits) for id_ in ids))
            for site, ids in _by_site(states, record)
        ),
        findings=tuple(findings),
        total=len(whole.hosts),
        protected=whole.protected,
        page=1 if part is None else part.page,
        pages=1 if part is None else part.pages(len(whole.hosts)),
    )


def of_part(record: CampaignRecord, part: Part) -> CampaignRecord:
    """The record of a client with the machines of one page, which lists them by site."""
    states = {state.host_id: state for state in record.hosts}
    ids = [host_id for _, here in _by_site(states, record) for host_id in here]
    return replace(record, hosts=tuple(states[one] for one in ids[(part.page - 1) * part.size : part.page * part.size]))


def number_of(record: CampaignRecord, client_id: ClientId) -> str:
    """A certificate's name: campaign, client, and when it was issued."""
    return f"{record.campaign.id}-{client_id}-{record.now:%Y%m%d-%H%M}"


def certificate_html(certificate: Certificate) -> str:
    """The page."""
    return render(PAGE, {"c": certificate})


@dataclass(frozen=True)
class _Visits:
    """The visits that lie ahead, by machine: the first of each, and whether somebody comes."""

    first: Mapping[HostId, tuple[datetime, VisitMode]]

    @staticmethod
    def ahead(record: CampaignRecord, client_id: ClientId) -> "_Visits":
        """At one client, by the plan that binds."""
        first: dict[HostId, tuple[datetime, VisitMode]] = {}
        if record.plan is not None and record.dispatched is not None:
            visit_of = record.plan.visit
            here = (one for one in record.plan.assignments if visit_of[one.visit_id].client_id == client_id)
            coming = (one for one in here if one.ends_at > record.now)
            for one in sorted(coming, key=lambda found: found.starts_at, reverse=True):
                visit = record.plan.visit[one.visit_id]
                first.update(dict.fromkeys(visit.host_ids, (one.starts_at, visit.mode)))
        return _Visits(first)


def _by_site(states: Iterable[HostId], record: CampaignRecord) -> Iterator[tuple[Site, list[HostId]]]:
    """The sites of these machines by name, with the machines of each in natural order."""
    found: dict[SiteId, list[HostId]] = {}
    for host_id in states:
        found.setdefault(record.host(host_id).site_id, []).append(host_id)
    for site in sorted((record.fleet.site[site_id] for site_id in found), key=lambda one: one.name):
        yield site, sorted(found[site.id], key=natural)


def _line(record: CampaignRecord, state: HostState, row: EvidenceRow, visits: _Visits) -> MachineLine:
    host, good = record.host(state.host_id), state.status.protected
    return MachineLine(
        name=host.name,
        os=host.os_version or host.os.value,
        good=good,
        before=_first(row.before) or "it gave no answer yet",
        now=_now(state, row),
        how=HOW.get(state.status, ""),
        when=moment(datetime.fromisoformat(row.when_local)) if good or state.attempts else "",
        who=row.responsible,
        left="" if good else LEFT.get(state.status, NOT_YET),
        by="" if good else _by(record, state.host_id, visits),
    )


def _now(state: HostState, row: EvidenceRow) -> str:
    if not state.status.protected:
        return "not yet right"
    return _first(row.after) or _first(row.before) or "right"


def _method(record: CampaignRecord) -> str:
    """What every answer was held against."""
    source = record.campaign.parameters.get("source", "").rstrip("/").rpartition("/")[2]
    return (
        f"Every answer was compared with the data of the fix {record.campaign.fix}{f' ({source})' if source else ''}."
    )


def moment(at: datetime) -> str:
    """An instant whose offset stays on one line with its time."""
    return plain_moment(at).replace(" +", "\N{NO-BREAK SPACE}+").replace(" -", "\N{NO-BREAK SPACE}-")


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _by(record: CampaignRecord, host_id: HostId, visits: _Visits) -> str:
    """When it is to be done: its visit of the plan that lies ahead, else the deadline."""
    if host_id in visits.first:
        starts_at, mode = visits.first[host_id]
        zone = ZoneInfo(record.fleet.timezone_of(record.host(host_id)))
        how = "visit" if mode is VisitMode.ONSITE else "work from afar"
        return f"{how} on {moment(starts_at.astimezone(zone))}"
    return f"by {moment(record.local(record.campaign.deadline))}"
