"""When a staff page last listened; a turn in the doctor's wording; likeness of pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("listening_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("released", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("reference_pictures", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("likeness", sa.String(length=16), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Take the tables back."""
    op.drop_column("reference_pictures", "likeness")
    op.drop_column("turns", "released")
    op.drop_column("staff_sessions", "listening_at")
