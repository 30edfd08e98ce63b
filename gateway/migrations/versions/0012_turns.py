"""Whose turn it is: who came first, and who took much time lets others go first."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version. What is not at rest gets its turn by when it came."""
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.add_column(sa.Column("turn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_index("submission_work")
        batch_op.create_index("submission_turn", ["turn_at"])
    op.execute("UPDATE submission SET turn_at = accepted_at WHERE step NOT IN ('held', 'filed')")


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index("submission_turn")
        batch_op.create_index("submission_work", ["step", "retry_at"])
        batch_op.drop_column("turn_at")
