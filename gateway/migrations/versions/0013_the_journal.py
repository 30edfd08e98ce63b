"""What comes in lies in the journal, no longer in its row, until it has a file of its own."""

import sqlalchemy as sa
from alembic import op

from gateway.core.errors import WrongState

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_FILE = sa.table("received_file", sa.column("content"), sa.column("segment"))


def upgrade() -> None:
    """Go to this version. Raises WrongState when there are bytes that only the version before can put on disk."""
    _none_waits(_FILE.c.content)
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.drop_column("content")
        batch_op.add_column(sa.Column("segment", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("start", sa.Integer(), nullable=True))
        batch_op.create_index("received_file_segment", ["segment"], **_PARTIAL)


def downgrade() -> None:
    """Go back to the version before. Raises WrongState when there is something that it would not find."""
    _none_waits(_FILE.c.segment)
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.drop_index("received_file_segment")
        batch_op.drop_column("start")
        batch_op.drop_column("segment")
        batch_op.add_column(sa.Column("content", sa.LargeBinary(), nullable=True))


_PARTIAL = {f"{name}_where": sa.text("segment IS NOT NULL") for name in ("sqlite", "postgresql")}


def _none_waits(where: sa.ColumnClause[object]) -> None:
    waiting = op.get_bind().scalar(sa.select(sa.func.count()).select_from(_FILE).where(where.is_not(None)))
    if waiting:
        raise WrongState(
            f"{waiting} received files have no file of their own yet: start the version before this one, with its "
            "worker and without listeners, until `herstelpost status` shows that nothing waits, and come back"
        )
