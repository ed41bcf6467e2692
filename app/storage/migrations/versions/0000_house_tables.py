"""Tables of the house and the heads of visits."""

import sqlalchemy as sa
from alembic import op

revision = "0000"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; one comes after those it points to."""
    _make_audit_and_more()
    _make_visits_and_more()
    _make_alerts_and_more()
    _make_listed_questions_and_more()
    _make_reference_pictures_and_more()


def _make_audit_and_more() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "machine_tokens",
        sa.Column("token_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("token_digest"),
    )
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("staff_id"),
        sa.UniqueConstraint("name"),
    )


def _make_visits_and_more() -> None:
    op.create_table(
        "visits",
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("release_level", sa.String(length=8), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("visit_id"),
        sa.UniqueConstraint("code_digest"),
    )
    op.create_table(
        "worker_notes",
        sa.Column("worker_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("loaded", sa.JSON(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker_id"),
    )
    op.create_table(
        "activations",
        sa.Column("activation_id", sa.String(length=32), nullable=False),
        sa.Column("adapter", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"],
            ["staff.staff_id"],
        ),
        sa.PrimaryKeyConstraint("activation_id"),
    )
    with op.batch_alter_table("activations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activations_status"), ["status"], unique=False)


def _make_alerts_and_more() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_silent", sa.Boolean(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["seen_by"],
            ["staff.staff_id"],
        ),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alerts_visit_id"), ["visit_id"], unique=False)
    op.create_table(
        "doctor_notes",
        sa.Column("note_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.staff_id"],
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("note_id"),
    )
    with op.batch_alter_table("doctor_notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_doctor_notes_visit_id"), ["visit_id"], unique=False)


def _make_listed_questions_and_more() -> None:
    op.create_table(
        "listed_questions",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["visits.visit_id"],
        ),
        sa.PrimaryKeyConstraint("question_id"),
    )
    with op.batch_alter_table("listed_questions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_listed_questions_visit_id"), ["visit_id"], unique=False
        )


def _make_reference_pictures_and_more() -> None:
    op.create_table(
        "reference_pictures",
        sa.Column("reference_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("image_digest", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("modality", sa.String(length=6), nullable=False),
        sa.Column("plane", sa.String(length=10), nullable=False),
        sa.Column("structures", sa.JSON(), nullable=False),
        sa.Column("sequence", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=60), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("age_band", sa.String(length=6), nullable=False),
        sa.Column("sex", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.Column("consent_ref", sa.String(length=200), nullable=False),
        sa.Column("expires_on", sa.String(length=10), nullable=False),
        sa.Column("caption", sa.String(length=500), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.String(length=32), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by"],
            ["staff.staff_id"],
        ),
        sa.PrimaryKeyConstraint("reference_id"),
    )
    with op.batch_alter_table("reference_pictures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reference_pictures_image_digest"), ["image_digest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_reference_pictures_modality"), ["modality"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_reference_pictures_region"), ["region"], unique=False)
        batch_op.create_index(batch_op.f("ix_reference_pictures_status"), ["status"], unique=False)


def downgrade() -> None:
    """Drop the tables with their indexes, the newest first."""
    for table in (
        "reference_pictures",
        "listed_questions",
        "doctor_notes",
        "alerts",
        "activations",
        "worker_notes",
        "visits",
        "staff",
        "machine_tokens",
        "audit",
    ):
        op.drop_table(table)
