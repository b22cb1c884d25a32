"""
Photos: what is expected and what has arrived, where each was used, which are alike, and who saw one whole.

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    op.create_table(
        "photo",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("of", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("parts", sa.Text(), nullable=True),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("planned_ms", sa.BigInteger(), nullable=False),
        sa.Column("settled_ms", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.String(length=40), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("likeness", sa.String(length=32), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("district", "sha256"),
    )
    op.create_index("photo_of", "photo", ["district", "of"], unique=False)
    op.create_index("photo_state", "photo", ["district", "state", "planned_ms"], unique=False)

    op.create_table(
        "photo_use",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "photo", "record", "file"),
    )
    op.create_index("photo_use_record", "photo_use", ["district", "record"], unique=False)
    op.create_index("photo_use_file", "photo_use", ["district", "file"], unique=False)

    op.create_table(
        "photo_band",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("district", "band", "value", "photo"),
    )

    op.create_table(
        "photo_match",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("other", sa.String(length=64), nullable=False),
        sa.Column("other_record", sa.String(length=36), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("photo_match_found", "photo_match", ["district", "found_ms", "id"], unique=False)
    op.create_index("photo_match_other", "photo_match", ["district", "other_record"], unique=False)
    op.create_index("photo_match_record", "photo_match", ["district", "record"], unique=False)

    op.create_table(
        "redaction",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("boxes", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("redaction_photo", "redaction", ["district", "photo", "at_ms"], unique=False)

    op.create_table(
        "photo_view",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=True),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )
    op.create_index("photo_view_at", "photo_view", ["district", "at_ms", "id"], unique=False)
    op.create_index("photo_view_photo", "photo_view", ["district", "photo", "at_ms"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("photo_view")
    op.drop_table("redaction")
    op.drop_table("photo_match")
    op.drop_table("photo_band")
    op.drop_table("photo_use")
    op.drop_table("photo")
