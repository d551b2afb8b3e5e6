"""Beneficial findings: what was seen at a client on the way, for its roadmap; how many machines, and why it matters.

Muster finds them in what hosts said and in how pushes ended; people add what they saw, and name causes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from types import MappingProxyType

from muster.errors import InputError, NotFound
from muster.ids import CampaignId, ClientId, HostId
from muster.outcomes import HostStatus
from muster.ports import Ledger
from muster.records import AttemptRow, HostState
from muster.steps import StepName
from reports.ends_of_life import end_of_life
from reports.notes import notes_of, text_of
from reports.record import CampaignRecord

NOTED, CAUSE_NAMED = "finding noted", "finding cause named"
REPAIRS = 3
"""So many repairs of one fault at one machine are no accident any more."""
_DISK = re.compile(r"no space left|disk (?:is )?full|MiB free", re.IGNORECASE)
_BACKUP = re.compile(r"\bbackup\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+|'[^']*'|\"[^\"]*\"|/\S+")


@dataclass(frozen=True, slots=True)
class BeneficialFinding:
    """One thing that a client should know.

    Attributes:
        key: the same for as long as it is the same thing at the same client; causes are named by it.
        needs_cause: whether somebody has to say what lies behind it.
        cause: what a person said; empty before.
    """

    key: str
    client_id: ClientId
    title: str
    why: str
    host_ids: tuple[HostId, ...]
    needs_cause: bool = False
    cause: str = ""
    by: str = ""

    @property
    def hosts(self) -> int:
        """How many machines."""
        return len(self.host_ids)


@dataclass(frozen=True)
class Seen:
    """What findings are made from.

    Attributes:
        repaired: how often each fault was repaired at each machine, over all campaigns: a fix that was applied and
            verified, or an attempt that ended with the same cause.
        noted: what people added.
        causes: what people said lies behind a finding, by its key.
    """

    record: CampaignRecord
    repaired: Mapping[HostId, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    noted: tuple[BeneficialFinding, ...] = ()
    causes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def findings_of(seen: Seen, client_id: ClientId) -> tuple[BeneficialFinding, ...]:
    """A client's findings, those of most machines first; only its own machines are in them."""
    record = seen.record.for_client(client_id)
    groups: dict[tuple[str, str, bool], list[HostId]] = defaultdict(list)
    for state in record.hosts:
        for found in _seen_at(record, state, seen):
            groups[found].append(state.host_id)
    made = [
        BeneficialFinding(_key(client_id, title), client_id, title, why, tuple(sorted(set(host_ids))), needs)
        for (title, why, needs), host_ids in groups.items()
    ]
    mine = [*made, *(one for one in seen.noted if one.client_id == client_id)]
    named = [_with_cause(one, seen.causes) for one in mine]
    return tuple(sorted(named, key=lambda one: (not one.needs_cause or bool(one.cause), -one.hosts, one.title)))


def read_seen(ledger: Ledger, record: CampaignRecord, attempts: Iterable[tuple[str, AttemptRow]] | None = None) -> Seen:
    """What the ledger knows, of this campaign and of repairs in all others.

    ``attempts`` are those of all campaigns with the fix of each, where the caller has read fewer than all of them.
    """
    campaign_id = record.campaign.id
    noted, causes = [], {}
    for event in notes_of(ledger, campaign_id, frozenset({NOTED, CAUSE_NAMED})):
        if event.kind == CAUSE_NAMED:
            causes[text_of(event, "key")] = text_of(event, "cause")
        else:
            hosts = event.data.get("hosts")
            noted.append(
                BeneficialFinding(
                    _key(ClientId(text_of(event, "client")), text_of(event, "title")),
                    ClientId(text_of(event, "client")),
                    text_of(event, "title"),
                    text_of(event, "why"),
                    tuple(HostId(str(one)) for one in hosts) if isinstance(hosts, list) else (),
                    by=event.by,
                )
            )
    if attempts is None:
        attempts = ((one.fix, attempt) for one in ledger.campaigns() for attempt in ledger.attempts(one.id))
    return Seen(record, repairs(attempts), tuple(noted), causes)


