"""The outbox: messages that wait to be sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """One new table, which stands empty."""
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT),
        sa.Column("client_id", TEXT),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", INSTANT),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("claimed_by", TEXT),
        sa.Column("claimed_until", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_key", "messages", ["key"], unique=True)
    op.create_index("ix_messages_state_due_at", "messages", ["state", "due_at"])
    op.create_index("ix_messages_campaign_id_id", "messages", ["campaign_id", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("messages")
