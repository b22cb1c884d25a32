"""What offices and crawlers call a table, read without losing a good row to a bad one."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.importing import cells
from server.core.importing.cells import BadCell
from server.core.importing.layouts import columns_for, heading_for
from server.core.importing.tables import find_heading, read_rows
from server.core.importing.text import MOST_CHARACTERS, Row, Unreadable, decode, rows_of

SHOPS = "商户编号,店名,地址\n1,老王修车,河北大街 5 号\n2,李记面馆,河北大街 7 号\n"


@pytest.mark.parametrize(
    ("raw", "read_as"),
    [
        (SHOPS.encode(), "utf-8"),
        (SHOPS.encode("utf-8-sig"), "utf-8-sig"),
        (SHOPS.encode("gb18030"), "gb18030"),
        (SHOPS.encode("utf-16"), "utf-16"),
        (SHOPS.replace("\n", "\r\n").encode(), "utf-8"),
        (SHOPS.replace("\n", "\r").encode(), "utf-8"),
        (SHOPS.replace(",", "\t").encode("gb18030"), "gb18030"),
        (SHOPS.replace("\n", "\n\n ,, \n").encode(), "utf-8"),
    ],
    ids=["utf-8", "with mark", "gb18030", "unicode text", "crlf", "cr", "tabs", "blank lines"],
)
def test_the_same_table_however_it_was_saved(raw: bytes, read_as: str) -> None:
    """Encoding, line ends, separators and blank lines change nothing."""
    text, name = decode(raw)
    assert name == read_as
    assert [row.cells[:3] for row in rows_of(text)] == [
        ("商户编号", "店名", "地址"),
        ("1", "老王修车", "河北大街 5 号"),
        ("2", "李记面馆", "河北大街 7 号"),
    ]


def test_one_damaged_byte_costs_one_row() -> None:
    """A mostly good UTF-8 file is not mistaken for another encoding: that would spoil every name in it."""
    text, name = decode(SHOPS.encode().replace("李".encode(), b"\xe6\x9d"))
    assert name == "utf-8"
    _, good, bad = rows_of(text)
    assert good.cells[1] == "老王修车"
    assert bad.fault is not None
    assert bad.number == 3


@pytest.mark.parametrize("raw", [b"\xff\xd8\xff\xe0\x00\x10JFIF\x80\x81" * 20, "店".encode("big5") + b"\xff\xff,\xfe"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    """With what to do about it."""
    with pytest.raises(Unreadable, match="CSV UTF-8"):
        decode(raw)


def test_a_named_encoding_is_taken_at_its_word() -> None:
    """And refused where the file is not in it."""
    assert decode("店".encode("big5"), "big5")[0] == "店"
    for name in ("gb18030", "no-such-encoding"):
        with pytest.raises(Unreadable, match=name):
            decode(b"\xff\xff", name)


def test_a_quoted_cell_may_hold_line_ends_and_commas() -> None:
    """As spreadsheets write them."""
    rows = list(rows_of('名称,说明\n"老王,修车","第一行\r\n第二行 ""引号"""\n李记,\n'))
    assert rows[1].cells == ("老王,修车", '第一行\n第二行 "引号"')
    assert (rows[2].number, rows[2].cells) == (4, ("李记", ""))


def test_a_quotation_mark_never_closed_costs_one_row() -> None:
    """And not everything below it."""
    rows = list(rows_of('名称,说明\n"老王修车,x\n李记,y\n王记,z\n'))
    assert [(row.number, row.fault is None) for row in rows] == [(1, True), (2, False), (3, True), (4, True)]
    assert rows[1].fault == ("引号没有闭合", "a quotation mark is never closed")


def test_a_quotation_mark_closed_far_below_costs_one_row() -> None:
    """Two open marks a hundred rows apart make no cell of a hundred rows."""
    body = [f"店{i},x" for i in range(100)]
    body[0], body[99] = '"店0,x', '店99",x'
    rows = list(rows_of("\n".join(["名称,说明", *body])))
    assert [row.number for row in rows if row.fault] == [2]
    assert len(rows) == 101


@pytest.mark.parametrize("cell", ["a\x00b", "字" * (MOST_CHARACTERS + 1), '"' + "字" * 200_000 + '"'])
def test_a_cell_no_database_can_keep_costs_one_row(cell: str) -> None:
    """NUL, and cells as long as a book."""
    rows = list(rows_of(f"名称,说明\n老王,{cell}\n李记,y\n"))
    assert [row.fault is None for row in rows] == [True, False, True]


@given(st.binary(max_size=400))
def test_whatever_the_bytes_it_is_a_table_or_no_table(raw: bytes) -> None:
    """Never anything else, and every row that is sound can be stored."""
    try:
        text, _ = decode(raw)
    except Unreadable:
        return
    for row in rows_of(text):
        if row.fault is None:
            "".join(row.cells).encode()
            assert "\x00" not in "".join(row.cells)


