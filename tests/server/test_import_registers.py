"""Registers from files: once or a hundred times, and never over what a person has corrected."""

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from schemas import ids, wire
from schemas.roles import Role
from server.core.importing.report import Report
from server.core.importing.text import Unreadable
from server.storage.devices import Device
from server.storage.store import Store
from server.usecases.import_register import import_register
from server.usecases.manage_people import add_person, grant_role
from server.usecases.mistakes import Mistake
from server.usecases.read_table import read_table
from server.usecases.receive_mutations import Push, receive_mutations
from server.usecases.verify_history import verify_history
from server.values import Grant, Person
from tests.server.empty_office import COMMUNITY, GRID_7, HAIZHOU, HEBEI, LI, MINUTE, MORNING, heads, records

HEADINGS = ("商户编号", "店名（牌匾）", "类别", "地址", "网格", "联系电话")
WANG_REPAIRS = ("S-1", "老王修车", "修理", "河北大街 5 号", GRID_7, "13904180001")
LI_NOODLES = ("S-2", "李记面馆", "餐饮", "河北大街 7 号", GRID_7, "13904180002")


def test_a_file_becomes_a_register(store: Store, tmp_path: Path) -> None:
    """With values in our own words, in the grid the row names."""
    report = bring(store, shops(tmp_path, WANG_REPAIRS, LI_NOODLES))
    assert (report.rows, report.counts["new"], report.wrong) == (2, 2, [])
    assert by_code(store)["S-1"] == {
        "code": "S-1", "name": "老王修车", "category": "repair", "address": "河北大街 5 号",
        "operator_phone": "13904180001",
    }  # fmt: skip


def test_once_more_changes_nothing(store: Store, tmp_path: Path) -> None:
    """No new version, no new row in the history."""
    file = shops(tmp_path, WANG_REPAIRS, LI_NOODLES)
    bring(store, file)
    before = heads(store)
    assert bring(store, file).counts["unchanged"] == 2
    assert heads(store) == before


def test_a_new_value_in_the_file_is_a_change(store: Store, tmp_path: Path) -> None:
    """Only that shop gets a new version; a column or cell left out changes nothing."""
    bring(store, shops(tmp_path, WANG_REPAIRS, LI_NOODLES))
    report = bring(store, shops(tmp_path, WANG_REPAIRS, (*LI_NOODLES[:3], "河北大街 9 号", GRID_7, "")))
    assert (report.counts["changed"], report.counts["unchanged"]) == (1, 1)
    assert by_code(store)["S-2"]["address"] == "河北大街 9 号"
    assert by_code(store)["S-2"]["operator_phone"] == "13904180002"


def test_what_a_person_corrected_stays_corrected(store: Store, tmp_path: Path) -> None:
    """The same file again says nothing new; a file with a third name is a suggestion, once."""
    file = shops(tmp_path, WANG_REPAIRS)
    bring(store, file)
    rename(store, "S-1", "王记修车行")
    before = heads(store)

    again = bring(store, file)
    assert (again.counts["kept"], again.kept) == (1, {2: ("name",)})
    assert heads(store) == before

    newer = shops(tmp_path, ("S-1", "老王汽车修理", *WANG_REPAIRS[2:]))
    assert bring(store, newer).counts["kept"] == 1
    assert by_code(store)["S-1"]["name"] == "王记修车行"
    with store.work(HAIZHOU, writing=False) as work:
        [suggestion] = work.conflicts.open()
    assert (suggestion.kind, suggestion.field) == ("suggestion", "name")
    assert "老王汽车修理" in suggestion.detail

    before = heads(store)
    bring(store, newer)
    assert heads(store) == before


