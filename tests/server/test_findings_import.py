"""Lists of findings from above, and ledgers that were kept elsewhere, become cases: once, and in words where not."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from schemas.directory import area_id
from schemas.lights import light_of
from schemas.moments import ms_of
from server.commands import main
from server.core.importing.text import Unreadable
from server.core.importing.wanted import Wanted
from server.core.sources import findings
from server.core.sources.foreign import read_layout
from server.usecases.bring_in import bring_in
from server.usecases.import_findings import Imported, import_findings
from server.usecases.load_ledger import load_ledger
from server.usecases.read_table import read_table
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from server.values import Record
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, STREET, Office, open_office

NOON = 1_595_044_800_000
AREAS = {STREET: "河北街道", "210902006": "五龙街道", COMMUNITY: "兴隆社区", GRID_7: "第七网格"}
LEVELS = {9: "street", 12: "community", 15: "grid"}
HEADINGS = (
    "问题编号",
    "发现时间",
    "所属街道",
    "点位（具体位置）",
    "问题类别",
    "存在问题",
    "责任部门（属事）",
    "整改时限",
)
ROW = (
    "SJ-001",
    "2020-07-15 09:30",
    "河北街道",
    "河北路与五一路交叉口",
    "暴露垃圾",
    "垃圾成堆",
    "综合执法局",
    "2020-07-20",
)


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """A district with a directory."""
    opened = open_office(database_url, lambda: NOON)
    wanted = [
        Wanted("area", area_id(code), DISTRICT, {"code": code, "name": name, "level": LEVELS[len(code)]})
        for code, name in AREAS.items()
    ]
    bring_in(opened.store, DISTRICT, wanted, NOON)
    yield opened
    opened.store.engine.dispose()


def workbook(folder: Path, *rows: tuple[Any, ...], headings: tuple[str, ...] = HEADINGS) -> Path:
    """An office's sheet: a title, who filled it in, the headings, the rows, and who signed."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("海州区创卫“百日会战”问题整改台账",),
        ("填报单位：市创卫办",),
        headings,
        *rows,
        ("合计", len(rows)),
        ("填表人：",),
    ):
        sheet.append(row)
    file = folder / "list.xlsx"
    book.save(file)
    return file


def bring(office: Office, file: Path, source: str = "city", **how: Any) -> Imported:
    return import_findings(office.store, DISTRICT, source, read_table(file), NOON, **how)


def cases(office: Office) -> list[Record]:
    with office.store.work(DISTRICT, writing=False) as work:
        return work.records.of_types({"case"})


def test_a_citys_list_becomes_cases_once(office: Office, tmp_path: Path) -> None:
    """With real dates or dates in words; imported again nothing is new."""
    file = workbook(tmp_path, ROW, ("SJ-002", datetime(2020, 7, 16, 8, 0), "五龙", None, None, "积水", None, None))  # noqa: DTZ001
    done = bring(office, file)
    assert (done.report.wrong, dict(done.report.counts)) == ([], {"duplicate": 0, "new": 2})
    first, second = sorted(cases(office), key=lambda one: str(one.fields["source_no"]))
    assert first.fields["source"] == "city"
    assert first.fields["found_at"] == "2020-07-15T09:30:00+08:00"
    assert first.fields["ordered_due"] == "2020-07-20T23:59:59+08:00"
    assert (first.grid, first.fields["functional_unit"], first.fields["status"]) == (STREET, "dept_urban", "reported")
    assert (second.grid, second.fields["problem_class"]) == ("210902006", "other")
    again = bring(office, file)
    assert (dict(again.report.counts), again.changed) == ({"duplicate": 0, "unchanged": 2}, [])


def test_a_dry_run_writes_nothing_and_shows_what_changed(office: Office, tmp_path: Path) -> None:
    """The list comes again with another sentence: row, number, column, before and after."""
    bring(office, workbook(tmp_path, ROW))
    file = workbook(tmp_path, (*ROW[:5], "垃圾成堆，已三天", *ROW[6:]))
    dry = bring(office, file, dry_run=True)
    assert dry.changed == [(4, "SJ-001", "存在问题", "垃圾成堆", "垃圾成堆，已三天")]
    assert [one.fields["description"] for one in cases(office)] == ["垃圾成堆"]
    bring(office, file)
    assert [one.fields["description"] for one in cases(office)] == ["垃圾成堆，已三天"]


