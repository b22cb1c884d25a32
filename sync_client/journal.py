"""
Every mutation this tablet ever made 流水, on disk in one transaction with the record it changes.

The outbox 待发 is its open end: whatever has no final outcome. Nothing leaves the outbox without the
outcome that the server stored for that very mutation, and nothing leaves the journal before
``KEEP_DAYS`` of the server's time have passed since.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas import wire
from schemas.mutations import MAX_GROUP, Mutation, decode_mutation
from schemas.wire import MAX_BODY_INFLATED, MAX_MUTATIONS, Outcome
from sync_client.database import Database
from sync_client.values import Entry, Outbox

KEEP_DAYS = 30
_DAY_MS = 24 * 3600 * 1000
#: Room for the rest of a request beside its mutations.
_MAX_PAYLOADS = MAX_BODY_INFLATED - 256 * 1024
#: Mutations stamped under clocks that differ by more than this do not travel together: 60 s.
_SAME_CLOCK_MS = 60_000

_APPEND = """INSERT INTO journal (n, install, record_id, op, payload, offset_ms, group_first, place)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_SETTLE = """UPDATE journal SET outcome = ?, version = ?, answer = ?, settled_ms = ?, told = ?, parked = NULL,
    before = NULL WHERE n = ? AND outcome IS NULL"""
_PARK = "UPDATE journal SET parked = ?, answer = ? WHERE n = ? AND outcome IS NULL"
# By the open end alone: a walk along the numbers would pass everything ever settled.
_OPEN = "FROM journal INDEXED BY journal_open WHERE outcome IS NULL"
# A payload is kept as bytes; told that it is text, SQLite reads it as JSON.
_WHOSE = f"""SELECT json_extract(CAST(payload AS TEXT), '$.by'), count(*),
    min(json_extract(CAST(payload AS TEXT), '$.at[0]')) {_OPEN} GROUP BY 1"""
_SENT = "n, record_id, op, payload, offset_ms, group_first, install"
_NEXT = f"""SELECT {_SENT} {_OPEN}
    AND n > ? ORDER BY n LIMIT ?"""
_THESE = "IN (SELECT value FROM json_each(?))"
_OFFERED = f"""UPDATE journal SET before = told || coalesce(answer, ''), outcome = NULL, version = NULL, answer = NULL,
    settled_ms = NULL, told = 0 WHERE n {_THESE}"""  # noqa: S608  # names of ours
# What can be offered again: it has its outcome, and no other mutation says the same.
_FINAL = "FROM journal WHERE outcome IS NOT NULL AND again IS NULL AND device IS NULL"
_ENTRY = "n, payload, outcome, parked, answer"
_TOLD = f"SELECT {_ENTRY} FROM journal WHERE told = 1 AND outcome"  # noqa: S608  # names of ours
_DECIDED = """SELECT n, payload, outcome, version, answer, settled_ms, told FROM journal
    WHERE outcome IN ('merged', 'conflict') AND answer IS NOT NULL ORDER BY n"""
_APPLIED = "SELECT payload FROM journal WHERE record_id = ? AND outcome = 'applied' AND version > ?"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One mutation of the outbox, ready to be sent; ``offset_ms`` corrected the clock that stamped it."""

    n: int
    record_id: str
    op: str
    payload: bytes
    offset_ms: int
    group_first: int | None
    install: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A mutation that met others' work: the server's decisions, where they stand, and when they came."""

    n: int
    mutation: Mutation
    open: bool
    decisions: tuple[dict[str, Any], ...]
    feed: str | None
    version: int
    settled_ms: int
    seen: bool


