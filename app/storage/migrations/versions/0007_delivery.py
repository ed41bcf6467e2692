"""Peers, arrivals by study, what a visit expects, and what goes back to the record."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables forward; arrivals and outbound were not in use before."""
    op.drop_table("arrivals")
    op.drop_table("outbound")
    _peers()
    _arrivals()
    _outbound()
    op.add_column("expected_patients", sa.Column("study_date_digest", sa.String(64)))
    op.add_column("filing_envelopes", sa.Column("arrival_id", sa.String(32)))
    op.create_index("ix_filing_envelopes_arrival_id", "filing_envelopes", ["arrival_id"])
    op.add_column(
        "filing_envelopes", sa.Column("owned", sa.String(3), nullable=False, server_default="")
    )


def _peers() -> None:
    op.create_table(
        "peers",
        sa.Column("peer_id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("ae_title", sa.String(16), nullable=False, index=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(300), nullable=False),
        sa.Column("delivers", sa.Boolean(), nullable=False),
        sa.Column("takes_reports", sa.Boolean(), nullable=False),
        sa.Column("takes_segmentations", sa.Boolean(), nullable=False),
        sa.Column("uses_tls", sa.Boolean(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
    )


def _arrivals() -> None:
    visit = sa.ForeignKey("visits.visit_id")
    op.create_table(
        "arrivals",
        sa.Column("arrival_id", sa.String(32), primary_key=True),
        sa.Column("peer", sa.String(80), nullable=False),
        sa.Column("status", sa.String(12), nullable=False, index=True),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("study_digest", sa.String(64), nullable=False, index=True),
        sa.Column("gathering", sa.String(64), nullable=True, unique=True),
        sa.Column("patient_id_digest", sa.String(64), nullable=True, index=True),
        sa.Column("accession_digest", sa.String(64), nullable=True, index=True),
        sa.Column("study_date_digest", sa.String(64), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("identifiers", sa.LargeBinary(), nullable=True),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False, index=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.String(32), visit, nullable=True, index=True),
        sa.Column("attached_by", sa.String(80), nullable=True),
        sa.Column("attached_at", MOMENT, nullable=True),
    )


def _outbound() -> None:
    op.create_table(
        "outbound",
        sa.Column("outbound_id", sa.String(32), primary_key=True),
        sa.Column(
            "visit_id", sa.String(32), sa.ForeignKey("visits.visit_id"), nullable=False, index=True
        ),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("scan_id", sa.String(32), nullable=True),
        sa.Column("peer_id", sa.String(32), nullable=False, index=True),
        sa.Column("status", sa.String(10), nullable=False, index=True),
        sa.Column("failure", sa.String(40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_by", sa.String(80), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
    )


def downgrade() -> None:
    """Take the tables back: what waited or was to be sent is gone, visits and scans stay."""
    op.drop_index("ix_filing_envelopes_arrival_id", "filing_envelopes")
    for column in ("arrival_id", "owned"):
        op.drop_column("filing_envelopes", column)
    op.drop_column("expected_patients", "study_date_digest")
    for table in ("outbound", "arrivals", "peers"):
        op.drop_table(table)
    _arrivals_by_series()
    _outbound_by_name()


def _arrivals_by_series() -> None:
    """As 0005 made it."""
    visit = sa.ForeignKey("visits.visit_id")
    op.create_table(
        "arrivals",
        sa.Column("arrival_id", sa.String(32), primary_key=True),
        sa.Column("peer", sa.String(80), nullable=False),
        sa.Column("status", sa.String(12), nullable=False, index=True),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("series_digest", sa.String(64), nullable=False, index=True),
        sa.Column("patient_id_digest", sa.String(64), nullable=True, index=True),
        sa.Column("accession_digest", sa.String(64), nullable=True, index=True),
        sa.Column("study_date_digest", sa.String(64), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("identifiers", sa.LargeBinary(), nullable=True),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False, index=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.String(32), visit, nullable=True, index=True),
        sa.Column("scan_id", sa.String(32), nullable=True, index=True),
        sa.Column("attached_by", sa.String(80), nullable=True),
        sa.Column("attached_at", MOMENT, nullable=True),
    )


def _outbound_by_name() -> None:
    """As 0005 made it."""
    visit = sa.ForeignKey("visits.visit_id")
    op.create_table(
        "outbound",
        sa.Column("outbound_id", sa.String(32), primary_key=True),
        sa.Column("visit_id", sa.String(32), visit, nullable=False, index=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("peer", sa.String(16), nullable=False),
        sa.Column("status", sa.String(10), nullable=False, index=True),
        sa.Column("failure", sa.String(40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
    )
