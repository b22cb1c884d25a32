"""A sheet of the ledger comes back: what somebody changed becomes his edits, new rows new reports, states stay."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.problems import Refusal
from server.commands import main
from server.core.importing.text import Unreadable
from server.reports.ledger_columns import TITLES
from server.storage.people import Account
from server.usecases.at_the_desk import desk_of
from server.usecases.import_ledger import Imported, import_ledger
from server.usecases.read_sheet import read_sheet
from tests.server.ledger_desk import acts_for
from tests.server.ledger_sheets import FORMULAS, Shelf, at, converted, good_bytes, open_shelf
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, PEOPLE, STREET, person_id

Change = Callable[[Any], None]


@pytest.fixture
def shelf(database_url: str) -> Iterator[Shelf]:
    """A furnished district on the morning of 2020-07-18."""
    opened = open_shelf(database_url)
    yield opened
    opened.office.store.engine.dispose()


@pytest.fixture
def plain_shelf(tmp_path: Path) -> Iterator[Shelf]:
    """The same on SQLite alone, for what does not depend on the database."""
    opened = open_shelf(f"sqlite:///{tmp_path / 'gridward.db'}")
    yield opened
    opened.office.store.engine.dispose()


def taken(shelf: Shelf, folder: Path, who: str = "qian", kind: str = "xlsx", asked: str = "") -> Path:
    """Let somebody take the ledger out, and return the file."""
    file = folder / f"out-{who}.{kind}"
    file.write_bytes(good_bytes(shelf.out(who, f"?format={kind}{asked}")))
    return file


def changed(file: Path, change: Change) -> Path:
    """Change a workbook as somebody does who opens and saves it."""
    book = openpyxl.load_workbook(file)
    change(book.worksheets[0])
    made = file.with_name(f"changed-{file.name}")
    book.save(made)
    return made


def brought(shelf: Shelf, file: Path, who: str = "qian", **how: Any) -> Imported:
    """Let somebody bring a sheet back; written, unless said otherwise."""
    with shelf.office.store.work(DISTRICT, writing=False) as work:
        desk = desk_of(work, Account(person_id(who), PEOPLE[who][0]))
    shelf.clock.ms += 60_000
    how = {"dry_run": False, **how}
    return import_ledger(shelf.office.store, desk, read_sheet(file), shelf.clock.ms, **how)


def fields(shelf: Shelf, case: str) -> dict[str, Any]:
    """Return what a case says."""
    record = shelf.office.record(case)
    assert record is not None
    return record.fields


def counts(done: Imported) -> dict[str, int]:
    """Return the counts that are not nought."""
    return {name: count for name, count in done.report.counts.items() if count}


def versions(shelf: Shelf) -> dict[str, int]:
    """Return how often each case was written."""
    with shelf.office.store.work(DISTRICT, writing=False) as work:
        return {one.id: one.version for one in work.records.of_types({"case"})}


def test_a_sheet_that_nobody_touched_changes_nothing(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Whatever stands in it, also as other programs save it; a day later, when lights have changed, too."""
    plain_shelf.struck_off(plain_shelf.case("heap"))
    for n, text in enumerate(FORMULAS):
        plain_shelf.case(str(n), description=text, place_text=text)
    plain_shelf.case("a number", description="请拨13812345678")
    before = versions(plain_shelf)
    files = [(who, taken(plain_shelf, tmp_path, who, kind)) for who, kind in
             (("qian", "xlsx"), ("chen", "csv"), ("zhao", "xlsx"), ("lu", "csv"))]  # fmt: skip
    files.append(("qian", changed(files[0][1], write)))
    plain_shelf.clock.ms += 86_400_000
    for who, file in files:
        done = brought(plain_shelf, file, who)
        assert (done.changes, done.differences, done.report.wrong) == ([], [], [])
        assert counts(done) == {"unchanged": len(FORMULAS) + 2}
    assert versions(plain_shelf) == before


