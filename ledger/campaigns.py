"""Opening campaigns, enrolling hosts, stopping and going on."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from ledger import tables
from ledger.codec import campaign_from_text, campaign_to_plain, to_json
from ledger.kinds import Effect, Kind
from ledger.projections import CampaignRow
from ledger.rows import campaign_row, campaign_rows, chunks
from ledger.writing import Draft, Writing, no_campaign
from muster.campaign import Campaign
from muster.errors import Conflict, NotFound
from muster.ids import CampaignId, HostId
from muster.records import Resumption, Stop


def open_campaign(writing: Writing, campaign: Campaign, host_ids: Sequence[HostId], *, by: str) -> None:
    """Open it, or change its policy and enrol further hosts.

    Nothing is written when nothing is new.

    Raises:
        Conflict: it is there with another fix.
        NotFound: a host is not in the inventory.
    """
    row = campaign_row(writing.connection, campaign.id)
    if row is None:
        document = {"campaign": campaign_to_plain(campaign)}
        writing.append([Draft(Kind.CAMPAIGN_OPENED, Effect.MOVES, by, document, campaign.id)])
    else:
        _change(writing, row, campaign, by=by)
    _enrol(writing, campaign.id, host_ids, by=by)


def _change(writing: Writing, row: CampaignRow, campaign: Campaign, *, by: str) -> None:
    kept = _campaign(row)
    if kept.fix != campaign.fix:
        raise Conflict(
            f"the campaign {campaign.id} pushes the fix {kept.fix}, not {campaign.fix}",
            hint="Give the new campaign an id of its own.",
        )
    if campaign != kept:
        document = {"campaign": campaign_to_plain(campaign)}
        writing.append([Draft(Kind.CAMPAIGN_CHANGED, Effect.MOVES, by, document, campaign.id)])


def _enrol(writing: Writing, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> None:
    there = writing.hosts(campaign_id)
    new = [host_id for host_id in dict.fromkeys(host_ids) if host_id not in there]
    _must_be_in_inventory(writing.connection, new)
    drafts = [
        Draft(Kind.HOSTS_ENROLLED, Effect.MOVES, by, {"hosts": list(chunk)}, campaign_id) for chunk in chunks(new)
    ]
    if drafts:
        writing.append(drafts)


def _must_be_in_inventory(connection: Connection, host_ids: Sequence[HostId]) -> None:
    column = tables.hosts.c.id
    for chunk in chunks(host_ids):
        known = set(connection.scalars(select(column).where(column.in_(chunk))))
        missing = [host_id for host_id in chunk if host_id not in known]
        if missing:
            raise NotFound(f"the inventory holds no host {missing[0]!r}", hint="Import it first: muster import.")


def read_campaigns(connection: Connection) -> tuple[Campaign, ...]:
    """All of them, the newest last."""
    return tuple(_campaign(row) for row in campaign_rows(connection))


def read_campaign(connection: Connection, campaign_id: CampaignId) -> Campaign:
    """One of them."""
    return _campaign(read_campaign_row(connection, campaign_id))


def read_campaign_row(connection: Connection, campaign_id: CampaignId) -> CampaignRow:
    """A campaign's row.

    Raises:
        NotFound: there is none.
    """
    row = campaign_row(connection, campaign_id)
    if row is None:
        raise no_campaign(campaign_id)
    return row


def _campaign(row: CampaignRow) -> Campaign:
    return campaign_from_text(to_json(row.document))


def stop(writing: Writing, campaign_id: CampaignId, *, by: str, reason: str, gentle: bool = False) -> None:
    """Nothing new starts from now on. A stop that is in force stays as it is, but a gentle one gives way to another."""
    row = writing.campaign(campaign_id)
    if row.stopped_at is None or (row.stopped_gently and not gentle):
        data: dict[str, object] = {"reason": writing.guard.text(reason), **({"gentle": True} if gentle else {})}
        writing.append([Draft(Kind.STOPPED, Effect.MOVES, by, data, campaign_id)])


def resume(writing: Writing, campaign_id: CampaignId, *, by: str, reason: str = "") -> None:
    """Lift the stop, where there is one."""
    if writing.campaign(campaign_id).stopped_at is not None:
        data = {"reason": writing.guard.text(reason)}
        writing.append([Draft(Kind.RESUMED, Effect.MOVES, writing.guard.text(by), data, campaign_id)])


def stop_of(row: CampaignRow) -> Stop | None:
    """The stop that is in force."""
    if row.stopped_at is None:
        return None
    return Stop(row.stopped_by or "", row.stopped_reason or "", row.stopped_at, gentle=bool(row.stopped_gently))


def resumption_of(row: CampaignRow) -> Resumption | None:
    """Who last let it go on; None when nobody ever had to."""
    if row.resumed_at is None:
        return None
    return Resumption(row.resumed_by or "", row.resumed_reason or "", row.resumed_at)


def explain_failures(
    writing: Writing, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str, cause: str
) -> None:
    """Write down what a person says about hosts that keep failing; their failures are counted anew.

    Raises:
        NotFound: a host is not in the campaign.
    """
    writing.campaign(campaign_id)
    there = writing.hosts(campaign_id, host_ids)
    missing = [host_id for host_id in host_ids if host_id not in there]
    if missing:
        raise NotFound(f"the campaign {campaign_id} holds no host {missing[0]!r}")
    who, data = writing.guard.text(by), {"cause": writing.guard.text(cause)}
    drafts = [Draft(Kind.EXPLAINED, Effect.KEEPS, who, data, campaign_id, host_id) for host_id in host_ids]
    if drafts:
        writing.append(drafts)
