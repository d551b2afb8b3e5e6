"""Events by kind, without those that a push writes by the hundred: "what was said about a notice" reads no other event.

The index holds none of ``kinds.STEPS_OF_HOSTS``, which are nearly all events, so that a push pays nothing for it.
"""

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = "ix_events_kind_revision"
RARE = text("kind NOT IN ('claimed', 'finished', 'probed')")


def upgrade() -> None:
    """Add the index; processes of the version before carry on."""
    op.create_index(NAME, "events", ["kind", "revision"], sqlite_where=RARE, postgresql_where=RARE)


def downgrade() -> None:
    """Take it away."""
    op.drop_index(NAME, "events")
