"""Bundles that were taken out and confirmed, legal holds, and when something was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("made_at", at, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("confirmed_at", at, nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "handed_over",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("at", at, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"]),
        sa.PrimaryKeyConstraint("submission_id", "request_id"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("placed_at", at, nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("released_at", at, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, column in (
        ("bundle", "request_id"),
        ("bundle", "sha256"),
        ("handed_over", "at"),
        ("legal_hold", "subject"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erased_at", at, nullable=True))
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erasing_at", at, nullable=True))
        batch_op.add_column(sa.Column("erased_at", at, nullable=True))


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_column("erased_at")
        batch_op.drop_column("erasing_at")
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_column("erased_at")
    for table in ("legal_hold", "handed_over", "bundle"):
        op.drop_table(table)
