"""Who may come into the portal, who is in, and who tried."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
PEOPLE = ("name", "role", "timezone", "language")


def upgrade() -> None:
    """Six new tables, which stand empty."""
    _accounts()
    _sessions()
    _links()
    _tokens()
    op.create_table(
        "portal_tries",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_portal_tries"),
    )
    op.create_table(
        "portal_pending",
        sa.Column("id_hash", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_portal_pending"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("pending", "tries", "tokens", "links", "sessions", "accounts"):
        op.drop_table(f"portal_{name}")


def _whom() -> list[sa.Column[object]]:
    """What says who somebody is, for accounts and for links."""
    return [
        *(sa.Column(name, TEXT, nullable=False) for name in PEOPLE),
        sa.Column("client_ids", JSON, nullable=False),
        sa.Column("partner_id", TEXT),
        sa.Column("engineer_id", TEXT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
    ]


def _accounts() -> None:
    op.create_table(
        "portal_accounts",
        sa.Column("id", TEXT, nullable=False),
        *_whom(),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("password_hash", TEXT),
        sa.Column("factor", TEXT),
        sa.Column("factor_step", sa.Integer(), nullable=False),
        sa.Column("recovery", JSON, nullable=False),
        sa.Column("subject", TEXT),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_portal_accounts"),
    )
    op.create_index("ix_portal_accounts_subject", "portal_accounts", ["subject"], unique=True)


def _sessions() -> None:
    op.create_table(
        "portal_sessions",
        sa.Column("id_hash", TEXT, nullable=False),
        sa.Column("account_id", TEXT),
        sa.Column("link_id", TEXT),
        sa.Column("how", TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("agent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_portal_sessions"),
    )
    for name in ("account_id", "link_id"):
        op.create_index(f"ix_portal_sessions_{name}", "portal_sessions", [name])


def _links() -> None:
    op.create_table(
        "portal_links",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        *_whom(),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("device_hash", TEXT),
        sa.Column("bound_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_portal_links"),
    )
    op.create_index("ix_portal_links_secret_hash", "portal_links", ["secret_hash"], unique=True)


def _tokens() -> None:
    op.create_table(
        "portal_tokens",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_portal_tokens"),
    )
    op.create_index("ix_portal_tokens_secret_hash", "portal_tokens", ["secret_hash"], unique=True)
    op.create_index("ix_portal_tokens_account_id", "portal_tokens", ["account_id"])
