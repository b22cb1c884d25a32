"""
Look where time has run out 升级巡视: propose what each level proposes, and let fall away what is over.

Nothing here acts on a case. Running it again, or twice at once, changes nothing that stands already.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from schemas import grid
from schemas.ids import derived_id
from schemas.lights import RUNNING
from server.core.clocks import deadlines
from server.core.clocks.calendar import Calendar
from server.core.clocks.escalating import OF_UNITS, Cause, Standing, causes, returned_ms, why_fallen
from server.storage.escalations import Proposal
from server.storage.ledger import NEVER, LedgerRow
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.read_calendar import read_calendar
from server.values import CaseTimes

#: From so many returns on a level is reached.
_LEAST_RETURNS = 2


@dataclass(slots=True)
class Reviewed:
    """How many proposals were made, by level, and how many fell away."""

    proposed: dict[int, int]
    fallen: int = 0


def review_escalations(store: Store, district: str, now_ms: int) -> Reviewed:
    """Go over the open cases of *district*, a few thousand a transaction, and say what came of it."""
    reviewed = Reviewed({})
    place: tuple[str, int] | None = ("", 0)
    while place is not None:
        fallen, place = retrying(partial(_let_fall, store, district, now_ms, place))
        reviewed.fallen += fallen
    after: str | None = ""
    while after is not None:
        made, after = retrying(partial(_propose, store, district, now_ms, after))
        for one in made:
            reviewed.proposed[one.level] = reviewed.proposed.get(one.level, 0) + 1
    return reviewed


def propose_bottom(
    store: Store, district: str, weeks: Sequence[Mapping[str, float]], last_ms: int, now_ms: int
) -> list[Proposal]:
    """
    Propose what level 4 proposes of each unit that was last for three weeks running, and return what is new.

    Of the same weeks nothing is proposed twice, whatever a person made of it.

    Args:
        weeks: The score of each unit that was ranked, one mapping a week, the latest last.
        last_ms: When the latest one began.
    """

    def attempt() -> list[Proposal]:
        with store.work(district) as work:
            last = deadlines.at_the_bottom(weeks)
            latest = work.escalations.latest(last)
            made = [
                _bottom(district, unit, (last_ms, now_ms), before)
                for unit in sorted(last)
                if (before := latest.get((unit, OF_UNITS))) is None
                or (before.state != "proposed" and before.due_ms != last_ms)
            ]
            work.escalations.put(made)
            work.commit()
        return made

    return retrying(attempt)


def standing_of(row: LedgerRow | None, times: CaseTimes | None = None) -> Standing | None:
    """
    Return what the escalation of a case goes by; None where there is no case.

    Args:
        times: Of its record: a date that the office brought forward counts from when its holder knew of it.
    """
    if row is None:
        return None
    due_ms = None if row.due_ms == NEVER or row.asked else row.due_ms
    known_ms = times.term.known_ms if times is not None and times.term else None
    if due_ms is not None and known_ms is not None:
        due_ms = max(due_ms, known_ms)
    return Standing(row.status, row.void or grid.is_sealed(row.grid), due_ms, row.returns)


# -- proposing ---------------------------------------------------------------------------------------


def _propose(store: Store, district: str, now_ms: int, after: str) -> tuple[list[Proposal], str | None]:
    """Propose what the next cases after the id *after* have reached; return that, and the last id, or None."""
    with store.work(district) as work:
        rows = work.escalations.candidates(RUNNING, now_ms, _LEAST_RETURNS, after)
        made = list(_reached(work, rows, now_ms))
        if made:
            work.escalations.put(made)
            work.commit()
    return made, rows[-1].id if rows else None


def _reached(work: UnitOfWork, rows: Sequence[LedgerRow], now_ms: int) -> Iterator[Proposal]:
    calendar = read_calendar(work)
    latest = work.escalations.latest([row.id for row in rows])
    fresh = [row for row in rows if any(_news(calendar, now_ms, row, standing_of(row), latest))]
    if not fresh:
        return
    # Only what is new is looked up: what the holder knew of his date, and when it was returned.
    known = work.case_clocks.of([row.id for row in fresh])
    for row in fresh:
        times = known.get(row.id)
        for level, cause in _news(calendar, now_ms, row, standing_of(row, times), latest):
            since_ms = cause.since_ms or (times and returned_ms(times, level)) or now_ms
            yield _proposal(work.district, row, level, cause, (since_ms, now_ms), latest.get((row.id, level)))


def _news(
    calendar: Calendar,
    now_ms: int,
    row: LedgerRow,
    standing: Standing | None,
    latest: Mapping[tuple[str, int], Proposal],
) -> Iterator[tuple[int, Cause]]:
    """Yield the levels that a case has reached and nobody has proposed yet, or not for this reason."""
    for level, cause in causes(calendar, now_ms, standing).items() if standing is not None else ():
        if _is_new(row, latest.get((row.id, level))):
            yield level, cause


def _is_new(row: LedgerRow, before: Proposal | None) -> bool:
    """Say whether what a case has reached was not proposed *before*, or has been ended and comes for another reason."""
    if before is None or before.state == "fallen":
        return True
    return before.state != "proposed" and (before.due_ms, before.returns) != (row.due_ms, row.returns)


def _proposal(
    district: str, row: LedgerRow, level: int, cause: Cause, at: tuple[int, int], before: Proposal | None
) -> Proposal:
    turn = before.turn + 1 if before is not None else 1
    since_ms, now_ms = at
    return Proposal(
        row.id, level, turn, derived_id("escalation", district, row.id, str(level), str(turn)), "proposed",
        since_ms, now_ms, row.due_ms, row.returns, cause.zh, cause.en,
    )  # fmt: skip


def _bottom(district: str, unit: str, at: tuple[int, int], before: Proposal | None) -> Proposal:
    turn = before.turn + 1 if before is not None else 1
    last_ms, now_ms = at
    return Proposal(
        unit, OF_UNITS, turn, derived_id("escalation", district, unit, str(OF_UNITS), str(turn)), "proposed",
        now_ms, now_ms, last_ms, 0, "连续三周垫底", "last for three weeks running",
    )  # fmt: skip


# -- falling away ------------------------------------------------------------------------------------


def _let_fall(store: Store, district: str, now_ms: int, after: tuple[str, int]) -> tuple[int, tuple[str, int] | None]:
    """End the next open proposals after *after* whose case no longer reaches their level; return how many."""
    with store.work(district) as work:
        doubtful = work.escalations.doubtful(RUNNING, after)
        fallen = list(_over(read_calendar(work), now_ms, doubtful))
        if fallen:
            work.escalations.end(fallen)
            work.commit()
    last = doubtful[-1][0] if doubtful else None
    return len(fallen), None if last is None else (last.about, last.level)


def _over(calendar: Calendar, now_ms: int, doubtful: Iterable[tuple[Proposal, LedgerRow | None]]) -> Iterator[Proposal]:
    for proposal, row in doubtful:
        ended = fallen(calendar, now_ms, proposal, standing_of(row))
        if ended is not None:
            yield ended


def fallen(calendar: Calendar, now_ms: int, proposal: Proposal, standing: Standing | None) -> Proposal | None:
    """Return *proposal* ended because its case no longer reaches its level; None where it does."""
    if standing is not None and proposal.level in causes(calendar, now_ms, standing):
        return None
    zh, en = why_fallen(standing)
    return proposal._replace(state="fallen", at_ms=now_ms, reason=f"{zh} {en}")
