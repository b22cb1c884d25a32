"""
The tablet's copy of its view 本机副本: records, and how far each feed has been read.

A page of a feed and the cursor behind it are one commit, so whatever a crash leaves, the tablet knows
exactly which pages it has. A page never writes over what waits: it goes beneath it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from schemas import wire
from schemas.clock import Stamp
from schemas.numbers import NUMBER_FIELDS
from schemas.records import Fields, RecordType
from sync_client.database import Database
from sync_client.errors import NoSuchRecord
from sync_client.overlay import View, kind_of
from sync_client.values import Record

COLUMNS = """id, type, grid, feed, version, born, at_ms, at_counter, by, void, generation, waiting,
    subject, status, time, acts, follows, fields, base"""
_THESE = "IN (SELECT value FROM json_each(?))"
_INSERT = f"INSERT INTO record ({COLUMNS}) VALUES ({', '.join('?' * 19)}) ON CONFLICT (id) DO UPDATE SET "  # noqa: S608
_ALL_OF_IT = ", ".join(f"{name.strip()} = excluded.{name.strip()}" for name in COLUMNS.split(",")[1:])
_PUT = _INSERT + _ALL_OF_IT
# Never backwards within a feed; a reading from the beginning may, the server may have been restored.
_PULL = (
    _INSERT
    + _ALL_OF_IT
    + " WHERE excluded.generation > generation OR excluded.version >= version OR excluded.feed <> feed"
)
# The copy as ``View`` is written down; what already lies beneath stays there.
_WAIT_AGAIN = """UPDATE record SET waiting = waiting + ?, base = CASE WHEN waiting = 0 AND version > 0
    THEN '{"acts":[],"at":[' || at_ms || ',' || at_counter || '],"by":' || json_quote(by) || ',"fields":' || fields
        || ',"void":' || CASE void WHEN 0 THEN 'false' ELSE 'true' END || '}' ELSE base END WHERE id = ?"""


@dataclass(frozen=True, slots=True)
class Held:
    """
    One record as the tablet holds it.

    ``view`` is what the worker sees. ``base`` is the server's copy while waiting work lies over it, and
    None where there is none; without waiting work the view itself is the server's copy.
    """

    id: str
    type: str
    grid: str
    feed: str
    view: View
    version: int = 0
    born: int = 0
    generation: int = 0
    waiting: int = 0
    follows: str | None = None
    base: View | None = None

    @property
    def server_view(self) -> View | None:
        """The server's copy, wherever it stands."""
        if self.waiting:
            return self.base
        return self.view if self.version else None

    def shown(self) -> Record:
        """Return the record as the worker is shown it."""
        view = self.view
        return Record(
            type=self.type,
            id=self.id,
            grid=self.grid,
            version=self.version,
            at=view.at,
            by=view.by,
            fields=view.fields,
            void=view.void,
            born=self.born,
            waiting=self.waiting,
            acts=view.acts,
            follows=self.follows,
        )


@dataclass(frozen=True, slots=True)
class PlainWaiting:
    """A record's feed and version, how many mutations wait, and whether the server's copy lies beneath them."""

    feed: str
    version: int
    waiting: int
    has_base: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """How far one feed has been read; ``under_way`` while a reading from the beginning is not over."""

    cursor: str | None = None
    generation: int = 0
    under_way: bool = False


