"""
Whoever sits at the desk 裁定台, and the disputes laid before him with everything they are told from.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from schemas import grid, wire
from schemas.explain import fault
from schemas.ids import derived_id
from schemas.mutations import SettlingChoice
from schemas.problems import Refusal
from server.core.decisions import DECIDED, DUPLICATE
from server.core.desk import reading
from server.core.desk.listed import ListedConflict, item
from server.core.desk.offering import offered
from server.core.desk.settling import Dispute, dispute_of, past_candidates
from server.core.views import View, view_of
from server.storage.conflicts import Conflict
from server.storage.devices import DESK
from server.storage.history import told
from server.storage.people import Account
from server.storage.unit_of_work import UnitOfWork
from server.usecases.known_moves import history_of
from server.values import Entry, Person, Record

#: The install under which what is settled at the desk is numbered.
INSTALL = DESK
_ID_LENGTH = 36


class Desk(NamedTuple):
    """A device, and the people it speaks for; ``whole`` where it reads all of the district all the same."""

    district: str
    device: str
    people: Mapping[str, Person]
    whole: bool = False

    def view(self, now_ms: int) -> View:
        """Return what its people may read now."""
        return View((self.district,), trusted=True) if self.whole else view_of(self.people.values(), now_ms)


def desk_of(work: UnitOfWork, account: Account) -> Desk:
    """Return the desk on the server itself, at which *account* sits alone."""
    grants = tuple(held.grant for held in work.people.held(account.id))
    person = Person(account.id, account.name, grants, account.stopped_ms)
    return Desk(work.district, derived_id("device", work.district, INSTALL, account.id), {person.id: person})


def operators_desk(work: UnitOfWork) -> Desk:
    """Return the desk of an operator who acts as nobody: he reads the district's list and may settle nothing."""
    return Desk(work.district, derived_id("device", work.district, INSTALL), {}, whole=True)


def signer_of(desk: Desk, person: str | None) -> Person:
    """
    Return who of *desk* signs; whether he may is found out with what he does.

    Args:
        person: None where the device speaks for one person only.

    Raises:
        Refusal: ``invalid_request``, ``not_admitted_person`` or ``person_stopped``.
    """
    if person is None and len(desk.people) != 1:
        listed = "、".join(f"{one.name} {one.id}" for one in desk.people.values()) or "—"
        zh, en = f"本机有多人使用，请指明由谁办理：{listed}", f"say who does it: {listed}"
        raise Refusal("invalid_request", fault("required", zh, en, "person"))
    signer = desk.people.get(person) if person else next(iter(desk.people.values()))
    if signer is None:
        raise Refusal("not_admitted_person")
    if signer.stopped_ms is not None:
        raise Refusal("person_stopped")
    return signer


