"""The ledger leaves the office: as a workbook that prints, as CSV, as points; to whom it is due, and noted."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from schemas.coordinates import Point, gcj02_of
from schemas.grid import sealed_place
from schemas.ids import derived_id
from schemas.roles import Role
from server.commands import main
from server.pictures.cells import SIDE, small
from server.reports.csv_text import guarded, unguarded
from server.reports.ledger_columns import TITLES
from server.storage.tables import GrantRow
from tests.pictures import jpeg
from tests.server.clerks import code
from tests.server.ledger_desk import acts_for
from tests.server.ledger_sheets import (
    AFTER,
    BEFORE,
    FORMULAS,
    PHONES,
    Shelf,
    at,
    by_title,
    converted,
    good_bytes,
    open_shelf,
    rows_of,
    sheet_of,
)
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, person_id
from tests.server.photographs import Porter, picture, sha256
from tests.server.viewers import Viewer

HEADINGS = """
序号 | 问题编号 | 问题来源 | 发现时间 | 所属街道 | 所属社区 | 所属网格 | 点位（具体位置） | 问题类别 | 存在问题
| 严重程度 | 整改前照片 | 责任单位（属地） | 责任部门（属事） | 责任人 | 联系电话 | 整改措施 | 整改时限 | 整改情况
| 完成时间 | 整改后照片 | 核查人 | 核查时间 | 是否销号 | 销号时间 | 退回次数 | 延期次数 | 是否超期 | 备注
"""
#: The heap of rubbish, struck off.
STRUCK_OFF = {
    "序号": 1, "问题编号": "HZ-2020-河北-00001", "问题来源": "巡查", "发现时间": at("2020-07-18 08:00"),
    "所属街道": "河北街道", "所属社区": "兴隆社区", "所属网格": "第七网格", "点位（具体位置）": "中华路12号门前",
    "问题类别": "暴露垃圾", "存在问题": "便道有积存垃圾", "严重程度": "一般",
    "整改前照片": f"{sha256(BEFORE)[:12]}.jpg",
    "责任单位（属地）": "河北街道", "责任部门（属事）": None, "责任人": "赵敏", "联系电话": PHONES["zhao"],
    "整改措施": "已清运", "整改时限": at("2020-07-20 12:00"), "整改情况": "已销号", "完成时间": at("2020-07-18 11:01"),
    "整改后照片": f"{sha256(AFTER)[:12]}.jpg", "核查人": "冯刚", "核查时间": at("2020-07-18 11:01"), "是否销号": "是",
    "销号时间": at("2020-07-18 11:01"), "退回次数": 0, "延期次数": 0, "是否超期": "否", "备注": None,
}  # fmt: skip


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


def test_the_ledger_is_what_an_office_prints(shelf: Shelf) -> None:
    """Title, who filled it in, 29 columns, real dates, texts as texts, totals, signatures; A3, ready to print."""
    shelf.struck_off(shelf.case("heap"))
    shelf.case("stalls", who="sun", grid=GRID_8, problem_class="out_of_store", description="店外经营")
    sheet = shelf.sheet("chen")
    assert sheet["A1"].value == "海州区创卫“百日会战”问题整改台账"
    said = str(sheet["A2"].value)
    assert "填报单位：海州区创卫办" in said
    assert "填报时间：2020-07-18 11:01" in said
    assert "统计区间：截至 2020-07-18" in said
    assert tuple(cell.value for cell in sheet[3]) == TITLES == tuple(one.strip() for one in HEADINGS.split("|"))
    first, second = rows_of(sheet)
    assert first == STRUCK_OFF
    assert (second["所属网格"], second["整改情况"], second["是否销号"]) == ("第八网格", "已上报待立案", "否")
    assert str(sheet["A6"].value).startswith("合计：共 2 件，已销号 1 件，未销号 1 件，超期 0 件")
    assert [part in str(sheet["A7"].value) for part in ("填表人：", "审核人：", "单位负责人（签字盖章）：")] == [
        True
    ] * 3


def test_it_is_laid_out_for_a_wide_page(plain_shelf: Shelf) -> None:
    """A3 across, one page wide, the headings on every page and in sight, with a filter."""
    plain_shelf.case("heap")
    sheet = plain_shelf.sheet("qian")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 8)
    properties = sheet.sheet_properties.pageSetUpPr
    assert properties is not None
    assert properties.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {(None, 0), (1, 0)}
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("A4", "$3:$3")
    assert sheet.auto_filter.ref == "A3:AC4"
    assert {"A1:AC1", "A2:AC2", "A5:AC5", "A6:AC6"} == {str(one) for one in sheet.merged_cells.ranges}
    assert sheet["D4"].number_format == "yyyy-mm-dd hh:mm"
    assert sheet["B4"].number_format == sheet["P4"].number_format == "@"
    assert sheet["J4"].alignment.wrap_text
    assert sheet["J4"].border.left.style == "thin"
    assert "填报单位：河北街道" in str(sheet["A2"].value)


def test_rows_are_filed_by_street_community_and_number(shelf: Shelf) -> None:
    """Whoever reported first, and wherever: the order is that of the codes."""
    for n, (who, grid) in enumerate(
        (("chen", ELSEWHERE), ("sun", GRID_8), ("li", GRID_8[:-1] + "7"), ("qian", STREET))
    ):
        shelf.case(str(n), who=who, grid=grid)
    rows = rows_of(shelf.sheet("chen"))
    assert [one["问题编号"] for one in rows] == [
        "HZ-2020-河北-00003", "HZ-2020-河北-00001", "HZ-2020-河北-00002", "HZ-2020-五龙-00001",
    ]  # fmt: skip
    assert [one["序号"] for one in rows] == [1, 2, 3, 4]


def test_what_looks_like_a_formula_is_text(plain_shelf: Shelf) -> None:
    """Each cell is text, none a link; so it is in the CSV, where a guard stands before it."""
    for n, text in enumerate(FORMULAS):
        plain_shelf.case(str(n), description=text, place_text=text)
    sheet = plain_shelf.sheet("qian")
    cells = [sheet.cell(4 + n, column) for n in range(len(FORMULAS)) for column in (8, 10)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    assert [cell.value for cell in cells[::2]] == PLAIN
    rows = list(csv.reader(io.StringIO(good_bytes(plain_shelf.out("qian", "?format=csv")).decode("utf-8-sig"))))
    assert [row[9] for row in rows[1:]] == [guarded(text) for text in PLAIN]


@pytest.mark.long
def test_libreoffice_makes_no_formula_of_it(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Opened as an office opens it and shown cell by cell: a formula would show what it comes to."""
    for n, formula in enumerate(FORMULAS):
        plain_shelf.case(str(n), description=formula)
    files = [tmp_path / "book.xlsx", tmp_path / "text.csv"]
    for file in files:
        file.write_bytes(good_bytes(plain_shelf.out("qian", f"?format={file.suffix[1:]}")))
    book, text = (shown_in(file) for file in converted(files, "csv:Text - txt - csv (StarCalc):44,34,76"))
    assert book == PLAIN
    # Started without a window it takes the file for one of a Western encoding: what is plain ASCII is compared.
    ascii_only = [n for n, one in enumerate(PLAIN) if one.isascii() and guarded(one) != one]
    assert [text[n] for n in ascii_only] == [guarded(PLAIN[n]) for n in ascii_only]