class LocalStore:
    """Records and cursors in the tablet's file; every method is part of the caller's transaction, if any."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def held(self, record_id: str) -> Held | None:
        """Return one record, or None."""
        row = self._db.one(f"SELECT {COLUMNS} FROM record WHERE id = ?", (record_id,))  # noqa: S608
        return held_of(row) if row else None

    def need(self, record_id: str) -> Held:
        """
        Return one record.

        Raises:
            NoSuchRecord: The tablet does not hold it.
        """
        found = self.held(record_id)
        if found is None:
            raise NoSuchRecord(record_id)
        return found

    def put(self, held: Held) -> None:
        """Write one record, whatever was there before."""
        self._db.run(_PUT, _row_of(held))

    def drop(self, record_id: str) -> None:
        """Forget one record."""
        self._db.run("DELETE FROM record WHERE id = ?", (record_id,))

    def plain_waiting(self, record_ids: Sequence[str]) -> dict[str, PlainWaiting]:
        """Return, of *record_ids*, the records with waiting work that holds no act."""
        rows = self._db.all(
            """SELECT id, feed, version, waiting, base IS NOT NULL FROM record
               WHERE acts IS NULL AND id IN (SELECT value FROM json_each(?))""",
            (wire.encode(record_ids).decode(),),
        )
        return {row[0]: PlainWaiting(row[1], row[2], row[3], bool(row[4])) for row in rows}

    def wait_again(self, counts: Mapping[str, int]) -> None:
        """Let so many more mutations wait for each record; the server's copy goes beneath, the view stays."""
        self._db.run_many(_WAIT_AGAIN, ((count, record_id) for record_id, count in counts.items()))

    def known(self, record_ids: Sequence[str], types: Sequence[str] | None = None) -> set[str]:
        """Return those of *record_ids* that the tablet holds; only those of *types*, if they are named."""
        rows = self._db.all(
            """SELECT id FROM record WHERE id IN (SELECT value FROM json_each(?1))
               AND (?2 IS NULL OR type IN (SELECT value FROM json_each(?2)))""",
            (wire.encode(record_ids).decode(), None if types is None else wire.encode(types).decode()),
        )
        return {record_id for (record_id,) in rows}

    def take_over(self, acknowledged: Iterable[tuple[int, int, int | None, str]]) -> None:
        """
        Make the worker's view of records the server's copy: all that waited was taken as it is.

        Args:
            acknowledged: The new version, the version of the creation (0 where it is known already),
                the feed's generation (None: as before) and the record's id.
        """
        self._db.run_many(
            """UPDATE record SET version = ?, born = coalesce(nullif(?, 0), born),
               generation = coalesce(?, generation), waiting = 0, base = NULL, follows = NULL WHERE id = ?""",
            acknowledged,
        )

    def name(self, numbers: Mapping[str, str]) -> None:
        """Write the *numbers* that the office has given records into its copies of them, by their ids."""
        if not numbers:
            return
        rows = self._db.all(
            f"SELECT id, type, fields FROM record WHERE id {_THESE}",  # noqa: S608
            (_listed(list(numbers)),),
        )
        self._db.run_many(
            "UPDATE record SET fields = ? WHERE id = ?",
            (
                (wire.canonical({**_decode(fields), NUMBER_FIELDS[type_name]: numbers[record_id]}).decode(), record_id)
                for record_id, type_name, fields in rows
                if type_name in NUMBER_FIELDS
            ),
        )

    def numbers(self, record_ids: Sequence[str]) -> dict[str, str]:
        """Return the numbers that *record_ids*, and what follows from them on this tablet alone, go by 编号."""
        rows = self._db.all(
            f"SELECT id, type, fields FROM record WHERE id {_THESE} OR follows {_THESE}",  # noqa: S608
            (_listed(record_ids),) * 2,
        )
        called = ((record_id, _decode(fields).get(NUMBER_FIELDS.get(name, ""))) for record_id, name, fields in rows)
        return {record_id: number for record_id, number in called if isinstance(number, str)}

    def put_records(self, feed: str, generation: int, records: Iterable[wire.WireRecord]) -> None:
        """Write the server's copies of records for which nothing waits."""
        self._db.run_many(_PULL, (_pulled_row(feed, generation, record) for record in records))

    def let_go(self, feed: str, record_ids: Sequence[str]) -> int:
        """Drop the server's copies of *record_ids*, unless they moved to another feed; waiting work stays."""
        chosen = "feed = ? AND id IN (SELECT value FROM json_each(?))"
        return self._let_go(chosen, (feed, wire.encode(record_ids).decode()))

    def sweep(self, feed: str, generation: int) -> int:
        """Drop the server's copies in *feed* that this reading from the beginning did not bring."""
        return self._let_go("feed = ? AND generation < ?", (feed, generation))

    def forget_feed(self, feed: str) -> int:
        """Drop a feed that went out of the view, and its cursor; waiting work stays."""
        self._db.run("DELETE FROM cursor WHERE feed = ?", (feed,))
        return self._let_go("feed = ?", (feed,))

    def forget_unanswered(self) -> None:
        """
        Drop the feeds that were to be read anew and of which the server says nothing any more; waiting work stays.

        Only where it spoke of others: a server of another version serves none.
        """
        rows = dict(self._db.all("SELECT feed, cursor FROM cursor"))
        if any(rows.values()):
            for feed in (feed for feed, cursor in rows.items() if cursor is None):
                self.forget_feed(feed)

    def _let_go(self, chosen: str, values: tuple[Any, ...]) -> int:
        unbound = "waiting = 0 AND follows IS NULL"
        gone = self._db.run(f"DELETE FROM record WHERE {chosen} AND version > 0 AND {unbound}", values)  # noqa: S608
        kept = f"UPDATE record SET version = 0, generation = 0, base = NULL WHERE {chosen} AND version > 0"  # noqa: S608
        return gone.rowcount + self._db.run(kept, values).rowcount

    def drop_unknown(self) -> None:
        """Drop what the server turned out not to have and nothing waits for, after it has said everything."""
        self._db.run(
            """DELETE FROM record WHERE version = 0 AND waiting = 0 AND NOT EXISTS
               (SELECT 1 FROM journal WHERE record_id = record.follows AND outcome IS NULL)"""
        )

    def followers(self, record_id: str) -> list[Held]:
        """Return the records that only this tablet has derived from *record_id*."""
        rows = self._db.all(
            f"SELECT {COLUMNS} FROM record WHERE version = 0 AND follows = ?",  # noqa: S608
            (record_id,),
        )
        return [held_of(row) for row in rows]

    def count(self) -> int:
        """Return how many records the tablet holds."""
        return int(self._db.one("SELECT count(*) FROM record")[0])

    # -- cursors ---------------------------------------------------------------------------------

    def reading(self, feed: str) -> Reading:
        """Return how far *feed* has been read."""
        row = self._db.one("SELECT cursor, generation, reading FROM cursor WHERE feed = ?", (feed,))
        return Reading(row[0], row[1], bool(row[2])) if row else Reading()

    def put_reading(self, feed: str, reading: Reading) -> None:
        """Remember how far *feed* has been read."""
        self._db.run(
            """INSERT INTO cursor VALUES (?, ?, ?, ?) ON CONFLICT (feed) DO UPDATE
               SET (cursor, generation, reading) = (excluded.cursor, excluded.generation, excluded.reading)""",
            (feed, reading.cursor, reading.generation, int(reading.under_way)),
        )

    def cursors(self) -> dict[str, str]:
        """Return the cursor of every feed that has one."""
        return dict(self._db.all("SELECT feed, cursor FROM cursor WHERE cursor IS NOT NULL ORDER BY feed"))

    def drop_cursors(self) -> None:
        """Begin to read every feed anew; records stay until the new reading has not brought them."""
        self._db.run("UPDATE cursor SET cursor = NULL")


