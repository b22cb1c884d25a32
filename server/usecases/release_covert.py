"""
Release covert findings 暗访解封: from the sealed place to the grid they belong to, by the office or on their day.

A release is a move like any other: a row of the history with its number, told to whoever answers for the street.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from schemas import grid, sealing
from schemas.moments import day_of
from schemas.numbers import as_given, number_of
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.mistakes import Mistake
from server.usecases.move_records import Asked, Told, move_records
from server.usecases.pair_released import match_released
from server.values import Record

_log = structlog.get_logger()


class Sealed(NamedTuple):
    """One covert finding that is still sealed: its number, where it belongs, and until when."""

    id: str
    number: str | None
    type: str
    real_grid: str | None
    until: str | None
    said: str | None


@dataclass(frozen=True, slots=True)
class Released:
    """
    What was released.

    Attributes:
        told: What became of each.
        homeless: Those that stay, because nothing says where they belong, or nobody knows the place.
    """

    told: list[Told]
    homeless: list[str]


def list_sealed(work: UnitOfWork) -> list[Sealed]:
    """Return everything that is sealed in the district, by the day of its release."""
    found = work.records.get(work.records.lying_in(grid.sealed_place(work.district), sealing.SEALABLE))
    listed = [
        Sealed(
            one.id, number_of(one.type, one.grid, one.born, one.fields), one.type,
            one.fields.get(sealing.BELONGS), one.fields.get(sealing.UNTIL),
            one.fields.get("description"),
        )
        for one in found.values() if not one.void
    ]  # fmt: skip
    return sorted(listed, key=lambda one: (one.until or "9", one.id))


def release(store: Store, district: str, ids: Iterable[str], signer: str | None, now_ms: int) -> Released:
    """
    Release the findings *ids* (ids or numbers), and with each check the cases it opened, to where they belong.

    Args:
        signer: Who does it (id, staff number or name), with his rights; None: the operator.

    Raises:
        Mistake: The signer may not; or one of *ids* is not sealed.
    """
    with store.work(district, writing=False) as work:
        sealed_now = {one.id: one for one in list_sealed(work)}
        records = work.records.get(sealed_now)
    by_number = {one.number: one.id for one in sealed_now.values() if one.number}
    wanted = {by_number.get(as_given(typed), typed) for typed in ids}
    if strange := sorted(wanted - sealed_now.keys()):
        raise Mistake(f"没有封存的暗访记录 {strange[0]}。", f"There is no sealed finding {strange[0]}.")
    wanted |= {id_ for id_, record in records.items() if record.fields.get("check_id") in wanted}
    wanted |= {str(records[id_].fields["check_id"]) for id_ in wanted if _check_of(records[id_]) in sealed_now}
    return _move(store, district, [sealed_now[id_] for id_ in sorted(wanted)], signer, now_ms)


def release_due(store: Store, district: str, now_ms: int) -> Released:
    """Release what is sealed until a day that is over or has come; the office's daily work."""
    today = day_of(now_ms)
    with store.work(district, writing=False) as work:
        due = [one for one in list_sealed(work) if one.until is not None and one.until <= today]
    done = _move(store, district, due, None, now_ms)
    if done.homeless:
        _log.warning("covert_findings_homeless", count=len(done.homeless))
    return done


def _check_of(record: Record) -> str | None:
    return record.fields.get("check_id")


def _move(store: Store, district: str, findings: Iterable[Sealed], signer: str | None, now_ms: int) -> Released:
    done = Released([], [])
    by_place: dict[str, list[str]] = {}
    for one in findings:
        if one.real_grid is None or grid.is_sealed(one.real_grid):
            done.homeless.append(one.id)
        else:
            by_place.setdefault(one.real_grid, []).append(one.id)
    for place, ids in sorted(by_place.items()):
        try:
            done.told.extend(move_records(store, district, Asked(place, tuple(ids), signer=signer), now_ms))
        except Mistake:
            if signer is not None:
                raise
            # One finding with a code that nobody knows keeps no other back.
            done.homeless.extend(ids)
    match_released(store, district, [one.record for one in done.told if one.fate == "moved" and one.record], now_ms)
    return done
