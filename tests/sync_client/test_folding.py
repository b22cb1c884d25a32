"""Chinese on a narrow screen."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from sync_client.commands.folding import Folded, breaks


def lines(text: str, width: int) -> list[str]:
    """Return *text* as a screen of *width* shows it."""
    return [line.plain for line in Folded(text).wrap(Console(), width)]


def test_a_list_of_names_begins_beside_its_head() -> None:
    """It used to jump to the next line whole, because it holds no blank."""
    told = lines("未巡查 3 人：李明、王芳、孙强 3 without a check", 20)
    assert told == ["未巡查 3 人：李明、", "王芳、孙强 3 without", "a check"]


def test_no_line_begins_with_a_closing_mark_nor_breaks_a_number() -> None:
    assert lines("在办1件，挂账0件。", 16) == ["在办1件，挂账0", "件。"]
    assert lines("问题 HZ-2020-河北-00022，红灯", 22) == ["问题", "HZ-2020-河北-00022，红", "灯"]


@given(st.text(alphabet="河北，。、 ab1-“”（）", max_size=60), st.integers(4, 30))
def test_nothing_is_lost_and_every_line_fits(text: str, width: int) -> None:
    places = [0, *breaks(text, width), len(text)]
    parts = [text[start:end] for start, end in pairwise(places)]
    assert "".join(parts) == text
    assert all(cell_len(part.rstrip()) <= width for part in parts)
