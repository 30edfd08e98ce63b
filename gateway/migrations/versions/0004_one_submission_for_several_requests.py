"""A submission may be for several requests; each has its share of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "submission_share",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("receipt_index", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("submission_id", "request_id"),
    )
    op.create_index("ix_submission_share_request_id", "submission_share", ["request_id"], unique=False)
    with op.batch_alter_table("part", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request", sa.String(), nullable=True))
    _letters_of_several()


def _letters_of_several() -> None:
    """A letter may name several requests: a list takes the place of the one."""
    op.add_column("letter", sa.Column("requests", sa.JSON(), nullable=False, server_default="[]"))
    letter = sa.table("letter", sa.column("id"), sa.column("request", sa.JSON()), sa.column("requests", sa.JSON()))
    connection = op.get_bind()
    for number, request in connection.execute(sa.select(letter.c.id, letter.c.request)).all():
        if request is not None:
            connection.execute(sa.update(letter).where(letter.c.id == number).values(requests=[request]))
    op.drop_column("letter", "request")


def downgrade() -> None:
    """Go back to the version before; a letter keeps the first of the requests that it names."""
    op.add_column("letter", sa.Column("request", sa.JSON(), nullable=True))
    letter = sa.table("letter", sa.column("id"), sa.column("request", sa.JSON()), sa.column("requests", sa.JSON()))
    connection = op.get_bind()
    for number, requests in connection.execute(sa.select(letter.c.id, letter.c.requests)).all():
        connection.execute(sa.update(letter).where(letter.c.id == number).values(request=next(iter(requests), None)))
    op.drop_column("letter", "requests")
    with op.batch_alter_table("part", schema=None) as batch_op:
        batch_op.drop_column("request")
    op.drop_index("ix_submission_share_request_id", table_name="submission_share")
    op.drop_table("submission_share")
