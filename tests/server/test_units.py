"""Units: entered once, known on every tablet by name, and acted for by whoever's grant says so."""

from pathlib import Path

import pytest

from schemas.roles import Role
from schemas.units import unit_id
from server.storage.store import Store
from server.usecases.at_the_desk import desk_of
from server.usecases.import_people import import_people
from server.usecases.manage_people import add_person, find_person, grant_role
from server.usecases.manage_units import bring_units, list_units, set_unit
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_names
from server.usecases.read_table import read_table
from server.values import Grant
from tests.server.empty_office import DAY, HAIZHOU, LI, MORNING, WANG, heads, records
from tests.server.office import DISTRICT, Office, person_id

SWEEPERS = {"code": "unit_sweeping_1", "name": "环卫一队", "kind": "contractor", "parent": "dept_housing"}
EVERYWHERE = Grant(Role.DEPARTMENT, HAIZHOU, MORNING, None)


def test_a_contractor_is_entered_renamed_and_ends(store: Store) -> None:
    """What is not said again stays; nothing new is nothing written."""
    add_person(store, HAIZHOU, LI, MORNING)
    assert set_unit(store, HAIZHOU, SWEEPERS | {"head": "W001"}, MORNING).fate == "new"
    before = heads(store)
    assert set_unit(store, HAIZHOU, SWEEPERS, MORNING + DAY).fate == "unchanged"
    assert heads(store) == before
    set_unit(store, HAIZHOU, {"code": "unit_sweeping_1", "name": "环卫第一大队", "valid_to": "2020-12-31"}, MORNING)
    kept = records(store, "unit")[unit_id(HAIZHOU, "unit_sweeping_1")]
    assert (kept["name"], kept["kind"], kept["valid_to"]) == ("环卫第一大队", "contractor", "2020-12-31")
    assert kept["head"] == next(iter(records(store, "person")))


def test_a_department_need_not_be_entered_to_be_named(store: Store) -> None:
    """But may be, to name its head or what it is called here."""
    with store.work(HAIZHOU, writing=False) as work:
        assert unit_names(work, ["dept_urban", "unit_none"]) == {"dept_urban": "综合执法局（城管）"}
    set_unit(store, HAIZHOU, {"code": "dept_urban", "name": "海州区综合行政执法局"}, MORNING)
    with store.work(HAIZHOU, writing=False) as work:
        assert unit_names(work, ["dept_urban"]) == {"dept_urban": "海州区综合行政执法局"}
        names = {unit["code"]: unit["name"] for unit in list_units(work)}
    assert names["dept_urban"] == "海州区综合行政执法局"
    assert names["dept_traffic"] == "交警大队"


@pytest.mark.parametrize(
    "said",
    [
        {"code": "dept_", "name": "x"},
        {"code": "环卫队", "name": "x"},
        {"code": "unit_a\n", "name": "x"},
        {"code": "210903001", "name": "别的区的街道"},
        {"code": "unit_new"},
        {"code": "unit_new", "name": ""},
        {"code": "unit_new", "name": "a\x00b"},
        {"code": "unit_new", "name": "长" * 61},
        {"code": "unit_new", "name": "新单位", "head": "没有这个人"},
        {"code": "unit_new", "name": "新单位", "parent": "unit_unknown"},
        {"code": "unit_new", "name": "新单位", "valid_from": "2020-02-30"},
        {"code": "unit_new", "name": "新单位", "valid_from": "2020-08-01", "valid_to": "2020-07-01"},
    ],
)
def test_what_is_no_unit_is_refused(store: Store, said: dict[str, str]) -> None:
    """With a sentence, and nothing is written."""
    with pytest.raises(Mistake):
        set_unit(store, HAIZHOU, said, MORNING)
    assert records(store, "unit") == {}


def test_a_file_of_units_is_taken_as_one(store: Store, tmp_path: Path) -> None:
    """A parent may stand in the file itself; one wrong row stops everything."""
    file = tmp_path / "units.csv"
    head = "单位代码,名称,单位类型,上级单位\n"
    file.write_text(head + "unit_sweeping_1,环卫一队,作业单位,unit_sweeping\nunit_sweeping,环卫处,其他单位,\n", "utf-8")
    assert [one.fate for one in bring_units(store, HAIZHOU, read_table(file), MORNING).filed] == ["new", "new"]
    file.write_text(head + "unit_market,市场服务中心,其他单位,\nunit_x,某单位,公司,\n", "utf-8")
    entered = bring_units(store, HAIZHOU, read_table(file), MORNING)
    assert [(wrong.row, wrong.column) for wrong in entered.wrong] == [(3, "单位类型")]
    assert len(records(store, "unit")) == 2


