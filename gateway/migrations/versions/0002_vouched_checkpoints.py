"""Checkpoints carry what others vouch for: cosignatures and time stamps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    with op.batch_alter_table("ledger_checkpoint", schema=None) as batch_op:
        batch_op.add_column(sa.Column("vouched", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("stamp", sa.LargeBinary(), nullable=True))
        batch_op.create_index("ledger_checkpoint_vouched", ["vouched", "size"], unique=False)


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("ledger_checkpoint", schema=None) as batch_op:
        batch_op.drop_index("ledger_checkpoint_vouched")
        batch_op.drop_column("stamp")
        batch_op.drop_column("vouched")
