"""Messages of ours to the people of a request, how each is told of them, and what they consented to."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_consent_party_id", "consent", ["party_id"])
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_index", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_message_request_id", "message", ["request_id"])
    op.create_index("ix_message_placed_at", "message", ["placed_at"])
    op.create_table(
        "sending",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("alarmed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sending_message_id", "sending", ["message_id"])
    op.create_index("ix_sending_party_id", "sending", ["party_id"])
    op.create_index("ix_sending_state", "sending", ["state"])
    with op.batch_alter_table("party", schema=None) as batch_op:
        batch_op.add_column(sa.Column("declined", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withheld", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sending_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sender", sa.String(), nullable=False, server_default=""))
        batch_op.create_foreign_key("letter_sending", "sending", ["sending_id"], ["id"])
        batch_op.create_index("ix_letter_sending_id", ["sending_id"])
        batch_op.create_index("ix_letter_sender", ["sender"])


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index("ix_letter_sender")
        batch_op.drop_index("ix_letter_sending_id")
        batch_op.drop_constraint("letter_sending", type_="foreignkey")
        batch_op.drop_column("sender")
        batch_op.drop_column("sending_id")
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_column("withheld")
    with op.batch_alter_table("party", schema=None) as batch_op:
        batch_op.drop_column("declined")
    op.drop_table("sending")
    op.drop_table("message")
    op.drop_table("consent")