#: One text may come in two examples, and is two cases then.
_NUMBERS = count()
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(texts | st.from_regex(r"[=+@-]?_x[0-9A-F]{4}_.{0,3}", fullmatch=True), min_size=1, max_size=5))
def test_any_text_survives_the_way_out_and_back(plain_shelf: Shelf, tmp_path: Path, said: list[str]) -> None:
    """By both kinds of file, with and without what the workbook remembers."""
    for text in said:
        plain_shelf.case(f"text {next(_NUMBERS)}", description=text[:300], place_text=text[:120])
    for kind in ("xlsx", "csv"):
        done = brought(plain_shelf, taken(plain_shelf, tmp_path, "qian", kind), dry_run=True)
        assert (done.changes, done.differences, done.report.wrong) == ([], [], [])
    book = openpyxl.load_workbook(taken(plain_shelf, tmp_path))
    del book["gridward"]
    book.save(tmp_path / "bare.xlsx")
    done = brought(plain_shelf, tmp_path / "bare.xlsx", dry_run=True)
    assert (done.changes, done.differences, done.report.wrong) == ([], [], [])


def test_what_somebody_changed_becomes_his_edit(shelf: Shelf, tmp_path: Path) -> None:
    """Shown row by row before anything is written; written once, in his name; the second time there is nothing."""
    case = shelf.case("heap")

    def change(sheet: Any) -> None:
        sheet["H4"], sheet["J4"], sheet["I4"], sheet["K4"] = "中华路14号", "垃圾已三天，电13812345678", "渣土", "较重"
        sheet["I4"], sheet["N4"], sheet["AC4"] = "建筑垃圾、渣土", "住建局", "已联系施工方"

    file = changed(taken(shelf, tmp_path), change)
    dry = brought(shelf, file, dry_run=True)
    told = {(one.row, one.number, one.column, one.before, one.after) for one in dry.changes}
    assert (4, "HZ-2020-河北-00001", "点位（具体位置）", "中华路12号门前", "中华路14号") in told
    assert {one.column for one in dry.changes} == {
        "点位（具体位置）", "问题类别", "存在问题", "严重程度", "责任部门（属事）", "备注",
    }  # fmt: skip
    assert fields(shelf, case)["place_text"] == "中华路12号门前"
    assert counts(brought(shelf, file)) == {"changed": 1}
    said = fields(shelf, case)
    assert (said["place_text"], said["description"]) == ("中华路14号", "垃圾已三天，电138****5678")
    assert (said["problem_class"], said["severity"], said["functional_unit"]) == (
        "rubble_soil",
        "major",
        "dept_housing",
    )
    [remark] = said["remark"]
    assert (remark["text"], remark["by"]) == ("已联系施工方", person_id("qian"))
    again = brought(shelf, file)
    assert (again.changes, counts(again)) == ([], {"unchanged": 1})
    assert len(fields(shelf, case)["remark"]) == 1


