"""The database's schema: which version it has, and how it comes to this one.

Migrations are Alembic's, shipped in ``ledger/migrations`` and run by whoever opens the ledger first, one at a time:
SQLite's write lock and PostgreSQL's writer lock keep the others waiting, and each migration is one transaction.

A migration expands first and contracts later: new columns get defaults and new tables stand empty, so that processes
of the version before carry on; what is no longer used is taken away one version later at the earliest.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table, text

from ledger.database import Database
from muster.errors import NotFound, SchemaMismatch

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "muster_version"
"""A name of its own, so that no other program's Alembic is taken for ours."""

HEAD = "0007"
"""The newest migration; kept here so that opening a ledger that is up to date does not import Alembic."""

_LOCK_TIMEOUT_S = 15
_STATEMENT_TIMEOUT_S = 600


def bring_up_to_date(database: Database, *, create: bool) -> None:
    """Create the schema, or migrate it to this version.

    Raises:
        NotFound: the database is empty and ``create`` is false.
        SchemaMismatch: it is newer than this version of Muster, or holds tables of something else.
    """
    with database.reading() as connection:
        version = version_of(connection)
        strange = version is None and bool(set(inspect(connection).get_table_names()) - {VERSION_TABLE})
    if version == HEAD:
        return
    where = database.address
    if strange:
        raise SchemaMismatch(
            f"the database {where} holds tables, and none of them are a ledger of Muster",
            hint="Give Muster a database of its own: change ledger_url in muster.yml.",
        )
    if version is None and not create:
        raise NotFound(f"there is no ledger in {where} yet", hint="Make one with: muster init")
    if version is not None and version not in known_versions():
        raise SchemaMismatch(
            f"the ledger {where} has the schema {version}; this version of Muster knows {HEAD}",
            hint="Install the version of Muster that wrote it, or a newer one.",
        )
    migrate(database, HEAD)


def version_of(connection: Connection) -> str | None:
    """The version of a database; None where there is no ledger."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return version


def known_versions() -> set[str]:
    """Every version that this Muster can migrate from."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def migrate(database: Database, to: str) -> None:
    """Bring the schema to a version, up or (for tests) down, in one transaction."""
    from alembic import command

    with database.writing() as connection:
        if not database.address.is_sqlite:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{_STATEMENT_TIMEOUT_S}s'"))
        config = _config()
        config.attributes["connection"] = connection
        now = version_of(connection) or "base"
        if now == to:
            return  # somebody else was first
        if to == "base" or (now != "base" and now > to):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ledger:migrations")
    config.set_main_option("path_separator", "os")
    return config
