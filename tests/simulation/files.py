"""
Reading the files of a play 读文件: with nothing but SQLite, so that what is checked is not asked to check itself.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

decode = msgspec.json.Decoder().decode
canonical = msgspec.json.Encoder(order="deterministic").encode


class JournalRow(NamedTuple):
    """One mutation in a tablet's journal; ``before`` is filled where it was offered again."""

    n: int
    install: str
    payload: bytes
    group_first: int | None
    parked: str | None
    outcome: str | None
    version: int | None
    settled_ms: int | None
    told: int
    again: int | None
    before: str | None

    @property
    def mutation(self) -> dict[str, Any]:
        """What it says."""
        return mutation_of(self.payload)


class HeldRow(NamedTuple):
    """One record as a tablet holds it; ``fields`` is what the worker sees, ``base`` the office's copy beneath."""

    id: str
    type: str
    grid: str
    feed: str
    version: int
    born: int
    at_ms: int
    at_counter: int
    by: str
    void: int
    generation: int
    waiting: int
    acts: str | None
    follows: str | None
    fields: str
    base: str | None


class CursorRow(NamedTuple):
    """How far a tablet has read one feed."""

    feed: str
    cursor: str | None
    generation: int
    reading: int


class CarriedRow(NamedTuple):
    """One package a tablet takes along; ``body`` is gone when the office has answered for all of it."""

    id: str
    device: str
    mutations: int
    body: bytes | None
    answer: str


class PhotoRow(NamedTuple):
    """One photo file of a tablet's album."""

    sha256: str
    bytes: int
    state: str
    parts: str
    sent: str
    problem: str | None
    removed: int


class UseRow(NamedTuple):
    """One use of a photo file; ``of`` is empty for an original."""

    sha256: str
    record_id: str
    of: str
    told: int
    asked: str | None


@dataclass(frozen=True)
class TabletFile:
    """A tablet's file at one moment."""

    install: str
    device: str | None
    token: str | None
    person: str | None
    epoch: str | None
    last_n: int
    journal: dict[int, JournalRow]
    records: dict[str, HeldRow]
    cursors: dict[str, CursorRow]
    carried: list[CarriedRow]
    photos: dict[str, PhotoRow] = field(default_factory=dict)
    uses: list[UseRow] = field(default_factory=list)


def read_tablet(path: Path) -> TabletFile:
    """Read a tablet's file beside its program."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        install, device, token, person, epoch, last_n = db.execute(
            "SELECT install, device, token, person, epoch, last_n FROM device"
        ).fetchone()
        journal = {row.n: row for row in _rows(db, JournalRow, "journal")}
        records = {row.id: row for row in _rows(db, HeldRow, "record")}
        cursors = {row.feed: row for row in _rows(db, CursorRow, "cursor")}
        carried = list(_rows(db, CarriedRow, "carried"))
        photos = {row.sha256: row for row in _rows(db, PhotoRow, "photo_file")}
        uses = list(_rows(db, UseRow, "photo_use"))
    return TabletFile(install, device, token, person, epoch, last_n, journal, records, cursors, carried, photos, uses)


class ServerRecord(NamedTuple):
    """One record as the office holds it."""

    id: str
    type: str
    feed: str
    grid: str
    version: int
    born: int
    at_ms: int
    at_counter: int
    by: str
    void: int
    clean: int
    fields: str


class HistoryRow(NamedTuple):
    """One row of the office's history."""

    feed: str
    version: int
    record: str
    device: str
    install: str
    n: int
    by: str
    role: str | None
    at_ms: int
    at_counter: int
    corrected_ms: int
    clamped: int
    received_ms: int
    outcome: str
    payload: str
    decisions: str | None
    rules: str | None
    chain: bytes

    @property
    def mutation(self) -> dict[str, Any]:
        """What the mutation says, or what the server wrote."""
        return mutation_of(self.payload)

    def link(self, before: bytes) -> bytes:
        """Return the link this row must bear behind *before*; see ``docs/protocol.md`` on the chain."""
        marked = "" if self.rules is None else f"rules {self.rules}|"
        head = (
            *(self.feed, self.version, self.record, self.device, self.install, self.n, self.by, self.role),
            *(self.at_ms, self.at_counter, self.corrected_ms, bool(self.clamped), self.received_ms),
        )
        text = "|".join(map(str, head)) + f"|{self.outcome}|{marked}{len(self.payload)}|"
        return hashlib.sha256(before + (text + self.payload + (self.decisions or "")).encode()).digest()


class QuarantineRow(NamedTuple):
    """One row of the quarantine."""

    id: str
    device: str
    install: str
    n: int
    code: str
    payload: bytes
    settled: str | None


class OfficePhoto(NamedTuple):
    """One photo file as the office knows it."""

    sha256: str
    of: str
    size: int
    state: str


