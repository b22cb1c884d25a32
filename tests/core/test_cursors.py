"""A cursor opens for the device, the feed and the key it was made for, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Refusal
from server.core.cursors import Cursor, seal, unseal

KEY = b"k" * 32
FEED = "210902005"
NUMBERS = st.integers(0, (1 << 48) - 1)
LINKS = st.just(b"") | st.binary(min_size=4, max_size=4)
CURSORS = st.builds(Cursor, NUMBERS, st.booleans(), st.binary(min_size=4, max_size=4), NUMBERS, LINKS)


@given(CURSORS)
def test_it_opens_again(cursor: Cursor) -> None:
    assert unseal(KEY, "li", FEED, seal(KEY, "li", FEED, cursor)) == cursor


@given(
    CURSORS,
    st.sampled_from([(b"K" * 32, "li", FEED), (KEY, "wang", FEED), (KEY, "li", "210902006"), (KEY, "li|", FEED)]),
)
def test_it_opens_for_nobody_else(cursor: Cursor, who: tuple[bytes, str, str]) -> None:
    assert_closed(*who, seal(KEY, "li", FEED, cursor))


@given(CURSORS, st.data())
def test_no_character_of_it_can_be_changed(cursor: Cursor, data: st.DataObject) -> None:
    """Not even the last, which carries bits that mean nothing."""
    text = seal(KEY, "li", FEED, cursor)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != text[place]) | st.sampled_from("+/-_=AZ09"))
    changed = text[:place] + other + text[place + 1 :]
    if changed != text:
        assert_closed(KEY, "li", FEED, changed)


@given(st.text() | st.text("ABCabc019-_=", max_size=40))
def test_made_up_text_does_not_open(text: str) -> None:
    assert_closed(KEY, "li", FEED, text)


@given(CURSORS, st.text(min_size=1, max_size=3))
def test_nothing_can_be_added_or_left_out(cursor: Cursor, more: str) -> None:
    text = seal(KEY, "li", FEED, cursor)
    for other in (text + more, more + text, text[:-1], text[1:], text + text):
        assert_closed(KEY, "li", FEED, other)


def assert_closed(key: bytes, device: str, feed: str, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        unseal(key, device, feed, text)
    assert refused.value.code == "invalid_cursor"