def test_a_person_and_a_file_in_different_fields_are_both_right(store: Store, tmp_path: Path) -> None:
    """The name stays the person's, the telephone becomes the file's."""
    bring(store, shops(tmp_path, WANG_REPAIRS))
    rename(store, "S-1", "王记修车行")
    report = bring(store, shops(tmp_path, (*WANG_REPAIRS[:5], "13904189999")))
    assert report.counts["changed"] == 1
    shop = by_code(store)["S-1"]
    assert (shop["name"], shop["operator_phone"]) == ("王记修车行", "13904189999")


def test_every_mistake_is_named_and_the_others_go_in(store: Store, tmp_path: Path) -> None:
    """By row and column, with what stands there."""
    report = bring(
        store,
        shops(
            tmp_path,
            WANG_REPAIRS,
            ("S-3", "", "餐饮", "街 1 号", GRID_7, ""),
            ("S-4", "字" * 61, "餐饮", "街 1 号", GRID_7, ""),
            ("S-5", "五金", "饭店", "街 1 号", GRID_7, ""),
            ("S-6", "五金", "零售", "街 1 号", "210903001001001", ""),
            ("S-7", "五金", "零售", "街 1 号", "2.10902E+14", "12"),
            ("", "五金", "零售", "", GRID_7, ""),
            ("S-8", "五金", "零售", "街 1 号", "", ""),
        ),
    )
    assert report.counts["new"] == 1
    told = {(w.row, w.column, w.error["code"]) for w in report.wrong}
    assert told == {
        (3, "店名（牌匾）", "required"), (4, "店名（牌匾）", "length"), (5, "类别", "choice"),
        (6, "所属网格", "outside"), (7, "所属网格", "scientific"), (8, "商户编号", "key"),
        (9, "所属网格", "required"),
    }  # fmt: skip
    assert all(wrong.error["zh"] and wrong.error["en"] for wrong in report.wrong)


def test_strictness_writes_nothing(store: Store, tmp_path: Path) -> None:
    """Whether the mistake is found before or while writing."""
    for bad in ("饭店", "零售"):
        name = "五金" if bad == "饭店" else "字" * 61
        file = shops(tmp_path, WANG_REPAIRS, ("S-5", name, bad, "街 1 号", GRID_7, ""))
        assert bring(store, file, strict=True).stopped
        assert records(store, "shop") == {}


def test_a_dry_run_tells_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    """The counts are what they would be."""
    file = shops(tmp_path, WANG_REPAIRS, LI_NOODLES)
    assert bring(store, file, dry_run=True).counts["new"] == 2
    assert heads(store) == {}


def test_a_row_told_twice_is_one_shop(store: Store, tmp_path: Path) -> None:
    """Told differently, the first counts and the second is a mistake that says where they differ."""
    file = shops(tmp_path, WANG_REPAIRS, WANG_REPAIRS, ("S-1", "王记", *WANG_REPAIRS[2:]))
    report = bring(store, file)
    assert (report.counts["new"], report.counts["duplicate"]) == (1, 1)
    [wrong] = report.wrong
    assert (wrong.row, wrong.column, wrong.value) == (4, "店名（牌匾）", "王记")
    assert "第 2 行" in wrong.error["zh"]
    assert "老王修车" in wrong.error["zh"]


def test_shops_without_numbers_are_told_by_door_and_sign(store: Store, tmp_path: Path) -> None:
    """However blanks, width and case vary; and they keep their identity when they get a number later."""
    text = "店名,地址\n老王 修车(ＫＦＣ),河北大街５号\n老王修车（kfc）,河北大街 5号\n李记,河北大街 5 号\n"
    report = bring(store, csv(tmp_path, text), defaults={"grid": GRID_7})
    assert (report.counts["new"], len(report.wrong)) == (2, 1)

    numbered = "商户编号,店名,地址\nS-9,老王 修车(ＫＦＣ),河北大街５号\n"
    assert bring(store, csv(tmp_path, numbered), defaults={"grid": GRID_7}).counts["changed"] == 1
    assert len(records(store, "shop")) == 2
    assert by_code(store)["S-9"]["name"] == "老王 修车(ＫＦＣ)"