def shown_in(file: Path) -> list[str]:
    """Return the problems in a table as a spreadsheet shows them."""
    rows = list(csv.reader(io.StringIO(file.read_text("utf-8"))))
    first = next(n for n, row in enumerate(rows) if row[:1] == ["1"])
    return [row[9] for row in rows[first : first + len(FORMULAS)]]


#: As a cell holds it: a tab is no sign of a spreadsheet.
PLAIN = [text.lstrip("\t") for text in FORMULAS]


@pytest.mark.long
def test_it_opens_in_libreoffice_and_fits_the_width(plain_shelf: Shelf, tmp_path: Path) -> None:
    """Thirty cases, some told at length: a few A3 pages, none beside another."""
    for n in range(30):
        plain_shelf.case(str(n), description="便道有积存垃圾，" * (1 + n % 12))
    file = tmp_path / "ledger.xlsx"
    file.write_bytes(good_bytes(plain_shelf.out("qian")))
    [made] = converted([file], "pdf")
    pdf = made.read_bytes()
    pages = pdf.count(b"/Type/Page/") + pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page\n")
    assert 1 <= pages <= 4
    assert b"1190" in pdf


def test_the_csv_has_the_same_columns(plain_shelf: Shelf) -> None:
    """With a byte order mark, lines as offices end them, dates as people write them."""
    shelf = plain_shelf
    shelf.struck_off(shelf.case("heap"))
    response = shelf.out("qian", "?format=csv")
    data = good_bytes(response)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 2
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert tuple(head) == TITLES
    assert (row[1], row[3], row[15]) == ("HZ-2020-河北-00001", "2020-07-18 08:00", PHONES["zhao"])
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


