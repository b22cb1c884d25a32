"""
Records that are moved to another grid 移交: where one lay when an edit of it was signed, and what its author had seen.

Pure. A move is the office's act and a row of the history with a number of its own. Within one feed that is all;
into another feed there are two rows: in the old feed the number under which the record left, in the new one
the number under which it arrived. Numbers of two feeds cannot be compared, so on arrival everything the record
holds counts as written under the arrival's number.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from schemas import grid, wire, workflow
from schemas.mutations import Mutation
from server.core.admission import CASES, REGISTERS
from server.values import PENDING, Record

#: Outcomes of rows of the history: the record lies elsewhere from here on; it went into another feed.
MOVED, LEFT = "moved", "left"
#: The install under which moves stand in the history.
INSTALL = "moves"


class Move(NamedTuple):
    """
    One move of one record.

    Attributes:
        from_grid, from_feed: Where it lay.
        seen: Its last version there; whoever saw that saw everything up to the move.
        left: The number of its leaving in ``from_feed``; within one feed the same as ``version``.
        to_grid, to_feed, version: Where it went, and the number of its arrival.
        at_ms: When, by the server's clock.
    """

    from_grid: str
    from_feed: str
    seen: int
    left: int
    to_grid: str
    to_feed: str
    version: int
    at_ms: int

    @property
    def leaves_feed(self) -> bool:
        """Whether it went into another feed."""
        return self.from_feed != self.to_feed


class Row(Protocol):
    """A row of the history; see ``server.values.Entry``."""

    @property
    def feed(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def outcome(self) -> str: ...

    @property
    def payload(self) -> str: ...


R = TypeVar("R", bound=Row)


def payload_of(move: Move) -> str:
    """Return what stands in the history for *move*: an amendment that writes nothing, and the move."""
    return wire.canonical({"sets": {}, "adds": {}, "moved": move._asdict()}).decode()


def read_move(payload: str) -> Move:
    """Return the move that *payload* stands for."""
    written: Mapping[str, Any] = wire.decode_json(payload)["moved"]
    return Move(**written)


def in_order(rows: Iterable[R], feed: str) -> list[R]:
    """
    Return the *rows* of one record in the order in which they happened, through all its feeds.

    Args:
        rows: All of them, in any order.
        feed: Where the record lies now.
    """
    by_feed: dict[str, list[R]] = {}
    for row in sorted(rows, key=lambda one: one.version):
        by_feed.setdefault(row.feed, []).append(row)
    found: list[R] = []
    while by_feed.get(feed):
        row = by_feed[feed].pop()
        found.append(row)
        if row.outcome == MOVED:
            move = read_move(row.payload)
            if move.leaves_feed:
                feed = move.from_feed
    return found[::-1]


def moves_in_order(payloads: Iterable[str], feed: str) -> list[Move]:
    """Return the moves of a record that lies in *feed* now, the first one first."""
    left = sorted(map(read_move, payloads), key=lambda move: move.version)
    found: list[Move] = []
    before = None
    while True:
        fits = [move for move in left if move.to_feed == feed and (before is None or move.version < before)]
        if not fits:
            return found[::-1]
        last = fits[-1]
        left.remove(last)
        found.append(last)
        feed, before = last.from_feed, last.left


def never_moved(_record: Record) -> Sequence[Move]:
    """Return the moves of a record that nobody ever moved."""
    return ()


def may_have_moved(record: Record, mutation: Mutation) -> bool:
    """Say whether *mutation* was made when *record* lay elsewhere; without this, nobody has to ask the history."""
    return mutation.grid != record.grid or PENDING < mutation.base < record.born


def place_at(now: str, moves: Sequence[Move], at_ms: int) -> str:
    """Return where a record lay at the moment *at_ms* that lies in *now* after *moves*."""
    return next((move.from_grid for move in moves if at_ms < move.at_ms), now)


def rebased(mutation: Mutation, moves: Sequence[Move]) -> Mutation:
    """
    Return *mutation* with its base as a number of the feed in which the record lies after *moves*.

    The feed in which its author read the record follows from ``grid``. Who saw the last version there saw
    everything up to the move; who saw less counts as not having seen it.
    """
    crossings = [move for move in moves if move.leaves_feed]
    if not crossings or not mutation.base:
        return mutation
    base = mutation.base
    for move in crossings[_stay(mutation, crossings) :]:
        base = move.version if move.seen <= base else 0
        if not base:
            break
    return mutation if base == mutation.base else msgspec.structs.replace(mutation, base=base)


def _stay(mutation: Mutation, crossings: Sequence[Move]) -> int:
    """Return during which stay the author read the record: 0 before the first crossing, 1 after it, and so on."""
    feed = grid.feed_of(mutation.grid)
    for stay in range(len(crossings), 0, -1):
        arrived = crossings[stay - 1]
        if arrived.to_feed == feed and arrived.version <= mutation.base:
            return stay
    return 0


def read_elsewhere(record: Record, mutation: Mutation, as_sent: Mutation) -> bool:
    """Say whether the author read *record* in another feed, or before it went through one."""
    return grid.feed_of(as_sent.grid) != record.feed or mutation.base != as_sent.base


def carry(record: Record, to_grid: str) -> None:
    """Let *record* lie in *to_grid*, in place; the number of the move is still to be taken."""
    feed = grid.feed_of(to_grid)
    if feed != record.feed:
        record.born = PENDING
        _forget_numbers(record)
    record.grid, record.feed = to_grid, feed
    record.clean, record.changed = False, True


def _forget_numbers(record: Record) -> None:
    marks = record.marks
    for name, kept in marks.values.items():
        marks.values[name] = tuple(candidate._replace(version=PENDING) for candidate in kept)
    for dots in marks.dots.values():
        for key, added in dots.items():
            dots[key] = tuple(dot._replace(version=PENDING) for dot in added)


def stays(record: Record) -> tuple[str, str] | None:
    """
    Return why *record* is not moved, in Chinese and in English; None where it is.

    What somebody observed belongs to the grid where he stood 检查归原网格.
    """
    if record.void:
        return "已作废", "it is void"
    if grid.is_sealed(record.grid):
        return None  # it was never meant to stay there
    if record.type in REGISTERS:
        return None
    if record.type not in CASES:
        return "不是登记或问题，归原网格", "it is neither a register entry nor a case, and stays where it was observed"
    return None if is_open(record) else ("问题已了结", "the case is over")


def is_open(record: Record) -> bool:
    """Say whether *record* is a case that is still to be dealt with."""
    return record.type in CASES and not record.void and record.fields.get("status") not in workflow.CASE.final


def told_of_case(called: str, now_called: str, from_name: str, to_name: str, to_holders: str) -> tuple[str, str]:
    """Return what both holders are told of an open case that went along, in Chinese and in English."""
    renamed_zh = "" if called == now_called else f"，单号改为{now_called}"
    renamed_en = "" if called == now_called else f"; its number is {now_called} now"
    zh = f"{called}：网格调整，由{from_name}移交{to_name}（责任人：{to_holders}）{renamed_zh}。检查记录仍归原网格。"
    en = f"{called}: it went from {from_name} to {to_name} (held by {to_holders}){renamed_en}. Checks stay."
    return zh, en


def told_of_release(called: str, to_name: str, said: str) -> tuple[str, str]:
    """Return what the street is told of a covert finding that was released, in Chinese and in English."""
    shown = f"：{said}" if said else ""
    zh = f"{called}：暗访结果公布，归{to_name}{shown}。请按流程办理。"
    en = f"{called}: a covert finding was released to {to_name}{shown}. Deal with it as with any other."
    return zh, en


def told_of_holder(called: str, name: str, holders: str) -> tuple[str, str]:
    """Return what both holders are told of an open case whose grid *name* is held by others now."""
    zh = f"{called}：{name}的责任人现为{holders}，未了结的问题随之移交。检查记录仍归检查人。"
    en = f"{called}: {name} is held by {holders} now, and its open cases with it. Checks stay with whoever made them."
    return zh, en


def told_of_registers(count: int, from_name: str, to_name: str, to_holders: str) -> tuple[str, str]:
    """Return what both holders are told of register entries that were moved, in Chinese and in English."""
    zh = f"网格调整：{count} 条登记由{from_name}移交{to_name}（责任人：{to_holders}）。"
    en = f"{count} register entries went from {from_name} to {to_name} (held by {to_holders})."
    return zh, en
