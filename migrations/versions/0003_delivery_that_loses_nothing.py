"""delivery that loses nothing

Revision ID: 0003
Revises: 0002
"""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DUE = "due_at IS NOT NULL"
OFF = "off_at IS NOT NULL"
UNKNOWN = "unknown"
# SQLite makes these tables anew, and would forget it.
LASTING_IDS = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "operator_alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=253), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_alerts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("operator_alerts", schema=None) as batch_op:
        batch_op.create_index(
            "uq_operator_alerts_open",
            ["kind", "about"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "push_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("push_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_status", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("said", sa.String(length=200), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_attempts")),
    )
    with op.batch_alter_table("push_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_push_attempts_push_id", ["push_id"], unique=False)

    op.create_table(
        "push_services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_because", sa.String(length=16), nullable=True),
        sa.Column("pause_level", sa.SmallInteger(), nullable=False),
        sa.Column("down_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("careful_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usual_rate", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_services")),
        sa.UniqueConstraint("host", name=op.f("uq_push_services_host")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "push_workers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_workers")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("push_workers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_push_workers_seen_at"), ["seen_at"], unique=False)

    _add_services_to_subscriptions()
    _add_services_to_pushes()


def _add_services_to_subscriptions() -> None:
    with op.batch_alter_table("push_subscriptions", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.add_column(sa.Column("service_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("strikes", sa.SmallInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("first_strike_at", sa.DateTime(timezone=True), nullable=True))
    _find_services()
    with op.batch_alter_table("push_subscriptions", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.alter_column("service_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("strikes", existing_type=sa.SmallInteger(), server_default=None)
        batch_op.create_foreign_key(
            op.f("fk_push_subscriptions_service_id_push_services"), "push_services", ["service_id"], ["id"]
        )
        batch_op.create_index(
            "ix_push_subscriptions_off",
            ["off_because", "off_at"],
            unique=False,
            sqlite_where=sa.text(OFF),
            postgresql_where=sa.text(OFF),
        )


def _find_services() -> None:
    """One row for each host, and one for whatever cannot be read."""
    connection = op.get_bind()
    orphans = "SELECT 1 FROM pushes WHERE subscription_id NOT IN (SELECT id FROM push_subscriptions) LIMIT 1"
    by_host: dict[str, list[int]] = {UNKNOWN: []} if connection.execute(sa.text(orphans)).first() else {}
    for subscription_id, endpoint in connection.execute(sa.text("SELECT id, endpoint FROM push_subscriptions")):
        found = re.match(r"https://([^/:?#]{1,253})", endpoint, re.IGNORECASE)
        by_host.setdefault(found[1].lower() if found else UNKNOWN, []).append(subscription_id)
    values = {"now": datetime.now(UTC), "zero": 0}
    insert = sa.text(
        "INSERT INTO push_services (host, created_at, pause_level, usual_rate) VALUES (:host, :now, :zero, :zero)"
    ).bindparams(sa.bindparam("now", type_=sa.DateTime(timezone=True)))
    update = sa.text(
        "UPDATE push_subscriptions SET service_id = (SELECT id FROM push_services WHERE host = :host) WHERE id = :id"
    )
    for host, subscription_ids in by_host.items():
        connection.execute(insert, {"host": host, **values})
        if subscription_ids:
            connection.execute(update, [{"host": host, "id": one} for one in subscription_ids])


def _add_services_to_pushes() -> None:
    with op.batch_alter_table("pushes", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.drop_index("ix_pushes_due", sqlite_where=sa.text(DUE), postgresql_where=sa.text(DUE))
        batch_op.add_column(sa.Column("service_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("crashes", sa.SmallInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("is_short", sa.Boolean(), nullable=False, server_default=sa.false()))
    # A push whose browser is gone belongs to no service; it is dropped when its turn comes.
    op.execute(
        "UPDATE pushes SET service_id = COALESCE("
        "(SELECT service_id FROM push_subscriptions WHERE push_subscriptions.id = pushes.subscription_id), "
        f"(SELECT id FROM push_services WHERE host = '{UNKNOWN}'))"
    )
    with op.batch_alter_table("pushes", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.alter_column("service_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("crashes", existing_type=sa.SmallInteger(), server_default=None)
        batch_op.alter_column("is_short", existing_type=sa.Boolean(), server_default=None)
        batch_op.create_index(
            "ix_pushes_due",
            ["state", "lane", "service_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text(DUE),
            postgresql_where=sa.text(DUE),
        )


def downgrade() -> None:
    with op.batch_alter_table("pushes", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.drop_index(
            "ix_pushes_due", sqlite_where=sa.text("due_at IS NOT NULL"), postgresql_where=sa.text("due_at IS NOT NULL")
        )
        batch_op.create_index(
            "ix_pushes_due",
            ["lane", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.drop_column("is_short")
        batch_op.drop_column("crashes")
        batch_op.drop_column("service_id")

    with op.batch_alter_table("push_subscriptions", table_kwargs=LASTING_IDS) as batch_op:
        batch_op.drop_index("ix_push_subscriptions_off", sqlite_where=sa.text(OFF), postgresql_where=sa.text(OFF))
        batch_op.drop_constraint(batch_op.f("fk_push_subscriptions_service_id_push_services"), type_="foreignkey")
        batch_op.drop_column("first_strike_at")
        batch_op.drop_column("strikes")
        batch_op.drop_column("hold_until")
        batch_op.drop_column("service_id")

    with op.batch_alter_table("push_workers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_push_workers_seen_at"))

    op.drop_table("push_workers")
    op.drop_table("push_services")
    with op.batch_alter_table("push_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_push_attempts_push_id")

    op.drop_table("push_attempts")
    with op.batch_alter_table("operator_alerts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_operator_alerts_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("operator_alerts")