def test_a_remark_is_added_and_none_is_taken_away(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Whoever writes on behind what stands there adds his own; a blank cell clears nothing, and is told."""
    case = plain_shelf.case("heap")
    brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, AC4="第一条")))
    brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, AC4="第一条；第二条")))
    assert [one["text"] for one in fields(plain_shelf, case)["remark"]] == ["第一条", "第二条"]
    done = brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, AC4=None, J4=None)))
    assert {(one.column, one.why_zh) for one in done.differences} == {
        ("备注", "空白不清除已有内容"), ("存在问题", "空白不清除已有内容"),
    }  # fmt: skip
    assert len(fields(plain_shelf, case)["remark"]) == 2


def test_a_sheet_never_moves_a_case_along(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Struck off in the sheet is not struck off here: every such cell is told, with the reason."""
    shelf = plain_shelf
    case = shelf.case("heap")

    def claim(sheet: Any) -> None:
        write(sheet, X4="是", Y4=at("2020-07-18 12:00"), S4="已销号", Q4="已清运", T4="2020-07-18 10:00", V4="冯刚")
        write(sheet, D4=at("2020-07-17 08:00"), G4="第八网格", C4="市暗访", Z4=3)

    done = brought(shelf, changed(taken(shelf, tmp_path), claim))
    assert {one.column for one in done.differences} == {
        "是否销号", "销号时间", "整改情况", "整改措施", "完成时间", "核查人", "发现时间", "所属网格", "问题来源",
        "退回次数",
    }  # fmt: skip
    assert all(one.why_zh and one.why_en for one in done.differences)
    assert (done.changes, counts(done)) == ([], {"unchanged": 1})
    assert fields(shelf, case)["status"] == "reported"


def test_an_old_sheet_takes_nothing_back(plain_shelf: Shelf, tmp_path: Path) -> None:
    """The office has moved on since it was exported: what nobody touched in it says nothing."""
    case = plain_shelf.case("heap")
    old = taken(plain_shelf, tmp_path)
    kept = old.rename(tmp_path / "old.xlsx")
    brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, J4="已清走一半")))
    done = brought(plain_shelf, changed(kept, lambda sheet: write(sheet, H4="中华路14号")))
    assert [one.column for one in done.changes] == ["点位（具体位置）"]
    said = fields(plain_shelf, case)
    assert (said["place_text"], said["description"]) == ("中华路14号", "已清走一半")


def test_everybody_writes_with_his_own_weight(plain_shelf: Shelf, tmp_path: Path) -> None:
    """The street's word on the class stands against the community's, which becomes a suggestion, once."""
    case = plain_shelf.case("heap")
    before = taken(plain_shelf, tmp_path, "zhao")
    brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, I4="乱堆物堆料")), "qian")
    mine = changed(before, lambda sheet: write(sheet, I4="其他"))
    done = brought(plain_shelf, mine, "zhao")
    assert done.report.kept == {4: ("problem_class",)}
    assert fields(plain_shelf, case)["problem_class"] == "piling"
    version = versions(plain_shelf)[case]
    again = brought(plain_shelf, mine, "zhao")
    assert (again.changes, versions(plain_shelf)[case]) == ([], version)
    assert ["位阶较高" in one.why_zh for one in again.differences] == [True]
    lower = changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, K4="较重"))
    brought(plain_shelf, lower)
    [told] = brought(plain_shelf, changed(taken(plain_shelf, tmp_path), lambda s: write(s, K4="一般"))).differences
    assert told.why_zh == "严重程度只升不降"


def test_whoever_may_not_write_is_told_and_nothing_is_written(plain_shelf: Shelf, tmp_path: Path) -> None:
    """The leading group reads the ledger; its sheet changes nothing."""
    case = plain_shelf.case("heap")
    done = brought(plain_shelf, changed(taken(plain_shelf, tmp_path, "lu"), lambda s: write(s, J4="改")), "lu")
    [wrong] = done.report.wrong
    assert (wrong.row, wrong.error["code"]) == (4, "not_allowed")
    assert done.report.stopped
    assert fields(plain_shelf, case)["description"] == "便道有积存垃圾"


# -- new rows ---------------------------------------------------------------------------------------------

NEW = {"发现时间": "2020-07-18 07:30", "问题来源": "自查", "所属街道": "河北街道", "所属社区": "兴隆社区",
       "所属网格": "第八网格", "点位（具体位置）": "矿工大街3号", "问题类别": "店外经营",
       "存在问题": "占道摆摊"}  # fmt: skip