def test_a_shop_a_person_registered_is_found_by_its_number(store: Store, tmp_path: Path) -> None:
    """The file adds what nobody had written, and keeps the name from the door."""
    li_writes(store, "create", ids.derived_id("li", "S-1"), set={"code": "S-1", "name": "王记", "category": "repair"})
    report = bring(store, shops(tmp_path, WANG_REPAIRS))
    assert report.counts["changed"] == 1
    [shop] = records(store, "shop").values()
    assert (shop["name"], shop["operator_phone"]) == ("王记", "13904180001")


def test_where_a_shop_lies_is_not_changed_by_a_file(store: Store, tmp_path: Path) -> None:
    """It is told instead: history must not move from one grid to another unseen."""
    bring(store, shops(tmp_path, WANG_REPAIRS))
    report = bring(store, shops(tmp_path, (*WANG_REPAIRS[:4], COMMUNITY + "008", WANG_REPAIRS[5])))
    assert any(GRID_7 in zh for zh, _ in report.notes)


def test_a_voided_shop_stays_void(store: Store, tmp_path: Path) -> None:
    """A file does not bring back what the street struck off."""
    bring(store, shops(tmp_path, WANG_REPAIRS))
    [shop] = records(store, "shop")
    li_writes(store, "void", shop, role=Role.STREET)
    assert bring(store, shops(tmp_path, WANG_REPAIRS)).counts["void"] == 1
    assert records(store, "shop") == {}


def test_defaults_fill_new_records_only(store: Store, tmp_path: Path) -> None:
    """And a default that is no value of its column is refused at once."""
    text = "商户编号,店名\nS-1,老王修车\n"
    bring(store, csv(tmp_path, text), defaults={"grid": GRID_7, "类别": "修理"})
    assert by_code(store)["S-1"]["category"] == "repair"
    bring(store, csv(tmp_path, text), defaults={"grid": GRID_7, "类别": "餐饮"})
    assert by_code(store)["S-1"]["category"] == "repair"
    with pytest.raises(Mistake, match="类别"):
        bring(store, csv(tmp_path, text), defaults={"grid": GRID_7, "类别": "饭店"})


def test_segments_and_what_lies_along_them(store: Store, tmp_path: Path) -> None:
    """A shop and a parking area name their segment by its number; an unknown number is a mistake."""
    segments = "路段编号,路名,道路类型,保洁等级,起点,止点,示范路,网格\nL1,河北大街,主干道,1,东头,西头,是,210902005\n"
    assert bring(store, csv(tmp_path, segments), kind="segments").counts["new"] == 1
    [segment] = records(store, "street_segment")

    parking = "编号,停车区名称,类型,路段编号,泊位数,纬度,经度,坐标系,网格\n"
    parking += f"P1,大街北侧,路内泊位,L1,40,42.01,121.65,WGS-84,{HEBEI}\n"
    parking += f"P2,大街南侧,路内泊位,L9,40,,,,{HEBEI}\nP3,广场,停车场,,40,42.01,121.65,,{HEBEI}\n"
    report = bring(store, csv(tmp_path, parking), kind="parking")
    [area] = records(store, "parking_area").values()
    assert area["segment_id"] == segment
    assert area["position"] == {"lat": 42.01, "lon": 121.65, "crs": "wgs84"}
    assert [(w.row, w.column) for w in report.wrong] == [(3, "所在路段编号"), (4, "纬度")]