WRONG: list[tuple[tuple[Any, ...], str, str]] = [
    (("", *ROW[1:]), "问题编号", "再次导入时按它识别"),
    ((ROW[0], "7月15日", *ROW[2:]), "发现时间", "应如 2020-07-18"),
    ((ROW[0], "2020-02-30", *ROW[2:]), "发现时间", "没有这一天"),
    ((ROW[0], "44027.5", *ROW[2:]), "发现时间", "日期格式"),
    ((*ROW[:2], "城南街道", *ROW[3:]), "所属街道", "没有这个街道，现有：河北街道、五龙街道"),
    ((*ROW[:4], "脏乱差", *ROW[5:]), "问题类别", "应为其中之一"),
    ((*ROW[:5], None, *ROW[6:]), "存在问题", "必填"),
    ((*ROW[:5], "字" * 301, *ROW[6:]), "存在问题", "300"),
    ((*ROW[:6], "气象局", ROW[7]), "责任部门（属事）", "应为其中之一"),
    (("1.23456789012345E+17", *ROW[1:]), "问题编号", "科学计数法"),
]


def test_a_wrong_row_is_told_by_row_and_column_and_nothing_goes_in(office: Office, tmp_path: Path) -> None:
    """What to write instead is said; the good row stays out too, unless somebody says so."""
    for row, column, words in WRONG:
        done = bring(office, workbook(tmp_path, row, ("SJ-009", *ROW[1:])))
        assert done.report.stopped, column
        [wrong] = done.report.wrong
        assert (wrong.row, wrong.column) == (4, column.partition("（")[0])
        assert words in wrong.error["zh"], wrong
        assert cases(office) == []
    some = bring(office, workbook(tmp_path, WRONG[0][0], ("SJ-009", *ROW[1:])), partial=True)
    assert (len(some.report.wrong), some.report.counts["new"]) == (1, 1)


def test_one_number_twice_with_different_words_is_a_mistake(office: Office, tmp_path: Path) -> None:
    """Which of the two is meant, nobody guesses; the same words twice are one."""
    done = bring(office, workbook(tmp_path, ROW, (*ROW[:5], "别的问题", *ROW[6:])))
    assert [wrong.error["code"] for wrong in done.report.wrong] == ["twice"]
    assert bring(office, workbook(tmp_path, ROW, ROW)).report.counts["duplicate"] == 1


def test_what_a_person_corrected_here_stays(office: Office, tmp_path: Path) -> None:
    """The list comes in again as it was: the street's word on the class stands."""
    bring(office, workbook(tmp_path, ROW))
    [case] = cases(office)
    qian = office.device("qian")
    qian.clock_ms = NOON
    qian.push(qian.mutation("patch", "case", case.id, grid=STREET, base=case.version, set={"problem_class": "piling"}))
    bring(office, workbook(tmp_path, ROW))
    assert [one.fields["problem_class"] for one in cases(office)] == ["piling"]


def test_files_that_are_none_are_refused_in_words(office: Office, tmp_path: Path) -> None:
    """A bomb, a broken zip, broken XML, no headings: one sentence each, and no traceback."""
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 1000)
        book.filelist[0].file_size = 2 << 30
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(broken, "w") as book:
        book.writestr("xl/workbook.xml", "<a")
        book.writestr("[Content_Types].xml", "<Types")
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(workbook(tmp_path, ROW).read_bytes()[:900])
    for file in (bomb, broken, cut):
        with pytest.raises(Unreadable):
            read_table(file)
    bare = tmp_path / "bare.csv"
    bare.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Unreadable, match="表头"):
        bring(office, bare)
    some = tmp_path / "some.csv"
    some.write_text("问题编号,备注\n1,2\n", encoding="utf-8")
    with pytest.raises(Unreadable, match="缺少必需的列"):
        bring(office, some)


def test_departments_by_the_names_people_write() -> None:
    """Whole, short, or what stands in brackets; what fits two fits none."""
    named = {"综合执法局（城管）": "dept_urban", "城管": "dept_urban", "住建局": "dept_housing", "交警": "dept_traffic"}
    assert {text: findings.unit(text) for text in named} == named
    for text in ("局", "", "气象局"):
        with pytest.raises(ValueError, match="应为其中之一"):
            findings.unit(text)


# -- ledgers kept elsewhere -----------------------------------------------------------------------------

