"""
What a server remembers so that nothing is lost: its epochs, moved records, snapshots, what became of refusals.

Revision: 0003
After: 0002
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from schemas.claims import claims_of

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

#: So many refused payloads are read at a time.
PAGE = 500
_REFUSED = sa.text("""
    SELECT district, id, payload FROM quarantine
    WHERE (district, id) > (:district, :id) ORDER BY district, id LIMIT :page
""")
_CLAIMED = sa.text("""
    UPDATE quarantine SET "by" = :by, grid = :grid, at_ms = :at_ms WHERE district = :district AND id = :id
""")


def upgrade() -> None:
    """Add the tables and columns, and say of what was refused whose it is; nothing that is there changes."""
    op.create_table(
        "departure",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("to_grid", sa.String(length=15), nullable=False),
        sa.Column("to_feed", sa.String(length=9), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "feed", "version"),
    )
    with op.batch_alter_table("departure", schema=None) as batch_op:
        batch_op.create_index("departure_record", ["district", "record"], unique=False)

    op.create_table(
        "epoch",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "epoch"),
    )
    op.create_table(
        "snapshot",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "feed", "version"),
    )
    op.create_table(
        "snapshot_part",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district", "feed", "version", "grid"),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cursors", sa.Text(), nullable=True))

    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.add_column(sa.Column("horizon", sa.BigInteger(), server_default=sa.text("0"), nullable=False))

    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.add_column(sa.Column("writer", sa.String(length=36), nullable=True))

    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("grid", sa.String(length=15), nullable=True))
        batch_op.add_column(sa.Column("at_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("settled", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("trail", sa.Text(), nullable=True))
        batch_op.create_index("quarantine_received", ["district", "received_ms", "id"], unique=False)
    for page in _refused():
        op.get_bind().execute(_CLAIMED, [_claimed(*row) for row in page])


def _refused() -> Iterator[Sequence[Any]]:
    district = last = ""
    while page := op.get_bind().execute(_REFUSED, {"district": district, "id": last, "page": PAGE}).all():
        yield page
        district, last = page[-1][:2]


def _claimed(district: str, refused: str, payload: bytes) -> dict[str, Any]:
    return {"district": district, "id": refused, **claims_of(bytes(payload))._asdict()}


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index("quarantine_received")
        batch_op.drop_column("trail")
        batch_op.drop_column("settled")
        batch_op.drop_column("at_ms")
        batch_op.drop_column("grid")
        batch_op.drop_column("by")

    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.drop_column("writer")

    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_column("horizon")

    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("cursors")

    op.drop_table("snapshot_part")
    op.drop_table("snapshot")
    op.drop_table("epoch")
    with op.batch_alter_table("departure", schema=None) as batch_op:
        batch_op.drop_index("departure_record")

    op.drop_table("departure")