@settings(max_examples=40)
@given(st.text(max_size=12) | st.from_regex(r"[\s']{0,3}[=+\-@\t\r＝＋－＠].{0,5}", fullmatch=True))
def test_guarding_can_be_taken_back(text: str) -> None:
    """No text begins a formula any more, and each comes back as it was."""
    made = guarded(text)
    assert unguarded(made) == text
    assert not made.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


# -- points ---------------------------------------------------------------------------------------------


def test_points_stand_in_the_system_that_is_named(plain_shelf: Shelf) -> None:
    """Measured or read off a domestic map, each goes out in WGS-84; in GCJ-02 where asked for, named everywhere."""
    shelf = plain_shelf
    shelf.case("measured")
    shifted = gcj02_of(Point(42.0, 121.6))
    shelf.case("drawn", position={"lat": shifted.lat, "lon": shifted.lon, "crs": "gcj02", "accuracy_m": 30})
    shelf.case("nowhere", position=None)
    plain = json.loads(good_bytes(shelf.out("chen", "?format=geojson")))
    assert plain["type"] == "FeatureCollection"
    assert plain["crs"]["properties"]["name"].endswith("CRS84")
    for feature in plain["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        assert (round(lon, 6), round(lat, 6)) == (121.6, 42.0)
        assert feature["properties"]["crs"] == "wgs84"
    assert [one["properties"]["crs_measured"] for one in plain["features"]] == ["wgs84", "gcj02"]
    assert [one["properties"]["accuracy_m"] for one in plain["features"]] == [5, 30]
    assert plain["counts"] == {"shown": 2, "converted": 1, "without_position": 1, "unknown_crs": 0}
    drawn = json.loads(good_bytes(shelf.out("chen", "?format=geojson&crs=gcj02")))
    assert (drawn["crs"]["properties"]["name"], drawn["crs_word"]) == ("GCJ-02", "gcj02")
    assert {one["properties"]["crs"] for one in drawn["features"]} == {"gcj02"}
    assert all(one["geometry"]["coordinates"][0] == round(shifted.lon, 7) for one in drawn["features"])


def test_an_empty_map_is_a_map(plain_shelf: Shelf) -> None:
    """Where nothing is asked for that is there, the file is whole all the same."""
    told = json.loads(good_bytes(plain_shelf.out("chen", "?format=geojson")))
    assert (told["features"], told["counts"]["shown"]) == ([], 0)


# -- pictures -------------------------------------------------------------------------------------------


def test_pictures_go_along_small_and_bare(plain_shelf: Shelf) -> None:
    """At most 200 pixels, without EXIF; what has not come yet says so; what was painted over goes out painted."""
    shelf = plain_shelf
    heap = shelf.case("heap")
    big = jpeg("big", 900, 600)
    shelf.photographed(heap, (big, "before"))
    missing = shelf.case("missing")
    shelf.photographed(missing, (picture("late"), "before"), brought=False)
    sheet = shelf.sheet("qian", "?photos=thumbnails")
    [image] = sheet._images  # type: ignore[attr-defined]  # openpyxl tells of pictures nowhere else
    shown = Image.open(io.BytesIO(image._data()))
    assert max(shown.size) == SIDE
    assert not shown.getexif()
    assert by_title(sheet)["整改前照片"] is None
    assert by_title(sheet, 5)["整改前照片"] == "照片未到"
    painted = Viewer(Porter(shelf.office.device("qian")))
    painted.good("POST", f"{heap}/photos/{sha256(big)}/redactions", {"boxes": [[0, 0, 10_000, 10_000]]})
    [image] = shelf.sheet("qian", "?photos=thumbnails")._images  # type: ignore[attr-defined]
    assert max(Image.open(io.BytesIO(image._data())).convert("L").tobytes()) < 16
    assert shelf.sheet("qian")._images == []  # type: ignore[attr-defined]
    assert by_title(shelf.sheet("qian", "?photos=none"))["整改前照片"] is None


def test_a_small_picture_is_never_made_larger() -> None:
    """Its sides are told as they are."""
    made = small(jpeg("tiny", 32, 24))
    assert (made.width, made.height) == (32, 24)
    wide = small(jpeg("wide", 800, 300))
    assert (wide.width, wide.height) == (SIDE, 75)


# -- who may ----------------------------------------------------------------------------------------------

MAY = {"li": False, "feng": False, "zhao": True, "qian": True, "chen": True, "zhou": True, "lu": True, "wu": False}


def test_who_may_take_the_ledger_out(plain_shelf: Shelf) -> None:
    """Community, street, district office, department, inspector, leading group; nobody else."""
    plain_shelf.case("heap")
    for who, may in MAY.items():
        response = plain_shelf.out(who)
        if may:
            assert rows_of(sheet_of(good_bytes(response)))
        else:
            assert code(response) == "not_allowed"


def test_telephones_are_whole_for_those_who_may_see_them(plain_shelf: Shelf) -> None:
    """Masked for the leading group, in what people wrote as well; the log counts the whole ones."""
    shelf = plain_shelf
    shelf.struck_off(shelf.case("heap", description="物业13812345678不接电话"))
    [row] = rows_of(shelf.sheet("lu"))
    assert (row["联系电话"], row["存在问题"]) == ("139****5678", "物业138****5678不接电话")
    for who in ("zhao", "qian", "chen", "zhou"):
        [row] = rows_of(shelf.sheet(who))
        assert (row["联系电话"], row["存在问题"]) == (PHONES["zhao"], "物业13812345678不接电话")
    told = shelf.exports("chen").get_json()["exports"]
    assert sorted((one["person_name"], one["cases"], one["phones"]) for one in told) == [
        ("周涛", 1, 1), ("赵敏", 1, 1), ("钱伟", 1, 1), ("陆明", 1, 0), ("陈红", 1, 1),
    ]  # fmt: skip
    assert code(shelf.exports("qian")) == "not_allowed"


def test_everybody_takes_out_his_own_area_and_a_department_its_own_cases(plain_shelf: Shelf) -> None:
    """The street nothing of its neighbour's, also if it asks for it; a department what it answers for."""
    shelf = plain_shelf
    shelf.case("ours")
    shelf.case("theirs", who="chen", grid=ELSEWHERE, functional_unit="dept_urban")
    assert [one["所属街道"] for one in rows_of(shelf.sheet("qian"))] == ["河北街道"]
    assert code(shelf.out("qian", f"?area={ELSEWHERE[:9]}")) == "outside_area"
    assert [one["所属街道"] for one in rows_of(shelf.sheet("chen", f"?area={ELSEWHERE[:9]}"))] == ["五龙街道"]
    acts_for(shelf.office, "dong", "dept_urban")
    assert [one["责任部门（属事）"] for one in rows_of(shelf.sheet("dong"))] == ["综合执法局（城管）"]


def test_what_is_sealed_shows_in_no_document_of_whoever_may_not_see_it(plain_shelf: Shelf) -> None:
    """Neither rows, nor numbers, nor totals; a grant over the district without trust sees none of it."""
    shelf = plain_shelf
    hidden = {"embargo_until": "2020-08-01", "real_grid": GRID_7, "source": "district_inspection"}
    shelf.case("covert", who="zhou", grid=sealed_place(DISTRICT), description="暗访所见", **hidden)
    shelf.case("open")
    assert len(rows_of(shelf.sheet("zhou"))) == 2
    [row] = [one for one in rows_of(shelf.sheet("chen")) if one["存在问题"] == "暗访所见"]
    assert (row["所属街道"], row["所属网格"]) == ("河北街道", "第七网格")
    acts_for(shelf.office, "dong", "dept_urban")
    for who in ("qian", "zhao"):
        sheet = shelf.sheet(who)
        assert [one["存在问题"] for one in rows_of(sheet)] == ["便道有积存垃圾"]
        assert "共 1 件" in str(sheet.cell(sheet.max_row - 1, 1).value)
        for kind in ("csv", "geojson"):
            assert "暗访所见" not in good_bytes(shelf.out(who, f"?format={kind}")).decode()


def test_the_role_of_the_export_counts_and_not_another(plain_shelf: Shelf) -> None:
    """A grid worker of one street who is also a clerk of another community takes out that community's alone."""
    shelf = plain_shelf
    shelf.case("ours")
    shelf.case("theirs", who="chen", grid=ELSEWHERE)
    grant = {"id": derived_id("grant", "li as a clerk"), "person": person_id("li"), "role": Role.COMMUNITY.value}
    with shelf.office.store.engine.begin() as connection:
        connection.execute(
            GrantRow.__table__.insert(),  # type: ignore[attr-defined]
            {"district": DISTRICT, "area": ELSEWHERE[:12], "from_ms": 0, "to_ms": None, **grant},
        )
    assert [one["所属社区"] for one in rows_of(shelf.sheet("li"))] == ["建设社区"]


def test_the_filters_are_those_of_the_list(shelf: Shelf) -> None:
    """And the sheet says that it was narrowed."""
    shelf.case("rubbish")
    shelf.case("stalls", problem_class="out_of_store", description="店外经营", found_at="2020-07-10T09:00:00+08:00")
    sheet = shelf.sheet("qian", "?class=out_of_store&found_from=2020-07-01&found_to=2020-07-12")
    assert [one["存在问题"] for one in rows_of(sheet)] == ["店外经营"]
    assert "统计区间：2020-07-01 至 2020-07-12（按条件筛选）" in str(sheet["A2"].value)
    assert [one["存在问题"] for one in rows_of(shelf.sheet("qian", "?q=dwjy"))] == ["店外经营"]
    assert rows_of(shelf.sheet("qian", "?q=%E9%A5%95%E9%A4%AE")) == []
    for asked in ("?sort=found", "?limit=5", "?format=pdf", "?crs=bd09", "?photos=all"):
        assert code(shelf.out("qian", asked)) == "invalid_request"


def test_too_much_is_refused_before_anything_is_written(plain_shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pictures the bound is lower; nothing is noted of what did not go out."""
    for n in range(3):
        plain_shelf.case(str(n))
    monkeypatch.setattr("server.usecases.export_ledger.MOST_PICTURED", 2)
    told = plain_shelf.out("qian", "?photos=thumbnails")
    assert code(told) == "export_too_large"
    assert "3 件" in told.get_json()["message_zh"]
    assert plain_shelf.exports("chen").get_json()["exports"] == []
    assert len(rows_of(plain_shelf.sheet("qian"))) == 3


def test_the_file_bears_a_chinese_name(plain_shelf: Shelf) -> None:
    """For programs that read it, and a plain one for the others; nobody keeps a copy on the way."""
    plain_shelf.case("heap")
    headers = plain_shelf.out("qian").headers
    told = headers["Content-Disposition"]
    assert told.isascii()
    assert unquote(told.partition("UTF-8''")[2]) == "海州区创卫“百日会战”问题整改台账_20200718_0900.xlsx"
    assert 'filename="ledger.xlsx"' in told
    assert (headers["Cache-Control"], headers["Gridward-Cases"]) == ("private, no-store", "1")


def test_operators_export_in_somebodys_name(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command: with his rights, never over a file that is there, and noted like any other."""
    shelf.case("heap")
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", shelf.office.store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    out = tmp_path / "台账.xlsx"
    assert "1 件" in typed(f"export ledger {out} --as 钱伟").output
    assert len(rows_of(sheet_of(out.read_bytes()))) == 1
    assert "--force" in typed(f"export ledger {out} --as 钱伟", 1).output
    assert "not_allowed" not in typed(f"export csv {tmp_path / 'a.csv'} --as 李明", 1).output
    assert not (tmp_path / "a.csv").exists()
    typed(f"export geojson {tmp_path / 'a.geojson'} --as 陈红 --crs gcj02 --json")
    log = json.loads(typed("export log --json").output)
    assert [(one["person_name"], one["format"]) for one in log] in (
        [("陈红", "geojson"), ("钱伟", "xlsx")], [("钱伟", "xlsx"), ("陈红", "geojson")],
    )  # fmt: skip
    assert sorted(one.name for one in tmp_path.glob("*.*") if one.suffix != ".db") >= ["a.geojson"]


def typed(line: str, expected: int = 0) -> Any:
    """Return what a command said, which ended as expected."""
    told = CliRunner().invoke(main, line.split())
    assert told.exit_code == expected, told.output
    return told
