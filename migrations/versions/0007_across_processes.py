"""what holds across processes

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_failures", sa.Column("is_undecided", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Nothing is lost with it, so it need not be safe on the disk.
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "turnstiles",
        sa.Column("session_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_digest", name=op.f("pk_turnstiles")),
        prefixes=["UNLOGGED"] if is_postgresql else [],
    )


def downgrade() -> None:
    op.drop_table("turnstiles")
    op.drop_column("login_failures", "is_undecided")
