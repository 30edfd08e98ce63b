"""When the files of a submission were last shown to the malware scanner, with which signatures, and what turned up."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version. What was scanned before counts as scanned when it came in, with signatures nobody knows."""
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("signatures", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("rescanned", sa.String(), nullable=False, server_default=""))
        batch_op.create_index("submission_scanned", ["scanned_at"])
    op.execute("UPDATE submission SET scanned_at = accepted_at WHERE step IN ('held', 'filed')")


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index("submission_scanned")
        batch_op.drop_column("rescanned")
        batch_op.drop_column("signatures")
        batch_op.drop_column("scanned_at")
