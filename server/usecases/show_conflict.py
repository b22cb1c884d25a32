"""
Show one dispute with everything about it 裁定卷宗.
"""

from typing import Any

from schemas import wire
from schemas.problems import Refusal
from schemas.records import TYPES
from server.core.decisions import DUPLICATE
from server.core.desk import dossier
from server.core.desk.dossier import Dossier, Past
from server.core.machine import machine_person
from server.storage.conflicts import Conflict
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk, Laid, ids_in, sees
from server.usecases.replay_history import Replaying
from server.values import Entry


def show_conflict(work: UnitOfWork, desk: Desk, conflict: str, now_ms: int) -> Dossier:
    """
    Return the dispute with the id *conflict*, the sides of it, and the history of what it is over.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``conflict_unknown`` where there is none, or none that *desk* may read.
    """
    return _Showing(work, desk, found(work, desk, conflict, now_ms), now_ms).dossier()


def found(work: UnitOfWork, desk: Desk, conflict: str, now_ms: int) -> Conflict:
    """
    Return the dispute with the id *conflict*.

    Raises:
        Refusal: ``conflict_unknown``; nobody learns of what lies beyond his areas.
    """
    row = work.conflicts.get(conflict)
    if row is None or not sees(desk, row.grid, now_ms):
        raise Refusal("conflict_unknown")
    return row


class _Showing:
    def __init__(self, work: UnitOfWork, desk: Desk, row: Conflict, now_ms: int) -> None:
        self._work, self._desk, self._row, self._now_ms = work, desk, row, now_ms
        self._laid = Laid(work, desk, [row], now_ms, thoroughly=True)
        self._history = self._visible_history()
        self._laid.learn(ids_in([_parts(entry) for entry in self._history]))

    def dossier(self) -> Dossier:
        laid, row = self._laid, self._row
        dispute, record = laid.disputes[row.id], laid.records[row.record]
        machine = machine_person(self._desk.district)
        names = laid.names | {machine.id: machine.name}
        detail = laid.details[row.id]
        replaying = Replaying(self._work)
        rows = [replaying.row(entry) for entry in self._history]
        mine = [one for one, entry in zip(rows, self._history, strict=True) if entry.record == record.id]
        past = Past(mine, TYPES.get(record.type), replaying.rules_of(record.type))
        standing = {
            i: dossier.standing_of(one, names, visible=self._is_visible(one.grid)) for i, one in laid.records.items()
        }
        both = [standing[row.record], standing[row.field]] if row.kind == DUPLICATE else []
        return Dossier(
            conflict=laid.item(row),
            base=dossier.base_of(dispute, record, past, names),
            sides=dossier.sides_of(dispute, mine, names),
            record=standing[row.record],
            pair=dossier.pairing(dispute, detail, laid.records, both),
            counts=dossier.counting(detail, names),
            history=[
                dossier.line(laid.records[entry.record], one, names)
                for one, entry in zip(rows, self._history, strict=True)
            ],
        )

    def _visible_history(self) -> list[Entry]:
        entries = self._laid.history_of(self._row)
        return [entry for entry in entries if self._is_visible(self._laid.records[entry.record].grid)]

    def _is_visible(self, place: str) -> bool:
        return self._desk.view(self._now_ms).sees(place)


def _parts(entry: Entry) -> list[Any]:
    """Return everything in a row that may name somebody or something."""
    return [entry.by, wire.decode_json(entry.payload), wire.decode_json(entry.decisions or "[]")]
