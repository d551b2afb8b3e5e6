"""Probes: what was asked, and what was found."""

from collections.abc import Sequence

from ledger.codec import FINDING, Plain
from ledger.kinds import Effect, Kind
from ledger.projections import HostRow
from ledger.rows import chunks
from ledger.writing import Draft, Writing
from muster.errors import NotFound
from muster.ids import CampaignId, HostId
from muster.records import ProbeRecord


def begin_probes(writing: Writing, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> None:
    """Commit the intent to ask these hosts. An answer counts only if nobody claims the host in between.

    Raises:
        NotFound: a host is not in the campaign.
    """
    writing.campaign(campaign_id)
    asked = list(dict.fromkeys(host_ids))
    _known(writing, campaign_id, asked)
    drafts = [
        Draft(Kind.PROBES_BEGUN, Effect.KEEPS, by, {"hosts": list(chunk)}, campaign_id) for chunk in chunks(asked)
    ]
    if drafts:
        writing.append(drafts)


def record_probes(writing: Writing, campaign_id: CampaignId, records: Sequence[ProbeRecord], *, by: str) -> None:
    """Write what was found.

    An answer is set aside (kept as an event, changing nothing) when the host is claimed now, or was claimed after
    ``begin_probes``: nobody knows whether it tells of before or after that push.

    Raises:
        NotFound: a host is not in the campaign.
    """
    writing.campaign(campaign_id)
    rows = _known(writing, campaign_id, [record.host_id for record in records])
    drafts = [_draft(campaign_id, rows[record.host_id], writing.guard.probe(record), by=by) for record in records]
    if drafts:
        writing.append(drafts)


def _draft(campaign_id: CampaignId, row: HostRow, record: ProbeRecord, *, by: str) -> Draft:
    data: Plain = {
        "status": record.status.value,
        "stage": record.stage.value,
        "cause": record.cause,
        "hint": record.hint,
        "finding": None if record.finding is None else FINDING.to_plain(record.finding),
        "at": record.at.isoformat(),
    }
    overtaken = row.asked_fence is not None and row.asked_fence != row.fence
    if row.attempt_id is not None or overtaken:
        data["why"] = "the host is claimed" if row.attempt_id is not None else "the host was claimed since it was asked"
        return Draft(Kind.PROBE_SET_ASIDE, Effect.NONE, by, data, campaign_id, record.host_id)
    effect = Effect.KEEPS if row.status == record.status else Effect.MOVES
    return Draft(Kind.PROBED, effect, by, data, campaign_id, record.host_id)


def _known(writing: Writing, campaign_id: CampaignId, host_ids: Sequence[HostId]) -> dict[str, HostRow]:
    rows = writing.hosts(campaign_id, host_ids)
    missing = [host_id for host_id in host_ids if host_id not in rows]
    if missing:
        raise NotFound(f"the campaign {campaign_id} holds no host {missing[0]!r}")
    return rows
