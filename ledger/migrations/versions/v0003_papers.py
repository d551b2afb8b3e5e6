"""The papers of partners and money."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text()
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """One new table, which stands empty."""
    op.create_table(
        "papers",
        sa.Column("shelf", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", TEXT),
        sa.Column("client_id", TEXT),
        sa.Column("campaign_id", TEXT),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.PrimaryKeyConstraint("shelf", "key", name="pk_papers"),
    )
    for name in ("partner_id", "client_id", "campaign_id"):
        op.create_index(f"ix_papers_{name}", "papers", [name])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("papers")
