"""A patient's own yes to training, and when their corrected pictures were exported."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    with op.batch_alter_table("training_consents") as batch_op:
        batch_op.alter_column("staff_id", existing_type=sa.String(32), nullable=True)
        batch_op.add_column(sa.Column("exported_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take them back; a yes that the patient gave alone is lost: the older table cannot hold it."""
    op.execute("DELETE FROM training_consents WHERE staff_id IS NULL")
    with op.batch_alter_table("training_consents") as batch_op:
        batch_op.drop_column("exported_at")
        batch_op.alter_column("staff_id", existing_type=sa.String(32), nullable=False)
