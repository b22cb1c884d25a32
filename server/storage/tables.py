"""
The tables 数据表.

``district`` leads every key and every query, there is no sequence and no reference across districts:
one district can live on one shard. Times are milliseconds since 1970-01-01 UTC. Fields, marks and
payloads are canonical JSON kept as text: what was hashed is what is stored, byte for byte.
"""

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry


class Base(DeclarativeBase):
    """Base of the mapped classes; owns the metadata that the migrations create."""

    registry = registry(type_annotation_map={int: BigInteger, str: String, bytes: LargeBinary})


db = SQLAlchemy(model_class=Base)

_CODE = String(15)
_FEED = String(9)
_DISTRICT = String(6)
_UUID = String(36)


def _district() -> Column[Any]:
    return Column("district", _DISTRICT, primary_key=True)


def where_given(name: str, column: str, *columns: str) -> Index:
    """Return an index of the rows alone whose *column* is filled."""
    given = text(f"{column} IS NOT NULL")
    return Index(name, *columns, sqlite_where=given, postgresql_where=given)


class Deployment(Base):
    """One row: which history this database holds, and the key that signs its cursors."""

    __tablename__ = "deployment"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16))
    cursor_key: Mapped[bytes]
    name: Mapped[str] = mapped_column(Text)


class PersonRow(Base):
    """Somebody who works in the district 人员."""

    __tablename__ = "person"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, default="")
    unit: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str | None] = mapped_column(Text)
    #: What an import knows the person by (a staff number); unique in the district where given.
    code: Mapped[str | None] = mapped_column(Text)
    stopped_ms: Mapped[int | None]
    __table_args__ = (Index("person_code", "district", "code", unique=True),)


class GrantRow(Base):
    """A role in an area, from one moment until another 授权."""

    __tablename__ = "grant_"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    person: Mapped[str] = mapped_column(_UUID)
    role: Mapped[str] = mapped_column(String(20))
    area: Mapped[str] = mapped_column(_CODE)
    from_ms: Mapped[int]
    to_ms: Mapped[int | None]
    #: The department for which the person acts there, where it is one.
    unit: Mapped[str | None] = mapped_column(String(40))
    __table_args__ = (
        ForeignKeyConstraint(["district", "person"], ["person.district", "person.id"]),
        Index("grant_person", "district", "person"),
    )


class DeviceRow(Base):
    """A tablet or an office computer 设备; its token is kept as a hash only."""

    __tablename__ = "device"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes]
    enrolled_ms: Mapped[int]
    revoked_ms: Mapped[int | None]
    __table_args__ = (Index("device_token", "district", "token_hash", unique=True),)


class AdmittedRow(Base):
    """A person whom a device may speak for."""

    __tablename__ = "admitted"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    device: Mapped[str] = mapped_column(_UUID, primary_key=True)
    person: Mapped[str] = mapped_column(_UUID, primary_key=True)
    since_ms: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["district", "device"], ["device.district", "device.id"]),
        ForeignKeyConstraint(["district", "person"], ["person.district", "person.id"]),
    )


class EnrolCodeRow(Base):
    """A one-time code that admits one person to one device 登记码; kept as a hash only."""

    __tablename__ = "enrol_code"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(_UUID)
    expires_ms: Mapped[int]
    used_ms: Mapped[int | None]


class ContactRow(Base):
    """When a device was last heard of and what it said of itself; written in batches 设备台账."""

    __tablename__ = "contact"
    district: Mapped[str] = mapped_column(_DISTRICT, primary_key=True)
    device: Mapped[str] = mapped_column(_UUID, primary_key=True)
    last_ms: Mapped[int]
    report: Mapped[str | None] = mapped_column(Text)
    #: How far it had read each feed, as JSON: what it may still ask for must not be forgotten.
    cursors: Mapped[str | None] = mapped_column(Text)
    #: By how much its clock was behind the office's, and the last number in its journal, when it said so.
    offset_ms: Mapped[int | None]
    last_n: Mapped[int | None]
    install: Mapped[str | None] = mapped_column(String(40))


#: How far each install of a device is settled: the one number that finds a repeated push.
install = Table(
    "install",
    Base.metadata,
    _district(),
    Column("device", _UUID, primary_key=True),
    Column("install", String(40), primary_key=True),
    Column("settled", BigInteger, nullable=False),
    # Whose hand its edits count as: the device's own for its first install, one of its own for any later one,
    # for then the tablet was copied or put back, and does not know what the first wrote.
    Column("writer", _UUID),
)

#: Which histories this database has held: each begins where a backup was restored, or commits were lost.
epoch = Table(
    "epoch",
    Base.metadata,
    _district(),
    Column("epoch", String(16), primary_key=True),
    Column("began_ms", BigInteger, nullable=False),
    # restored: by an operator, from a backup; noticed: a tablet had read further than the feed went.
    Column("why", String(12), nullable=False),
    # By feed, as JSON: its last number until then, and the number it counts on from.
    Column("heads", Text, nullable=False),
)

