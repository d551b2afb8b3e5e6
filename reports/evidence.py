"""Evidence host by host: what was seen before and after, who pushed, when, and how it was verified."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC
from pathlib import Path

from muster.files import write_whole
from muster.outcomes import Finding, HostOutcome, HostStatus
from muster.records import AttemptRow, HostState
from reports.cells import disarm
from reports.folding import natural
from reports.grouping import what_next
from reports.record import CampaignRecord


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One host; the names of the fields are the columns of the files.

    Attributes:
        before, after: what the probes found, layer by layer.
        changed: what the pushes said they changed.
        pushed_by: the person behind the last attempt: who asked for the run, else who began the visit; empty where
            Muster did it by itself, as planned.
        process: the process that carried it out.
        responsible: the person of the dispatched plan.
        when_utc, when_local: of the last attempt, else of the last change of status; local to the host.
        also: layers that the fix does not mend but somebody must.
    """

    client: str
    site: str
    host: str
    host_id: str
    address: str
    os: str
    status: str
    protected: str
    before: str
    after: str
    changed: str
    pushed_by: str
    process: str
    responsible: str
    when_utc: str
    when_local: str
    how_verified: str
    attempts: int
    wave: int
    cause: str
    what_next: str
    also: str


BY_ITSELF = "reconciler"
"""Who asks for a wave where nobody did: what is due is pushed."""
_PROCESS = re.compile(r"\S+:\d+:\d+(?:\.\d+)?")
HEADER = tuple(field.name for field in fields(EvidenceRow))


def evidence_rows(record: CampaignRecord) -> tuple[EvidenceRow, ...]:
    """A row for every host of the campaign: by client, site and host; as many as the ledger has hosts."""
    rows = (_row(record, state) for state in record.hosts)
    return tuple(sorted(rows, key=lambda row: (row.client, row.site, natural(row.host_id))))


def evidence_csv(rows: Iterable[EvidenceRow]) -> bytes:
    """CSV in UTF-8 with its mark, every text in quotes and disarmed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(cells(row) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_evidence_csv(rows: Iterable[EvidenceRow], path: Path) -> Path:
    """Write the CSV file, wholly or not at all."""
    write_whole(path, evidence_csv(rows))
    return path


def cells(row: EvidenceRow) -> list[str | int]:
    """The cells of a row as they go into a file."""
    values: list[str | int] = [getattr(row, name) for name in HEADER]
    return [disarm(value) if isinstance(value, str) else value for value in values]


def facts_text(finding: Finding | None) -> str:
    """A finding for people: its sentence, then a line for every layer.

    Returns:
        For example ``wrong after the change`` and, on the next line, ``system: America/Vancouver … = -0800``.
    """
    if finding is None:
        return ""
    layers: dict[str, list[str]] = {}
    for fact in finding.facts:
        layers.setdefault(fact.layer, []).append(f"{fact.key} = {fact.value}")
    return "\n".join([finding.summary, *(f"{layer}: {'; '.join(said)}" for layer, said in layers.items())])


def _row(record: CampaignRecord, state: HostState) -> EvidenceRow:
    host, ended = record.host(state.host_id), _ended(record, state)
    before, after = _before_and_after(state, ended)
    at = _last(ended).at if ended else state.changed_at
    person = record.crew.engineer.get(state.person_id) if state.person_id else None
    newest = state.finding or after or before
    return EvidenceRow(
        client=record.client_of(host.id).name,
        site=record.site_of(host.id).name,
        host=host.name,
        host_id=host.id,
        address=host.address,
        os=host.os_version or host.os.value,
        status=state.status.value,
        protected="yes" if state.status.protected else "no",
        before=facts_text(before),
        after=facts_text(after),
        changed="\n".join(change for one in ended for change in _outcome(one).evidence.changes),
        pushed_by=_pusher(record, state),
        process=_process(record, state),
        responsible=person.name if person else state.person_id or "",
        when_utc=at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        when_local=at.astimezone(record.zone_of(host.id)).strftime("%Y-%m-%d %H:%M:%S %z"),
        how_verified=_how(record, state),
        attempts=state.attempts,
        wave=state.wave,
        cause=state.cause,
        what_next=what_next(state),
        also="\n".join(newest.advice) if newest else "",
    )


def _ended(record: CampaignRecord, state: HostState) -> Sequence[AttemptRow]:
    return [attempt for attempt in record.attempts_of.get(state.host_id, ()) if attempt.outcome is not None]


def _outcome(attempt: AttemptRow) -> HostOutcome:
    if attempt.outcome is None:
        raise ValueError("only attempts that have ended have an outcome")
    return attempt.outcome


def _last(ended: Sequence[AttemptRow]) -> HostOutcome:
    return _outcome(ended[-1])


def _before_and_after(state: HostState, ended: Sequence[AttemptRow]) -> tuple[Finding | None, Finding | None]:
    """Before the first push, and the newest that was seen after one; a host that nobody pushed at has no after."""
    if not ended:
        return state.finding, None
    before = next((found for one in ended if (found := _outcome(one).evidence.before)), None)
    after = next((found for one in reversed(ended) if (found := _outcome(one).evidence.after)), None)
    if state.finding is not None and state.finding not in (before, after):
        after = state.finding
    return before, after


def _pusher(record: CampaignRecord, state: HostState) -> str:
    """Who let it be pushed; what Muster begins by itself is begun by the word that started the visit, where one did."""
    attempts = record.attempts_of.get(state.host_id, ())
    if not attempts:
        return ""
    last = attempts[-1]
    asked = record.asked_by.get(last.wave, "")
    if asked and asked not in {last.runner_id, BY_ITSELF} and not _is_process(asked):
        return asked
    return record.started_by.get(last.visit_id, "") if last.visit_id else ""


def _process(record: CampaignRecord, state: HostState) -> str:
    attempts = record.attempts_of.get(state.host_id, ())
    return attempts[-1].runner_id if attempts else ""


def _is_process(name: str) -> bool:
    """Whether it is the name of a process (``machine:pid:start``) rather than a person's."""
    return _PROCESS.fullmatch(name) is not None


def _how(record: CampaignRecord, state: HostState) -> str:
    """How it is known that the host is right; ``not verified`` where it is not known."""
    compared = f"compared with the data of the fix {record.campaign.fix}{_source(record)}"
    if state.status is HostStatus.VERIFIED:
        return f"asked again in a new session and {compared}"
    if state.status is HostStatus.RIGHT:
        return f"asked by a probe, nothing was pushed, and {compared}"
    return "not verified"


def _source(record: CampaignRecord) -> str:
    source = record.campaign.parameters.get("source", "")
    return f", source {source.rstrip('/').rpartition('/')[2]}" if source else ""