def held_of(row: tuple[Any, ...]) -> Held:
    """Return the record in one row of ``COLUMNS``."""
    acts = tuple(_decode(row[15])) if row[15] else ()
    return Held(
        id=row[0],
        type=row[1],
        grid=row[2],
        feed=row[3],
        version=row[4],
        born=row[5],
        view=View(_decode(row[17]), (row[6], row[7]), row[8], bool(row[9]), acts),
        generation=row[10],
        waiting=row[11],
        follows=row[16],
        base=_decode_view(row[18]) if row[18] else None,
    )


def view_of(record: wire.WireRecord) -> View:
    """Return the content of a record as the server sent it."""
    return View(_decode(record.fields), record.at, record.by, record.void)


def beneath(held: Held, record: wire.WireRecord, feed: str, generation: int) -> Held:
    """Return *held* with the server's newer copy put beneath the worker's view."""
    return replace(
        held,
        type=record.type,
        grid=record.grid,
        feed=feed,
        version=record.version,
        born=record.born or record.version,
        generation=generation,
        follows=None,
        base=view_of(record),
    )


def greatest_stamp(records: Iterable[wire.WireRecord]) -> Stamp | None:
    """Return the greatest stamp among *records*."""
    latest = max((record.at for record in records), default=None)
    return Stamp(*latest) if latest else None


