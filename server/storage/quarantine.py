"""
The quarantine 隔离区: what could not be accepted, word for word; and what waits for something.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from schemas import wire
from schemas.ids import derived_id
from schemas.mutations import MAX_MUTATION_BYTES
from server.storage.bulk import add_rows, one_of, upsert_rows
from server.storage.feeds import within
from server.storage.history import Settled
from server.storage.quarantine_tables import held as held_table
from server.storage.quarantine_tables import quarantine as table


class Refused(NamedTuple):
    """
    One refused payload, with the problem as it was told (JSON text).

    ``by``, ``grid`` and ``at_ms`` say whose it is, where, and when it was signed, where that could be read;
    ``settled`` how it ended (JSON text), None while it waits for a person; ``trail`` what was tried with it
    before that (JSON list as text). ``payload`` is empty where one larger than any mutation was not asked for.
    """

    id: str
    device: str
    install: str
    n: int
    received_ms: int
    record: str | None
    code: str
    problem: str
    payload: bytes
    by: str | None = None
    grid: str | None = None
    at_ms: int | None = None
    settled: str | None = None
    trail: str | None = None


State = Literal["open", "settled", "all"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which refused payloads are wanted; None or nothing: any.

    Attributes:
        areas: Where; codes nest by their digits. None: everywhere, also what says of no place.
        person, device: Whose, and what brought it.
        since_ms, until_ms: Received from the one moment on, and before the other.
        after: Beyond this one, as (``received_ms``, ``id``), in the order asked for.
        oldest_first: Else the newest comes first.
        limit: At most so many.
    """

    areas: tuple[str, ...] | None = None
    codes: tuple[str, ...] = ()
    person: str | None = None
    device: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    state: State = "open"
    after: tuple[int, str] | None = None
    oldest_first: bool = False
    limit: int = 100


class Waiting(NamedTuple):
    """How many payloads wait for a person, and since when the oldest does (None: there is none)."""

    payloads: int
    since_ms: int | None


#: Kept without having been judged: it may come again, and count then.
UNJUDGED = ("device_revoked", "number_reused")
_PAYLOAD = Refused._fields.index("payload")
_COLUMNS = ", ".join(f'"{name}"' for name in Refused._fields)
# What is larger is no mutation, and may be as large as a request: a page of such would fill the memory.
_SMALL = f"CASE WHEN length(payload) <= {MAX_MUTATION_BYTES} THEN payload END"
_LIGHT = _COLUMNS.replace('"payload"', _SMALL)
_STATES = {"open": "settled IS NULL", "settled": "settled IS NOT NULL"}


#: Of what was refused about the records of one push, no more is looked at: it has to fit into the memory.
MOST_AT_ONCE = 2_000


class Kept(NamedTuple):
    """How many payloads are kept, and their size in bytes."""

    payloads: int
    size: int


class Held(NamedTuple):
    """One mutation that waits for the record ``waits_for``."""

    device: str
    install: str
    n: int
    waits_for: str
    since_ms: int


def refused_id(device: str, install: str, n: int, payload: bytes) -> str:
    """Return the id under which *payload* is kept: however often it is pushed, it is kept once."""
    return derived_id("quarantine", device, install, str(n), hashlib.sha256(payload).hexdigest())


