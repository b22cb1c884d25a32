"""
The tables of photos 照片表: what is expected and what has arrived, where it was used, who saw it whole.

A file is named by its own SHA-256, a photo by its original's. As in ``server.storage.tables``, ``district``
leads every key, and times are milliseconds since 1970-01-01 UTC.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from server.storage.tables import Base

_DISTRICT = String(6)
_UUID = String(36)
_SHA256 = String(64)

#: One file: an original, or the copy that travels before it.
photo = Table(
    "photo",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("sha256", _SHA256, primary_key=True),
    # The SHA-256 of the original it was first planned for; its own where it is one.
    Column("of", _SHA256, nullable=False),
    Column("size", BigInteger, nullable=False),
    # expected: planned, not whole yet. verified: whole and looked at. refused: whole, and no picture (``problem``).
    # expired: it was verified, and deleted by the retention policy. collected: deleted, for no record named it.
    Column("state", String(10), nullable=False),
    # The SHA-256 of each part, as JSON, until it is verified.
    Column("parts", Text),
    Column("device", _UUID, nullable=False),
    Column("planned_ms", BigInteger, nullable=False),
    Column("settled_ms", BigInteger),
    Column("problem", Text),
    # What the picture says of itself (``schemas.pictures.Picture``), once it is verified.
    Column("kind", String(10)),
    Column("width", Integer),
    Column("height", Integer),
    Column("taken_at", String(40)),
    Column("lat", Float),
    Column("lon", Float),
    # 32 hexadecimal digits that similar pictures nearly share; nothing for a picture with too little in it.
    Column("likeness", String(32)),
    # When it ceased to be here: expired or collected.
    Column("ended_ms", BigInteger),
    Index("photo_of", "district", "of"),
    Index("photo_state", "district", "state", "planned_ms"),
)

#: Which record named a photo when which file of it was planned; a record may have let go of it since. One file may be
#: sent for several photos: somebody's copy is somebody else's original.
photo_use = Table(
    "photo_use",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("photo", _SHA256, primary_key=True),
    Column("record", _UUID, primary_key=True),
    Column("file", _SHA256, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Index("photo_use_record", "district", "record"),
    Index("photo_use_file", "district", "file"),
)

#: Sixteen bits of a likeness each: two pictures that nearly share it share one of its bands wholly.
photo_band = Table(
    "photo_band",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("band", Integer, primary_key=True),
    Column("value", Integer, primary_key=True),
    Column("photo", _SHA256, primary_key=True),
)

#: One picture used for two checks, or two pictures nearly the same 重复照片: for the street to look at.
photo_match = Table(
    "photo_match",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", _UUID, primary_key=True),
    # exact: one photo, two records. near: two photos.
    Column("kind", String(10), nullable=False),
    Column("photo", _SHA256, nullable=False),
    Column("record", _UUID, nullable=False),
    Column("other", _SHA256, nullable=False),
    Column("other_record", _UUID, nullable=False),
    # In how many of 128 bits the two differ.
    Column("distance", Integer, nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    # Who looked at it, when, and what he found, as JSON; nothing while nobody has.
    Column("settled", Text),
    Index("photo_match_found", "district", "found_ms", "id"),
    Index("photo_match_record", "district", "record"),
    Index("photo_match_other", "district", "other_record"),
)

#: A copy for publication 公开件: boxes over faces and plates, drawn by somebody of the office.
redaction = Table(
    "redaction",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", _UUID, primary_key=True),
    Column("photo", _SHA256, nullable=False),
    Column("record", _UUID, nullable=False),
    # [[left, top, width, height], …] as JSON, in parts of ten thousand of the upright picture's width and height.
    Column("boxes", Text, nullable=False),
    Column("by", _UUID, nullable=False),
    Column("device", _UUID, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sha256", _SHA256, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index("redaction_photo", "district", "photo", "at_ms"),
)

#: Who saw an original whole, with what it says of place and time 查看记录; never deleted with the photo.
photo_view = Table(
    "photo_view",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", _UUID, primary_key=True),
    Column("photo", _SHA256, nullable=False),
    Column("record", _UUID, nullable=False),
    Column("person", _UUID),
    Column("device", _UUID, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("why", Text),
    Index("photo_view_at", "district", "at_ms", "id"),
    Index("photo_view_photo", "district", "photo", "at_ms"),
)