def table(folder: Path, *rows: dict[str, Any], titles: tuple[str, ...] = TITLES, above: tuple[Any, ...] = ()) -> Path:
    """Return a workbook that an office made by itself."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in above:
        sheet.append([line])
    sheet.append(titles)
    for row in rows:
        sheet.append([row.get(title) for title in titles])
    file = folder / f"made-{len(list(folder.iterdir()))}.xlsx"
    book.save(file)
    return file


def test_a_row_without_a_number_is_a_new_report(shelf: Shelf, tmp_path: Path) -> None:
    """Of the source it names, in the name of who brings it; brought again it is known."""
    claims = {"是否销号": "是", "整改措施": "已劝离", "备注": "商户已知晓"}
    file = table(tmp_path, NEW, NEW | {"问题编号": "SJ-7", "问题来源": "市暗访", "整改时限": "2020-07-20"} | claims)
    done = brought(shelf, file)
    assert (done.report.wrong, counts(done)) == ([], {"new": 2})
    assert {(one.row, one.column) for one in done.differences} == {(3, "是否销号"), (3, "整改措施")}
    with shelf.office.store.work(DISTRICT, writing=False) as work:
        found = sorted(work.records.of_types({"case"}), key=lambda one: one.fields["source"])
    city, own = found
    assert {(one.grid, one.fields["status"], one.by) for one in found} == {(GRID_8, "reported", person_id("qian"))}
    assert (city.fields["source_no"], city.fields["ordered_due"]) == ("SJ-7", "2020-07-20T23:59:59+08:00")
    assert [one["text"] for one in city.fields["remark"]] == ["商户已知晓"]
    assert ("source_no" in own.fields, own.fields["problem_class"]) == (False, "out_of_store")
    assert all(one.fields["case_no"].startswith("HZ-2020-河北-") for one in found)
    again = brought(shelf, file)
    assert (counts(again), again.changes) == ({"unchanged": 2}, [])


def test_columns_stand_anywhere_and_some_are_missing(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Other order, other headings above, blanks in them, columns of the office's own; the serial number is no key."""
    plain_shelf.case("heap")
    titles = ("备注", " 存 在 问 题 ", "上报人", "问题编号*")
    row = {"问题编号*": "hz2020河北1", " 存 在 问 题 ": "已清走一半", "上报人": "老王"}
    done = brought(plain_shelf, table(tmp_path, row, titles=titles, above=("7月台账", "填报单位：某某")))
    assert [(one.row, one.after) for one in done.changes] == [(4, "已清走一半")]
    assert done.report.notes == [("未导入的列：上报人", "columns left out: 上报人")]


def test_cells_merged_downwards_hold_for_every_row(plain_shelf: Shelf, tmp_path: Path) -> None:
    """An office writes a street's and a community's name once for all their rows."""
    rows: list[dict[str, Any]] = [NEW | {"存在问题": f"第{n}处"} for n in range(3)]
    for row in rows[1:]:
        row |= {"所属街道": None, "所属社区": None}
    file = table(tmp_path, *rows, {"序号": "合计：3 件"}, {"序号": "填表人："})
    place = TITLES.index("所属街道") + 1
    book = openpyxl.load_workbook(file)
    for column in (place, place + 1):
        book.worksheets[0].merge_cells(start_row=2, end_row=4, start_column=column, end_column=column)
    book.save(file)
    done = brought(plain_shelf, file)
    assert (done.report.wrong, counts(done)) == ([], {"new": 3})
    with plain_shelf.office.store.work(DISTRICT, writing=False) as work:
        assert {one.grid for one in work.records.of_types({"case"})} == {GRID_8}


