"""Districts, streets, communities and grids from the bureau's list."""

from pathlib import Path

import pytest

from schemas.directory import area_id
from schemas.roles import Role
from server.core.importing.report import Report
from server.storage.store import Store
from server.usecases.import_divisions import import_divisions
from server.usecases.manage_people import add_person, grant_role
from server.usecases.read_table import read_table
from server.values import Grant
from tests.server.empty_office import GRID_7, HAIZHOU, LI, MORNING, heads, records

LIST = """code,name,level,parent_code
21,辽宁省,1,
2109,阜新市,2,21
210902,海州区,3,2109
210903,新邱区,3,2109
210902005,河北街道,4,210902
210903001,街基街道,4,210903
210902005003,建设社区居委会,5,210902005
210902005004,建设社区居委会,5,210902005
"""


def test_the_district_and_what_lies_above_and_below_it(store: Store, tmp_path: Path) -> None:
    """Two communities of one name stay two; other districts are counted and left out."""
    report = bring(store, tmp_path, LIST)
    assert (report.counts["new"], report.counts["elsewhere"], report.wrong) == (5, 3, [])
    areas = records(store, "area")
    assert areas[area_id("210902005003")] == {
        "code": "210902005003", "name": "建设社区居委会", "level": "community", "parent": "210902005",
    }  # fmt: skip
    assert areas[area_id("2109")]["parent"] is None


def test_once_more_changes_nothing(store: Store, tmp_path: Path) -> None:
    """Also with the codes filled up with zeros, as the bureau prints them."""
    bring(store, tmp_path, LIST)
    before = heads(store)
    filled = LIST.replace("2109,阜", "210900,阜").replace("210902,海", "210902000000,海").replace("005,河", "005000,河")
    assert bring(store, tmp_path, filled).counts["unchanged"] == 5
    assert heads(store) == before


def test_a_renamed_community_is_a_change(store: Store, tmp_path: Path) -> None:
    """Its code is what it is; its name may change."""
    bring(store, tmp_path, LIST)
    report = bring(store, tmp_path, LIST.replace("210902005004,建设", "210902005004,新建"))
    assert (report.counts["changed"], report.counts["unchanged"]) == (1, 4)


def test_grids_made_here_come_in_a_file_of_their_own(store: Store, tmp_path: Path) -> None:
    """Their community is there already; whoever was granted one before holds it now."""
    add_person(store, HAIZHOU, LI, MORNING)
    grant_role(store, HAIZHOU, "W001", Grant(Role.GRID_WORKER, GRID_7, MORNING, None), MORNING)
    bring(store, tmp_path, LIST)
    report = bring(store, tmp_path, f"网格编码,网格名称\n{GRID_7},第七网格\n")
    assert report.counts["new"] == 1
    assert records(store, "area")[area_id(GRID_7)]["holders"] == ["李伟"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("210902006001,孤儿社区,5,210902006", "代码", "orphan"),
        ("21090200500,十一位,4,210902", "代码", "form"),
        ("2.10902E+11,科学,5,210902005", "代码", "scientific"),
        ("210902006,街道,5,210902", "级别", "level"),
        ("210902006,街道,4,210903", "上级代码", "parent"),
        ("210902006,街道,七,210902", "级别", "choice"),
        ("210902006,,4,210902", "名称", "required"),
        (",无代码,4,210902", "代码", "required"),
        ("210902005,另一个街道,4,210902", "代码", "twice"),
    ],
)
def test_a_wrong_row_is_named_and_left_out(store: Store, tmp_path: Path, row: str, column: str, code: str) -> None:
    """The good ones go in."""
    report = bring(store, tmp_path, LIST + row + "\n")
    assert [(w.row, w.column, w.error["code"]) for w in report.wrong] == [(10, column, code)]
    assert report.counts["new"] == 5


def test_what_hangs_on_a_refused_street_is_refused(store: Store, tmp_path: Path) -> None:
    """A community without its street would be in nobody's feed."""
    report = bring(store, tmp_path, LIST.replace("210902005,河北街道,4", "210902005,河北街道,5"))
    assert {w.row for w in report.wrong} == {6, 8, 9}
    assert report.counts["new"] == 2


def bring(store: Store, folder: Path, text: str) -> Report:
    """Import *text* as an operator does."""
    file = folder / "divisions.csv"
    file.write_text(text, encoding="utf-8")
    return import_divisions(store, HAIZHOU, read_table(file), MORNING)