class QuarantineStore:
    """The quarantine of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._postgres = connection.dialect.name == "postgresql"
        self._mark = "%s" if self._postgres else "?"

    def keep(self, refused: Sequence[Refused]) -> None:
        """Keep payloads that were refused; one kept already under its id is left as it is."""
        add_rows(self._connection, table, [(self._district, *row) for row in refused])

    def settled(self, device: str, install: str, sent: Mapping[int, bytes]) -> dict[int, Settled]:
        """
        Return those of the numbers *sent*, each with what came under it now, that were refused before, as they stand.

        A reused number never stands for the first, and what a revoked device brought was never judged. What was
        taken in after all is answered as the history has it.
        """
        if not sent:
            return {}
        m = self._mark
        condition, numbers = one_of(self._connection, sent)
        sql = (
            f"SELECT n, {_SMALL}, problem, settled, id FROM quarantine "
            f"WHERE district = {m} AND device = {m} AND install = {m} "
            f"AND n {condition} AND code NOT IN ('number_reused', 'device_revoked')"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, install, numbers)).all()
        found: dict[int, Settled] = {}
        for n, small, problem, ended, id_ in rows:
            large = sent[n] if id_ == refused_id(device, install, n, sent[n]) else b""
            found[n] = self._answer(n, large if small is None else bytes(small), problem, ended)
        return found

    def renumbered(self, device: str, install: str, numbers: Collection[int]) -> dict[bytes, Settled]:
        """Return, by payload, what came under one of the used *numbers* and was given another by the desk."""
        m = self._mark
        condition, listed = one_of(self._connection, numbers)
        # Only what was let in says where it stands: of one number there may be any amount that was not.
        tail = f"AND device = {m} AND install = {m} AND n {condition} AND code = 'number_reused' AND settled LIKE {m}"
        rows = self._read(tail, (device, install, listed, '%"version":%'))
        answers = {row.payload: self._answer(row.n, row.payload, row.problem, row.settled) for row in rows}
        return {payload: answer for payload, answer in answers.items() if answer.version is not None}

    def _answer(self, n: int, payload: bytes, problem: str, ended: str | None) -> Settled:
        fate = wire.decode_json(ended) if ended else {}
        if "version" in fate:
            m = self._mark
            sql = f"SELECT outcome, decisions FROM history WHERE district = {m} AND feed = {m} AND version = {m}"
            place = (self._district, fate["feed"], fate["version"])
            taken = self._connection.exec_driver_sql(sql, place).one_or_none()
            if taken is not None:
                return Settled(n, taken[0], fate["feed"], fate["version"], payload, taken[1])
        return Settled(n, "rejected", None, None, payload, problem=problem)

    def refused_ids(self, device: str, records: Iterable[str]) -> set[str]:
        """Return which of *records* this device tried to create and was refused."""
        wanted = list(set(records))
        if not wanted:
            return set()
        m = self._mark
        condition, listed = one_of(self._connection, wanted)
        sql = (
            f"SELECT record, payload FROM quarantine WHERE district = {m} AND device = {m} "
            # What collided with something else may well come again under a number of its own.
            "AND code NOT IN ('record_exists', 'number_reused', 'device_revoked') "
            # A creation has a smaller number than what builds on it.
            f"AND record {condition} ORDER BY n LIMIT {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, listed, MOST_AT_ONCE))
        return {row[0] for row in rows if wire.decode_json(bytes(row[1]))["op"] == "create"}

    def last_refused(self, device: str) -> list[bytes]:
        """Return what was last refused of *device* and says on which record, word for word; ``MOST_AT_ONCE`` of it."""
        m = self._mark
        sql = (
            f"SELECT {_SMALL} FROM quarantine WHERE district = {m} AND device = {m} AND record IS NOT NULL "
            "AND code NOT IN ('record_exists', 'number_reused', 'device_revoked') "
            f"ORDER BY received_ms DESC, n DESC LIMIT {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, MOST_AT_ONCE)).scalars()
        return [bytes(payload) for payload in rows if payload is not None]

    def hold(self, waiting: Sequence[Held]) -> None:
        """Note mutations that wait."""
        upsert_rows(self._connection, held_table, [(self._district, *row) for row in waiting])

    def release(self, device: str, install: str, numbers: Iterable[int]) -> None:
        """Forget that *numbers* waited: they are settled now."""
        m = self._mark
        sql = f"DELETE FROM held WHERE district = {m} AND device = {m} AND install = {m} AND n = {m}"
        rows = [(self._district, device, install, n) for n in numbers]
        if rows:
            self._connection.exec_driver_sql(sql, rows)

    def waiting(self, device: str, install: str) -> dict[int, Held]:
        """Return what of this install still waits."""
        m = self._mark
        sql = (
            f"SELECT device, install, n, waits_for, since_ms FROM held "
            f"WHERE district = {m} AND device = {m} AND install = {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, install))
        return {row[2]: Held(*row) for row in rows}

    def kept_of(self, device: str, code: str) -> Kept:
        """Return how much of *device* is kept for the reason *code*."""
        m = self._mark
        sql = (
            "SELECT count(*), COALESCE(sum(length(payload)), 0) FROM quarantine "
            f"WHERE district = {m} AND device = {m} AND code = {m}"
        )
        payloads, size = self._connection.exec_driver_sql(sql, (self._district, device, code)).one()
        return Kept(int(payloads), int(size))

    def known(self, ids: Iterable[str]) -> set[str]:
        """Return which of *ids* are kept already."""
        condition, listed = one_of(self._connection, ids)
        sql = f"SELECT id FROM quarantine WHERE district = {self._mark} AND id {condition}"
        return set(self._connection.exec_driver_sql(sql, (self._district, listed)).scalars())

    def unjudged(self, device: str, install: str, numbers: Collection[int], records: Collection[str]) -> list[Refused]:
        """
        Return what *device* brought that was kept unjudged, has not come again, and may have come now.

        Args:
            install, numbers: Under which a revoked device may have brought it.
            records: What it may be about, whatever its number; of very many, ``MOST_AT_ONCE`` are looked at.
        """
        m, waits = self._mark, f"AND device = {self._mark} AND settled IS NULL "
        condition, listed = one_of(self._connection, records)
        codes, unjudged = one_of(self._connection, UNJUDGED)
        about = f"{waits}AND code {codes} AND record {condition} ORDER BY received_ms, id LIMIT {m}"
        found = {row.id: row for row in self._read(about, (device, unjudged, listed, MOST_AT_ONCE))}
        condition, listed = one_of(self._connection, numbers)
        there = f"{waits}AND code = 'device_revoked' AND install = {m} AND n {condition}"
        found |= {row.id: row for row in self._read(there, (device, install, listed))}
        return list(found.values())

    def settle(self, ids: Iterable[str], how: str) -> None:
        """Note how rows of the quarantine ended, JSON text; one that has ended already stays as it is."""
        m = self._mark
        sql = f"UPDATE quarantine SET settled = {m} WHERE district = {m} AND id = {m} AND settled IS NULL"
        rows = [(how, self._district, one) for one in ids]
        if rows:
            self._connection.exec_driver_sql(sql, rows)

    def mark(self, refused: str, settled: str | None, trail: str | None) -> None:
        """Write down how one row ended (None: it waits again) and what was tried with it, both JSON text."""
        m = self._mark
        sql = f"UPDATE quarantine SET settled = {m}, trail = {m} WHERE district = {m} AND id = {m}"
        self._connection.exec_driver_sql(sql, (settled, trail, self._district, refused))

    def let_in(self) -> dict[tuple[str, int], int]:
        """Return when each row of the history that came out of quarantine was let in, by feed and version."""
        m = self._mark
        sql = f"SELECT settled FROM quarantine WHERE district = {m} AND settled LIKE {m}"
        rows = self._connection.exec_driver_sql(sql, (self._district, '%"how":"readmitted"%'))
        fates = [wire.decode_json(row[0]) for row in rows]
        return {(fate["feed"], fate["version"]): fate["at_ms"] for fate in fates}

    # -- looking for what was refused ---------------------------------------------------------------

    def open(self) -> Waiting:
        """Return how much waits for a person, and since when."""
        sql = f"SELECT count(*), min(received_ms) FROM quarantine WHERE district = {self._mark} AND settled IS NULL"
        return Waiting(*self._connection.exec_driver_sql(sql, (self._district,)).one())

    def get(self, refused: str) -> Refused | None:
        """Return the row with this id, or None."""
        return next(iter(self._read(f"AND id = {self._mark}", (refused,))), None)

    def found(self, beginning: str) -> list[Refused]:
        """Return up to two rows whose id begins with *beginning* (hexadecimal and dashes)."""
        # "~" sorts behind everything that stands in an id.
        m = self._mark
        return self._read(f"AND id >= {m} AND id < {m} ORDER BY id LIMIT 2", (beginning, beginning + "~"))

    def numbered(self, device: str, install: str, first: int, last: int) -> list[Refused]:
        """Return everything refused of one install under the numbers *first* to *last*, in their order, as ``find``."""
        m = self._mark
        tail = f"AND device = {m} AND install = {m} AND n >= {m} AND n <= {m} ORDER BY n, received_ms, id"
        return self._read(tail, (device, install, first, last), _LIGHT)

    def depending(self, device: str) -> list[Refused]:
        """Return what of *device* still waits and was refused, or tried in vain, for want of what it builds on."""
        # A problem's code stands in the trail as it does here: canonical JSON has no blanks.
        tail = (
            f"AND device = {self._mark} AND settled IS NULL "
            f"AND (code = 'depends_on_refused' OR trail LIKE {self._mark}) ORDER BY install, n, id"
        )
        return self._read(tail, (device, '%"code":"depends_on_refused"%'))

    def find(self, wanted: Wanted) -> list[Refused]:
        """Return the rows that *wanted* describes, in its order; without payloads larger than any mutation."""
        m, way = self._mark, "ASC" if wanted.oldest_first else "DESC"
        asked = self._conditions(wanted)
        conditions = "".join(f"AND {condition} " for condition, _ in asked)
        values = [value for _, bound in asked for value in bound]
        return self._read(
            f"{conditions}ORDER BY received_ms {way}, id {way} LIMIT {m}", (*values, wanted.limit), _LIGHT
        )

    def _conditions(self, wanted: Wanted) -> list[tuple[str, Sequence[Any]]]:
        m = self._mark
        asked: list[tuple[str, Sequence[Any]]] = []
        if wanted.areas is not None:
            asked.append(within(m, wanted.areas))
        if wanted.codes:
            condition, codes = one_of(self._connection, wanted.codes)
            asked.append((f"code {condition}", (codes,)))
        if wanted.state in _STATES:
            asked.append((_STATES[wanted.state], ()))
        for condition, value in (
            (f'"by" = {m}', wanted.person),
            (f"device = {m}", wanted.device),
            (f"received_ms >= {m}", wanted.since_ms),
            (f"received_ms < {m}", wanted.until_ms),
        ):
            if value is not None:
                asked.append((condition, (value,)))
        if wanted.after is not None:
            beyond = ">" if wanted.oldest_first else "<"
            asked.append((f"(received_ms, id) {beyond} ({m}, {m})", wanted.after))
        return asked

    def _read(self, tail: str, values: Iterable[Any], columns: str = _COLUMNS) -> list[Refused]:
        sql = f"SELECT {columns} FROM quarantine WHERE district = {self._mark} {tail}"
        return [_refused_of(row) for row in self._connection.exec_driver_sql(sql, (self._district, *values))]


def _refused_of(row: Any) -> Refused:
    return Refused(*row)._replace(payload=bytes(row[_PAYLOAD] or b""))