def test_each_mistake_is_told_by_row_and_column(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Nothing is written where one row is wrong, unless the good ones are to go in without it."""
    wrong = NEW | {"发现时间": "上个月", "所属社区": "不知道社区", "问题类别": "脏", "存在问题": "甲"}
    unsaid = {"存在问题": "乙", "发现时间": "2020-07-18"}
    long = NEW | {"存在问题": "长" * 301}
    file = table(tmp_path, NEW, wrong, unsaid, long, {"问题编号": "待编号", "存在问题": "丙"})
    done = brought(plain_shelf, file)
    told = {(one.row, one.column) for one in done.report.wrong}
    assert told == {(3, "发现时间"), (3, "问题类别"), (4, "问题来源"), (5, "存在问题"), (6, "问题编号")}
    assert done.report.stopped
    assert versions(plain_shelf) == {}
    assert counts(brought(plain_shelf, file, partly=True, source="self")) == {"new": 2}
    with plain_shelf.office.store.work(DISTRICT, writing=False) as work:
        # Whose row names no street means his own.
        assert {one.grid for one in work.records.of_types({"case"})} == {GRID_8, STREET}


def test_one_case_in_two_rows_counts_once(plain_shelf: Shelf, tmp_path: Path) -> None:
    """The first row counts, the other is told; so with two new rows that are one."""
    case = plain_shelf.case("heap")
    number = fields(plain_shelf, case)["case_no"]
    rows = [{"问题编号": number, "存在问题": text} for text in ("甲", "乙")]
    done = brought(plain_shelf, table(tmp_path, *rows, NEW, NEW))
    assert counts(done) == {"changed": 1, "new": 1, "duplicate": 2}
    assert fields(plain_shelf, case)["description"] == "甲"
    assert any("第 3 行与第 2 行" in zh for zh, _ in done.report.notes)


def test_another_streets_cases_are_out_of_reach(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Neither changed nor made: each row is told; a department changes its own cases alone."""
    shelf = plain_shelf
    theirs = shelf.case("theirs", who="chen", grid=ELSEWHERE)
    number = fields(shelf, theirs)["case_no"]
    rows = [{"问题编号": number, "存在问题": "改"}, NEW | {"所属街道": "五龙街道", "所属社区": "", "所属网格": ""}]
    done = brought(shelf, table(tmp_path, *rows))
    assert {(one.row, one.error["code"]) for one in done.report.wrong} == {(2, "number"), (3, "outside_area")}
    acts_for(shelf.office, "dong", "dept_urban")
    ours = shelf.case("ours", functional_unit="dept_urban")
    row = {"问题编号": fields(shelf, ours)["case_no"], "存在问题": "已处理一半"}
    assert counts(brought(shelf, table(tmp_path, row), "dong")) == {"changed": 1}
    assert [one.error["code"] for one in brought(shelf, table(tmp_path, rows[0]), "dong").report.wrong] == ["number"]


def test_no_row_learns_of_a_sealed_case(plain_shelf: Shelf, tmp_path: Path) -> None:
    """A number that is sealed is treated as one that nobody has: the row becomes a report of its own."""
    hidden = {"embargo_until": "2020-08-01", "real_grid": GRID_7, "source": "district_inspection"}
    covert = plain_shelf.case("covert", who="zhou", grid=f"{DISTRICT}999", description="暗访所见", **hidden)
    number = fields(plain_shelf, covert)["case_no"]
    done = brought(plain_shelf, table(tmp_path, NEW | {"问题编号": number}))
    assert (done.report.wrong, done.changes, counts(done)) == ([], [], {"new": 1})
    assert "暗访所见" not in repr(done)
    assert fields(plain_shelf, covert)["description"] == "暗访所见"


# -- files ------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_sheet_saved_elsewhere_comes_back(plain_shelf: Shelf, tmp_path: Path) -> None:
    """LibreOffice opens and saves it: dates, texts and what the workbook remembers stay."""
    plain_shelf.struck_off(plain_shelf.case("heap"))
    for n, text in enumerate(FORMULAS):
        plain_shelf.case(str(n), description=text, place_text=text)
    [saved] = converted([taken(plain_shelf, tmp_path)], "xlsx")
    returned = read_sheet(saved)
    assert len(returned.seals) == len(FORMULAS) + 1
    done = brought(plain_shelf, saved)
    assert (done.changes, done.differences, done.report.wrong) == ([], [], [])
    assert counts(done) == {"unchanged": len(FORMULAS) + 1}


def test_a_csv_that_excel_saved_comes_back(plain_shelf: Shelf, tmp_path: Path) -> None:
    """In GB18030, its dates written another way, numbers without their noughts."""
    case = plain_shelf.case("heap")
    rows = list(csv.reader(io.StringIO(taken(plain_shelf, tmp_path, kind="csv").read_text("utf-8-sig"))))
    rows[1][3], rows[1][9] = "2020/7/18 8:00", "已清走一半"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    file = tmp_path / "excel.csv"
    file.write_bytes(out.getvalue().encode("gb18030"))
    done = brought(plain_shelf, file)
    assert ([one.column for one in done.changes], done.differences) == (["存在问题"], [])
    assert fields(plain_shelf, case)["description"] == "已清走一半"


def not_a_book(folder: Path) -> Path:
    """A picture under another name."""
    file = folder / "a.xlsx"
    file.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 100)
    return file


