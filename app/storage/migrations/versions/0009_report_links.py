"""One-time links to a visit's paper and pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "report_links",
        sa.Column("token_digest", sa.String(length=64), primary_key=True),
        sa.Column(
            "visit_id",
            sa.String(length=32),
            sa.ForeignKey("visits.visit_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("wish", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
    )


def downgrade() -> None:
    """Take the tables back."""
    op.drop_table("report_links")