def repairs(attempts: Iterable[tuple[str, AttemptRow]]) -> dict[HostId, Counter[str]]:
    """How often each fault was repaired, or came back, at each machine: by fix, and by the cause of a failure."""
    counts: dict[HostId, Counter[str]] = defaultdict(Counter)
    for fix, attempt in attempts:
        if attempt.step is not StepName.APPLY or attempt.outcome is None:
            continue
        if attempt.outcome.status is HostStatus.VERIFIED:
            counts[attempt.host_id][f"the fix {fix}"] += 1
        elif attempt.outcome.cause:
            counts[attempt.host_id][_NUMBERS.sub("…", attempt.outcome.cause)] += 1
    return dict(counts)


def note_finding(
    ledger: Ledger, campaign_id: CampaignId, client_id: ClientId, title: str, *, why: str, hosts: list[str], by: str
) -> str:
    """Keep what a person saw; gives its key.

    Raises:
        InputError: it says nothing.
    """
    if not title.strip():
        raise InputError("a finding needs words", hint="say what was seen")
    data = {"client": client_id, "title": title, "why": why, "hosts": hosts}
    ledger.note(NOTED, by=by, campaign_id=campaign_id, data=data)
    return _key(client_id, title)


def name_cause(ledger: Ledger, seen: Seen, key: str, cause: str, *, by: str) -> BeneficialFinding:
    """Keep what a person says lies behind a finding.

    Raises:
        NotFound: there is no such finding.
    """
    clients = {seen.record.client_of(state.host_id).id for state in seen.record.hosts}
    there = {one.key: one for client_id in clients for one in findings_of(seen, client_id)}
    if key not in there:
        raise NotFound(f"there is no finding {key!r}", hint="muster findings lists them with their keys")
    ledger.note(CAUSE_NAMED, by=by, campaign_id=seen.record.campaign.id, data={"key": key, "cause": cause})
    return there[key]


def _seen_at(record: CampaignRecord, state: HostState, seen: Seen) -> Iterator[tuple[str, str, bool]]:
    """Title, why it matters, and whether somebody must name a cause; for one machine."""
    host = record.host(state.host_id)
    for advice in state.finding.advice if state.finding else ():
        yield advice, "The fix does not mend this, and it will fail in the same way again.", False
    ended = end_of_life(host.os_version)
    if ended is not None and ended <= record.now.date():
        yield f"{host.os_version} is out of support", _no_support(ended), False
    yield from _by_words(record, state)
    if "found" in host.tags:
        yield "Machines that stood in no list", "What nobody knows of, nobody updates, backs up or protects.", False
    for fault, times in seen.repaired.get(state.host_id, {}).items():
        if times >= REPAIRS:
            yield f"Repaired again and again: {fault}", _why_again(), True


def _by_words(record: CampaignRecord, state: HostState) -> Iterator[tuple[str, str, bool]]:
    texts = [state.cause, *(one.outcome.cause for one in record.attempts_of.get(state.host_id, ()) if one.outcome)]
    said = "\n".join(texts)
    if _DISK.search(said):
        yield "Full disks", "A full disk stops updates, logs and backups, and in the end the program itself.", False
    if _BACKUP.search(said):
        yield "No backup that is young enough", "What is not backed up is gone when the machine breaks.", False
    if state.status is HostStatus.UNREACHABLE:
        yield (
            "Machines that cannot be reached from afar",
            "Nobody can help them in an emergency, or update them.",
            False,
        )
    if state.status is HostStatus.UNTRUSTED:
        why = "It was set up anew without a word, or it is not the machine it says it is."
        yield "Machines whose identity has changed", why, False


def _no_support(ended: date) -> str:
    return f"Its maker has sent no security updates since {ended:%d %B %Y}."


def _why_again() -> str:
    return f"The same repair was needed {REPAIRS} times or more: something behind it breaks it anew."


def _key(client_id: ClientId, title: str) -> str:
    return f"F-{sha256(f'{client_id}|{title}'.encode()).hexdigest()[:8]}"


def _with_cause(one: BeneficialFinding, causes: Mapping[str, str]) -> BeneficialFinding:
    return replace(one, cause=causes.get(one.key, "")) if one.key in causes else one
