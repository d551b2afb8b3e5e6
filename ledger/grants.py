"""A user of PostgreSQL for a worker in a client's network, who sees that reach and no other client.

The statements are run once by the ledger's owner. Row level security shows the user the clients, sites, hosts, states
and outcomes of its own reach. Of the record it may read how far it goes (``events.revision``), and the ids and times of
attempts; it adds to both for its own hosts only. Plans, partners, engineers, papers, messages, accounts and everything
else stay closed, and it owns nothing, so the triggers that keep the record append-only are out of its hands.
"""

import re

from muster.errors import InputError

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_MINE = "EXISTS (SELECT 1 FROM hosts WHERE hosts.id = {0}.host_id)"
_ITS = "EXISTS (SELECT 1 FROM attempts JOIN hosts ON hosts.id = attempts.host_id WHERE attempts.id = attempt_id)"

READS = {
    "muster_version": "",
    "campaigns": "",
    "clients": "EXISTS (SELECT 1 FROM sites WHERE sites.client_id = clients.id)",
    "sites": "more->>'reach' = {reach}",
    "hosts": "EXISTS (SELECT 1 FROM sites WHERE sites.id = hosts.site_id)",
    "host_states": _MINE.format("host_states"),
    "attempts": "true",
    "outcomes": _ITS,
    "events": "true",
}
"""What it reads, and of which rows; empty for a table whose rows are no client's."""
_COLUMNS = {"events": " (revision)"}
_ADDS = {
    "attempts": _MINE.format("attempts"),
    "outcomes": _ITS,
    "events": f"host_id IS NULL OR {_MINE.format('events')}",
}
_CHANGES = {"host_states": _MINE.format("host_states")}


def worker_grants(user: str, reach: str) -> tuple[str, ...]:
    """The statements that make an existing user of the database fit for ``muster worker --reach REACH``.

    To run them again changes nothing. They turn row level security on, which the ledger's owner is not subject to.

    Raises:
        InputError: the user's name is not one that needs no quotes, or the reach is home.
    """
    if not _NAME.fullmatch(user):
        raise InputError(
            f"{user!r} is no name for a user of the ledger", hint="small letters, digits and _: muster_acme"
        )
    if not reach:
        raise InputError("at home a worker needs the whole ledger", hint="name the reach: --reach acme")
    quoted = "'" + reach.replace("'", "''") + "'"
    made = [f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {user}", f"GRANT USAGE ON SCHEMA public TO {user}"]
    for table, rows in READS.items():
        made.append(f"GRANT SELECT{_COLUMNS.get(table, '')} ON {table} TO {user}")
        if rows:
            made.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            made += _policy(user, table, "SELECT", f"USING ({rows.format(reach=quoted)})")
    for table, rows in _ADDS.items():
        made += [f"GRANT INSERT ON {table} TO {user}", *_policy(user, table, "INSERT", f"WITH CHECK ({rows})")]
    for table, rows in _CHANGES.items():
        made += [f"GRANT UPDATE ON {table} TO {user}", *_policy(user, table, "UPDATE", f"USING ({rows})")]
    return tuple(made)


def _policy(user: str, table: str, act: str, rule: str) -> list[str]:
    name = f"{user}_{act.lower()}"
    return [f"DROP POLICY IF EXISTS {name} ON {table}", f"CREATE POLICY {name} ON {table} FOR {act} TO {user} {rule}"]
