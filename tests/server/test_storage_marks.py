"""Field marks are written down and read back, today's and those from before clocks were judged."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.clock import Stamp
from schemas.rules import Candidate
from server.storage import marks
from server.values import Dot, Marks
from tests.server.storing import LI, NOON, OTHER_TABLET, TABLET, WANG

TODAY = 41
VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.lists(st.integers(0, 3), max_size=2)
STAMPS = st.builds(Stamp, st.integers(0, 1 << 48), st.integers(0, 9), st.sampled_from([TABLET, OTHER_TABLET]))
#: 0 is what is still in hand: it becomes today's number.
NUMBERS = st.integers(0, TODAY)
CANDIDATES = st.tuples(VALUES, STAMPS, st.sampled_from([LI, WANG]), st.integers(0, 6), NUMBERS, st.booleans()).map(
    lambda parts: Candidate(*parts)
)
DOTS = st.tuples(NUMBERS, st.sampled_from([TABLET, OTHER_TABLET]), st.none() | st.just({"sha256": "ab"})).map(
    lambda parts: Dot(*parts)
)
NAMES = st.sampled_from(["name", "status", "lat+lon"])


@given(
    st.dictionaries(NAMES, st.lists(CANDIDATES, min_size=1, max_size=3).map(tuple)),
    st.dictionaries(NAMES, st.dictionaries(NAMES, st.lists(DOTS, min_size=1, max_size=2).map(tuple), min_size=1)),
)
def test_marks_come_back_as_they_were(
    values: dict[str, tuple[Candidate, ...]], dots: dict[str, dict[str, tuple[Dot, ...]]]
) -> None:
    """One candidate or several, from good clocks and bad ones; what was in hand has got its number."""
    kept = Marks(values, dots)
    fields = {name: row[0].value for name, row in values.items() if len(row) == 1 and "+" not in name}
    again = marks.load(marks.dump(kept, TODAY), fields)
    assert again == Marks(
        {name: tuple(numbered(c) for c in row) for name, row in values.items()},
        {name: {key: tuple(map(numbered_dot, row)) for key, row in keys.items()} for name, keys in dots.items()},
    )


def numbered(candidate: Candidate) -> Candidate:
    """Return *candidate* with the number it gets on writing."""
    return candidate._replace(version=candidate.version or TODAY)


def numbered_dot(dot: Dot) -> Dot:
    """Return *dot* with the number it gets on writing."""
    return dot._replace(version=dot.version or TODAY)


def test_rows_from_before_clocks_were_judged_are_believed() -> None:
    """As they were written then: alone without a value, beside another one with it."""
    row: list[Any] = [NOON, 0, TABLET, LI, 1, 7]
    other: list[Any] = [NOON + 1, 2, OTHER_TABLET, WANG, 2, 9]
    text = wire.canonical({"v": {"name": [row], "status": [[*row, "open"], [*other, None]]}}).decode()
    found = marks.load(text, {"name": "老王修车", "status": "open"})
    li = Candidate("老王修车", Stamp(NOON, 0, TABLET), LI, 1, 7)
    wang = Candidate(None, Stamp(NOON + 1, 2, OTHER_TABLET), WANG, 2, 9)
    assert found == Marks({"name": (li,), "status": (li._replace(value="open"), wang)})
    assert all(candidate.firm for row in found.values.values() for candidate in row)


def test_a_good_clock_costs_nothing() -> None:
    """Only what was stamped by a clock that had to be corrected is written otherwise than before."""
    good = Candidate("老王修车", Stamp(NOON, 0, TABLET), LI, 1, 7)
    assert marks.dump(Marks({"name": (good,)}), TODAY) == f'{{"v":{{"name":[[{NOON},0,"{TABLET}","{LI}",1,7]]}}}}'
    bad = marks.dump(Marks({"name": (good._replace(firm=False),)}), TODAY)
    assert bad == f'{{"v":{{"name":[[{NOON},0,"{TABLET}","{LI}",1,-7]]}}}}'


def test_a_record_nobody_edited_has_no_marks() -> None:
    """Nothing is written, and nothing comes back."""
    assert marks.dump(Marks(), TODAY) is None
    assert marks.load(None, {"name": "老王修车"}) == Marks()