def a_bomb(folder: Path) -> Path:
    """A workbook of few bytes that says it unfolds to gigabytes."""
    file = folder / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for n in range(2_001):
            book.writestr(f"xl/{n}.xml", b"")
    return file


def no_ledger(folder: Path) -> Path:
    """A list of something else."""
    return table(folder, {"姓名": "老王"}, titles=("姓名", "年龄"))


def no_problem(folder: Path) -> Path:
    """A table with some of the headings, and none that says what it is about."""
    return table(folder, {"备注": "x"}, titles=("备注", "责任人"))


def twice_the_same(folder: Path) -> Path:
    """A table in which one column stands twice."""
    return table(folder, {"存在问题": "x"}, titles=("存在问题", "存在问题"))


@pytest.mark.parametrize("make", [not_a_book, a_bomb, no_ledger, no_problem, twice_the_same])
def test_a_file_that_is_no_ledger_is_refused_in_words(
    plain_shelf: Shelf, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    """In both languages, and before anything is written."""
    with pytest.raises(Unreadable) as told:
        brought(plain_shelf, make(tmp_path))
    assert told.value.zh
    assert told.value.en


def test_a_stopped_person_brings_nothing(plain_shelf: Shelf, tmp_path: Path) -> None:
    """His account ended: nothing is even compared."""
    plain_shelf.office.stop("qian")
    with plain_shelf.office.store.work(DISTRICT, writing=False) as work:
        desk = desk_of(work, Account(person_id("qian"), "钱伟", stopped_ms=1))
    sheet = read_sheet(table(tmp_path, NEW))
    with pytest.raises(Refusal, match="person_stopped"):
        import_ledger(plain_shelf.office.store, desk, sheet, plain_shelf.clock.ms, dry_run=False)


def test_the_command_shows_first_and_writes_when_told(
    plain_shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would change, what differs, how to go on; then it is done, and the second time there is nothing to do."""
    case = plain_shelf.case("heap")
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", str(plain_shelf.office.store.engine.url))
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    file = changed(taken(plain_shelf, tmp_path), lambda sheet: write(sheet, J4="已清走一半", X4="是"))

    def typed(*more: str, code: int = 0) -> str:
        told = CliRunner().invoke(main, ["ledger", "import-sheet", str(file), "--as", "钱伟", *more])
        assert told.exit_code == code, told.output
        return told.output

    shown = typed()
    assert "第 4 行 HZ-2020-河北-00001 存在问题：“便道有积存垃圾” → “已清走一半”" in shown
    assert "不改 第 4 行 HZ-2020-河北-00001 是否销号：台账“否”，表中“是”" in shown
    assert "--apply" in shown
    assert fields(plain_shelf, case)["description"] == "便道有积存垃圾"
    typed("--apply")
    assert fields(plain_shelf, case)["description"] == "已清走一半"
    told = json.loads(typed("--apply", "--json"))
    assert (told["changes"], len(told["differences"]), told["counts"]["unchanged"]) == ([], 1, 1)


def write(sheet: Any, **cells: Any) -> None:
    """Write some cells of a sheet."""
    for name, value in cells.items():
        sheet[name] = value
