"""
Reminders and the office's day: settings, jobs, reminders, channels, deliveries; what a device says of its clock.

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

_OF_FEW = (
    "type IN ('area', 'street_segment', 'shop', 'parking_area', 'key_place', "
    "'milestone', 'campaign_task', 'cleaning_day', 'day_report', 'rank_list')"
)


def upgrade() -> None:
    """Add the tables, and three columns; nothing that is there changes."""
    op.create_table(
        "channel",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )
    op.create_table(
        "delivery",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=True),
        sa.Column("about", sa.String(length=60), nullable=True),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("delivery_channel", ["district", "channel", "ended_ms"], unique=False)
        batch_op.create_index(
            "delivery_next",
            ["district", "next_ms"],
            unique=False,
            sqlite_where=sa.text("next_ms IS NOT NULL"),
            postgresql_where=sa.text("next_ms IS NOT NULL"),
        )
        batch_op.create_index("delivery_time", ["district", "made_ms"], unique=False)

    op.create_table(
        "district_setting",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )
    op.create_table(
        "document_export",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("phones", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    with op.batch_alter_table("document_export", schema=None) as batch_op:
        batch_op.create_index("document_export_time", ["district", "at_ms"], unique=False)

    op.create_table(
        "job",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=False),
        sa.Column("paused_ms", sa.BigInteger(), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("ran_ms", sa.BigInteger(), nullable=True),
        sa.Column("took_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "name"),
    )
    op.create_table(
        "job_run",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("period_ms", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "name", "period_ms", "target"),
    )
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.create_index("job_run_time", ["district", "at_ms"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )
    op.create_table(
        "reminder_item",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.String(length=36), nullable=True),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("acked_ms", sa.BigInteger(), nullable=True),
        sa.Column("over_ms", sa.BigInteger(), nullable=True),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "code", "period", "target"),
    )
    with op.batch_alter_table("reminder_item", schema=None) as batch_op:
        batch_op.create_index(
            "reminder_next",
            ["district", "next_ms"],
            unique=False,
            sqlite_where=sa.text("next_ms IS NOT NULL"),
            postgresql_where=sa.text("next_ms IS NOT NULL"),
        )
        batch_op.create_index("reminder_notice", ["district", "notice"], unique=False)
        batch_op.create_index("reminder_person", ["district", "person", "sent_ms"], unique=False)
        batch_op.create_index("reminder_subject", ["district", "subject", "code", "period"], unique=False)
        batch_op.create_index("reminder_time", ["district", "made_ms"], unique=False)
        batch_op.create_index(
            "reminder_unsent",
            ["district", "person"],
            unique=False,
            sqlite_where=sa.text("notice IS NULL AND over_ms IS NULL"),
            postgresql_where=sa.text("notice IS NULL AND over_ms IS NULL"),
        )

    op.create_index("telling_time", "telling", ["district", "at_ms"], unique=False)
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offset_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("last_n", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("install", sa.String(length=40), nullable=True))
    op.create_index(
        "record_few",
        "record",
        ["district", "type", "grid"],
        unique=False,
        sqlite_where=sa.text(_OF_FEW),
        postgresql_where=sa.text(_OF_FEW),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("record_few", table_name="record")
    op.drop_index("telling_time", table_name="telling")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("install")
        batch_op.drop_column("last_n")
        batch_op.drop_column("offset_ms")

    with op.batch_alter_table("reminder_item", schema=None) as batch_op:
        batch_op.drop_index(
            "reminder_unsent",
            sqlite_where=sa.text("notice IS NULL AND over_ms IS NULL"),
            postgresql_where=sa.text("notice IS NULL AND over_ms IS NULL"),
        )
        batch_op.drop_index("reminder_person")
        batch_op.drop_index("reminder_notice")
        batch_op.drop_index(
            "reminder_next",
            sqlite_where=sa.text("next_ms IS NOT NULL"),
            postgresql_where=sa.text("next_ms IS NOT NULL"),
        )

    op.drop_table("reminder_item")
    op.drop_table("reminder")
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.drop_index("job_run_time")

    op.drop_table("job_run")
    op.drop_table("job")
    with op.batch_alter_table("document_export", schema=None) as batch_op:
        batch_op.drop_index("document_export_time")

    op.drop_table("document_export")
    op.drop_table("district_setting")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("delivery_time")
        batch_op.drop_index(
            "delivery_next",
            sqlite_where=sa.text("next_ms IS NOT NULL"),
            postgresql_where=sa.text("next_ms IS NOT NULL"),
        )
        batch_op.drop_index("delivery_channel")

    op.drop_table("delivery")
    op.drop_table("channel")