def test_a_workbook_is_read_like_a_file(store: Store, tmp_path: Path) -> None:
    """Typed cells become what a person would write; codes that the spreadsheet rounded are refused."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "说明"
    sheet = book.create_sheet("商户")
    sheet.append(["河北街道商户表"])
    sheet.append(["商户编号", "店名", "网格", "责任书签订日期", "临街长度（米）"])
    sheet.append([1001, "老王修车", int(GRID_7), date(2020, 7, 15), 3.5])
    sheet.append(["S-2", "李记", 2109020050030070, None, None])
    sheet.append([None, None, None, None, None])
    file = tmp_path / "shops.xlsx"
    book.save(file)

    report = bring(store, file, sheet="商户")
    assert by_code(store)["1001"]["letter_signed_on"] == "2020-07-15"
    assert by_code(store)["1001"]["frontage_m"] == 3.5
    [wrong] = report.wrong
    assert (wrong.row, wrong.column, wrong.error["code"]) == (4, "所属网格", "scientific")
    with pytest.raises(Unreadable, match="说明、商户"):
        bring(store, file, sheet="没有")


@pytest.mark.parametrize(
    ("raw", "why"),
    [(b"", "空"), (b"PK\x03\x04 broken", "Excel"), (b"\xd0\xcf\x11\xe0old", "xls"), ("\ufeff\n\n".encode(), "空")],
)
def test_what_is_no_table_is_told_so(tmp_path: Path, raw: bytes, why: str) -> None:
    """With a sentence instead of a trace."""
    file = tmp_path / "x.csv"
    file.write_bytes(raw)
    with pytest.raises(Unreadable, match=why):
        read_table(file)


def test_what_was_brought_in_stands_in_the_history(store: Store, tmp_path: Path) -> None:
    """One row each, linked, across more than one transaction."""
    rows = [(f"S-{i}", f"店{i}", "零售", f"街 {i} 号", GRID_7, "") for i in range(1_200)]
    assert bring(store, shops(tmp_path, *rows)).counts["new"] == 1_200
    assert [(v.feed, v.rows, v.broken) for v in verify_history(store, HAIZHOU)] == [(HEBEI, 1_200, None)]


def bring(
    store: Store, file: Path, *, kind: str = "shops", sheet: str | None = None, defaults: dict[str, str] | None = None,
    **how: bool,
) -> Report:  # fmt: skip
    """Import *file* as an operator does."""
    return import_register(store, HAIZHOU, kind, read_table(file, sheet=sheet), MORNING, defaults=defaults or {}, **how)


def shops(folder: Path, *rows: tuple[str, ...]) -> Path:
    """Write a file of shops."""
    return csv(folder, "\n".join(",".join(row) for row in (HEADINGS, *rows)))


def csv(folder: Path, text: str) -> Path:
    """Write a file."""
    file = folder / "register.csv"
    file.write_text(text, encoding="utf-8")
    return file


def by_code(store: Store) -> dict[str, dict[str, Any]]:
    """Return the shops by their number."""
    return {shop["code"]: shop for shop in records(store, "shop").values() if "code" in shop}


def rename(store: Store, code: str, name: str) -> None:
    """Let Li, in front of the door, write another name."""
    shop = next(i for i, s in records(store, "shop").items() if s.get("code") == code)
    li_writes(store, "patch", shop, base=10_000, set={"name": name})


def li_writes(store: Store, op: str, shop: str, role: Role = Role.GRID_WORKER, **parts: Any) -> None:
    """Push one mutation of Li's."""
    with store.work(HAIZHOU, writing=False) as work:
        known = work.people.by_codes(["W001"])
    person = known.get("W001") or add_person(store, HAIZHOU, LI, MORNING)
    grant = Grant(role, HEBEI, 0, None)
    grant_role(store, HAIZHOU, person.id, grant, MORNING)
    place = store.places()[HAIZHOU]
    device = Device(ids.derived_id("tablet"), HAIZHOU, "平板", {person.id: Person(person.id, "李伟", (grant,))}, False,
                    place.epoch, place.cursor_key)  # fmt: skip
    body = {"n": 1, "op": op, "type": "shop", "id": shop, "grid": GRID_7, "at": [MORNING + MINUTE, 0], "by": person.id}
    push = Push(ids.derived_id(op, shop), [wire.encode(body | parts)], None, MORNING + MINUTE)
    [outcome] = receive_mutations(store, device, push).outcomes
    assert outcome.problem is None, outcome
