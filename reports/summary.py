"""The one-page summary: a single HTML file without scripts, pictures or addresses of its own to fetch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muster.files import write_whole
from muster.fleet import Client
from muster.ids import ClientId, HostId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import WaveState
from muster.words import amount
from reports import pages
from reports.burndown import BurnDown, beginning, burn_down
from reports.folding import fold, natural
from reports.grouping import RANK, WHAT_NEXT, HostGroup, group_hosts
from reports.record import CampaignRecord
from reports.words import days_left, moment, pace, share

_MOST_GROUPS = 12
_MOST_ADVICE = 8
_LONGEST_NAMES = 160

SIGNS = {
    HostStatus.FAILED: "✗",
    HostStatus.UNKNOWN: "?",
    HostStatus.UNTRUSTED: "!",
    HostStatus.UNREACHABLE: "∅",
    HostStatus.UNSUPPORTED: "⊘",
    HostStatus.ROLLED_BACK: "←",
    HostStatus.STALE: "•",
    HostStatus.CLAIMED: "…",
    HostStatus.PENDING: "○",
    HostStatus.VERIFIED: "✓",
    HostStatus.RIGHT: "✓",
}
"""Beside the colour, for those who cannot tell colours apart and for printers that have none."""


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """Hosts that are not protected for one reason, as the page shows them."""

    status: HostStatus
    sign: str
    count: int
    cause: str
    hint: str
    names: str


@dataclass(frozen=True, slots=True)
class ClientLine:
    """How one client stands."""

    name: str
    hosts: int
    protected: int
    shown: str
    percent: int
    open_by_status: str


@dataclass(frozen=True, slots=True)
class WaveLine:
    """How one wave went."""

    number: int
    hosts: int
    protected: int
    state: WaveState
    opened: str
    closed: str
    verdict: str


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The plan in figures."""

    title: str
    visits: int
    placed: int
    people: int
    cost: str
    cost_parts: tuple[tuple[str, str], ...]
    quality: str
    unplaced: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What the fix does not mend but somebody must, and where."""

    text: str
    count: int
    names: str


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """What the page shows; the template only sets it."""

    title: str
    client: str
    reason: str
    as_of: str
    timezone: str
    deadline: str
    days_left: str
    hosts: int
    protected: int
    open: int
    share: str
    pace: str
    stop: str
    counts: tuple[tuple[HostStatus, str, int], ...]
    burn: BurnDown
    beginning: BurnDown | None
    groups: tuple[OpenGroup, ...]
    more_open: int
    clients: tuple[ClientLine, ...]
    waves: tuple[WaveLine, ...]
    plan: PlanFacts | None
    advice: tuple[Advice, ...]
    more_advice: int
    evidence: tuple[str, ...]


def summary_page(
    record: CampaignRecord, *, client_id: ClientId | None = None, evidence: Sequence[str] = ()
) -> SummaryPage:
    """What the summary of a campaign says.

    Args:
        record: the campaign.
        client_id: make the page for this client: its own hosts only, without plan and cost.
        evidence: where the evidence is, such as ``evidence.xlsx``; names are shown as they stand.
    """
    seen = record.for_client(client_id) if client_id else record
    groups = tuple(group for group in group_hosts(seen.hosts, seen.fleet) if not group.status.protected)
    advice = _advice(seen)
    return SummaryPage(
        title=seen.campaign.name,
        client=seen.fleet.client[client_id].name if client_id else "",
        reason=seen.campaign.reason,
        as_of=moment(seen.local(seen.now)),
        timezone=seen.campaign.timezone,
        deadline=moment(seen.local(seen.campaign.deadline)),
        days_left=days_left(seen),
        hosts=len(seen.hosts),
        protected=seen.protected,
        open=seen.open,
        share=share(seen.protected, len(seen.hosts)),
        pace=pace(seen.open, seen.campaign.deadline - seen.now),
        stop=f"{seen.stop.reason} (by {seen.stop.by}, {moment(seen.local(seen.stop.at))})" if seen.stop else "",
        counts=tuple((status, SIGNS[status], seen.count(status)) for status in RANK if seen.count(status)),
        burn=burn_down(seen),
        beginning=beginning(seen),
        groups=tuple(_open_group(group) for group in groups[:_MOST_GROUPS]),
        more_open=sum(len(group) for group in groups[_MOST_GROUPS:]),
        clients=() if client_id else _client_lines(seen),
        waves=_wave_lines(seen),
        plan=_plan_facts(seen, seen.plan) if seen.plan else None,
        advice=advice[:_MOST_ADVICE],
        more_advice=len(advice[_MOST_ADVICE:]),
        evidence=tuple(evidence),
    )


def render(page: SummaryPage) -> str:
    """The page as HTML; every text is escaped."""
    return pages.render("summary.html.j2", {"page": page})


def write_summary(
    record: CampaignRecord, path: Path, *, client_id: ClientId | None = None, evidence: Sequence[str] = ()
) -> Path:
    """Write the page, wholly or not at all."""
    write_whole(path, render(summary_page(record, client_id=client_id, evidence=evidence)).encode("utf-8"))
    return path


def _open_group(group: HostGroup) -> OpenGroup:
    cause = group.cause or _no_cause(group.status)
    hint = group.hint or WHAT_NEXT[group.status]
    return OpenGroup(group.status, SIGNS[group.status], len(group), cause, hint, _cut(group.host_ids))


def _no_cause(status: HostStatus) -> str:
    return {
        HostStatus.PENDING: "nobody has asked it yet",
        HostStatus.STALE: "asked, and it needs the fix",
        HostStatus.CLAIMED: "somebody is working on it now",
    }.get(status, "no cause was recorded")


def _cut(host_ids: Sequence[HostId]) -> str:
    """The names folded; where they are too many, as many as fit and how many more there are."""
    whole = fold(host_ids)
    if len(whole) <= _LONGEST_NAMES:
        return whole
    shown = len(host_ids)
    while shown > 1 and len(fold(host_ids[:shown])) > _LONGEST_NAMES:
        shown //= 2
    return f"{fold(host_ids[:shown])} and {len(host_ids) - shown:,} more"


def _client_lines(record: CampaignRecord) -> tuple[ClientLine, ...]:
    """Those with the most that is open first."""
    by_client: dict[ClientId, Counter[HostStatus]] = {}
    clients: dict[ClientId, Client] = {}
    for state in record.hosts:
        client = record.client_of(state.host_id)
        clients[client.id] = client
        by_client.setdefault(client.id, Counter())[state.status] += 1
    lines = [_client_line(clients[id_].name, counts) for id_, counts in by_client.items()]
    return tuple(sorted(lines, key=lambda line: (line.protected - line.hosts, line.name)))


def _client_line(name: str, counts: Counter[HostStatus]) -> ClientLine:
    hosts = counts.total()
    protected = sum(count for status, count in counts.items() if status.protected)
    still_open = [f"{counts[status]:,} {status}" for status in RANK if counts[status] and not status.protected]
    return ClientLine(
        name, hosts, protected, f"{protected:,} of {hosts:,}", protected * 100 // hosts, ", ".join(still_open)
    )


def _wave_lines(record: CampaignRecord) -> tuple[WaveLine, ...]:
    safe = {state.host_id for state in record.hosts if state.status.protected}
    return tuple(
        WaveLine(
            wave.number,
            len(wave.host_ids),
            sum(host_id in safe for host_id in wave.host_ids),
            wave.state,
            moment(record.local(wave.opened_at)),
            moment(record.local(wave.closed_at)) if wave.closed_at else "",
            wave.verdict,
        )
        for wave in record.waves
    )


def _plan_facts(record: CampaignRecord, plan: Plan) -> PlanFacts:
    dispatched = record.dispatched
    binding = (
        f"Dispatched by {dispatched.by}, {moment(record.local(dispatched.at))}"
        if dispatched
        else "A proposal; it binds nobody"
    )
    parts = (
        ("own work", plan.cost.labour_cents),
        ("travel", plan.cost.travel_cents),
        ("overtime", plan.cost.overtime_cents),
        ("partners", plan.cost.partner_cents),
    )
    return PlanFacts(
        title=f"{binding} (plan {plan.id})",
        visits=len(plan.visits),
        placed=len(plan.assignments),
        people=len({assignment.person_id for assignment in plan.assignments}),
        cost=amount(plan.cost.total_cents),
        cost_parts=tuple((label, amount(cents)) for label, cents in parts if cents),
        quality=_quality(plan),
        unplaced=_unplaced(plan),
    )


def _quality(plan: Plan) -> str:
    if plan.gap is None:
        return "not known: no bound was proved"
    return "it is proved to be the best" if plan.gap < 0.0005 else f"at most {plan.gap:.1%} from the best possible"


def _unplaced(plan: Plan) -> tuple[tuple[int, str, str], ...]:
    """Why visits could not be placed: how many, the reason, what would make it otherwise; the most frequent first."""
    counts = Counter((reason.text, reason.remedy) for unplaced in plan.unplaced for reason in unplaced.reasons[:1])
    return tuple((count, text, remedy) for (text, remedy), count in counts.most_common(5))


def _advice(record: CampaignRecord) -> tuple[Advice, ...]:
    hosts: dict[str, list[HostId]] = {}
    for state in record.hosts:
        for text in state.finding.advice if state.finding else ():
            hosts.setdefault(text, []).append(state.host_id)
    found = [Advice(text, len(ids), _cut(sorted(ids, key=natural))) for text, ids in hosts.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.text)))


def for_clients(record: CampaignRecord) -> tuple[Client, ...]:
    """The clients that have hosts in the campaign, by name."""
    found = {(client := record.client_of(state.host_id)).id: client for state in record.hosts}
    return tuple(sorted(found.values(), key=lambda client: client.name))
