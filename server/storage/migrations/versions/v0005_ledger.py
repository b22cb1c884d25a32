"""
The ledger: the calendar, campaigns and limits of a district.

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    _calendar_and_limits()
    _responsibility()
    _ledger()
    _sources()
    _numbers()
    _escalation()


def _calendar_and_limits() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("word", sa.String(length=5), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )
    op.create_table(
        "campaign_period",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("last", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )
    op.create_table(
        "time_limit",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("problem_class", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )


def _responsibility() -> None:
    with op.batch_alter_table("grant_", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit", sa.String(length=40), nullable=True))
    op.create_table(
        "dispatch_rule",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("problem_class", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("functional", sa.String(length=40), nullable=True),
        sa.Column("leads", sa.String(length=20), nullable=True),
        sa.Column("assist", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_row",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("yellow_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("problem_class", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("lead", sa.String(length=40), nullable=True),
        sa.Column("owner", sa.String(length=36), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("rectified_ms", sa.BigInteger(), nullable=True),
        sa.Column("dispatched_ms", sa.BigInteger(), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("submits", sa.Integer(), nullable=False),
        sa.Column("reopens", sa.Integer(), nullable=False),
        sa.Column("functional_unit", sa.String(length=40), nullable=True),
        sa.Column("territorial_unit", sa.String(length=15), nullable=True),
        sa.Column("assist", sa.Text(), nullable=True),
        sa.Column("case_no", sa.String(length=40), nullable=True),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("ledger_found", "ledger_row", ["district", "found_ms", "id"], unique=False)
    op.create_index("ledger_due", "ledger_row", ["district", "due_ms", "id"], unique=False)
    for name, column, given in (
        ("ledger_closed", "closed_ms", "closed_ms IS NOT NULL"),
        ("ledger_number", "case_no", "case_no IS NOT NULL"),
        ("ledger_running", "due_ms", "status IN ('dispatched', 'handling')"),
        ("ledger_returned", "returns", "returns > 0"),
    ):
        op.create_index(
            name, "ledger_row", ["district", column, "id"], unique=False,
            sqlite_where=sa.text(given), postgresql_where=sa.text(given),
        )  # fmt: skip
    _ledger_text(sqlite=op.get_bind().dialect.name == "sqlite")


def _ledger_text(*, sqlite: bool) -> None:
    # SQLite's index over the text knows each row by a number that must stay: it is the table's key there.
    number = [sa.Column("ledger_gram_n", sa.Integer(), primary_key=True)] if sqlite else []
    given = ("district", "id")
    key = sa.UniqueConstraint(*given, name="ledger_gram_key") if sqlite else sa.PrimaryKeyConstraint(*given)
    op.create_table(
        "ledger_text",
        *number,
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", sa.Text() if sqlite else TSVECTOR(), nullable=False),
        key,
    )
    if not sqlite:
        op.create_index("ledger_grams", "ledger_text", ["grams"], unique=False, postgresql_using="gin")


def _sources() -> None:
    op.create_table(
        "public_report",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("public_report_code", "public_report", ["district", "code_hash"], unique=True)
    op.create_index("public_report_time", "public_report", ["district", "at_ms"], unique=False)
    op.create_table(
        "reporter",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=36), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_table(
        "reporter_view",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reporter", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("reporter_view_time", "reporter_view", ["district", "at_ms"], unique=False)


def _numbers() -> None:
    op.create_table(
        "number_series",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("mark", sa.String(length=12), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "series"),
    )
    op.create_table(
        "number_former",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("mark", sa.String(length=12), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "series", "mark"),
    )
    op.create_table(
        "number_returned",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("district", "number"),
    )
    op.create_table(
        "number_letters",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cases", sa.String(length=8), nullable=False),
        sa.Column("orders", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "n"),
    )


def _escalation() -> None:
    op.create_table(
        "escalation",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("noticed_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("why_zh", sa.Text(), nullable=False),
        sa.Column("why_en", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "about", "level", "turn"),
    )
    op.create_index("escalation_id", "escalation", ["district", "id"], unique=True)
    op.create_index("escalation_open", "escalation", ["district", "state", "level", "since_ms"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("escalation")
    op.drop_table("number_letters")
    op.drop_table("number_returned")
    op.drop_table("number_former")
    op.drop_table("number_series")
    op.drop_table("reporter_view")
    op.drop_table("reporter")
    op.drop_table("public_report")
    op.execute("DROP TABLE IF EXISTS ledger_gram")
    op.drop_table("ledger_text")
    op.drop_table("ledger_row")
    op.drop_table("dispatch_rule")
    with op.batch_alter_table("grant_", schema=None) as batch_op:
        batch_op.drop_column("unit")
    op.drop_table("time_limit")
    op.drop_table("campaign_period")
    op.drop_table("calendar_day")
