"""The record, the projections and the inventory, and the triggers that keep the record append-only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

RECORD = ("events", "attempts", "outcomes", "plans")
NEWEST_FIRST = (
    "outcomes",
    "attempts",
    "host_states",
    "waves",
    "plans",
    "events",
    "campaigns",
    "hosts",
    "sites",
    "clients",
    "engineers",
    "partners",
)


def upgrade() -> None:
    """Create everything."""
    create_fleet()
    create_crew()
    create_projections()
    create_record()
    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()
    else:
        guard_postgres()


def downgrade() -> None:
    """Drop everything, the truth included; tests go this way, and nobody else."""
    for table in NEWEST_FIRST:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION muster_refuse_change()")


def create_fleet() -> None:
    """Clients, sites, hosts."""
    op.create_table(
        "clients",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("partners_allowed", sa.Boolean(), nullable=False),
        sa.Column("more", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_table(
        "sites",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("more", JSON, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_sites_client_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_index("ix_sites_client_id", "sites", ["client_id"])
    op.create_table(
        "hosts",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("os", TEXT, nullable=False),
        sa.Column("os_version", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("transport", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("more", JSON, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_hosts_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_hosts"),
    )
    op.create_index("ix_hosts_site_id", "hosts", ["site_id"])


def create_crew() -> None:
    """Partners, engineers."""
    op.create_table(
        "partners",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("vetted_until", sa.Date()),
        sa.Column("agreed_until", sa.Date()),
        sa.Column("more", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
    )
    op.create_table(
        "engineers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("partner_id", TEXT),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("rate_cents_per_hour", sa.Integer(), nullable=False),
        sa.Column("more", JSON, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_engineers_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_engineers"),
    )
    op.create_index("ix_engineers_partner_id", "engineers", ["partner_id"])


def create_projections() -> None:
    """What follows from the events."""
    op.create_table(
        "campaigns",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("fix", TEXT, nullable=False),
        sa.Column("deadline", INSTANT, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("opened_revision", sa.BigInteger(), nullable=False),
        sa.Column("stopped_by", TEXT),
        sa.Column("stopped_reason", TEXT),
        sa.Column("stopped_at", INSTANT),
        sa.Column("plan_id", TEXT),
        sa.Column("plan_by", TEXT),
        sa.Column("plan_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_table(
        "host_states",
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("host_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("visit_id", TEXT),
        sa.Column("person_id", TEXT),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("asked_fence", sa.BigInteger()),
        sa.Column("probe_first", sa.Boolean(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger()),
        sa.Column("runner_id", TEXT),
        sa.Column("lease_expires_at", INSTANT),
        sa.Column("finding", JSON),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_host_states_campaign_id"),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_host_states_host_id"),
        sa.PrimaryKeyConstraint("campaign_id", "host_id", name="pk_host_states"),
    )
    op.create_index("ix_host_states_campaign_id_runner_id", "host_states", ["campaign_id", "runner_id"])
    op.create_table(
        "waves",
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("host_ids", JSON, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("verdict", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_waves_campaign_id"),
        sa.PrimaryKeyConstraint("campaign_id", "number", name="pk_waves"),
    )


def create_record() -> None:
    """What is added to and never changed."""
    op.create_table(
        "events",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("campaign_id", TEXT),
        sa.Column("host_id", TEXT),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_events"),
    )
    op.create_index("ix_events_campaign_id_revision", "events", ["campaign_id", "revision"])
    op.create_index("ix_events_host_id_revision", "events", ["host_id", "revision"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("host_id", TEXT, nullable=False),
        sa.Column("runner_id", TEXT, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("step", TEXT, nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("visit_id", TEXT),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_attempts_campaign_id"),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_attempts_host_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_campaign_id_id", "attempts", ["campaign_id", "id"])
    op.create_index(
        "ix_attempts_host_id_campaign_id_fence", "attempts", ["host_id", "campaign_id", "fence"], unique=True
    )
    op.create_table(
        "outcomes",
        sa.Column("attempt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_outcomes_attempt_id"),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_outcomes"),
    )
    op.create_table(
        "plans",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("saved_revision", sa.BigInteger(), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_plans_campaign_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_index("ix_plans_campaign_id_saved_revision", "plans", ["campaign_id", "saved_revision"])


def guard_sqlite() -> None:
    """Refuse every UPDATE and DELETE on the record."""
    for table in RECORD:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
            )


def guard_postgres() -> None:
    """Refuse every UPDATE, DELETE and TRUNCATE on the record."""
    op.execute(
        "CREATE FUNCTION muster_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME; END $$"
    )
    for table in RECORD:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION muster_refuse_change()"
        )
