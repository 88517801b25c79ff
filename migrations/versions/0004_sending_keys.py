"""what was sent remembers the key of its form

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("sending_key", sa.String(length=32), nullable=True))
    op.create_index("uq_messages_sender_id_sending_key", "messages", ["sender_id", "sending_key"], unique=True)
    op.add_column("broadcasts", sa.Column("sending_key", sa.String(length=32), nullable=True))
    op.create_index("uq_broadcasts_author_id_sending_key", "broadcasts", ["author_id", "sending_key"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_broadcasts_author_id_sending_key", table_name="broadcasts")
    op.drop_column("broadcasts", "sending_key")
    op.drop_index("uq_messages_sender_id_sending_key", table_name="messages")
    op.drop_column("messages", "sending_key")
