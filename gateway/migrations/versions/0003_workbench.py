"""Requests name their template and the round before; who asked for more time, and who was spoken to."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = AutoString()


def upgrade() -> None:
    """Go to this version."""
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("template", _TEXT, nullable=False, server_default=""))
        batch_op.add_column(sa.Column("follows", _TEXT, nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_request_follows"), ["follows"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("way", _TEXT, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", _TEXT, nullable=False),
        sa.Column("asked", _TEXT, nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("was", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("officer", _TEXT, nullable=False),
        sa.Column("answer", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("spoken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", _TEXT, nullable=False),
        sa.Column("agreed", _TEXT, nullable=False),
        sa.Column("officer", _TEXT, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, column in (
        ("extension", "request_id"),
        ("extension", "submission_id"),
        ("extension", "state"),
        ("contact", "request_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("contact")
    op.drop_table("extension")
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_follows"))
        batch_op.drop_column("follows")
        batch_op.drop_column("template")
