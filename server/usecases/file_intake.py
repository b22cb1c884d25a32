"""
Write down what one push amounted to 入库: numbers last, then records, history, disputes, refusals.

Every number belongs to one row of the history. A record's version is the number of its last change,
so several edits of one record in one push leave one record and several rows.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from schemas import wire
from schemas.ids import derived_id
from schemas.problems import Refusal
from schemas.wire import Outcome
from server.core.arrived import Arrived
from server.core.decisions import Decision
from server.core.intake import Intake, Taken
from server.storage.conflicts import Conflict
from server.storage.history import Entry
from server.storage.quarantine import Held, Refused
from server.storage.unit_of_work import UnitOfWork
from server.values import Record


def file_intake(work: UnitOfWork, intake: Intake, install: str, settled: int) -> list[Outcome]:
    """
    Write everything *intake* holds into the transaction of *work*; the caller commits at once.

    Args:
        install: The install that pushed.
        settled: How far it was settled before this push.

    Returns:
        One outcome for every mutation of the push that was not settled before.
    """
    _file_refusals(work, intake, install)
    _file_waiting(work, intake, install, settled)
    duplicates = _find_duplicates(work, intake)
    rows = [*intake.taken, *intake.brought]
    for feed, of_feed in sorted(_by_feed(rows).items()):
        head = work.feeds.take(feed, len(of_feed))
        _number(of_feed, head.seq)
        chain = work.history.append([_entry(taken, install, intake.received_ms) for taken in of_feed], head.chain)
        work.feeds.link(feed, chain)
    work.records.write(_changed(rows))
    work.conflicts.put([*_disputes(rows), *duplicates])
    return [*map(_outcome, intake.taken), *_refusals(intake), *_not_yet(intake)]


# -- numbers ----------------------------------------------------------------------------------------


def _by_feed(rows: Iterable[Taken]) -> dict[str, list[Taken]]:
    feeds: dict[str, list[Taken]] = defaultdict(list)
    for taken in rows:
        feeds[taken.record.feed].append(taken)
    return feeds


def _number(rows: list[Taken], seq: int) -> None:
    for number, taken in enumerate(rows, seq + 1):
        taken.number = number
        if taken.changes:
            taken.record.version = number
            taken.record.born = taken.record.born or number


def _changed(rows: Iterable[Taken]) -> list[Record]:
    return list({taken.record.id: taken.record for taken in rows if taken.changes}.values())


# -- rows -------------------------------------------------------------------------------------------


def _entry(taken: Taken, install: str, received_ms: int) -> Entry:
    author, stamp, received, arrived = taken.author, taken.author.stamp, taken.received, taken.arrived
    payload = arrived.raw.decode() if arrived else taken.record.body()
    decisions = wire.canonical([d.told() for d in taken.decisions]).decode() if taken.decisions else None
    return Entry(
        taken.record.feed, taken.number, taken.record.id, author.device, install, arrived.n if arrived else 0,
        author.person.id, author.role, stamp.ms, stamp.counter, received.corrected_by_ms, received.clamped,
        received_ms, taken.outcome, payload, decisions,
    )  # fmt: skip


def _disputes(rows: Iterable[Taken]) -> list[Conflict]:
    """Return the disputes these rows opened or ended; the last word on a field counts."""
    found: dict[tuple[str, str, str], Conflict] = {}
    for taken in rows:
        for decision in taken.decisions:
            if decision.outcome == "open":
                _keep(found, _conflict(taken, decision.field, "person", decision))
            if decision.aside:
                _keep(found, _conflict(taken, decision.field, "suggestion", decision))
        for field, kind in taken.closed:
            _keep(found, _conflict(taken, field, kind, None))
    return list(found.values())


def _keep(found: dict[tuple[str, str, str], Conflict], conflict: Conflict) -> None:
    found[conflict.record, conflict.field, conflict.kind] = conflict


def _conflict(taken: Taken, field: str, kind: str, decision: Decision | None) -> Conflict:
    record = taken.record
    detail = wire.canonical(decision.disputed() if decision else {"settled_by": taken.author.person.id}).decode()
    return Conflict(
        record.id, field, kind, record.feed, record.grid, decision is not None, taken.number,
        taken.author.stamp.ms, detail,
    )  # fmt: skip


def _find_duplicates(work: UnitOfWork, intake: Intake) -> list[Conflict]:
    """Suggest as a pair what was registered twice under the same number; both stay usable."""
    pairs = []
    for type_name, new in _numbered(intake.taken).items():
        first = work.records.ids_by_code(type_name, {code for code, _ in new})
        for code, taken in new:
            other = first.setdefault(code, taken.record.id)
            if other != taken.record.id:
                pairs.append(_pair(taken, other))
    return pairs


def _numbered(rows: Iterable[Taken]) -> dict[str, list[tuple[str, Taken]]]:
    """Return what gave a record its own number, with that number, by type."""
    found: dict[str, list[tuple[str, Taken]]] = defaultdict(list)
    for taken in rows:
        kind = taken.arrived.kind if taken.arrived else None
        unique = kind.rules.unique if kind else None
        mutation = taken.arrived.mutation if taken.arrived else None
        if unique and mutation and unique.key[0] in mutation.set and taken.changes:
            code = taken.record.fields.get(unique.key[0])
            if isinstance(code, str):
                found[taken.record.type].append((code, taken))
    return found


def _pair(taken: Taken, other: str) -> Conflict:
    record = taken.record
    detail = wire.canonical({"rule": "unique", "reason": "same_number", "other": other}).decode()
    return Conflict(record.id, other, "duplicate", record.feed, record.grid, True, 0, taken.author.stamp.ms, detail)


# -- what was not taken -----------------------------------------------------------------------------


def _file_refusals(work: UnitOfWork, intake: Intake, install: str) -> None:
    work.quarantine.keep([_refused(intake, install, one, refusal) for one, refusal in intake.refused])


def _refused(intake: Intake, install: str, one: Arrived, refusal: Refusal) -> Refused:
    # The id follows from the payload: however often it is pushed, it is kept once.
    digest = hashlib.sha256(one.raw).hexdigest()
    return Refused(
        id=derived_id("quarantine", intake.device, install, str(one.n), digest),
        device=intake.device,
        install=install,
        n=one.n,
        received_ms=intake.received_ms,
        record=one.mutation.id if one.mutation else None,
        code=refusal.code,
        problem=wire.canonical(refusal.body()).decode(),
        payload=one.raw,
    )


def _file_waiting(work: UnitOfWork, intake: Intake, install: str, settled: int) -> None:
    """Note what waits from now on, and forget what waited: only a number already passed can have."""
    done = [
        n
        for n in (*(t.arrived.n for t in intake.taken if t.arrived), *(o.n for o, _ in intake.refused))
        if n <= settled
    ]
    if not intake.waiting and not done:
        return
    waited = work.quarantine.waiting(intake.device, install)
    still = [w for w in intake.waiting if w.arrived.n not in waited]
    work.quarantine.hold([Held(intake.device, install, w.arrived.n, w.record, intake.received_ms) for w in still])
    work.quarantine.release(intake.device, install, sorted(waited.keys() & set(done)))


def _outcome(taken: Taken) -> Outcome:
    return Outcome(
        n=taken.arrived.n if taken.arrived else 0,
        outcome=taken.outcome,
        feed=taken.record.feed,
        version=taken.number if taken.changes else None,
        decisions=[d.told() for d in taken.decisions] or None,
    )


def _refusals(intake: Intake) -> list[Outcome]:
    return [Outcome(n=one.n, outcome="rejected", problem=refusal.body()) for one, refusal in intake.refused]


def _not_yet(intake: Intake) -> list[Outcome]:
    held = [Outcome(n=w.arrived.n, outcome="held", waits_for=w.record) for w in intake.waiting]
    return held + [Outcome(n=one.n, outcome="retry") for one in intake.unready]
