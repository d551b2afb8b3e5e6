"""Alembic's entry: it works on the connection that ``ledger.schema`` (or a test) hands in, and opens none itself."""

from alembic import context

from ledger.schema import VERSION_TABLE
from ledger.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite's is transactional too, as the driver begins nothing by itself
)
context.run_migrations()
