"""
Write down what one push amounted to 入库: numbers last, then records, history, disputes, refusals.

Every number belongs to one row of the history. A record's version is the number of its last change,
so several edits of one record in one push leave one record and several rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

from schemas import rulebook, wire
from schemas.claims import claims_of
from schemas.numbers import NUMBER_FIELDS
from schemas.problems import Refusal
from schemas.records import TYPES, RecordType
from schemas.wire import Outcome
from server.core.arrived import Arrived
from server.core.decisions import numbered, numbered_alone
from server.core.intake import Intake
from server.core.taken import Taken
from server.storage.feeds import Head
from server.storage.quarantine import Held, Refused, refused_id
from server.storage.unit_of_work import UnitOfWork
from server.usecases.file_disputes import Filing
from server.usecases.give_numbers import give_numbers
from server.usecases.look_around import look_around
from server.values import Entry, Record


def file_intake(
    work: UnitOfWork, intake: Intake, install: str, settled: int, now_ms: int | None = None
) -> list[Outcome]:
    """
    Write everything *intake* holds into the transaction of *work*; the caller commits at once.

    Args:
        install: The install that pushed.
        settled: How far it was settled before this push.
        now_ms: When disputes are opened and people told, where that is later than the receipt.

    Returns:
        One outcome for every mutation of the push that was not settled before.
    """
    _file_refusals(work, intake, install)
    _file_waiting(work, intake, install, settled)
    effects = look_around(work, intake)
    rows = [*intake.taken, *intake.brought]
    filing = Filing(work, rows, effects, intake.received_ms if now_ms is None else now_ms, install)
    work.rules.note(_kinds(rows), intake.received_ms)
    by_feed = sorted(_by_feed(rows).items())
    heads = [_number(of_feed, work.feeds.take(feed, len(of_feed))) for feed, of_feed in by_feed]
    # Behind all feeds, so that whoever takes of both never waits in a ring.
    give_numbers(work, rows, intake.received_ms, intake.had)
    for (feed, of_feed), head in zip(by_feed, heads, strict=True):
        chain = work.history.append([_entry(taken, intake, install, filing) for taken in of_feed], head.chain)
        work.feeds.link(feed, chain)
    work.records.write(_changed(rows))
    _acknowledge(work, rows, intake.received_ms)
    filing.file()
    return [*(_outcome(taken, filing) for taken in intake.taken), *_refusals(intake), *_not_yet(intake)]


# -- numbers ----------------------------------------------------------------------------------------


def _by_feed(rows: Iterable[Taken]) -> dict[str, list[Taken]]:
    feeds: dict[str, list[Taken]] = defaultdict(list)
    for taken in rows:
        feeds[taken.record.feed].append(taken)
    return feeds


def _number(rows: list[Taken], head: Head) -> Head:
    for number, taken in enumerate(rows, head.seq + 1):
        taken.number = number
        if taken.changes:
            taken.record.version = number
            taken.record.born = taken.record.born or number
    return head


def _changed(rows: Iterable[Taken]) -> list[Record]:
    return list({taken.record.id: taken.record for taken in rows if taken.changes}.values())


# -- rows -------------------------------------------------------------------------------------------


def _entry(taken: Taken, intake: Intake, install: str, filing: Filing) -> Entry:
    author, stamp, received, arrived = taken.author, taken.author.stamp, taken.received, taken.arrived
    kind = TYPES.get(taken.record.type)
    return Entry(
        taken.record.feed, taken.number, taken.record.id, author.device, install, arrived.n if arrived else 0,
        author.person.id, author.role, stamp.ms, stamp.counter, received.corrected_by_ms, received.clamped,
        intake.received_ms, taken.outcome, _payload(taken), _decided(taken, filing),
        kind.rules_mark if kind else None,
    )  # fmt: skip


def _decided(taken: Taken, filing: Filing) -> str | None:
    """Return the decisions that stand beside the row, and the number its record was given."""
    decisions, number = filing.kept(taken) if taken.decisions else [], taken.number_given
    if number is not None:
        name = NUMBER_FIELDS[taken.record.type]
        if not decisions:
            return numbered_alone(name, number)
        decisions = [*decisions, numbered(name, number)]
    return wire.canonical(decisions).decode() if decisions else None


def _payload(taken: Taken) -> str:
    """Return what the row stands for: the mutation as it came, or what the server itself wrote."""
    if taken.arrived is not None:
        return taken.arrived.raw.decode()
    return taken.record.body() if taken.amendment is None else wire.canonical(taken.amendment).decode()


def _kinds(rows: Iterable[Taken]) -> list[tuple[str, str, Callable[[], str]]]:
    """Return the types of *rows* with the mark of their rules, and what writes the rules down."""
    kinds = {row.record.type: TYPES[row.record.type] for row in rows if row.record.type in TYPES}
    return [(kind.name, kind.rules_mark, partial(_declared, kind)) for kind in kinds.values()]


def _declared(kind: RecordType) -> str:
    return wire.canonical(rulebook.declared(kind.rules)).decode()


def _acknowledge(work: UnitOfWork, rows: Iterable[Taken], now_ms: int) -> None:
    """Note which notices were acknowledged 已阅: what they tell of is not told to anybody higher up."""
    seen = {row.record.id for row in rows if row.record.type == "notice" and row.record.fields.get("seen_at")}
    if seen:
        work.reminders.acknowledge(seen, now_ms)


# -- what was not taken -----------------------------------------------------------------------------


def _file_refusals(work: UnitOfWork, intake: Intake, install: str) -> None:
    work.quarantine.keep([_refused(intake, install, one, refusal) for one, refusal in intake.refused])


def _refused(intake: Intake, install: str, one: Arrived, refusal: Refusal) -> Refused:
    claims = claims_of(one.raw)
    return Refused(
        id=refused_id(intake.device, install, one.n, one.raw),
        device=intake.device,
        install=install,
        n=one.n,
        received_ms=intake.received_ms,
        record=one.mutation.id if one.mutation else None,
        code=refusal.code,
        problem=wire.canonical(refusal.body()).decode(),
        payload=one.raw,
        by=claims.by,
        grid=claims.grid,
        at_ms=one.received.stamp.ms if one.received else claims.at_ms,
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


def _outcome(taken: Taken, filing: Filing) -> Outcome:
    return Outcome(
        n=taken.arrived.n if taken.arrived else 0,
        outcome=taken.outcome,
        feed=taken.record.feed,
        version=taken.number if taken.changes else None,
        decisions=filing.told(taken) or None,
        no=taken.number_given,
    )


def _refusals(intake: Intake) -> list[Outcome]:
    return [Outcome(n=one.n, outcome="rejected", problem=refusal.body()) for one, refusal in intake.refused]


def _not_yet(intake: Intake) -> list[Outcome]:
    held = [Outcome(n=w.arrived.n, outcome="held", waits_for=w.record) for w in intake.waiting]
    return held + [Outcome(n=one.n, outcome="retry") for one in intake.unready]
