"""Arrivals, the patients that visits expect, and what is sent back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    moment = sa.DateTime(timezone=True)
    visit = sa.ForeignKey("visits.visit_id")
    op.create_table(
        "arrivals",
        sa.Column("arrival_id", sa.String(length=32), primary_key=True),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False, index=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("series_digest", sa.String(length=64), nullable=False, index=True),
        sa.Column("patient_id_digest", sa.String(length=64), nullable=True, index=True),
        sa.Column("accession_digest", sa.String(length=64), nullable=True, index=True),
        sa.Column("study_date_digest", sa.String(length=64), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("identifiers", sa.LargeBinary(), nullable=True),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False, index=True),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.String(length=32), visit, nullable=True, index=True),
        sa.Column("scan_id", sa.String(length=32), nullable=True, index=True),
        sa.Column("attached_by", sa.String(length=80), nullable=True),
        sa.Column("attached_at", moment, nullable=True),
    )
    op.create_table(
        "expected_patients",
        sa.Column(
            "visit_id", sa.String(length=32), sa.ForeignKey("visits.visit_id"), primary_key=True
        ),
        sa.Column("patient_id_digest", sa.String(length=64), nullable=True, index=True),
        sa.Column("accession_digest", sa.String(length=64), nullable=True, index=True),
    )
    op.create_table(
        "outbound",
        sa.Column("outbound_id", sa.String(length=32), primary_key=True),
        sa.Column(
            "visit_id",
            sa.String(length=32),
            sa.ForeignKey("visits.visit_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("peer", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False, index=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", moment, nullable=False),
        sa.Column("next_try_at", moment, nullable=False),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
    )


def downgrade() -> None:
    """Take the tables back."""
    for table in ("outbound", "expected_patients", "arrivals"):
        op.drop_table(table)