class Journal:
    """The journal in the tablet's file; every method is part of the caller's transaction, if any."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(self, mutation: Mutation, payload: bytes, install: str, offset_ms: int) -> None:
        """Write one mutation down."""
        self._db.run(_APPEND, (mutation.n, install, mutation.id, mutation.op, payload, offset_ms, None, None))

    def bind(self, first: int, payloads: Mapping[int, bytes]) -> None:
        """Make the mutations of *payloads* a group that begins with number *first*."""
        rows = ((payload, first, n) for n, payload in payloads.items())
        self._db.run_many("UPDATE journal SET payload = ?, group_first = ? WHERE n = ?", rows)

    def between(self, first: int, last: int) -> list[Mutation]:
        """Return the mutations numbered from *first* to *last*."""
        rows = self._db.all("SELECT payload FROM journal WHERE n BETWEEN ? AND ? ORDER BY n", (first, last))
        return [decode_mutation(payload) for (payload,) in rows]

    def waiting_for(self, record_id: str) -> list[Mutation]:
        """Return what waits for one record, in the order in which it was done."""
        rows = self._db.all(
            "SELECT payload FROM journal WHERE record_id = ? AND outcome IS NULL ORDER BY coalesce(place, n), n",
            (record_id,),
        )
        return [decode_mutation(payload) for (payload,) in rows]

    def still_waiting(self, numbers: Sequence[int]) -> set[int]:
        """Return those of *numbers* that have no final outcome yet."""
        rows = self._db.all(f"SELECT n {_OPEN} AND n {_THESE}", (_listed(numbers),))
        return {n for (n,) in rows}

    def with_waiting(self, record_ids: Sequence[str]) -> set[str]:
        """Return those of *record_ids* that have waiting work."""
        rows = self._db.all(
            """SELECT DISTINCT record_id FROM journal WHERE outcome IS NULL
               AND record_id IN (SELECT value FROM json_each(?))""",
            (wire.encode(record_ids).decode(),),
        )
        return {record_id for (record_id,) in rows}

    def is_empty(self) -> bool:
        """Say whether nothing waits."""
        return self._db.one(f"SELECT 1 {_OPEN} LIMIT 1") is None

    def next_push(self, after: int, most: int = MAX_MUTATIONS) -> tuple[list[Waiting], bool]:
        """
        Return what to send next and whether more would follow.

        In the order of the numbers, at most *most* and within a body's size; a group travels whole, and
        what belongs to another install or was stamped under another idea of the time travels by itself.
        """
        found = [Waiting(*row) for row in self._db.all(_NEXT, (after, max(most, MAX_GROUP) + 1))]
        cut = _fitting(found[:most])
        if cut < len(found):
            cut = _beside_groups(found, cut)
        return found[:cut], cut < len(found)

    def last_of(self, install: str) -> int | None:
        """Return the greatest number the journal holds under *install*."""
        row = self._db.one("SELECT n FROM journal WHERE install = ? ORDER BY n DESC LIMIT 1", (install,))
        return int(row[0]) if row else None

    def settle(self, outcomes: Sequence[Outcome], now_ms: int) -> None:
        """
        Store final outcomes beside their mutations; from now on these are out of the outbox.

        What was offered again and met the same as before is told to nobody who had put it aside.
        """
        before = self._before([outcome.n for outcome in outcomes])
        self._db.run_many(_SETTLE, (_settled_row(outcome, now_ms, before.get(outcome.n)) for outcome in outcomes))

    def _before(self, numbers: Sequence[int]) -> dict[int, str]:
        sql = f"SELECT n, before FROM journal WHERE length(before) > 1 AND n {_THESE}"  # noqa: S608
        return dict(self._db.all(sql, (_listed(numbers),)))

    def park(self, outcomes: Iterable[Outcome]) -> None:
        """Remember why the server has not decided; the mutations stay in the outbox."""
        self._db.run_many(_PARK, ((o.outcome, wire.encode(o).decode(), o.n) for o in outcomes))

    # -- offering again --------------------------------------------------------------------------

    def can_be_offered(self) -> list[tuple[int, str, str]]:
        """Return number, record and verb of what has its outcome."""
        return self._db.all(f"SELECT n, record_id, op {_FINAL} ORDER BY n")

    def beyond(self, install: str, settled: int, told: Sequence[int]) -> list[tuple[int, str, str]]:
        """Return the same of what lies beyond *settled* in *install*, but for the numbers that were *told* just now."""
        sql = f"SELECT n, record_id, op {_FINAL} AND n > ? AND install = ? AND NOT n {_THESE} ORDER BY n"
        return self._db.all(sql, (settled, install, _listed(told)))

    def offer_again(self, numbers: Sequence[int]) -> None:
        """Put *numbers* back into the outbox; what was said of them is remembered beside them."""
        self._db.run(_OFFERED, (_listed(numbers),))

    def offers_again(self) -> bool:
        """Say whether something waits that had its outcome once."""
        return self._db.one(f"SELECT 1 {_OPEN} AND before IS NOT NULL LIMIT 1") is not None

    def leave_behind(self, device: str) -> None:
        """Note that whatever has its outcome got it as *device*, which this tablet is no more."""
        self._db.run("UPDATE journal SET device = ? WHERE outcome IS NOT NULL AND device IS NULL", (device,))

    # -- recording again -------------------------------------------------------------------------

    def record_again(self, old: Waiting, n: int, payload: bytes, install: str, group_first: int | None) -> None:
        """Write *old* down once more, as number *n* of *install*; it keeps its place among its record's."""
        [place] = self._db.one("SELECT coalesce(place, n) FROM journal WHERE n = ?", (old.n,))
        values = (n, install, old.record_id, old.op, payload, old.offset_ms, group_first, place)
        self._db.run(_APPEND, values)
        self._db.run("UPDATE journal SET again = ?, told = 0 WHERE n = ?", (n, old.n))

    def created_again(self, record_ids: Sequence[str]) -> set[str]:
        """Return those of *record_ids* whose creation was recorded again."""
        sql = f"SELECT record_id FROM journal WHERE op = 'create' AND again IS NOT NULL AND record_id {_THESE}"  # noqa: S608
        return {record_id for (record_id,) in self._db.all(sql, (_listed(record_ids),))}

    def first_again(self, install: str) -> int | None:
        """Return the smallest number of *install* that was recorded again: what lies below it is this tablet's own."""
        found = self._db.one("SELECT min(n) FROM journal WHERE install = ? AND again IS NOT NULL", (install,))[0]
        return None if found is None else int(found)

    def own_versions(self, record_ids: Sequence[str], below: int) -> dict[str, int]:
        """Return the last version that mutations numbered *below* made, uncontested, of each of *record_ids*."""
        return dict(
            self._db.all(
                f"""SELECT record_id, max(version) FROM journal WHERE outcome = 'applied' AND device IS NULL
                    AND n < ? AND record_id {_THESE} GROUP BY record_id""",  # noqa: S608
                (below, _listed(record_ids)),
            )
        )

    # -- what people see -------------------------------------------------------------------------

    def outbox(self) -> Outbox:
        """Return what waits, and what was rejected and not yet put aside."""
        waiting = self._db.all(f"SELECT {_ENTRY} {_OPEN} ORDER BY n")
        attention = self._db.all(f"{_TOLD} = 'rejected' ORDER BY n")
        return Outbox(tuple(map(_entry, waiting)), tuple(map(_entry, attention)))

    def decided(self) -> list[Decided]:
        """Return every mutation about which the server decided something, in order."""
        return [_decided(row) for row in self._db.all(_DECIDED)]

    def has_written(self, record_id: str, field: str, after: int) -> bool:
        """Say whether a field was written again, uncontested, in a version of its record later than *after*."""
        rows = self._db.all(_APPLIED, (record_id, after))
        return any(field in decode_mutation(payload).set for (payload,) in rows)

    def put_aside(self, n: int) -> bool:
        """Take mutation *n* off the lists shown to people; it stays in the journal. Say whether it was there."""
        return self._db.run("UPDATE journal SET told = 0 WHERE n = ? AND told = 1", (n,)).rowcount > 0

    def counts(self) -> dict[str, int]:
        """Return how many wait, are held, and were rejected."""
        waiting, held = self._db.one(f"SELECT count(*), count(parked) {_OPEN}")
        told = dict(self._db.all("SELECT outcome, count(*) FROM journal WHERE told = 1 GROUP BY outcome"))
        return {
            "waiting": waiting,
            "held": held,
            "attention": told.get("rejected", 0),
        }

    def oldest_waiting_ms(self) -> int | None:
        """Return the time of the oldest waiting edit."""
        row = self._db.one(f"SELECT payload {_OPEN} ORDER BY n LIMIT 1")
        return decode_mutation(row[0]).at[0] if row else None

    def waiting_by_person(self) -> dict[str, tuple[int, int]]:
        """Return by person how many of his edits wait, and the time of the oldest."""
        return {person: (count, oldest) for person, count, oldest in self._db.all(_WHOSE)}

    def prune(self, now_ms: int) -> None:
        """Forget what was settled more than ``KEEP_DAYS`` before *now_ms*, the server's time, and put aside."""
        self._db.run(
            "DELETE FROM journal WHERE outcome IS NOT NULL AND told = 0 AND settled_ms < ?",
            (now_ms - KEEP_DAYS * _DAY_MS,),
        )


