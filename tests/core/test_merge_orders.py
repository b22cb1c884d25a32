"""Whoever reaches a network first: one record comes out, whatever the rules it was settled by."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mutations import Mutation
from schemas.rules import DAY_MS
from server.values import Author
from tests.core.trees import ROLES, edit, merged, planted, shown

Edit = tuple[Mutation, Author]

PHOTOS = [{"sha256": name * 32, "slot": slot} for name in ("3f", "4e") for slot in ("near", "far")]
PARTS = st.one_of(
    st.fixed_dictionaries(
        {
            "set": st.one_of(
                st.fixed_dictionaries({"species": st.sampled_from(["杨", "柳", "榆"])}),
                st.fixed_dictionaries({"health": st.sampled_from(["good", "poor", "dead"])}),
                st.fixed_dictionaries({"height_m": st.sampled_from([None, 3, 4.5, 9])}),
                st.fixed_dictionaries({"girth_cm": st.integers(1, 3)}),
                st.fixed_dictionaries({"planted_on": st.sampled_from(["2001-03-12", "2002-03-12"])}),
                st.fixed_dictionaries({"lat": st.sampled_from([42, 43]), "lng": st.sampled_from([121, 122])}),
                st.fixed_dictionaries({"a+b": st.integers(1, 3)}),
            )
        }
    ),
    st.fixed_dictionaries(
        {"add": st.fixed_dictionaries({"photos": st.lists(st.sampled_from(PHOTOS), min_size=1, max_size=2)})}
    ),
    st.fixed_dictionaries(
        {
            "remove": st.fixed_dictionaries(
                {"photos": st.lists(st.sampled_from(["3f" * 32, "4e" * 32]), min_size=1, max_size=1)}
            )
        }
    ),
    st.fixed_dictionaries({"add": st.fixed_dictionaries({"birds": st.just(["鹊"])})}),
    st.fixed_dictionaries({"remove": st.fixed_dictionaries({"birds": st.just(["鹊"])})}),
    st.fixed_dictionaries({"add": st.fixed_dictionaries({"remarks": st.just(["已浇水"])})}),
    st.fixed_dictionaries({"share": st.fixed_dictionaries({"water_t": st.sampled_from([0.5, 1])})}),
)


@st.composite
def journals(draw: st.DrawFn) -> list[list[Edit]]:
    """Return what two to four devices wrote, each in its own order, all looking at version 1."""
    found: list[list[Edit]] = []
    for number in range(draw(st.integers(2, 4))):
        device, clock = f"tablet {number}", 2_000 + number
        journal: list[Edit] = []
        for _ in range(draw(st.integers(1, 3))):
            clock += draw(st.sampled_from([10, 10 * DAY_MS // 24, DAY_MS]))
            journal.append(edit(device, draw(st.sampled_from(list(ROLES))), clock, **draw(PARTS)))
        found.append(journal)
    return found


def interleaved(journals: Sequence[Sequence[Edit]], order: Sequence[int]) -> list[Edit]:
    """Return every edit, each device's in its own order, the devices taking turns as *order* says."""
    waiting = [list(journal) for journal in journals]
    return [waiting[number].pop(0) for number in order]


@settings(max_examples=600, deadline=None)
@given(st.data(), journals())
def test_the_order_of_arrival_makes_no_difference(data: st.DataObject, journals: list[list[Edit]]) -> None:
    turns = [number for number, journal in enumerate(journals) for _ in journal]
    first, second = (data.draw(st.permutations(turns)) for _ in range(2))
    here, there = (planted(photos=[PHOTOS[0]], birds=["鹊"]) for _ in range(2))
    merged(here, *interleaved(journals, first))
    merged(there, *interleaved(journals, second))
    assert shown(here) == shown(there)
    assert here.at == there.at
