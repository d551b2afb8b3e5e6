"""How a campaign stands in sums: what can be said of a hundred thousand hosts at once, without reading them."""

from sqlalchemy import Connection, func, select

from ledger import tables
from ledger.campaigns import read_campaign_row, stop_of
from ledger.plans import dispatched_of
from muster.ids import CampaignId
from muster.outcomes import HostStatus, Stage
from muster.records import Standing, Sum, WaveState, WaveSum


def read_standing(connection: Connection, campaign_id: CampaignId) -> Standing:
    """Hosts by status, and those that are not protected by cause, the most first."""
    campaign = read_campaign_row(connection, campaign_id)
    table = tables.host_states
    not_protected = [status.value for status in HostStatus if not status.protected]
    of_this = table.c.campaign_id == campaign_id
    counted = select(table.c.status, func.count()).where(of_this).group_by(table.c.status)
    by_status = {HostStatus(status): number for status, number in connection.execute(counted)}
    alike = (table.c.status, table.c.stage, table.c.cause, table.c.hint)
    open_ones = select(*alike, func.count()).where(of_this, table.c.status.in_(not_protected)).group_by(*alike)
    sums = [
        Sum(HostStatus(status), Stage(stage), cause, hint, number)
        for status, stage, cause, hint, number in connection.execute(open_ones)
    ]
    return Standing(
        by_status,
        tuple(sorted(sums, key=lambda one: (-one.hosts, one.status, one.cause))),
        stop_of(campaign),
        dispatched_of(campaign),
        _last_wave(connection, campaign_id),
    )


def _last_wave(connection: Connection, campaign_id: CampaignId) -> WaveSum | None:
    """The newest wave without its hosts; how many they are is counted by the database."""
    table = tables.waves
    size = func.jsonb_array_length if connection.dialect.name == "postgresql" else func.json_array_length
    query = select(table.c.number, table.c.state, size(table.c.host_ids), table.c.verdict)
    query = query.where(table.c.campaign_id == campaign_id).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else WaveSum(row[0], WaveState(row[1]), row[2], row[3])
