"""Tables of what a visit holds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = "0000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; one comes after those it points to."""
    _make_scans_and_more()
    _make_tablet_sessions_and_more()
    _make_filing_envelopes_and_more()
    _make_turns_and_more()


def _make_scans_and_more() -> None:
    op.create_table(
        "scans",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("look", sa.LargeBinary(), nullable=True),
        sa.Column("adapter", sa.String(length=120), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("scan_id"),
    )
    with op.batch_alter_table("scans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scans_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_scans_visit_id"), ["visit_id"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
        ),
        sa.PrimaryKeyConstraint("session_id"),
        sa.UniqueConstraint("token_digest"),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_sessions_staff_id"), ["staff_id"], unique=False)


def _make_tablet_sessions_and_more() -> None:
    op.create_table(
        "tablet_sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("session_id"),
        sa.UniqueConstraint("token_digest"),
    )
    with op.batch_alter_table("tablet_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tablet_sessions_visit_id"), ["visit_id"], unique=False)
    op.create_table(
        "visit_keys",
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("visit_id"),
    )
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.String(length=32), nullable=False),
        sa.Column("reference_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reference_id"],
            ["reference_pictures.reference_id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
        ),
        sa.PrimaryKeyConstraint("approval_id"),
        sa.UniqueConstraint("reference_id", "staff_id"),
    )


def _make_filing_envelopes_and_more() -> None:
    op.create_table(
        "filing_envelopes",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("identifiers", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id_digest", sa.String(length=64), nullable=True),
        sa.Column("accession_digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("scan_id"),
    )
    with op.batch_alter_table("filing_envelopes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_filing_envelopes_accession_digest"), ["accession_digest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_filing_envelopes_patient_id_digest"), ["patient_id_digest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_filing_envelopes_visit_id"), ["visit_id"], unique=False
        )
    op.create_table(
        "marked_regions",
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.PrimaryKeyConstraint("region_id"),
    )
    with op.batch_alter_table("marked_regions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_marked_regions_scan_id"), ["scan_id"], unique=False)


def _make_turns_and_more() -> None:
    op.create_table(
        "turns",
        sa.Column("turn_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("shown", sa.LargeBinary(), nullable=True),
        sa.Column("input_verdict", sa.String(length=10), nullable=False),
        sa.Column("input_rule", sa.String(length=60), nullable=False),
        sa.Column("output_verdict", sa.String(length=10), nullable=True),
        sa.Column("output_rule", sa.String(length=60), nullable=True),
        sa.Column("note", sa.String(length=40), nullable=True),
        sa.Column("policy_version", sa.String(length=60), nullable=False),
        sa.Column("adapter", sa.String(length=120), nullable=True),
        sa.Column("model_seconds", sa.Double(), nullable=True),
        sa.Column("mean_logprob", sa.Double(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("turn_id"),
    )
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_turns_scan_id"), ["scan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_turns_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_turns_visit_id"), ["visit_id"], unique=False)


def downgrade() -> None:
    """Drop the tables with their indexes, the newest first."""
    for table in (
        "turns",
        "marked_regions",
        "filing_envelopes",
        "approvals",
        "visit_keys",
        "tablet_sessions",
        "staff_sessions",
        "scans",
    ):
        op.drop_table(table)
