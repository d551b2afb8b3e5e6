"""Waves: opened one at a time, closed with a verdict."""

from collections.abc import Sequence

from sqlalchemy import Connection

from ledger.campaigns import read_campaign_row, stop, stop_of
from ledger.kinds import Effect, Kind
from ledger.projections import WaveRecord
from ledger.rows import wave_rows
from ledger.writing import Draft, Writing
from muster.errors import CampaignStopped, Conflict, NotFound
from muster.ids import CampaignId, HostId
from muster.records import Stop, WaveRow, WaveState


def open_wave(writing: Writing, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> WaveRow:
    """Open the next wave, or return the one that is open, with the hosts it was opened with.

    Raises:
        CampaignStopped: no wave is open, and the campaign is stopped.
        NotFound: a host is not in the campaign.
    """
    must_not_be_stopped(stop_of(writing.campaign(campaign_id)), campaign_id, unless=_open(writing, campaign_id))
    there = _open(writing, campaign_id)
    if there is not None:
        return _wave(there)
    members = list(dict.fromkeys(host_ids))
    known = writing.hosts(campaign_id, members)
    missing = [host_id for host_id in members if host_id not in known]
    if missing:
        raise NotFound(f"the campaign {campaign_id} holds no host {missing[0]!r}")
    number = 1 + max((row.number for row in wave_rows(writing.connection, campaign_id)), default=0)
    data = {"number": number, "hosts": [str(host_id) for host_id in members]}
    writing.append([Draft(Kind.WAVE_OPENED, Effect.KEEPS, by, data, campaign_id)])
    (row,) = wave_rows(writing.connection, campaign_id, number)
    return _wave(row)


def close_wave(
    writing: Writing, campaign_id: CampaignId, number: int, state: WaveState, verdict: str, *, by: str
) -> None:
    """Close it; ``halted`` also stops the campaign. To close it again the same way changes nothing.

    Raises:
        NotFound: there is no wave of this number.
        Conflict: it was closed another way, or ``state`` is not an end.
    """
    writing.campaign(campaign_id)
    rows = wave_rows(writing.connection, campaign_id, number)
    if not rows:
        raise NotFound(f"the campaign {campaign_id} has no wave {number}")
    if state is WaveState.OPEN or rows[0].state not in {WaveState.OPEN, state}:
        raise Conflict(f"wave {number} of {campaign_id} is {rows[0].state} and cannot become {state.value}")
    if rows[0].state == state:
        return
    words = writing.guard.text(verdict)
    data = {"number": number, "state": state.value, "verdict": words}
    writing.append([Draft(Kind.WAVE_CLOSED, Effect.KEEPS, by, data, campaign_id)])
    if state is WaveState.HALTED:
        stop(writing, campaign_id, by=by, reason=words, gentle=True)


def read_waves(connection: Connection, campaign_id: CampaignId) -> tuple[WaveRow, ...]:
    """All of them in order."""
    read_campaign_row(connection, campaign_id)
    return tuple(_wave(row) for row in wave_rows(connection, campaign_id))


def must_not_be_stopped(stopped: Stop | None, campaign_id: CampaignId, *, unless: object = None) -> None:
    """Refuse to begin anything in a stopped campaign.

    Raises:
        CampaignStopped: it is stopped.
    """
    if stopped is not None and unless is None:
        raise CampaignStopped(
            f"the campaign {campaign_id} was stopped by {stopped.by}: {stopped.reason}",
            hint="A person decides how it goes on: muster resume.",
        )


def _open(writing: Writing, campaign_id: CampaignId) -> WaveRecord | None:
    rows = wave_rows(writing.connection, campaign_id)
    return next((row for row in rows if row.state == WaveState.OPEN), None)


def _wave(row: WaveRecord) -> WaveRow:
    hosts = tuple(HostId(host_id) for host_id in row.host_ids)
    return WaveRow(row.number, WaveState(row.state), hosts, row.opened_at, row.closed_at, row.verdict)
