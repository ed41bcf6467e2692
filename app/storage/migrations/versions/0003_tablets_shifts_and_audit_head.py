"""Paired tablets, closed alerts, shifts, edits of regions, the head of the audit, list indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FIRST = "0" * 64


def upgrade() -> None:
    """Bring the tables forward."""
    _make_tables()
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.add_column(_text("examination", 40))
        batch_op.add_column(_text("amount", 8))
        batch_op.create_index("ix_visits_closed_at_opened_at", ["closed_at", "opened_at"])
    with op.batch_alter_table("tablet_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tablet_id", sa.String(length=32), nullable=True))
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(_text("tablet", 40))
        batch_op.add_column(_text("place", 80))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("note", sa.LargeBinary(), nullable=True))
        batch_op.create_index("ix_alerts_seen_at_raised_at", ["seen_at", "raised_at"])
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_action"), ["action"])
    _start_audit_head()


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default="")


def _make_tables() -> None:
    moment, number = sa.DateTime(timezone=True), sa.Integer()
    op.create_table(
        "paired_tablets",
        sa.Column("tablet_id", sa.String(length=32), primary_key=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=True, unique=True),
        sa.Column("code_until_at", moment, nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=True, unique=True),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("paired_at", moment, nullable=True),
        sa.Column("last_seen_at", moment, nullable=True),
    )
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.String(length=32), primary_key=True),
        sa.Column(
            "written_by", sa.String(length=32), sa.ForeignKey("staff.staff_id"), nullable=False
        ),
        sa.Column("written_at", moment, nullable=False, index=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("visit_ids", sa.JSON(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=32), nullable=True),
        sa.Column("acknowledged_at", moment, nullable=True),
    )
    op.create_table(
        "region_edits",
        sa.Column("edit_id", sa.String(length=32), primary_key=True),
        sa.Column(
            "scan_id",
            sa.String(length=32),
            sa.ForeignKey("scans.scan_id"),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "staff_id", sa.String(length=32), sa.ForeignKey("staff.staff_id"), nullable=False
        ),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("edited_at", moment, nullable=False),
    )
    op.create_table(
        "audit_heads",
        sa.Column("head_id", number, primary_key=True),
        sa.Column("number", number, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
    )
    op.create_table(
        "audit_checks",
        sa.Column("check_id", number, primary_key=True),
        sa.Column("number", number, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("broken", number, nullable=True),
        sa.Column("whole_read_at", moment, nullable=True),
    )


def _start_audit_head() -> None:
    """The head stands at the newest event there is; the next event signs it."""
    newest = op.get_bind().execute(
        sa.text("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
    )
    number, digest = newest.one_or_none() or (0, FIRST)
    head = {"head_id": 1, "number": number, "digest": digest, "signature": ""}
    check = {"check_id": 1, "number": 0, "digest": FIRST}
    for table, row in (("audit_heads", head), ("audit_checks", check)):
        op.bulk_insert(sa.table(table, *(sa.column(name) for name in row)), [row])


def downgrade() -> None:
    """Take the tables back."""
    op.drop_index("ix_audit_action", "audit")
    op.drop_index("ix_alerts_seen_at_raised_at", "alerts")
    for name in ("note", "closed_by", "closed_at", "place", "tablet"):
        op.drop_column("alerts", name)
    op.drop_column("tablet_sessions", "tablet_id")
    op.drop_index("ix_visits_closed_at_opened_at", "visits")
    op.drop_column("visits", "amount")
    op.drop_column("visits", "examination")
    for table in ("audit_checks", "audit_heads", "region_edits", "handovers", "paired_tablets"):
        op.drop_table(table)