def test_whoever_acts_for_a_department_says_which(store: Store) -> None:
    """What was not said is noted beside the grant he holds; a unit nobody knows is refused."""
    add_person(store, HAIZHOU, LI, MORNING)
    plain = grant_role(store, HAIZHOU, "W001", EVERYWHERE, MORNING)
    assert plain.grant.unit is None
    told = grant_role(store, HAIZHOU, "W001", EVERYWHERE._replace(unit="dept_urban"), MORNING + DAY)
    assert (told.id, told.grant.unit) == (plain.id, "dept_urban")
    assert grant_role(store, HAIZHOU, "W001", EVERYWHERE, MORNING + DAY) == told
    other = grant_role(store, HAIZHOU, "W001", EVERYWHERE._replace(unit="dept_traffic"), MORNING + DAY)
    assert other.id != told.id
    with pytest.raises(Mistake, match="dept_urbn"):
        grant_role(store, HAIZHOU, "W001", EVERYWHERE._replace(unit="dept_urbn"), MORNING)
    with pytest.raises(Mistake):
        grant_role(store, HAIZHOU, "W001", EVERYWHERE._replace(unit="unit_sweeping_1"), MORNING)
    set_unit(store, HAIZHOU, SWEEPERS, MORNING)
    assert grant_role(store, HAIZHOU, "W001", EVERYWHERE._replace(unit="unit_sweeping_1"), MORNING).grant.unit


def test_the_personnel_list_names_departments(store: Store, tmp_path: Path) -> None:
    """By code or by name; who is left without one is pointed out, and a word that is no code is a mistake."""
    add_person(store, HAIZHOU, WANG, MORNING)
    file = tmp_path / "people.csv"
    head = "工号,姓名,身份,责任区域,单位代码\n"
    file.write_text(
        head + f"D001,董军,职能部门,{HAIZHOU},dept_urban\nD002,丁力,职能部门,{HAIZHOU},交警大队\n"
        f"D003,杜海,职能部门,{HAIZHOU},\nD004,邓平,职能部门,{HAIZHOU},城管\nD005,段飞,,,dept_urban\n",
        "utf-8",
    )
    report = import_people(store, HAIZHOU, read_table(file), MORNING)
    assert [(wrong.row, wrong.column) for wrong in report.wrong] == [(5, "单位代码"), (6, "身份")]
    [(note, _)] = report.notes
    assert "第 4 行 杜海" in note
    with store.work(HAIZHOU, writing=False) as work:
        held = {account.name: [h.grant.unit for h in work.people.held(account.id)] for account in work.people.all()}
    assert held == {"王芳": [], "董军": ["dept_urban"], "丁力": ["dept_traffic"], "杜海": [None]}

    file.write_text(head + f"D003,杜海,职能部门,{HAIZHOU},dept_market\n", "utf-8")
    assert import_people(store, HAIZHOU, read_table(file), MORNING + DAY).counts["changed"] == 1
    assert import_people(store, HAIZHOU, read_table(file), MORNING + DAY).counts["unchanged"] == 1


def test_the_unit_goes_with_the_person_wherever_he_is_read(office: Office) -> None:
    """On his tablet and at the desk alike."""
    device = office.device("dong")
    grant_role(office.store, DISTRICT, "董军", Grant(Role.DEPARTMENT, DISTRICT, 0, None, "dept_urban"), 1)
    with office.store.work(DISTRICT, writing=False) as work:
        known = work.devices.by_id(device.id)
        assert known is not None
        assert [g.unit for g in known.people[person_id("dong")].grants] == ["dept_urban"]
        assert [g.unit for g in desk_of(work, find_person(work, "董军")).people[person_id("dong")].grants] == [
            "dept_urban"
        ]


def test_every_tablet_can_name_a_unit(office: Office) -> None:
    """It lies at the district, above every grid."""
    set_unit(office.store, DISTRICT, SWEEPERS, 1)
    li = office.device("li")
    assert li.pull()[unit_id(DISTRICT, "unit_sweeping_1")]["fields"]["name"] == "环卫一队"
    [outcome] = li.push(li.mutation("patch", "unit", unit_id(DISTRICT, "unit_sweeping_1"), set={"name": "改"}))
    assert outcome.outcome == "rejected"