def _fitting(found: list[Waiting]) -> int:
    size = 0
    for place, waiting in enumerate(found):
        size += len(waiting.payload) + 1
        other = waiting.install != found[0].install
        other = other or abs(waiting.offset_ms - found[0].offset_ms) > _SAME_CLOCK_MS
        if place and (size > _MAX_PAYLOADS or other):
            return place
    return len(found)


def _beside_groups(found: list[Waiting], cut: int) -> int:
    """Move *cut* out of a group that it would split: to its beginning, or past it if nothing stands before."""
    group = found[cut].group_first
    if group is None or found[cut - 1].group_first != group:
        return cut
    members = [place for place, waiting in enumerate(found) if waiting.group_first == group]
    return members[0] or members[-1] + 1


def _settled_row(outcome: Outcome, now_ms: int, before: str | None) -> tuple[object, ...]:
    says = outcome.outcome in ("rejected", "conflict") or bool(outcome.decisions)
    answer = wire.encode(outcome).decode() if says else None
    told = says
    if before and _gist(_decode_answer(before[1:])) == _gist(outcome):
        told = before[0] == "1"
    return (outcome.outcome, outcome.version, answer, now_ms, int(told), outcome.n)


def _gist(outcome: Outcome) -> bytes:
    """Return what *outcome* says to a person: numbers are others in another history, the matter is the same."""
    matters = [
        [decision.get(name) for name in ("field", "rule", "reason", "outcome")]
        + [value.get("value") for value in (decision.get("kept") or {}, *(decision.get("others") or ()))]
        for decision in outcome.decisions or ()
    ]
    return wire.canonical([outcome.outcome, (outcome.problem or {}).get("code"), matters])


def _listed(values: Sequence[int] | Sequence[str]) -> str:
    return wire.encode(values).decode()


def _entry(row: tuple[int, bytes, str | None, str | None, str | None]) -> Entry:
    n, payload, outcome, parked, answer = row
    mutation = decode_mutation(payload)
    said = _decode_answer(answer) if answer else Outcome(n, "")
    return Entry(
        n=n,
        type=mutation.type,
        record_id=mutation.id,
        op=mutation.op,
        by=mutation.by,
        at=mutation.at,
        outcome=outcome or parked,
        problem=said.problem,
        waits_for=said.waits_for,
    )


def _decided(row: tuple[int, bytes, str, int | None, str, int, int]) -> Decided:
    n, payload, outcome, version, answer, settled_ms, told = row
    said = _decode_answer(answer)
    return Decided(
        n=n,
        mutation=decode_mutation(payload),
        open=outcome == "conflict",
        decisions=tuple(said.decisions or ()),
        feed=said.feed,
        version=version or 0,
        settled_ms=settled_ms,
        seen=not told,
    )


_decode_answer = msgspec.json.Decoder(Outcome).decode