def promoted(kind: RecordType, fields: Fields) -> tuple[str | None, str | None, str | None]:
    """Return subject, status and time of a record: what lists sort and filter by."""
    schema = kind.schema
    names = (schema.subject_field, schema.status_field, schema.time_field)
    subject, status, time = (_text(fields.get(name)) if name else None for name in names)
    return subject, status, time


def _row_of(held: Held) -> tuple[Any, ...]:
    view = held.view
    return (
        *(held.id, held.type, held.grid, held.feed, held.version, held.born, *view.at, view.by, int(view.void)),
        *(held.generation, held.waiting, *promoted(kind_of(held.type), view.fields)),
        wire.encode(view.acts).decode() if view.acts else None,
        held.follows,
        wire.canonical(view.fields).decode(),
        None if held.base is None else wire.canonical(held.base).decode(),
    )


def _pulled_row(feed: str, generation: int, record: wire.WireRecord) -> tuple[Any, ...]:
    at_ms, at_counter = record.at
    subject, status, time = (_PROMOTED.get(record.type) or _promoted_reader(record.type))(record.fields)
    return (
        record.id, record.type, record.grid, feed, record.version, record.born or record.version, at_ms, at_counter,
        record.by, int(record.void), generation, 0, subject, status, time, None, None,
        str(record.fields, "utf-8"), None,
    )  # fmt: skip


def promoted_of(type_name: str, fields: bytes) -> "_Promoted":
    """
    Return subject, status and time of a record whose fields are JSON: what lists sort and filter by.

    Raises:
        ValueError: It is none (``calls.UNREADABLE``).
    """
    return (_PROMOTED.get(type_name) or _promoted_reader(type_name))(fields)


def _promoted_reader(type_name: str) -> "_Reader":
    """Return the function that picks the promoted fields out of a record's JSON, and nothing else."""
    schema = kind_of(type_name).schema
    names = {"subject": schema.subject_field, "status": schema.status_field, "time": schema.time_field}
    known = {name: field for name, field in names.items() if field}
    shape = msgspec.defstruct("Promoted", [(name, Any, None) for name in known], rename=known)
    decode = msgspec.json.Decoder(shape).decode

    def read(fields: bytes | msgspec.Raw) -> _Promoted:
        # Written out: a first sync comes here for every record.
        found = decode(fields)
        subject, status = getattr(found, "subject", None), getattr(found, "status", None)
        return _text(subject), _text(status), _text(getattr(found, "time", None))

    _PROMOTED[type_name] = read
    return read


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


_Promoted = tuple[str | None, str | None, str | None]
_Reader = Callable[[bytes | msgspec.Raw], _Promoted]
_PROMOTED: dict[str, _Reader] = {}


def _listed(record_ids: Sequence[str]) -> str:
    return wire.encode(record_ids).decode()


_decode = msgspec.json.Decoder().decode
_decode_view = msgspec.json.Decoder(View).decode
