"""
Let in what was refused 恢复入库: under its own name and number, judged by today's rules as of its signing.

One transaction for everything that was refused together; then, one by one, what was refused because of it.
Asking twice lets in once. Nothing is ever deleted: what is refused again stays, with the new reason beside the old.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from schemas import telling, wire
from schemas.problems import Refusal
from schemas.telling import About
from server.core import readmission
from server.core.arrived import Arrived
from server.core.desk import reading
from server.core.desk.refusals import OVER
from server.core.intake import Intake
from server.core.readmission import Asked
from server.core.taken import Taken
from server.storage.devices import Device, Install
from server.storage.quarantine import Refused
from server.storage.store import Store
from server.storage.tellings import TellingRow
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.file_intake import file_intake
from server.usecases.list_quarantine import found, together
from server.usecases.receive_mutations import Push, SortedOut, read_all, take_in
from server.values import Entry, Person

#: The install under which what came under a used number is numbered anew; no tablet's journal.
REUSED_INSTALL = "desk-reused"
#: Tellings of what was let in stand behind those of decisions and settlements.
_PART = 300
_MOST_STEPS = 50

Result = Literal["taken", "already", "refused"]


class ReadmittedItem(Struct, frozen=True):
    """
    What became of one refusal: taken, already in, or refused again.

    Attributes:
        outcome: Of what is in: applied, merged, conflict or noop; null where it arrived otherwise.
        feed, version: Where it stands in the history.
        because_of: The refusal that was to be let in, where this one only followed from it.
        problem: Why it was refused again.
    """

    id: str
    n: int
    record: str | None
    result: Result
    outcome: str | None = None
    feed: str | None = None
    version: int | None = None
    because_of: str | None = None
    problem: dict[str, Any] | None = None


class Readmission(Struct, frozen=True):
    """What became of everything: what was asked for first, then its group, then what had been refused because of it."""

    items: list[ReadmittedItem]


def readmit(store: Store, desk: Desk, refused: str, person: str | None, asked: Asked, now_ms: int) -> Readmission:
    """
    Let in the refusal with the id *refused*, with its group, and what was refused because of it where that goes.

    Args:
        person: Who lets it in; None where the device speaks for one person only.

    Raises:
        Refusal: ``quarantine_unknown``, ``quarantine_unreadable``, ``not_allowed``, ``outside_area``,
            ``person_stopped``, ``not_admitted_person`` or ``invalid_request``. Nothing was written.
    """
    with told_at_once():
        clerk = signer_of(desk, person)
        first = retrying(lambda: _attempt(store, desk, refused, clerk, asked, now_ms))
    items = sorted(first.items, key=lambda item: (item.id != refused, item.n))
    seen, made = {item.id for item in items}, list(first.made)
    while made:
        for row in _depending(store, desk, *made.pop(0)):
            if row.id not in seen:
                tried = _follow(store, desk, row, clerk, asked, now_ms, first.codes)
                fresh = [item for item in tried.items if item.id not in seen]
                items += [msgspec.structs.replace(item, because_of=refused) for item in fresh]
                seen |= {item.id for item in fresh}
                made += tried.made
    return Readmission(items)


class _Tried(NamedTuple):
    """What became of one bundle; the records it made, each with its device; why its members had been refused."""

    items: list[ReadmittedItem]
    made: list[tuple[str, str]]
    codes: frozenset[str]


def _depending(store: Store, desk: Desk, device: str, record: str) -> list[Refused]:
    with store.work(desk.district, writing=False) as work:
        rows = [(row, readmission.mutation_of(row.payload)) for row in work.quarantine.depending(device)]
    return [row for row, mutation in rows if mutation is not None and readmission.builds_on(mutation, record)]


def _follow(
    store: Store, desk: Desk, row: Refused, clerk: Person, asked: Asked, now_ms: int, codes: frozenset[str]
) -> _Tried:
    """Try what only followed: what the clerk may not let in stays, and the answer says so."""
    plainly = replace(asked, place_was_his=False)
    try:
        return retrying(lambda: _attempt(store, desk, row.id, clerk, plainly, now_ms, codes))
    except Refusal as refusal:
        item = ReadmittedItem(row.id, row.n, row.record, "refused", problem=refusal.body())
        return _Tried([item], [], frozenset())


def _attempt(
    store: Store,
    desk: Desk,
    refused: str,
    clerk: Person,
    asked: Asked,
    now_ms: int,
    causes: frozenset[str] = frozenset(),
) -> _Tried:
    with store.work(desk.district) as work:
        row = found(work, desk, refused, now_ms)
        install = work.devices.lock_install(row.device, row.install)
        # Read again, now that nobody else can change it.
        rows = together(work, found(work, desk, refused, now_ms))
        bundle = _Bundle(work, desk, clerk, asked, now_ms, rows, install)
        tried = bundle.before() or bundle.judge(causes)
        work.commit()
    return tried


@dataclass(slots=True)
class _Bundle:
    """What was refused together, its install locked, and who lets it in."""

    work: UnitOfWork
    desk: Desk
    clerk: Person
    asked: Asked
    now_ms: int
    rows: Sequence[Refused]
    install: Install
    _arrived: dict[str, Arrived] = field(default_factory=dict)

    def before(self) -> _Tried | None:
        """Return what became of it where it has all been let in, or has arrived, before."""
        if not all(fate_of(row).get("how") in OVER for row in self.rows):
            return None
        return self._tried([_already(row, fate_of(row)) for row in self.rows])

    def judge(self, causes: frozenset[str]) -> _Tried:
        """
        Judge it by today's rules and write down what became of it.

        Args:
            causes: Why that was refused from which this followed, if it did.

        Raises:
            Refusal: As ``readmit`` raises it.
        """
        self._read()
        places = self._places()
        least = readmission.least_role([*causes, *(row.code for row in self.rows)])
        for place in dict.fromkeys([*places.values(), *(row.grid or self.desk.district for row in self.rows)]):
            readmission.check_judge(self.clerk, least, place, self.now_ms)
        self._check_vouching(places)
        try:
            arrived_before = self._known_contents()
            if arrived_before:
                return self._note_arrived(arrived_before)
            people = self._people(places)
        except Refusal as refusal:
            return self._refuse({row.id: refusal for row in self.rows})
        return self._take(people)

    # -- before the rules ---------------------------------------------------------------------------

    def _read(self) -> None:
        for row in self.rows:
            mutation = readmission.mutation_of(row.payload)
            if mutation is None:
                raise Refusal("quarantine_unreadable")
            offset_ms = readmission.offset_of(mutation.at[0], row.at_ms, row.received_ms)
            push = Push(row.install, [row.payload], row.received_ms - offset_ms, row.received_ms)
            [self._arrived[row.id]] = read_all(row.device, push, self._writer())

    def _places(self) -> dict[str, str]:
        """Return where each lies: where the record does, or where it is to be made."""
        records = self.work.records.get({one.mutation.id for one in self._arrived.values() if one.mutation})
        return {
            i: records[one.mutation.id].grid if one.mutation.id in records else one.mutation.grid
            for i, one in self._arrived.items()
            if one.mutation is not None
        }

    def _check_vouching(self, places: Mapping[str, str]) -> None:
        if not self.asked.place_was_his:
            return
        for row in self.rows:
            if row.by == self.clerk.id:
                raise Refusal("not_allowed", what="确认自己的地点 vouch for himself")
            readmission.check_judge(
                self.clerk, readmission.least_role([readmission.OUTSIDE]), places[row.id], self.now_ms
            )

    def _known_contents(self) -> dict[str, Entry]:
        """Return the rows of the history that say the same already; none unless all of it stands there."""
        entries = {row.id: self._same(row) for row in self.rows}
        there = {i: entry for i, entry in entries.items() if entry is not None}
        if there and len(there) < len(self.rows):
            raise Refusal("group_refused")
        return there

    def _same(self, row: Refused) -> Entry | None:
        content = readmission.content_of(row.payload)
        taken = self.work.history.of_all_feeds(row.record) if row.record else []
        return next((e for e in taken if e.n and readmission.content_of(e.payload.encode()) == content), None)

    def _people(self, places: Mapping[str, str]) -> dict[str, Person]:
        """Return whom the device speaks for among the authors, as the clerk vouches for them."""
        speaks_for = self.work.enrolment.speaks_for(self._device)
        people: dict[str, Person] = {}
        for row in self.rows:
            if row.by in speaks_for:
                author = _person(self.work, row.by)
                judged = readmission.as_judged(author, self._arrived[row.id], places[row.id], self.asked)
                before = people.get(row.by, judged)
                people[row.by] = replace(judged, grants=(*before.grants, *judged.grants))
        return people

    # -- the rules ----------------------------------------------------------------------------------

    def _take(self, people: dict[str, Person]) -> _Tried:
        name, settled, arrived = self._numbered()
        device = Device(self._device, self.desk.district, "", people, False, "", b"", settled, self._writer())
        received_ms = max(row.received_ms for row in self.rows)
        upto = max(settled, *(one.n for one in arrived))
        push = Push(name, [], None, received_ms)
        intake = take_in(self.work, device, push, SortedOut(arrived, [], []), upto)
        refused = self._refused(intake)
        if refused:
            return self._refuse(refused)
        for taken in (*intake.taken, *intake.brought):
            # The tablet was told that it was refused, and shows it no more.
            taken.record.clean = False
        file_intake(self.work, intake, name, settled, self.now_ms)
        if upto > settled:
            self.work.devices.settle(self._device, name, upto)
        return self._let_in(intake)

    def _numbered(self) -> tuple[str, int, list[Arrived]]:
        """Return under which install it is filed, how far that is settled, and everything under its number there."""
        arrived = [self._arrived[row.id] for row in self.rows]
        if not self._anew:
            return self.rows[0].install, self.install.settled, arrived
        settled = self.work.devices.lock_install(self._device, REUSED_INSTALL).settled
        for n, (row, one) in enumerate(zip(self.rows, arrived, strict=True), settled + 1):
            self._arrived[row.id] = msgspec.structs.replace(one, n=n)
        return REUSED_INSTALL, settled, [self._arrived[row.id] for row in self.rows]

    def _refused(self, intake: Intake) -> dict[str, Refusal]:
        reasons = {one.n: refusal for one, refusal in intake.refused}
        reasons |= {waiting.arrived.n: Refusal("depends_on_refused") for waiting in intake.waiting}
        reasons |= {one.n: Refusal("group_refused") for one in intake.unready}
        return {i: reasons[one.n] for i, one in self._arrived.items() if one.n in reasons}

    # -- writing down -------------------------------------------------------------------------------

    def _refuse(self, reasons: Mapping[str, Refusal]) -> _Tried:
        items = []
        for row in self.rows:
            problem = reasons.get(row.id, Refusal("group_refused")).body()
            step = self._step("refused", problem=problem)
            last = trail_of(row)[-1:]
            same = last and (last[0].get("by"), last[0].get("problem")) == (self.clerk.id, problem)
            self.work.quarantine.mark(
                row.id, row.settled, with_steps(trail_of(row)[:-1] if same else trail_of(row), step)
            )
            items.append(ReadmittedItem(row.id, row.n, row.record, "refused", problem=problem))
        return _Tried(items, [], frozenset())

    def _note_arrived(self, entries: Mapping[str, Entry]) -> _Tried:
        items = []
        for row in self.rows:
            entry = entries[row.id]
            fate = self._step("arrived", feed=entry.feed, version=entry.version)
            self._end(row, fate)
            items.append(_already(row, fate))
        return self._tried(items)

    def _let_in(self, intake: Intake) -> _Tried:
        taken = {one.arrived.n: one for one in intake.taken if one.arrived is not None}
        items, vouched = [], {"place_was_his": True} if self.asked.place_was_his else {}
        for row in self.rows:
            one = taken[self._arrived[row.id].n]
            place = {"feed": one.record.feed, "version": one.number, "outcome": one.outcome}
            self._end(row, self._step("readmitted", **place, **vouched))
            items.append(ReadmittedItem(row.id, row.n, row.record, "taken", one.outcome, one.record.feed, one.number))
        self.work.tellings.put([self._telling(one) for one in taken.values()])
        return self._tried(items)

    def _end(self, row: Refused, fate: dict[str, Any]) -> None:
        before = [fate_of(row)] if row.settled else []
        self.work.quarantine.mark(row.id, wire.canonical(fate).decode(), with_steps(trail_of(row), *before))

    def _step(self, how: str, **what: Any) -> dict[str, Any]:
        reason = {"reason": self.asked.reason} if self.asked.reason else {}
        return {"how": how, "by": self.clerk.id, "at_ms": self.now_ms, **reason, **what}

    def _telling(self, taken: Taken) -> TellingRow:
        """Tell the author who let it in, and when."""
        kept = {"value": None, "by": self.clerk.id, "at": [self.now_ms, 0], "version": taken.number}
        said = {"field": "", "rule": "quarantine", "reason": "readmitted"}
        record = taken.record
        about = About(record.type, reading.called(record), {self.clerk.id: self.clerk.name}.get, self.now_ms)
        zh, en = telling.sentence({**said, "outcome": "kept", "kept": kept}, about)
        body = {"record": record.id, "type": record.type, **said, "zh": zh, "en": en}
        person, body_text = taken.author.person.id, wire.canonical(body).decode()
        return TellingRow(record.feed, taken.number, _PART, person, self.now_ms, body_text)

    def _tried(self, items: list[ReadmittedItem]) -> _Tried:
        mutations = [m for row in self.rows if (m := readmission.mutation_of(row.payload)) is not None]
        made = [(self._device, m.id) for m in mutations if m.op == "create"]
        return _Tried(items, made, frozenset(row.code for row in self.rows))

    @property
    def _device(self) -> str:
        return self.rows[0].device

    @property
    def _anew(self) -> bool:
        """Whether a number of the bundle belongs to another payload already."""
        return any(row.code == readmission.REUSED for row in self.rows)

    def _writer(self) -> str | None:
        if not self._anew:
            return self.install.writer
        return self.work.devices.lock_install(self._device, REUSED_INSTALL).writer


def _person(work: UnitOfWork, person: str) -> Person:
    [account] = [account for account in work.people.named(person) if account.id == person]
    grants = tuple(held.grant for held in work.people.held(person))
    return Person(account.id, account.name, grants, account.stopped_ms)


def _already(row: Refused, fate: Mapping[str, Any]) -> ReadmittedItem:
    where = (fate.get(name) for name in ("outcome", "feed", "version"))
    return ReadmittedItem(row.id, row.n, row.record, "already", *where)


def fate_of(row: Refused) -> dict[str, Any]:
    """Return how *row* ended; nothing while it waits."""
    return wire.decode_json(row.settled) if row.settled else {}


def trail_of(row: Refused) -> list[dict[str, Any]]:
    """Return what was tried with *row* before."""
    return wire.decode_json(row.trail) if row.trail else []


def with_steps(trail: Iterable[dict[str, Any]], *steps: dict[str, Any]) -> str | None:
    """Return a trail with further steps as it is stored; the oldest of very many are left out."""
    whole = [*trail, *steps]
    return wire.canonical(whole[-_MOST_STEPS:]).decode() if whole else None
