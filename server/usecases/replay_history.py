"""
Replay the history and hold the records to it 重放核对: whatever is stored must follow from what was taken.

``audit verify`` shows that no row of the history was changed; this shows that no record was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec.structs import astuple

from schemas import rulebook, wire
from schemas.records import TYPES, RecordType
from schemas.rules import RuleTable
from server.core.decisions import PERSON, conflict_id
from server.core.proving.replay import BROKEN, NO_CHANGE, Replayed, Row, RulesOf, replayed
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.known_moves import history_of
from server.usecases.mistakes import Mistake
from server.values import Entry, Record

PAGE = 500
#: Beyond every version.
_END = 1 << 62
#: What reading a record raises where somebody changed its row.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)

Progress = Callable[[int], None]


class Difference(NamedTuple):
    """
    One thing in which what is stored is not what the history comes to.

    ``what`` is a field, or ``@version``, ``@born``, ``@void``, ``@grid``, ``@dispute FIELD`` (a person has to decide),
    ``@record``, ``@history``; the values are JSON text, None for "not there"; ``zh`` and ``en`` say it in words.
    """

    record: str
    type: str
    what: str
    stored: str | None
    replayed: str | None
    zh: str
    en: str


class Unreadable(NamedTuple):
    """A stored record that cannot be read, and why."""

    why: str


class Checked(NamedTuple):
    """One record, held to its history; without differences all is well."""

    record: str
    type: str
    differences: tuple[Difference, ...]


def replay_history(
    store: Store,
    district: str,
    record: str | None = None,
    feed: str | None = None,
    progress: Progress = lambda _done: None,
) -> Iterator[Checked]:
    """
    Replay one record, one feed or everything, and yield what comes of each record.

    Nothing is written, and nobody waits: whatever comes in meanwhile is looked at as it then stands.

    Args:
        progress: Told how many records are done, after each page.

    Raises:
        Mistake: there is no such record or feed.
    """
    with store.work(district, writing=False) as work:
        replaying = Replaying(work)
        if record is not None:
            yield replaying.check_one(record)
            return
        done = 0
        for code in feeds_of(work, feed):
            seen = set[str]()
            for page in pages(work, code):
                seen.update(page)
                yield from replaying.check(code, page)
                done += len(page)
                progress(done)
            yield from replaying.lost(code, seen)


def feeds_of(work: UnitOfWork, feed: str | None) -> list[str]:
    """
    Return the feeds of the district, or the one called *feed*.

    Raises:
        Mistake: there is none of that name.
    """
    heads = sorted(work.feeds.heads())
    if feed is not None and feed not in heads:
        listed = "、".join(heads) or "—"
        raise Mistake(f"没有流 {feed}，现有：{listed}", f"There is no feed {feed}; there are: {listed}")
    return heads if feed is None else [feed]


def pages(work: UnitOfWork, feed: str) -> Iterator[dict[str, str]]:
    """Yield the records of *feed* page by page, as their types by id."""
    after = -_END
    while rows := work.feeds.read(feed, None, after, _END, PAGE, None):
        yield {row.id: row.type for row in rows}
        after = rows[-1].version


class Replaying:
    """Replays records of one district, reading in the transaction of *work*."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._kept = work.rules.all()
        self._writers = work.devices.writers()
        self._let_in = work.quarantine.let_in()
        self._tables: dict[tuple[str, str], RuleTable] = {}

    def check_one(self, record_id: str) -> Checked:
        """Check the record with this id, whether it is stored or only in the history."""
        stored = self.stored([record_id]).get(record_id)
        if isinstance(stored, Record):
            return self._check(record_id, stored.type, stored)
        if self._work.history.of_all_feeds(record_id):
            return _lost(record_id) if stored is None else self._check(record_id, "", stored)
        raise Mistake(f"没有记录 {record_id}", f"There is no record {record_id}")

    def check(self, feed: str, page: Mapping[str, str]) -> Iterator[Checked]:
        """Check the records of *page*, their types by id, all of *feed*."""
        stored = self.stored(page)
        for record_id, type_name in page.items():
            if record_id in stored:
                yield self._check(record_id, type_name, stored[record_id])

    def lost(self, feed: str, seen: set[str]) -> Iterator[Checked]:
        """Yield the records that stand in the history of *feed*, but neither in *seen* nor anywhere."""
        missing = {e.record for e, _ in self._work.history.entries(feed) if e.outcome not in NO_CHANGE} - seen
        present = self.stored(missing)
        yield from (_lost(record_id) for record_id in sorted(missing - present.keys()))

    def stored(self, ids: Iterable[str]) -> dict[str, Record | Unreadable]:
        """Return those of *ids* that are stored, one that cannot be read by the reason why."""
        wanted = list(ids)
        try:
            return dict(self._work.records.get(wanted))
        except _UNREADABLE as error:
            if len(wanted) == 1:
                return {wanted[0]: Unreadable(str(error))}
        return {i: stored for one in wanted for i, stored in self.stored([one]).items()}

    def replay(self, record: Record, rules_of: RulesOf | None = None) -> Replayed:
        """
        Replay the history of *record*, under the rules of its days or under *rules_of*.

        Raises:
            One of ``BROKEN``: it cannot be replayed.
        """
        rows = [self.row(entry) for entry in history_of(self._work, record)]
        return replayed(rows, _kind(record.type), record.id, record.grid, rules_of or self.rules_of(record.type))

    def row(self, entry: Entry) -> Row:
        """Return *entry* as it is replayed."""
        known = self._writers.get((entry.device, entry.install)), self._let_in.get((entry.feed, entry.version))
        fields = (*astuple(entry), *known)
        return Row(*fields)

    def rules_of(self, type_name: str) -> RulesOf:
        """Return what knows the rules of the type at any time, by their mark."""
        return lambda mark: self._rules(type_name, mark)

    def _rules(self, type_name: str, mark: str | None) -> RuleTable:
        kind = _kind(type_name)
        if mark is None or mark == kind.rules_mark:
            return kind.rules
        key = (type_name, mark)
        if key not in self._tables:
            if key not in self._kept:
                raise ValueError(f"the rules {mark} of {type_name} were not kept")
            self._tables[key] = rulebook.table_of(wire.decode_json(self._kept[key]))
        return self._tables[key]

    def _check(self, record_id: str, type_name: str, stored: Record | Unreadable) -> Checked:
        if isinstance(stored, Unreadable):
            told = ("存储的记录读不出来", f"the stored record cannot be read: {stored.why}")
            return Checked(record_id, type_name, (Difference(record_id, type_name, "@record", None, None, *told),))
        found = tuple(self._differences(stored))
        if found:  # perhaps somebody wrote it while we read
            again = self.stored([record_id]).get(record_id)
            if isinstance(again, Record) and again.version != stored.version:
                found = tuple(self._differences(again))
        return Checked(record_id, stored.type, found)

    def _differences(self, stored: Record) -> Iterator[Difference]:
        try:
            came_to = self.replay(stored)
        except BROKEN as error:
            told = ("历史无法重放", f"the history cannot be replayed: {type(error).__name__}: {error}")
            yield Difference(stored.id, stored.type, "@history", None, None, *told)
            return
        one, other = _told(stored), _told(came_to.record)
        disputed = self._disputed(stored.id, came_to.reopened)
        one |= {f"@dispute {name}": "true" for name in disputed}
        other |= {f"@dispute {name}": "true" for name in came_to.disputes - _over(stored.id, came_to)}
        for what in sorted(one.keys() | other.keys()):
            if one.get(what) != other.get(what):
                told = ("存储与重放不同", "what is stored is not what the history comes to")
                yield Difference(stored.id, stored.type, what, one.get(what), other.get(what), *told)

    def _disputed(self, record_id: str, reopened: Iterable[str]) -> set[str]:
        """Return the fields of the record that stand open for a person; not those that were opened again."""
        conflicts = self._work.conflicts.of_records([record_id])
        return {c.field for c in conflicts if c.open and c.kind == PERSON and c.id not in reopened}


def _kind(type_name: str) -> RecordType:
    if type_name not in TYPES:
        raise ValueError(f"there is no record type {type_name}")
    return TYPES[type_name]


def _lost(record_id: str) -> Checked:
    told = ("历史中有，记录表中没有", "it stands in the history, but there is no such record")
    return Checked(record_id, "", (Difference(record_id, "", "@record", None, None, *told),))


def _over(record_id: str, came_to: Replayed) -> set[str]:
    return {name for name in came_to.disputes if conflict_id(record_id, name, PERSON) in came_to.reopened}


def _told(record: Record) -> dict[str, str]:
    """Return what of a record must follow from its history, as JSON text by name."""
    numbers: dict[str, Any] = {
        "@version": record.version,
        "@born": record.born,
        "@void": record.void,
        "@grid": record.grid,
    }
    return {name: wire.canonical(value).decode() for name, value in (record.fields | numbers).items()}
