"""the inbox

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNREAD = "read_at IS NULL"
FOR_MANY = "user_id IS NULL"


def upgrade() -> None:
    op.create_table(
        "inbox_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("data_json", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_inbox_items_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_items")),
        sqlite_autoincrement=True,
    )
    # Who has messages finds them in the inbox; broadcasts of the past are not news any more.
    op.execute(
        "INSERT INTO inbox_items (user_id, kind, subject_id, created_at, read_at) "
        "SELECT recipient_id, 'message', id, timestamp, read_at FROM messages ORDER BY id"
    )
    _make_indexes()
    op.create_table(
        "inbox_marks",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_inbox_marks_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["inbox_items.id"], name=op.f("fk_inbox_marks_item_id_inbox_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "item_id", name=op.f("pk_inbox_marks")),
    )
    op.add_column(
        "notification_clocks", sa.Column("read_up_to", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "presences",
        sa.Column("login_session_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["login_session_id"],
            ["login_sessions.id"],
            name=op.f("fk_presences_login_session_id_login_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_presences_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("login_session_id", "place", name=op.f("pk_presences")),
    )
    op.create_index("ix_presences_user_id", "presences", ["user_id"])


def _make_indexes() -> None:
    with op.batch_alter_table("inbox_items", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_items_user_id_id", ["user_id", "id"], unique=False)
        batch_op.create_index(
            "ix_inbox_items_unread",
            ["user_id", "id"],
            unique=False,
            sqlite_where=sa.text(UNREAD),
            postgresql_where=sa.text(UNREAD),
        )
        batch_op.create_index(
            "ix_inbox_items_unread_subject",
            ["user_id", "kind", "subject_id"],
            unique=False,
            sqlite_where=sa.text(UNREAD),
            postgresql_where=sa.text(UNREAD),
        )
        batch_op.create_index(
            "ix_inbox_items_for_many",
            ["id", "published_at"],
            unique=False,
            sqlite_where=sa.text(FOR_MANY),
            postgresql_where=sa.text(FOR_MANY),
        )


def downgrade() -> None:
    op.drop_column("notification_clocks", "read_up_to")
    op.drop_table("presences")
    op.drop_table("inbox_marks")
    op.drop_table("inbox_items")
