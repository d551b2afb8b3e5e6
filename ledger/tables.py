"""The tables: the record (append-only), the projections that are rebuilt from it, and the inventory.

Three sorts of tables, and a queue of messages beside them (``ledger.outbox_table``):

* the record: ``events``, ``attempts``, ``outcomes`` and ``plans``. Rows are added and never changed; triggers in the
  database itself refuse every UPDATE and DELETE.
* the projections: ``campaigns``, ``host_states`` and ``waves``. Written in the transaction of the event that changes
  them, and rebuilt from the events by ``ledger.replay``.
* the inventory: ``clients``, ``sites``, ``hosts``, ``partners``, ``engineers``. Changed in place by an import.

Columns are what somebody will ask for in a WHERE; nested values are JSON (JSONB on PostgreSQL). Times are aware and
in UTC.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant: ``timestamp with time zone`` on PostgreSQL, text of one width and in UTC on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no type for times; its own text form would lose the offset."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """To UTC; a naive time is refused, because nobody could say which instant it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger takes aware times only")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """From UTC."""
        del dialect
        if isinstance(value, str):
            return datetime.fromisoformat(value)  # written with +00:00, which is read as UTC
        return value.astimezone(UTC) if isinstance(value, datetime) else None


# The engine hands JSON in and out as text (see ledger.database), so that equal documents can be decoded once.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- the record

RARE_EVENT = text("kind NOT IN ('claimed', 'finished', 'probed')")
"""An event that is not in ``kinds.STEPS_OF_HOSTS``. A query that says so in these very words finds it by its kind."""

events = Table(
    "events",
    METADATA,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("campaign_id", Text),
    Column("host_id", Text),
    Column("kind", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "campaign_id", "revision"),
    Index(None, "host_id", "revision"),
    Index("ix_events_kind_revision", "kind", "revision", sqlite_where=RARE_EVENT, postgresql_where=RARE_EVENT),
)

attempts = Table(
    "attempts",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("campaign_id", Text, ForeignKey("campaigns.id"), nullable=False),
    Column("host_id", Text, ForeignKey("hosts.id"), nullable=False),
    Column("runner_id", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("visit_id", Text),
    Column("begun_at", UtcDateTime, nullable=False),
    Index(None, "campaign_id", "id"),
    # one attempt per lease of a host: a second one with the same fence would be a second push
    Index(None, "host_id", "campaign_id", "fence", unique=True),
)

outcomes = Table(
    "outcomes",
    METADATA,
    Column("attempt_id", BigInteger, ForeignKey("attempts.id"), primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

plans = Table(
    "plans",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("campaign_id", Text, ForeignKey("campaigns.id"), nullable=False),
    Column("saved_revision", BigInteger, nullable=False),
    Column("document", Json, nullable=False),
    Index(None, "campaign_id", "saved_revision"),
)

# --- the projections

campaigns = Table(
    "campaigns",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("fix", Text, nullable=False),
    Column("deadline", UtcDateTime, nullable=False),
    Column("document", Json, nullable=False),
    Column("opened_revision", BigInteger, nullable=False),
    Column("stopped_by", Text),
    Column("stopped_reason", Text),
    Column("stopped_at", UtcDateTime),
    Column("plan_id", Text),
    Column("plan_by", Text),
    Column("plan_at", UtcDateTime),
    Column("stopped_gently", Boolean),
    Column("resumed_by", Text),
    Column("resumed_reason", Text),
    Column("resumed_at", UtcDateTime),
)

host_states = Table(
    "host_states",
    METADATA,
    Column("campaign_id", Text, ForeignKey("campaigns.id"), primary_key=True),
    Column("host_id", Text, ForeignKey("hosts.id"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures_in_row", Integer, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("visit_id", Text),
    Column("person_id", Text),
    Column("fence", BigInteger, nullable=False),
    Column("asked_fence", BigInteger),
    Column("probe_first", Boolean, nullable=False),
    Column("attempt_id", BigInteger),
    Column("runner_id", Text),
    Column("lease_expires_at", UtcDateTime),
    Column("finding", Json),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("explanation", Text),
    Index(None, "campaign_id", "runner_id"),
    Index(None, "campaign_id", "status"),
)

waves = Table(
    "waves",
    METADATA,
    Column("campaign_id", Text, ForeignKey("campaigns.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("host_ids", Json, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("verdict", Text, nullable=False),
)

# --- the inventory

clients = Table(
    "clients",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("partners_allowed", Boolean, nullable=False),
    Column("more", Json, nullable=False),
)

sites = Table(
    "sites",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("more", Json, nullable=False),
)

hosts = Table(
    "hosts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("site_id", Text, ForeignKey("sites.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("os", Text, nullable=False),
    Column("os_version", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("more", Json, nullable=False),
)

partners = Table(
    "partners",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("vetted_until", Date),
    Column("agreed_until", Date),
    Column("more", Json, nullable=False),
)

engineers = Table(
    "engineers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("partner_id", Text, ForeignKey("partners.id"), index=True),
    Column("email", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("rate_cents_per_hour", Integer, nullable=False),
    Column("more", Json, nullable=False),
)
