"""Hosts by status, counted without reading the hosts: how a campaign of a hundred thousand stands."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "ix_host_states_campaign_id_status"


def upgrade() -> None:
    """Add the index; processes of the version before carry on."""
    op.create_index(NAME, "host_states", ["campaign_id", "status"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index(NAME, "host_states")
