"""
Write down what was decided, in words and in the office's list of disputes 裁定归档, and who is told of it.

Sentences are made where all names are at hand and never again: what a person was told stands in the
history beside what was decided.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas import wire
from schemas.mutations import Settles
from schemas.records import TYPES
from server.core.between.effects import Effects, Raised
from server.core.decisions import DECIDED, DUPLICATE, NOTICE, PERSON, SUGGESTION, Decision, conflict_id
from server.core.taken import Taken
from server.storage.conflicts import Closing, Conflict
from server.storage.devices import DESK
from server.storage.tellings import TellingRow
from server.storage.unit_of_work import UnitOfWork
from server.usecases.speaking import Speaker
from server.values import Record

Key = tuple[str, str, str]

#: Tellings of disputes that were settled stand behind those of decisions.
_SETTLED_PART, _REOPENED_PART = 100, 200
#: An ordinary edit that ended a dispute, not made on the desk.
_BY_EDIT = "edit"
#: Nobody spoke: the two are no pair any more, or the day has another notice.
_OF_ITSELF = frozenset({"apart"})


class Filing:
    """
    The decisions of one push on their way into the tables.

    Args:
        rows: Every row of the push; their numbers are taken later.
        effects: What it meant for other records.
        now_ms: Server time of receipt.
        install: The install that pushed; whoever settles at the office's desk hears of it on his tablet too.
    """

    def __init__(self, work: UnitOfWork, rows: list[Taken], effects: Effects, now_ms: int, install: str) -> None:
        self.now_ms = now_ms
        self._at_desk = install == DESK
        self._work, self._rows, self._effects = work, rows, effects
        self._known = work.conflicts.by_ids(_mentioned(rows, effects))
        self._speaker = Speaker(work, rows, effects, self._known.values(), now_ms)
        self._told: dict[int, list[dict[str, Any]]] = {}
        self._opened_by: dict[Key, int] = {}

    def told(self, taken: Taken) -> list[dict[str, Any]]:
        """Return the decisions of a row whose number was taken, with their sentences."""
        if not taken.decisions:
            return []
        if id(taken) not in self._told:
            self._told[id(taken)] = [self._worded(d.told(taken.number), taken.record) for d in _heard(taken)]
        return self._told[id(taken)]

    def kept(self, taken: Taken) -> list[dict[str, Any]]:
        """Return what stands in the history beside a row: its decisions, and what the office reckoned."""
        return self.told(taken) + [d.told(taken.number) for d in taken.decisions if d.silent]

    def file(self) -> None:
        """Write down disputes and tellings; every number is taken."""
        disputes = self._disputes()
        closings = {
            key: (row, closing)
            for key, (place, row, closing) in self._closings().items()
            if place > self._place_of(key)
        }
        if disputes:
            self._work.conflicts.put(list(disputes.values()))
        for row, conflict in self._reopened(closings.values()):
            self._work.conflicts.reopen(conflict.id, row.number, self.now_ms)
        if closings:
            self._work.conflicts.close([closing for _, closing in closings.values()])
        tellings = [*self._tellings(), *self._settled_tellings(closings.values()), *self._reopened_tellings()]
        if tellings:
            self._work.tellings.put(tellings)

    # -- disputes -----------------------------------------------------------------------------------

    def _disputes(self) -> dict[Key, Conflict]:
        """Return the disputes this push opened or renewed; the last word on a field counts."""
        found: dict[Key, Conflict] = {}
        for place, taken in enumerate(self._rows):
            for decision in _heard(taken):
                self._keep(found, Raised(taken, taken.record, decision.kind, decision), place)
        for raised in self._effects.raised:
            self._keep(found, raised, len(self._rows))
        return found

    def _place_of(self, key: Key) -> int:
        """Return the place of the row that opened the dispute *key* last; before all where none did."""
        return self._opened_by.get(key, -1)

    def _keep(self, found: dict[Key, Conflict], raised: Raised, place: int) -> None:
        row, about, kind, decision = raised
        # What a rule settled stands with everything it was settled between: any of it may be restored.
        written = decision.told(row.number) if kind == DECIDED else decision.disputed(row.number)
        detail = self._worded(written, about)
        key = (about.id, decision.listed_as, kind)
        self._opened_by[key] = place
        found[key] = Conflict(
            *key, conflict_id(*key), about.type, about.feed, about.grid, kind != DECIDED,
            row.number if about is row.record else about.version, self.now_ms, self.now_ms,
            wire.canonical(sorted(decision.authors())).decode(), decision.rule, wire.canonical(detail).decode(),
        )  # fmt: skip

    # -- settled ------------------------------------------------------------------------------------

    def _closings(self) -> dict[Key, tuple[int, Taken, Closing]]:
        """
        Return what is over, ended by what a row wrote or by the word of whoever settles.

        Each with the row that ended it and its place: what opens again after it is open.
        """
        found: dict[Key, tuple[int, Taken, Closing]] = {}
        ended_as: dict[Key, str] = {}
        for ended in self._effects.ended:
            key = (ended.about.id, ended.field, ended.kind)
            ended_as[key] = ended.choice
            found[key] = len(self._rows), ended.row, self._closing(key, ended.row, ended.choice)
        for place, row in enumerate(self._rows):
            for name, kind in row.closed:
                key = (row.record.id, name, kind)
                found[key] = place, row, self._closing(key, row, _BY_EDIT)
            conflict = self._settled_by(row)
            if conflict is not None:
                key = (conflict.record, conflict.field, conflict.kind)
                # A pair is over as its two records say, whatever somebody meant to say of it.
                misspoken = conflict.kind == DUPLICATE and ended_as.get(key) != _choice(row)
                if not misspoken and (key in found or _ends_at_once(conflict, row)):
                    found[key] = found.get(key, (place,))[0], row, self._closing(key, row, _settles(row))
        return found

    def _closing(self, key: Key, row: Taken, choice: str | Settles | None) -> Closing:
        author = row.author
        settled: dict[str, Any] = {"by": author.person.id, "at_ms": author.stamp.ms, "version": row.number}
        if isinstance(choice, Settles):
            settled |= {"choice": choice.choice} | ({"reason": choice.reason} if choice.reason else {})
        else:
            settled["choice"] = choice or _BY_EDIT
        about = self._effects.get(key[0]) or row.record
        value = about.fields.get(key[1].partition("+")[0])
        if key[2] in (PERSON, SUGGESTION) and value is not None:
            settled["value"] = value
        settled["zh"], settled["en"] = self._speaker.settled(settled, key[1], about)
        return Closing(*key, row.number, self.now_ms, wire.canonical(settled).decode())

    def _settled_by(self, row: Taken) -> Conflict | None:
        settles = _settles(row)
        if settles is None or settles.choice == "reopen":
            return None
        return self._known.get(settles.conflict)

    def _reopened(self, closings: Iterable[tuple[Taken, Closing]]) -> Iterable[tuple[Taken, Conflict]]:
        """Return what somebody opened again, and what somebody settled otherwise than it had been settled before."""
        for row in self._rows:
            settles = _settles(row)
            conflict = self._known.get(settles.conflict) if settles and settles.choice == "reopen" else None
            if conflict is not None and not conflict.open:
                yield row, conflict
        for row, closing in closings:
            conflict = self._settled_by(row)
            if conflict is not None and not conflict.open and _prevails(row, closing.field):
                yield row, conflict

    # -- who is told --------------------------------------------------------------------------------

    def _tellings(self) -> Iterable[TellingRow]:
        for row in self._rows:
            for part, (decision, told) in enumerate(zip(_heard(row), self.told(row), strict=True)):
                conflict = conflict_id(row.record.id, decision.listed_as, decision.kind)
                for person in sorted(decision.listeners() - _hears_anyway(row)):
                    yield self._telling(row, part, person, row.record, _said(decision, told, conflict))

    def _settled_tellings(self, closings: Iterable[tuple[Taken, Closing]]) -> Iterable[TellingRow]:
        """Tell whoever had a stake in a dispute that it is over, however it was ended."""
        for part, (row, closing) in enumerate(closings, _SETTLED_PART):
            conflict = self._known.get(conflict_id(closing.record, closing.field, closing.kind))
            settled = wire.decode_json(closing.settled)
            # A case joined to another says so by a decision of its own, to all who reported either.
            joined = conflict is not None and conflict.type == "case" and settled["choice"] == "merge"
            if conflict is None or not conflict.open or joined or settled["choice"] in _OF_ITSELF:
                continue
            yield from self._spoken(row, part, conflict, settled)

    def _reopened_tellings(self) -> Iterable[TellingRow]:
        for part, (row, conflict) in enumerate(self._reopened(()), _REOPENED_PART):
            settles = _settles(row)
            spoken: dict[str, Any] = {"by": row.author.person.id, "at_ms": row.author.stamp.ms, "choice": "reopen"}
            spoken |= {"reason": settles.reason} if settles and settles.reason else {}
            zh, en = self._speaker.settled(spoken, conflict.field, row.record)
            yield from self._spoken(row, part, conflict, spoken | {"zh": zh, "en": en}, open=True)

    def _spoken(
        self, row: Taken, part: int, conflict: Conflict, word: Mapping[str, Any], **beside: Any
    ) -> Iterable[TellingRow]:
        """Tell everybody but himself what the author of *row* said about *conflict*."""
        said = {
            "field": conflict.field, "rule": "settled", "reason": word["choice"], "conflict": conflict.id,
            "zh": word["zh"], "en": word["en"], **beside,
        }  # fmt: skip
        about = self._effects.get(conflict.record) or row.record
        hears_already = set() if self._at_desk else {row.author.person.id}
        for person in sorted(set(wire.decode_json(conflict.people)) - hears_already):
            yield self._telling(row, part, person, about, said)

    def _telling(self, row: Taken, part: int, person: str, about: Record, said: dict[str, Any]) -> TellingRow:
        body = {"record": about.id, "type": about.type, **said}
        return TellingRow(row.record.feed, row.number, part, person, self.now_ms, wire.canonical(body).decode())

    def _worded(self, told: dict[str, Any], about: Record) -> dict[str, Any]:
        zh, en = self._speaker.sentence(told, about)
        kind = TYPES.get(about.type)
        return told | {"rules": kind.rules_mark if kind else "", "zh": zh, "en": en}


def _heard(row: Taken) -> list[Decision]:
    return [decision for decision in row.decisions if not decision.silent]


def _hears_anyway(row: Taken) -> set[str]:
    """Return who caused the row, and hears of it in the outcome; of a record it brought about none speaks."""
    made = row.arrived is None and row.amendment is None
    return set() if made else {row.author.person.id}


def _said(decision: Decision, told: Mapping[str, Any], conflict: str) -> dict[str, Any]:
    said = {name: told[name] for name in ("field", "rule", "reason", "zh", "en")} | {"conflict": conflict}
    return said | ({"open": True} if decision.kind in (PERSON, SUGGESTION) else {})


def _settles(row: Taken) -> Settles | None:
    mutation = row.arrived.mutation if row.arrived else None
    return mutation.settles if mutation else None


def _choice(row: Taken) -> str | None:
    settles = _settles(row)
    return settles.choice if settles else None


def _prevails(row: Taken, name: str) -> bool:
    """Say whether what the row wrote into the field *name* is what is shown."""
    return not any(d.listed_as == name and d.outcome in ("set_aside", "open") for d in row.decisions)


def _ends_at_once(conflict: Conflict, row: Taken) -> bool:
    """
    Say whether the word of whoever settles is enough.

    What the record itself keeps in dispute ends only with what is written there; a notice, and what was
    opened again after it had been settled, by being settled.
    """
    mutation = row.arrived.mutation if row.arrived else None
    if mutation is None or conflict.record != mutation.id:
        return False
    return conflict.kind in (NOTICE, DECIDED) or conflict.field in mutation.set


def _mentioned(rows: Iterable[Taken], effects: Effects) -> set[str]:
    """Return the ids of the disputes that this push names or ends."""
    named = {settles.conflict for row in rows if (settles := _settles(row)) is not None}
    ended = {conflict_id(e.about.id, e.field, e.kind) for e in effects.ended}
    return named | ended | {conflict_id(row.record.id, *closed) for row in rows for closed in row.closed}
