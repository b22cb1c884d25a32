"""
Write down moves 移交入库: numbers last, then history, records, departures, disputes, and who is told.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from schemas import grid, rulebook, wire
from schemas.directory import area_id
from schemas.numbers import number_of
from schemas.records import TYPES, RecordType
from schemas.roles import Role
from server.core import moving
from server.core.decisions import DUPLICATE
from server.core.moving import INSTALL, LEFT, MOVED, Move
from server.storage.conflicts import Conflict
from server.storage.departures import Departure
from server.storage.feeds import Head
from server.storage.tellings import TellingRow
from server.storage.unit_of_work import UnitOfWork
from server.values import Author, Entry, Record

#: Who answers for a grid, and hears that something of it went elsewhere.
_HOLDERS = frozenset({Role.GRID_WORKER, Role.GRID_LEADER})
#: Who hears of a covert finding when it is released: whoever answers for the street it was found in.
_INSPECTED = frozenset({Role.GRID_WORKER, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET})
#: Whoever held a grid until lately still hears what became of it.
_LATELY_MS = 30 * 24 * 3600 * 1000


class Moved(NamedTuple):
    """A locked record, and where it goes."""

    record: Record
    move: Move


def file_moves(work: UnitOfWork, moved: Sequence[Moved], author: Author, now_ms: int) -> None:
    """Write *moved* into the transaction of *work*; its records then lie where they go. The caller commits at once."""
    hearers = _Hearers(work, moved, now_ms)
    disputes = work.conflicts.of_records(one.record.id for one in moved if one.move.leaves_feed)
    work.rules.note(_kinds(moved), now_ms)
    heads = _take_numbers(work, moved)
    done = list(_numbered(moved, heads))
    rows: dict[str, list[Entry]] = defaultdict(list)
    for one in done:
        for entry in _entries(one, author, now_ms):
            rows[entry.feed].append(entry)
    for feed, of_feed in sorted(rows.items()):
        work.feeds.link(feed, work.history.append(of_feed, heads[feed].chain))
    for one in done:
        _carry(one)
    work.records.put_elsewhere([one.record for one in done])
    work.departures.put(map(_departure, done))
    work.conflicts.move((one.record.id, one.move.to_feed, one.move.to_grid) for one in done)
    versions = {one.record.id: one.move.version for one in done}
    work.conflicts.renumber(_renumbered(dispute, versions[dispute.record]) for dispute in disputes)
    work.tellings.put(hearers.tellings(done))


def _take_numbers(work: UnitOfWork, moved: Iterable[Moved]) -> dict[str, Head]:
    """Take the numbers, feed by feed in sorted order: whoever takes of several never waits in a ring."""
    counts = Counter(feed for _, move in moved for feed in {move.from_feed, move.to_feed})
    return {feed: work.feeds.take(feed, counts[feed]) for feed in sorted(counts)}


def _numbered(moved: Iterable[Moved], heads: Mapping[str, Head]) -> Iterator[Moved]:
    last = {feed: head.seq for feed, head in heads.items()}
    for record, move in moved:
        for feed in {move.from_feed, move.to_feed}:
            last[feed] += 1
        yield Moved(record, move._replace(left=last[move.from_feed], version=last[move.to_feed]))


def _entries(one: Moved, author: Author, now_ms: int) -> Iterator[Entry]:
    kind, move, payload = TYPES.get(one.record.type), one.move, moving.payload_of(one.move)
    rows = [(move.to_feed, move.version, MOVED)]
    rows += [(move.from_feed, move.left, LEFT)] if move.leaves_feed else []
    for feed, version, outcome in rows:
        yield Entry(
            feed, version, one.record.id, author.device, INSTALL, 0, author.person.id, author.role, author.stamp.ms,
            author.stamp.counter, 0, False, now_ms, outcome, payload, None, kind.rules_mark if kind else None,
        )  # fmt: skip


def _carry(one: Moved) -> None:
    record, version = one.record, one.move.version
    moving.carry(record, one.move.to_grid)
    record.version, record.born = version, record.born or version


def _departure(one: Moved) -> Departure:
    move = one.move
    to = (move.to_grid, move.to_feed, move.version)
    return Departure(move.from_feed, move.left, one.record.id, move.from_grid, *to, move.at_ms)


def _renumbered(dispute: Conflict, version: int) -> Conflict:
    """Return *dispute* as of the number of the arrival: what its sides wrote counts as written there."""
    detail = wire.decode_json(dispute.detail)
    if dispute.kind != DUPLICATE:
        for side in (detail["kept"], *detail["others"]):
            side["version"] = version
    return dispute._replace(version=version, detail=wire.canonical(detail).decode())


def _kinds(moved: Iterable[Moved]) -> list[tuple[str, str, partial[str]]]:
    kinds = {one.record.type: TYPES[one.record.type] for one in moved if one.record.type in TYPES}
    return [(kind.name, kind.rules_mark, partial(_declared, kind)) for kind in kinds.values()]


def _declared(kind: RecordType) -> str:
    return wire.canonical(rulebook.declared(kind.rules)).decode()


# -- who is told ------------------------------------------------------------------------------------


class _Hearers:
    """
    The holders of the grids between which *moved* are moved, and what everything was called before.

    Read before any number is taken.
    """

    def __init__(self, work: UnitOfWork, moved: Iterable[Moved], now_ms: int) -> None:
        moved = list(moved)
        self._now_ms = now_ms
        self._called = {record.id: called(record) for record, _ in moved}
        grids = {place for _, move in moved for place in (move.from_grid, move.to_grid)}
        self._areas = {place: place for place in grids}
        for area in work.records.get(map(area_id, grids)).values():
            self._areas[str(area.fields.get("code"))] = str(area.fields.get("name"))
        working = {account.id: account.name for account in work.people.all() if account.stopped_ms is None}
        self._inspected: dict[str, set[str]] = {place: set() for place in grids}
        self._holders: dict[str, dict[str, str]] = {place: {} for place in grids}
        self._before: dict[str, set[str]] = {place: set() for place in grids}
        for held in work.people.held():
            place, to_ms = held.grant.area, held.grant.to_ms
            if held.grant.role in _INSPECTED and held.person in working and held.grant.holds_at(now_ms):
                for found_in in (one for one in grids if grid.lies_in(one, place)):
                    self._inspected[found_in].add(held.person)
            if place in grids and held.grant.role in _HOLDERS and held.person in working:
                if held.grant.holds_at(now_ms):
                    self._holders[place][held.person] = working[held.person]
                if held.grant.from_ms <= now_ms and (to_ms is None or now_ms < to_ms + _LATELY_MS):
                    self._before[place].add(held.person)

    def tellings(self, done: Iterable[Moved]) -> list[TellingRow]:
        """Return what the holders before and after are told: of each open case, and of register entries together."""
        entries: dict[tuple[str, str], list[Moved]] = defaultdict(list)
        told: list[TellingRow] = []
        for one in done:
            if grid.is_sealed(one.move.from_grid):
                told += self._tell_released(one)
            elif moving.is_open(one.record):
                told += self._tell(one, self._said_of_case(one))
            else:
                entries[one.move.from_grid, one.move.to_grid].append(one)
        for together in entries.values():
            told += self._tell(together[0], moving.told_of_registers(len(together), *self._words(together[0].move)))
        return told

    def _tell_released(self, one: Moved) -> Iterator[TellingRow]:
        """Tell whoever answers for the place that belongs to it; along the feed he reads, and no other."""
        about = str(one.record.fields.get("description") or "")
        said = moving.told_of_release(self._called[one.record.id], self._areas[one.move.to_grid], about)
        people = sorted(self._inspected[one.move.to_grid])
        yield from self._rows(one, said, one.move.to_feed, one.move.version, people, "released")

    def _said_of_case(self, one: Moved) -> tuple[str, str]:
        before, words = self._called[one.record.id], self._words(one.move)
        if one.move.from_grid == one.move.to_grid:
            return moving.told_of_holder(before, *words[1:])
        return moving.told_of_case(before, called(one.record), *words)

    def _words(self, move: Move) -> tuple[str, str, str]:
        holders = "、".join(sorted(self._holders[move.to_grid].values())) or "—"
        return self._areas[move.from_grid], self._areas[move.to_grid], holders

    def _tell(self, one: Moved, said: tuple[str, str]) -> Iterator[TellingRow]:
        """Tell each holder along the feed he reads."""
        move = one.move
        now, before = set(self._holders[move.to_grid]), self._before[move.from_grid]
        for feed, version, people in ((move.to_feed, move.version, now), (move.from_feed, move.left, before - now)):
            yield from self._rows(one, said, feed, version, sorted(people), "moved")

    def _rows(
        self, one: Moved, said: tuple[str, str], feed: str, version: int, people: Iterable[str], reason: str
    ) -> Iterator[TellingRow]:
        body = {
            "record": one.record.id, "type": one.record.type, "field": "grid", "rule": "observer_scope_kept",
            "reason": reason, "zh": said[0], "en": said[1],
        }  # fmt: skip
        text = wire.canonical(body).decode()
        for person in people:
            yield TellingRow(feed, version, 0, person, self._now_ms, text)


def called(record: Record) -> str:
    """Return what people call *record*: its name, its number, or its id."""
    name = record.fields.get("name")
    return str(name) if name else number_of(record.type, record.grid, record.born, record.fields) or record.id