@contextmanager
def told_at_once() -> Iterator[None]:
    """Let refusals inside say what to do at the desk: nothing is kept aside here, and nothing was written."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code in _OF_ONE_MUTATION:
            zh, en = (_LACKS_ZH, _LACKS_EN) if refusal.code == "act_incomplete" else (_NEXT_ZH, _NEXT_EN)
            refusal.kind = dataclasses.replace(refusal.kind, next_zh=zh, next_en=en)
        raise


#: Told a tablet, these say that its payload lies in quarantine.
_OF_ONE_MUTATION = frozenset({
    "not_admitted_person", "person_stopped", "outside_area", "not_allowed", "not_in_charge", "not_your_record",
    "act_unknown", "act_incomplete", "record_too_large",
})  # fmt: skip
_NEXT_ZH = "什么都没有写入。请由有权限的人员处理。"
_NEXT_EN = "Nothing was written. Let somebody do it who may."
_LACKS_ZH, _LACKS_EN = "什么都没有写入。请补齐后再办。", "Nothing was written. Bring what is missing, and do it again."


class Laid:
    """
    Disputes laid before a desk: with the records they are over and the names of everybody concerned.

    Args:
        thoroughly: Look up in the history what once stood against what, also where a rule settled it.
    """

    def __init__(
        self, work: UnitOfWork, desk: Desk, rows: Sequence[Conflict], now_ms: int, *, thoroughly: bool = False
    ) -> None:
        self._work, self._desk, self._rows, self._now_ms = work, desk, rows, now_ms
        self._thoroughly = thoroughly
        self._learnt: set[str] = set()
        self.details: dict[str, Any] = {row.id: wire.decode_json(row.detail) for row in rows}
        self.records: Mapping[str, Record] = work.records.get(_concerned(rows))

    @cached_property
    def disputes(self) -> dict[str, Dispute]:
        """Each dispute by its id."""
        return {row.id: self._dispute(row) for row in self._rows}

    @cached_property
    def names(self) -> dict[str, str]:
        """What everybody and everything in the disputes is called, by id."""
        ids = self._learnt.union(*(self._ids_in(row) for row in self._rows))
        people = self._work.people.names(ids)
        view = self._desk.view(self._now_ms)
        beside = self._work.records.get(self._learnt - people.keys() - self.records.keys())
        called = [*self.records.values(), *(one for one in beside.values() if view.sees(one.grid))]
        return {one.id: reading.called(one) for one in called} | people

    def learn(self, ids: Iterable[str]) -> None:
        """Learn what further *ids* are called; before anything is told."""
        self._learnt.update(ids)

    def items(self) -> list[ListedConflict]:
        """Return the disputes as they are read, in the order in which they were laid."""
        return [self.item(row) for row in self._rows]

    def shows(self, row: Conflict) -> bool:
        """Say whether the desk may learn of *row*: nothing that it is over is sealed against it 封存."""
        view = self._desk.view(self._now_ms)
        concerned = (self.records.get(id_) for id_ in _concerned([row]))
        return not any(record is not None and view.hides(record.grid) for record in concerned)

    def item(self, row: Conflict) -> ListedConflict:
        """Return one of them as it is read."""
        settled = wire.decode_json(row.settled) if row.settled else None
        people = wire.decode_json(row.people)
        dispute = self.disputes[row.id]
        return item(row, dispute, self.details[row.id], settled, people, self.records, self.names,
                    self._choices(dispute), self._now_ms)  # fmt: skip

    def history_of(self, row: Conflict) -> list[Entry]:
        """Return everything that was taken for what *row* is over, of a pair for both."""
        found: list[Entry] = []
        for record in self.records.values():
            if record.id in _concerned([row]):
                found += history_of(self._work, record)
        return sorted(found, key=lambda entry: (entry.received_ms, entry.version))

    def _dispute(self, row: Conflict) -> Dispute:
        detail, past = self.details[row.id], []
        if self._thoroughly and row.kind == DECIDED:
            decisions = [one for entry in self.history_of(row) for one in told(entry.decisions) or ()]
            past = past_candidates(decisions, row.type, detail["field"])
        return dispute_of(row, detail, self.records.get(row.record), past)

    def _choices(self, dispute: Dispute) -> dict[SettlingChoice, list[str]]:
        found: dict[SettlingChoice, list[str]] = {}
        for person in self._desk.people.values():
            for choice in offered(dispute, self.records, person, self._now_ms):
                found.setdefault(choice, []).append(person.id)
        return found

    def _ids_in(self, row: Conflict) -> set[str]:
        spoken_of = [row.people, row.detail, row.settled or "null"]
        by = {one.by for one in self.disputes[row.id].candidates}
        return by.union(*(ids_in(wire.decode_json(text)) for text in spoken_of))


def sees(desk: Desk, place: str, now_ms: int) -> bool:
    """Say whether *place* lies in an area of the desk's people."""
    view = desk.view(now_ms)
    return not view.hides(place) and grid.lies_in_any(place, view.areas)


def ids_in(value: Any) -> Iterator[str]:
    """Yield every text in *value*, JSON-like, that may be an id."""
    if isinstance(value, str):
        yield from (value,) if len(value) == _ID_LENGTH else ()
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from ids_in(inner)


def _concerned(rows: Iterable[Conflict]) -> set[str]:
    ids = {row.record for row in rows}
    return ids | {row.field for row in rows if row.kind == DUPLICATE}
