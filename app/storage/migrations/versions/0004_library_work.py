"""Work on the library, its misses, adapters by kind of picture, consent to training."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "library_jobs",
        sa.Column("job_id", sa.String(length=32), primary_key=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False, index=True),
        sa.Column("reference_id", sa.String(length=32), nullable=True, index=True),
        sa.Column("asked_by", sa.String(length=32), sa.ForeignKey("staff.staff_id")),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
    op.create_table(
        "library_misses",
        sa.Column("region", sa.String(length=12), primary_key=True),
        sa.Column("modality", sa.String(length=6), primary_key=True),
        sa.Column("plane", sa.String(length=10), primary_key=True),
        sa.Column("age_band", sa.String(length=6), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "training_consents",
        sa.Column("visit_id", sa.String(32), sa.ForeignKey("visits.visit_id"), primary_key=True),
        sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.staff_id"), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )
    with op.batch_alter_table("reference_pictures", schema=None) as batch_op:
        batch_op.add_column(sa.Column("look", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("regions", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.create_index("ix_reference_pictures_added_at", ["added_at"])
    with op.batch_alter_table("activations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("modality", sa.String(length=6), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Take the tables back."""
    op.drop_column("activations", "modality")
    op.drop_index("ix_reference_pictures_added_at", "reference_pictures")
    op.drop_column("reference_pictures", "regions")
    op.drop_column("reference_pictures", "look")
    for table in ("training_consents", "library_misses", "library_jobs"):
        op.drop_table(table)
