"""Who let a campaign go on, whether a stop lets begun pushes end, and what a person said about a host's failures."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add columns that may be empty, so that processes of the version before carry on."""
    op.add_column("campaigns", sa.Column("stopped_gently", sa.Boolean()))
    op.add_column("campaigns", sa.Column("resumed_by", TEXT))
    op.add_column("campaigns", sa.Column("resumed_reason", TEXT))
    op.add_column("campaigns", sa.Column("resumed_at", INSTANT))
    op.add_column("host_states", sa.Column("explanation", TEXT))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("host_states", "explanation")
    for name in ("resumed_at", "resumed_reason", "resumed_by", "stopped_gently"):
        op.drop_column("campaigns", name)
