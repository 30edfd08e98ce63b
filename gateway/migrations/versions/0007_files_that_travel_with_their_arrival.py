"""A small file travels with its arrival: its bytes are in its row until it has a file of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Go back to the version before. What has no file of its own yet would be lost: let the walk read it first."""
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.drop_column("content")
