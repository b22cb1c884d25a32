"""
The first tables.

Revision: 0001
After: nothing
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "deployment",
    "person",
    "grant_",
    "device",
    "admitted",
    "enrol_code",
    "contact",
    "feed",
    "record",
    "history",
    "imported",
    "install",
    "held",
    "quarantine",
    "conflict",
)


def upgrade() -> None:
    """Create everything."""
    _create_deployment()
    _create_person()
    _create_grant()
    _create_device()
    _create_admitted()
    _create_enrol_code()
    _create_contact()
    _create_feed()
    _create_record()
    _create_history()
    _create_imported()
    _create_install()
    _create_held()
    _create_quarantine()
    _create_conflict()


def downgrade() -> None:
    """Drop everything, what refers to others first."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_deployment() -> None:
    op.create_table(
        "deployment",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("cursor_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district"),
    )


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("stopped_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("person_code", "person", ["district", "code"], unique=True)


def _create_grant() -> None:
    op.create_table(
        "grant_",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["district", "person"], ["person.district", "person.id"]),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("grant_person", "grant_", ["district", "person"])


def _create_device() -> None:
    op.create_table(
        "device",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("device_token", "device", ["district", "token_hash"], unique=True)


def _create_admitted() -> None:
    op.create_table(
        "admitted",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["district", "device"], ["device.district", "device.id"]),
        sa.ForeignKeyConstraint(["district", "person"], ["person.district", "person.id"]),
        sa.PrimaryKeyConstraint("district", "device", "person"),
    )


def _create_enrol_code() -> None:
    op.create_table(
        "enrol_code",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "code_hash"),
    )


def _create_contact() -> None:
    op.create_table(
        "contact",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "device"),
    )


def _create_feed() -> None:
    op.create_table(
        "feed",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district", "code"),
    )


def _create_record() -> None:
    op.create_table(
        "record",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("origin_ms", sa.BigInteger(), nullable=False),
        sa.Column("origin_counter", sa.Integer(), nullable=False),
        sa.Column("origin_device", sa.String(length=36), nullable=False),
        sa.Column("origin_by", sa.String(length=36), nullable=False),
        sa.Column("origin_rank", sa.SmallInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_counter", sa.Integer(), nullable=False),
        sa.Column("at_device", sa.String(length=36), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index(
        "record_code",
        "record",
        ["district", "type", "code"],
        sqlite_where=sa.text("code IS NOT NULL"),
        postgresql_where=sa.text("code IS NOT NULL"),
    )
    op.create_index("record_feed", "record", ["district", "feed", "version"])


def _create_history() -> None:
    op.create_table(
        "history",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("install", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_counter", sa.Integer(), nullable=False),
        sa.Column("corrected_ms", sa.BigInteger(), nullable=False),
        sa.Column("clamped", sa.Boolean(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("decisions", sa.Text(), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district", "feed", "version"),
    )
    op.create_index("history_number", "history", ["district", "device", "install", "n"])


def _create_imported() -> None:
    op.create_table(
        "imported",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "record"),
    )


def _create_install() -> None:
    op.create_table(
        "install",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("install", sa.String(length=40), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "device", "install"),
    )


def _create_held() -> None:
    op.create_table(
        "held",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("install", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("waits_for", sa.String(length=36), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "device", "install", "n"),
    )


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("install", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("quarantine_number", "quarantine", ["district", "device", "install", "n"])
    op.create_index("quarantine_record", "quarantine", ["district", "record"])


def _create_conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "record", "field", "kind"),
    )
    op.create_index("conflict_open", "conflict", ["district", "open", "feed", "changed_ms"])