@dataclass(frozen=True)
class ServerFile:
    """The office's file at one moment: all but the history, which only grows; ``tokens`` are those it lets in."""

    epoch: str
    cursor_key: bytes
    records: dict[str, ServerRecord]
    heads: dict[str, tuple[int, bytes]]
    quarantine: list[QuarantineRow]
    grants: dict[str, list[tuple[str, str, int, int | None]]]
    stopped: set[str]
    admitted: dict[str, set[str]]
    writers: dict[tuple[str, str], str | None]
    tokens: dict[bytes, str]
    epochs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    photos: dict[str, OfficePhoto] = field(default_factory=dict)
    #: Each series of numbers: its name with # for the digits, its mark, and the last one given.
    series: list[tuple[str, str, int]] = field(default_factory=list)


def read_server(path: Path) -> ServerFile:
    """Read the office's file beside its program."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        epoch, key = db.execute("SELECT epoch, cursor_key FROM deployment").fetchone()
        grants: dict[str, list[tuple[str, str, int, int | None]]] = {}
        for person, *grant in db.execute("SELECT person, role, area, from_ms, to_ms FROM grant_"):
            grants.setdefault(person, []).append((grant[0], grant[1], grant[2], grant[3]))
        admitted: dict[str, set[str]] = {}
        for device, person in db.execute("SELECT device, person FROM admitted"):
            admitted.setdefault(device, set()).add(person)
        return ServerFile(
            epoch=epoch,
            cursor_key=key,
            records={row.id: row for row in _joined_records(db)},
            heads={code: (seq, chain) for code, seq, chain in db.execute("SELECT code, seq, chain FROM feed")},
            quarantine=list(_rows(db, QuarantineRow, "quarantine")),
            grants=grants,
            stopped={row[0] for row in db.execute("SELECT id FROM person WHERE stopped_ms IS NOT NULL")},
            admitted=admitted,
            writers={(d, i): w for d, i, w in db.execute("SELECT device, install, writer FROM install")},
            tokens=dict(db.execute("SELECT token_hash, id FROM device WHERE revoked_ms IS NULL")),
            epochs=[(name, decode(heads)) for name, heads in db.execute("SELECT epoch, heads FROM epoch")],
            photos={row.sha256: row for row in _rows(db, OfficePhoto, "photo")},
            series=db.execute("SELECT series, mark, last FROM number_series").fetchall(),
        )


def state_of_photo(path: Path, sha256: str) -> str | None:
    """Return how a photo file stands at the office; None where it does not know it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        found = db.execute("SELECT state FROM photo WHERE sha256 = ?", (sha256,)).fetchone()
    return found[0] if found else None


def lets_in(office: ServerFile, tablet: TabletFile) -> bool:
    """Say whether the office lets a tablet in: it is no longer where it was revoked, or enrolled anew elsewhere."""
    return hashlib.sha256((tablet.token or "").encode()).digest() in office.tokens


def read_history(path: Path, after: dict[str, int]) -> list[HistoryRow]:
    """Read the history beyond the versions of *after*, by feed in the order of the numbers."""
    columns = ", ".join(f'"{name}"' for name in HistoryRow._fields)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        feeds = [row[0] for row in db.execute("SELECT code FROM feed ORDER BY code")]
        sql = f"SELECT {columns} FROM history WHERE feed = ? AND version > ? ORDER BY version"  # noqa: S608  # our names
        return [HistoryRow(*row) for feed in feeds for row in db.execute(sql, (feed, after.get(feed, 0)))]


def chains_at(path: Path, places: dict[str, int]) -> dict[str, bytes | None]:
    """Return the link that stands at each of *places*, a version by feed."""
    sql = "SELECT chain FROM history WHERE feed = ? AND version = ?"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        found = {feed: db.execute(sql, place).fetchone() for feed, place in zip(places, places.items(), strict=True)}
    return {feed: row[0] if row else None for feed, row in found.items()}


@lru_cache(maxsize=4_096)
def mutation_of(payload: bytes | str) -> dict[str, Any]:
    """Return what a payload says; one that cannot be read says nothing."""
    try:
        found = decode(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=4_096)
def content_of(payload: bytes | str) -> bytes:
    """Return a mutation's content, whatever its number: the same work recorded again is the same content."""
    said = {name: value for name, value in mutation_of(payload).items() if name not in ("n", "group", "base")}
    return canonical(said) if said else bytes(payload.encode() if isinstance(payload, str) else payload)


def _joined_records(db: sqlite3.Connection) -> Iterator[ServerRecord]:
    sql = """SELECT r.id, r.type, r.feed, r.grid, r.version, r.born, r.at_ms, r.at_counter, p."by", r.void, r.clean,
        r.fields FROM record r JOIN pen p ON p.number = r.pen ORDER BY r.feed, r.version"""
    return (ServerRecord(*row) for row in db.execute(sql))


def _rows(db: sqlite3.Connection, shape: Any, table: str) -> Iterator[Any]:
    columns = ", ".join(f'"{name}"' for name in shape._fields)
    return (shape(*row) for row in db.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608  # our names
