"""The certificate of a client: each machine before and now, how that is known, who did it, and what is left."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from muster.fleet import Client
from muster.ids import ClientId, HostId
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


@dataclass(frozen=True)
class Certificate:
    """What the page shows.

    Attributes:
        number: what people call it by.
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
    fingerprint: str = ""
    head: str = ""
    evidence: str = ""

    @property
    def machines(self) -> tuple[MachineLine, ...]:
        """All of them."""
        return tuple(one for site in self.sites for one in site.machines)

    @property
    def protected(self) -> int:
        """How many are right."""
        return sum(one.good for one in self.machines)

    @property
    def left(self) -> tuple[MachineLine, ...]:
        """Those on which something is left."""
        return tuple(one for one in self.machines if not one.good)


def certificate_of(
    record: CampaignRecord, client: Client, company: str, findings: Iterable[BeneficialFinding] = ()
) -> Certificate:
    """The certificate of one client; it holds nothing of another one."""
    mine = record.for_client(client.id)
    rows = {HostId(row.host_id): row for row in evidence_rows(mine)}
    states = {state.host_id: state for state in mine.hosts}
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
            SiteLines(site.name, tuple(_line(record, states[id_], rows[id_]) for id_ in _at(states, record, site.id)))
            for site in sorted(record.fleet.sites, key=lambda one: one.name)
            if site.client_id == client.id and _at(states, record, site.id)
        ),
        findings=tuple(findings),
    )


def number_of(record: CampaignRecord, client_id: ClientId) -> str:
    """A certificate's name: campaign, client, and when it was issued."""
    return f"{record.campaign.id}-{client_id}-{record.now:%Y%m%d-%H%M}"


def certificate_html(certificate: Certificate) -> str:
    """The page."""
    return render(PAGE, {"c": certificate})


def _at(states: dict[HostId, HostState], record: CampaignRecord, site_id: str) -> list[HostId]:
    return sorted((id_ for id_ in states if record.host(id_).site_id == site_id), key=natural)


def _line(record: CampaignRecord, state: HostState, row: EvidenceRow) -> MachineLine:
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
        by="" if good else _by(record, state.host_id),
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


def _by(record: CampaignRecord, host_id: HostId) -> str:
    """When it is to be done: its visit of the plan that lies ahead, else the deadline."""
    if record.plan is not None and record.dispatched is not None:
        visits = {visit.id: visit for visit in record.plan.visits if host_id in visit.host_ids}
        ahead = [one for one in record.plan.assignments if one.visit_id in visits and one.ends_at > record.now]
        if ahead:
            one = min(ahead, key=lambda found: found.starts_at)
            zone = ZoneInfo(record.fleet.timezone_of(record.host(host_id)))
            how = "visit" if visits[one.visit_id].mode is VisitMode.ONSITE else "work from afar"
            return f"{how} on {moment(one.starts_at.astimezone(zone))}"
    return f"by {moment(record.local(record.campaign.deadline))}"
