"""A few of very many: the machines, sites and states that one page is about, without reading the whole inventory.

The port ``Ledger`` hands out whole fleets, which is what plans and reports are made from. A page for one visit of
ten thousand asks here.
"""

from collections.abc import Iterable
from dataclasses import fields

from sqlalchemy import Connection, select

from ledger import tables
from ledger.attempts import host_state_of
from ledger.database import Database
from ledger.inventory_store import CLIENTS, ENGINEERS, HOSTS, PARTNERS, SITES, some
from ledger.rows import chunks
from ledger.store import SqlLedger
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, ClientId, HostId, SiteId
from muster.ports import Ledger
from muster.records import HostState

_STATE_COLUMNS = tuple(field.name for field in fields(HostState))


class Lookups:
    """Reads parts of the inventory and of a campaign; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fleet_of(self, host_ids: Iterable[HostId], site_ids: Iterable[SiteId] = ()) -> Fleet:
        """These hosts and sites with all that they stand in: sites and clients, by id; unknown ids are left out."""
        with self._database.reading() as connection:
            hosts = some(connection, HOSTS, host_ids)
            sites = some(connection, SITES, {*site_ids, *(one.site_id for one in hosts)})
            return Fleet(some(connection, CLIENTS, {one.client_id for one in sites}), sites, hosts)

    def sites_of(self, client_ids: Iterable[ClientId]) -> Fleet:
        """These clients and all of their sites, without machines."""
        wanted = list(client_ids)
        with self._database.reading() as connection:
            clients = some(connection, CLIENTS, wanted)
            found: set[SiteId] = set()
            for chunk in chunks(wanted):
                query = select(tables.sites.c.id).where(tables.sites.c.client_id.in_(chunk))
                found |= set(connection.scalars(query))
            return Fleet(clients, some(connection, SITES, found), ())

    def crew(self) -> Crew:
        """Everybody: some hundreds at most."""
        with self._database.reading() as connection:
            return Crew(some(connection, ENGINEERS), some(connection, PARTNERS))

    def states(self, campaign_id: CampaignId, host_ids: Iterable[HostId]) -> tuple[HostState, ...]:
        """How these hosts stand in a campaign, by id; those that are not in it are left out."""
        with self._database.reading() as connection:
            return tuple(sorted(_states(connection, campaign_id, host_ids), key=lambda one: one.host_id))


def lookups_of(ledger: Ledger) -> Lookups:
    """The look-ups in a ledger's database.

    Raises:
        TypeError: the ledger is not one that ``open_ledger`` made.
    """
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} has no look-ups")
    return Lookups(ledger.database)


def _states(connection: Connection, campaign_id: CampaignId, host_ids: Iterable[HostId]) -> list[HostState]:
    table, found = tables.host_states, []
    query = select(*(table.c[name] for name in _STATE_COLUMNS)).where(table.c.campaign_id == campaign_id)
    for chunk in chunks(host_ids):
        found += [host_state_of(row) for row in connection.execute(query.where(table.c.host_id.in_(chunk)))]
    return found
