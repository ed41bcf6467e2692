"""How a patient wishes to read stays with the visit."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column(
        "visits", sa.Column("reading", sa.String(length=4), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("visits", "reading")
