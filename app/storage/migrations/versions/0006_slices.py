"""Slices of a scan, how many are stored, looks at further slices, and questions about them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "slice_looks",
        sa.Column("look_id", sa.String(length=32), primary_key=True),
        sa.Column(
            "visit_id",
            sa.String(length=32),
            sa.ForeignKey("visits.visit_id"),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "scan_id",
            sa.String(length=32),
            sa.ForeignKey("scans.scan_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("slice_number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False, index=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("seen", sa.LargeBinary(), nullable=True),
        sa.Column("adapter", sa.String(length=120), nullable=True),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("looked_at", moment, nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.UniqueConstraint("scan_id", "slice_number"),
    )
    with op.batch_alter_table("scans", schema=None) as batch_op:
        for name, default in (("slice_count", "1"), ("slices_stored", "1")):
            batch_op.add_column(
                sa.Column(name, sa.Integer(), nullable=False, server_default=default)
            )
        batch_op.add_column(
            sa.Column("storing", sa.String(length=10), nullable=False, server_default="done")
        )
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slice_number", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the tables back."""
    op.drop_column("turns", "slice_number")
    for name in ("slice_count", "slices_stored", "storing"):
        op.drop_column("scans", name)
    op.drop_table("slice_looks")
