"""The portal's own tables: who may come in, who is in, and who tried.

They are no projection and not in the record: a session comes and goes, and a password's hash or a second factor's
secret must be possible to change and to delete, which the append-only record does not allow. What somebody *did* with
an account is an event like any other (``portal.forms.audited``).

Secrets are hashed (sessions, links, tokens: SHA-256 of 256 random bits; passwords and recovery codes: argon2) or, where
they must be read again (the second factor), encrypted with the portal's key, which is not in the database.
"""

from sqlalchemy import Boolean, Column, Double, Index, Integer, Table, Text

from ledger.tables import METADATA, Json, UtcDateTime

accounts = Table(
    "portal_accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("client_ids", Json, nullable=False),
    Column("partner_id", Text),
    Column("engineer_id", Text),
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("password_hash", Text),
    Column("factor", Text),
    Column("factor_step", Integer, nullable=False),
    Column("recovery", Json, nullable=False),
    Column("subject", Text),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Index(None, "subject", unique=True),
)

sessions = Table(
    "portal_sessions",
    METADATA,
    Column("id_hash", Text, primary_key=True),
    Column("account_id", Text, index=True),
    Column("link_id", Text, index=True),
    Column("how", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
)

links = Table(
    "portal_links",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("client_ids", Json, nullable=False),
    Column("partner_id", Text),
    Column("engineer_id", Text),
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("device_hash", Text),
    Column("bound_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index(None, "secret_hash", unique=True),
)

tokens = Table(
    "portal_tokens",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("account_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index(None, "secret_hash", unique=True),
)

tries = Table(
    "portal_tries",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

pending = Table(
    "portal_pending",
    METADATA,
    Column("id_hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("document", Json, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
)
