"""Healthy examples know how wide they are in the body, where their file says it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("reference_pictures", sa.Column("width_mm", sa.Float(), nullable=True))


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("reference_pictures", "width_mm")