@given(st.lists(st.lists(st.text("老王,\"'\n; 1", max_size=6), min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_a_spreadsheet_writes_comes_back(table: list[list[str]]) -> None:
    """Quoted the usual way, every cell is read as it was."""
    wanted = [row for row in table if any(cell.strip() for cell in row)]
    quoted = "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["a", "b", "c"], *wanted]
    )
    assert [list(row.cells) for row in rows_of(quoted)][1:] == wanted


# -- cells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-07-18", "2020-07-18"), ("2020/7/8", "2020-07-08"), ("2020.7.8", "2020-07-08"),
        ("2020年7月8日", "2020-07-08"), ("20200718", "2020-07-18"), ("２０２０－０７－１８", "2020-07-18"),
        ("2020-07-18 00:00:00", "2020-07-18"),
    ],
)  # fmt: skip
def test_a_day_in_every_way_people_write_it(text: str, day: str) -> None:
    """All mean one day."""
    assert cells.day(text) == day


@pytest.mark.parametrize("text", ["44030", "7月18日", "18/7/2020", "昨天", "2020-07-18 15:30"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """A serial number of a spreadsheet too: nobody can tell it from a count."""
    with pytest.raises(BadCell):
        cells.day(text)


@pytest.mark.parametrize("spoilt", ["2.10902E+14", "2.10902005003007E+15", "2e14"])
def test_a_spoilt_code_is_told_and_never_guessed(spoilt: str) -> None:
    """A spreadsheet has thrown its last digits away."""
    with pytest.raises(BadCell, match="科学计数法"):
        cells.code(spoilt)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "是"), (12.0, "12"), (12.5, "12.5"), (210902005003007, "210902005003007"),
        (datetime.fromisoformat("2020-07-18"), "2020-07-18"), (" 老王 ", " 老王 "),
        (2109020050030070, "2.10902005003007E+15"),
    ],
)  # fmt: skip
def test_a_typed_cell_as_a_person_would_have_written_it(value: Any, text: str) -> None:
    """A code longer than a spreadsheet can keep shows that it is spoilt."""
    assert cells.shown(value) == text


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (cells.flag, "是", True), (cells.flag, "Ｎ", False), (cells.whole, "１２", 12), (cells.whole, "12.0", 12),
        (cells.number, "3.50", 3.5), (cells.number, "3.0", 3), (cells.code, "'007", "007"),
        (cells.code, "210902.0", "210902"),
        (cells.phone, "139 0418 0000", "13904180000"), (cells.plain, "\u3000老王\u00a0", "老王"),
        (cells.word_of({"open": "营业"}), "营业", "open"), (cells.word_of({"open": "营业"}), "OPEN", "open"),
    ],
)  # fmt: skip
def test_lenient_in_form(convert: Any, text: str, value: Any) -> None:
    """Full-width, blanks, Chinese or English words."""
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text"),
    [(cells.flag, "也许"), (cells.whole, "1,5"), (cells.number, "12米"), (cells.number, "nan"), (cells.plain, "#N/A"),
     (cells.word_of({"open": "营业"}), "开门")],
)  # fmt: skip
def test_strict_in_meaning(convert: Any, text: str) -> None:
    """What could be two things is none."""
    with pytest.raises(BadCell):
        convert(text)


# -- headings ---------------------------------------------------------------------------------------


def test_headings_are_found_below_a_title_however_they_are_written() -> None:
    """A title row above, blanks inside, full-width brackets, an English name."""
    rows = [
        Row(1, ("河北街道商户一览表",)),
        Row(2, ("序号", "店 名（牌匾）＊", "ADDRESS", "商户编号：")),
        Row(3, ("1", "老王", "街 5 号", "A1")),
    ]
    heading = heading_for("shops", rows)
    [named] = read_rows(rows, heading)
    assert named.values == {"name": "老王", "address": "街 5 号", "code": "A1"}
    assert heading.ignored == ("序号",)


def test_a_comma_nobody_quoted_costs_its_row() -> None:
    """Otherwise half an address would become the name of a shop."""
    rows = list(rows_of("商户编号,地址,店名\n1,海联路62号106,107,米饭班煮\n2,街 5 号,老王\n"))
    bad, good = read_rows(rows, find_heading(rows, columns_for("shops")))
    assert "未加引号" in bad.wrong[0].error["zh"]
    assert good.values["name"] == "老王"


def test_a_short_row_lacks_its_last_cells() -> None:
    """Which is no mistake: spreadsheets cut blank cells off."""
    rows = list(rows_of("商户编号,店名,地址\n1,老王\n"))
    [row] = read_rows(rows, find_heading(rows, columns_for("shops")))
    assert row.values == {"code": "1", "name": "老王"}


def test_two_columns_of_one_meaning_are_refused() -> None:
    """Nobody knows which one counts."""
    with pytest.raises(Unreadable, match="2 列"):
        find_heading(list(rows_of("店名,地址,店名\n")), columns_for("shops"))


@pytest.mark.parametrize(
    ("kind", "heading", "why"),
    [
        ("people", "code,name,level,parent_code", "像是区划"),
        ("shops", "code,name,level,parent_code", "像是区划"),
        ("divisions", "店铺id,店铺名,地址,名称,代码", "像是商户"),
        ("people", "open_dt,target_dt,closed_dt", "没有找到表头"),
        ("people", "姓名,电话", "缺少必需的列：工号"),
    ],
)
def test_a_file_of_another_kind_is_recognised(kind: str, heading: str, why: str) -> None:
    """Before nine hundred villages become nine hundred colleagues."""
    with pytest.raises(Unreadable, match=why):
        heading_for(kind, list(rows_of(heading + "\n1,2,3,4,5\n")))