#: The head of each feed: its last number and the last link of its hash chain.
feed = Table(
    "feed",
    Base.metadata,
    _district(),
    Column("code", _FEED, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    # Departures up to here are forgotten: who has read less must read from the beginning.
    Column("horizon", BigInteger, nullable=False, server_default=text("0")),
)

#: Records that went elsewhere: out of a grid, or out of the whole feed. They ride with the feed's pages.
departure = Table(
    "departure",
    Base.metadata,
    _district(),
    Column("feed", _FEED, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("record", _UUID, nullable=False),
    Column("grid", _CODE, nullable=False),
    Column("to_grid", _CODE, nullable=False),
    Column("to_feed", _FEED, nullable=False),
    Column("to_version", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("departure_record", "district", "record"),
)

#: A feed as it stood at one number, ready to be handed to whoever reads from the beginning.
snapshot = Table(
    "snapshot",
    Base.metadata,
    _district(),
    Column("feed", _FEED, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("epoch", String(16), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

#: The records of one grid in a snapshot, packed: a device is handed the grids of its view, no others.
snapshot_part = Table(
    "snapshot_part",
    Base.metadata,
    _district(),
    Column("feed", _FEED, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("grid", _CODE, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("records", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: Who wrote with what weight, on which device: kept once, named by a number that follows from it.
pen = Table(
    "pen",
    Base.metadata,
    _district(),
    Column("number", BigInteger, primary_key=True),
    Column("device", _UUID, nullable=False),
    Column("by", _UUID, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Index("pen_device", "district", "device"),
)

#: The types of which there are few among many: a query that says exactly ``OF_FEW`` finds them by an index.
FEW = (
    "area", "street_segment", "shop", "parking_area", "key_place", "milestone", "campaign_task", "cleaning_day",
    "day_report", "rank_list",
)  # fmt: skip
OF_FEW = f"type IN ({', '.join(repr(name) for name in FEW)})"

record = Table(
    "record",
    Base.metadata,
    _district(),
    Column("id", _UUID, primary_key=True),
    Column("type", String(40), nullable=False),
    Column("feed", _FEED, nullable=False),
    Column("grid", _CODE, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("born", BigInteger, nullable=False),
    # The last change and its pen; of the creation only where that was another. See ``values.Origin``.
    Column("at_ms", BigInteger, nullable=False),
    Column("pen", BigInteger, nullable=False),
    Column("origin_ms", BigInteger),
    Column("origin_pen", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    Column("at_counter", Integer, nullable=False),
    Column("origin_counter", Integer),
    Column("firm", Boolean, nullable=False),
    Column("clean", Boolean, nullable=False),
    Column("void", Boolean, nullable=False),
    # What offices know the thing by (a shop's number); finds the record an import row speaks of.
    Column("code", Text),
    # The record it is about (a check's shop), and where it lies: finds what may concern one another.
    Column("subject", _UUID),
    Column("cell", BigInteger),
    Column("fields", Text, nullable=False),
    Column("marks", Text),
    Index("record_feed", "district", "feed", "version"),
    where_given("record_code", "code", "district", "type", "code"),
    # With the time, because a shop checked for years is asked about as it was on one day.
    where_given("record_subject", "subject", "district", "subject", "at_ms"),
    where_given("record_cell", "cell", "district", "type", "cell", "at_ms"),
    Index("record_few", "district", "type", "grid", sqlite_where=text(OF_FEW), postgresql_where=text(OF_FEW)),
)

#: Every mutation that was taken, in the order of its feed, each row linked to the one before.
history = Table(
    "history",
    Base.metadata,
    _district(),
    Column("feed", _FEED, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("record", _UUID, nullable=False),
    Column("device", _UUID, nullable=False),
    Column("install", String(40), nullable=False),
    # 0 for what the server itself brought about (a case that a check opened).
    Column("n", BigInteger, nullable=False),
    Column("by", _UUID, nullable=False),
    Column("role", String(20)),
    Column("at_ms", BigInteger, nullable=False),
    Column("at_counter", Integer, nullable=False),
    Column("corrected_ms", BigInteger, nullable=False),
    Column("clamped", Boolean, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("payload", Text, nullable=False),
    Column("decisions", Text),
    # The mark of the type's rules on that day; see ``rules``.
    Column("rules", String(12)),
    Column("chain", LargeBinary, nullable=False),
    Index("history_number", "district", "device", "install", "n"),
    # For one record's own history, which is read long after: it costs an upload some 3 of 150 µs a row, and
    # without it the whole feed would be read, a million rows of it in a few years.
    Index("history_record", "district", "record"),
)

#: The rules of each record type as they were declared, under the marks by which the history names them.
rules = Table(
    "rules",
    Base.metadata,
    _district(),
    Column("type", String(40), primary_key=True),
    Column("mark", String(12), primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("declared", Text, nullable=False),
)

conflict = Table(
    "conflict",
    Base.metadata,
    _district(),
    Column("record", _UUID, primary_key=True),
    Column("field", String(80), primary_key=True),
    # person: somebody must choose; suggestion: a lower rank's value; duplicate: two ids, one thing;
    # notice: to be seen; decided: settled by a rule.
    Column("kind", String(12), primary_key=True),
    Column("id", _UUID, nullable=False),
    Column("type", String(40), nullable=False),
    Column("feed", _FEED, nullable=False),
    Column("grid", _CODE, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("people", Text, nullable=False),
    Column("rule", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    # How it was closed; a dispute that a rule settled has nothing here.
    Column("settled", Text),
    Index("conflict_id", "district", "id", unique=True),
    Index("conflict_open", "district", "open", "opened_ms", "id"),
    # A pair stands under one of its two records, and is found by the other too.
    Index(
        "conflict_pair",
        "district",
        "field",
        sqlite_where=text("kind = 'duplicate'"),
        postgresql_where=text("kind = 'duplicate'"),
    ),
)

#: What people are told of decisions about what they wrote, beside the feed's history.
telling = Table(
    "telling",
    Base.metadata,
    _district(),
    Column("feed", _FEED, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("person", _UUID, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("telling_time", "district", "at_ms"),
)

#: What a file last said of a record: an import speaks up only where its file has changed since.
imported = Table(
    "imported",
    Base.metadata,
    _district(),
    Column("record", _UUID, primary_key=True),
    Column("fields", Text, nullable=False),
)
