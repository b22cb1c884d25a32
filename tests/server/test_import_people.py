"""People from the personnel list, by staff number."""

from pathlib import Path

import pytest

from schemas.roles import Role
from server.core.importing.report import Report
from server.storage.people import Held
from server.storage.store import Store
from server.usecases.import_people import import_people
from server.usecases.read_table import read_table
from tests.server.empty_office import (
    COMMUNITY,
    DAY,
    GRID_7,
    HAIZHOU,
    MORNING,
    empty_office,
    heads,
    records,
    store_of,
)

LIST = f"""工号,姓名,职务,单位,电话,身份,责任区域,开始日期,结束日期
W001,李伟,网格员,河北街道,139 0418 0000,网格员,{GRID_7},,
W001,李伟,网格员,河北街道,139 0418 0000,网格长,{COMMUNITY},2020-07-01,2020-12-31
W002,王芳,书记,河北街道,,社区,{COMMUNITY},,
W003,张强,,,,,,,
"""


def test_one_row_a_role(store: Store, tmp_path: Path) -> None:
    """Li has two; Zhang none yet."""
    report = bring(store, tmp_path, LIST)
    assert (report.counts["new"], report.wrong) == (3, [])
    li = held_by(store, "W001")
    assert {(h.grant.role, h.grant.area) for h in li} == {(Role.GRID_WORKER, GRID_7), (Role.GRID_LEADER, COMMUNITY)}
    assert held_by(store, "W003") == []
    assert {p["name"]: p["role"] for p in records(store, "person").values()} == {
        "李伟": "grid_leader", "王芳": "community", "张强": None,
    }  # fmt: skip


def test_once_more_changes_nothing(store: Store, tmp_path: Path) -> None:
    """Not even a day later, when 'from now on' is another moment."""
    bring(store, tmp_path, LIST)
    before = heads(store), held_by(store, "W001")
    report = bring(store, tmp_path, LIST, MORNING + DAY)
    assert report.counts["unchanged"] == 3
    assert (heads(store), held_by(store, "W001")) == before


def test_the_same_list_brings_the_same_people(store: Store, tmp_path: Path) -> None:
    """Also into an office that was put back to a day before it: what they signed since then is theirs."""
    bring(store, tmp_path, LIST)
    with empty_office(f"sqlite:///{tmp_path / 'put_back.db'}") as app:
        bring(store_of(app), tmp_path, LIST, MORNING + DAY)
        assert records(store_of(app), "person").keys() == records(store, "person").keys()


def test_a_new_title_and_an_earlier_end(store: Store, tmp_path: Path) -> None:
    """The account and the one grant change; nobody is doubled."""
    bring(store, tmp_path, LIST)
    report = bring(store, tmp_path, LIST.replace("书记", "主任").replace("2020-12-31", "2020-09-01"))
    assert (report.counts["changed"], report.counts["unchanged"]) == (2, 1)
    assert len(held_by(store, "W001")) == 2
    assert {p["title"] for p in records(store, "person").values()} == {"网格员", "主任", None}


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",赵敏,,,,,,,", "工号"),
        ("W009,,,,,,,,", "姓名"),
        (f"W009,赵敏,,,,队长,{GRID_7},,", "身份"),
        ("W009,赵敏,,,,网格员,,,", "责任区域"),
        ("W009,赵敏,,,,网格员,210903001,,", "责任区域"),
        (f"W009,赵敏,,,,网格员,{GRID_7},2020-02-30,", "开始日期"),
        (f"W009,赵敏,,,,网格员,{GRID_7},2020-07-18,2020-07-18", "结束日期"),
        ("W002,王芬,,,,,,,", "工号"),
    ],
)
def test_a_wrong_row_is_named_and_left_out(store: Store, tmp_path: Path, row: str, column: str) -> None:
    """The others come in."""
    report = bring(store, tmp_path, LIST + row + "\n")
    assert {(w.row, w.column) for w in report.wrong} == {(6, column)}
    assert report.counts["new"] == 3


@pytest.mark.parametrize("how", ["dry_run", "strict"])
def test_nothing_is_written_where_nothing_should_be(store: Store, tmp_path: Path, how: str) -> None:
    """A dry run writes nothing; strictness nothing where one row is wrong."""
    report = bring(store, tmp_path, LIST + ",赵敏,,,,,,,\n", **{how: True})
    assert report.counts["new"] == 3
    assert heads(store) == {}
    with store.work(HAIZHOU, writing=False) as work:
        assert work.people.all() == []


def bring(store: Store, folder: Path, text: str, now_ms: int = MORNING, **how: bool) -> Report:
    """Import *text* as an operator does."""
    file = folder / "people.csv"
    file.write_text(text, encoding="gb18030")
    return import_people(store, HAIZHOU, read_table(file), now_ms, **how)


def held_by(store: Store, code: str) -> list[Held]:
    """Return the grants of whoever has the staff number *code*."""
    with store.work(HAIZHOU, writing=False) as work:
        [account] = work.people.by_codes([code]).values()
        return work.people.held(account.id)
