"""Where a record lay, what an author had seen of it, and in which order its rows happened."""

from typing import NamedTuple

import pytest

from schemas.mutations import Mutation
from server.core.moving import MOVED, Move, in_order, moves_in_order, payload_of, place_at, read_move, rebased
from tests.core.desk import SHOP

HERE, NEXT_DOOR, THERE = "210902005003007", "210902005003008", "210902006001001"
OLD, NEW = "210902005", "210902006"

#: Away at number 100 (its last version there was 60), arrived as 20; back at 40 (last there 30), arrived as 200.
AWAY = Move(HERE, OLD, 60, 100, THERE, NEW, 20, 1_000)
BACK = Move(THERE, NEW, 30, 40, HERE, OLD, 200, 2_000)
BACK_UNTOUCHED = BACK._replace(seen=20)
WITHIN = Move(HERE, OLD, 5, 50, NEXT_DOOR, OLD, 50, 500)


@pytest.mark.parametrize(
    ("grid", "base", "moves", "counts_as"),
    [
        (HERE, 60, (), 60),
        (HERE, 60, (AWAY,), 20),
        (HERE, 99, (AWAY,), 20),
        (HERE, 59, (AWAY,), 0),
        (HERE, 0, (AWAY,), 0),
        (THERE, 25, (AWAY,), 25),
        (THERE, 30, (AWAY, BACK), 200),
        (THERE, 29, (AWAY, BACK), 0),
        (HERE, 60, (AWAY, BACK), 0),
        (HERE, 60, (AWAY, BACK_UNTOUCHED), 200),
        (HERE, 59, (AWAY, BACK_UNTOUCHED), 0),
        (HERE, 210, (AWAY, BACK), 210),
        (HERE, 5, (WITHIN,), 5),
        (NEXT_DOOR, 60, (WITHIN, AWAY), 20),
    ],
)
def test_a_base_counts_as_what_its_author_saw(grid: str, base: int, moves: tuple[Move, ...], counts_as: int) -> None:
    """Whoever saw the last version before a move saw everything up to it; whoever saw less, nothing."""
    mutation = Mutation(n=1, op="patch", type="shop", id=SHOP, grid=grid, at=(1, 0), by=SHOP, base=base)
    assert rebased(mutation, moves).base == counts_as


class Row(NamedTuple):
    """A row of the history, as far as its place goes."""

    feed: str
    version: int
    outcome: str
    payload: str


def test_rows_stand_in_the_order_in_which_they_happened() -> None:
    """Through two feeds and back, whatever the numbers are; a record that was never moved too."""
    happened = [
        Row(OLD, 50, "applied", ""),
        Row(OLD, 60, "merged", ""),
        Row(OLD, 100, "left", payload_of(AWAY)),
        Row(NEW, 20, MOVED, payload_of(AWAY)),
        Row(NEW, 30, "applied", ""),
        Row(NEW, 40, "left", payload_of(BACK)),
        Row(OLD, 200, MOVED, payload_of(BACK)),
        Row(OLD, 210, "applied", ""),
    ]
    assert in_order(sorted(happened), OLD) == happened
    assert in_order(happened[:2], OLD) == happened[:2]
    assert in_order(happened[:5], NEW) == happened[:5]


def test_moves_stand_in_their_order() -> None:
    """Within a feed and across, to and fro."""
    on = Move(HERE, OLD, 200, 220, NEXT_DOOR, OLD, 220, 2_500)
    moves = [AWAY, BACK, on]
    assert moves_in_order(map(payload_of, reversed(moves)), OLD) == moves
    assert moves_in_order([], OLD) == []
    assert read_move(payload_of(on)) == on


def test_where_it_lay() -> None:
    """At every moment, the moves' own included."""
    places = [place_at(HERE, (AWAY, BACK), at) for at in (0, 999, 1_000, 1_999, 2_000)]
    assert places == [HERE, HERE, THERE, THERE, HERE]