FOREIGN = """id,open_dt,target_dt,closed_dt,title,type,lat,lon
1,2011-07-01 06:44:50,2011-07-04 06:44:49,2011-07-01 06:44:55,Dead animal,Street Cleaning,42.3,-71.05
2,2011-07-01 06:55:10,2011-07-05 06:55:10,2011-07-05 09:42:04,Sticker,Recycling,0,0
3,2011-07-01 07:00:00,2011-07-02 07:00:00,,Graffiti,Graffiti,42.3,-71.06
4,2011-07-01 07:00:00,,,Pothole,Roads,,
"""
LAYOUT = {
    "number": "id", "opened": "open_dt", "due": "target_dt", "closed": "closed_dt", "text": ["title", "type"],
    "lat": "lat", "lon": "lon", "offset": "-04:00",
    "classes": {"column": "type", "words": {"graffiti": "small_ads", "Street Cleaning": "unclean_road"}},
}  # fmt: skip


def test_a_foreign_ledger_stands_as_it_stood(office: Office, tmp_path: Path) -> None:
    """Opened, due, closed, in Beijing's time; the history holds, and it goes in once."""
    file = tmp_path / "foreign.csv"
    file.write_text(FOREIGN, encoding="utf-8")
    layout = read_layout(json.dumps(LAYOUT).encode())
    how: dict[str, Any] = {"source": "public", "place": STREET}
    dry = load_ledger(office.store, DISTRICT, layout, read_table(file), NOON, dry_run=True, **how)
    assert (dry.counts["new"], cases(office)) == (4, [])
    done = load_ledger(office.store, DISTRICT, layout, read_table(file), NOON, **how)
    assert (done.wrong, done.counts["new"]) == ([], 4)
    found = {str(one.fields["source_no"]): one.fields for one in cases(office)}
    assert found["1"]["found_at"] == "2011-07-01T18:44:50+08:00"
    assert [found[n]["status"] for n in "1234"] == ["closed", "closed", "dispatched", "dispatched"]
    assert ms_of(found["1"]["closed_at"]) < ms_of(found["1"]["due_at"])
    assert ms_of(found["2"]["closed_at"]) > ms_of(found["2"]["due_at"])
    assert [light_of(found[n], NOON) for n in "1234"] == ["none", "none", "red", "none"]
    assert "position" not in found["2"]
    assert [found[n]["problem_class"] for n in "1234"] == ["unclean_road", "other", "small_ads", "other"]
    again = load_ledger(office.store, DISTRICT, layout, read_table(file), NOON, **how)
    assert (again.counts["new"], again.counts["unchanged"]) == (0, 4)
    assert [one.why for one in verify_history(office.store, DISTRICT) if one.broken is not None] == []
    assert [one for one in replay_history(office.store, DISTRICT) if one.differences] == []


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[]", b"{}", b'{"number": "id", "opened": "o", "strange": 1}', b'{"number": 1, "opened": "o"}',
     b'{"number": "a", "opened": "b", "crs": "mars"}', b'{"number": "a", "opened": "b", "offset": "soon"}',
     b'{"number": "a", "opened": "b", "classes": {"column": "c", "words": {"x": "no_class"}}}', b"[" * 100_000],
)  # fmt: skip
def test_a_layout_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_layout(raw)


def test_the_command_says_what_went_in_and_what_did_not(tmp_path: Path) -> None:
    """Wrong rows first; nothing written; with --partial it says so, and ends with 1 all the same."""
    office = open_office(f"sqlite:///{tmp_path / 'gridward.db'}")
    office.store.engine.dispose()
    file = tmp_path / "list.csv"
    file.write_text("问题编号,发现时间,存在问题\nA1,昨天,脏\nA2,2020-07-15,乱\n", encoding="gb18030")
    env = {"GRIDWARD_DATABASE_URL": f"sqlite:///{tmp_path / 'gridward.db'}", "COLUMNS": "200"}
    args = ["ledger", "import", str(file), "--source", "province"]
    stopped = CliRunner().invoke(main, args, env=env)
    assert stopped.exit_code == 1, stopped.output
    assert "第 2 行 发现时间“昨天”" in stopped.output
    assert "没有写入任何内容" in stopped.output
    some = CliRunner().invoke(main, [*args, "--partial"], env=env)
    assert some.exit_code == 1
    assert "部分导入：1 行有误，未导入" in some.output
    assert len(cases(office)) == 1
    office.store.engine.dispose()
    assert io.StringIO(some.output).readline().startswith("第 2 行")
