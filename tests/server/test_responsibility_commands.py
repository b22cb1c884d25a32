"""What a clerk types about units, holders, gaps and dispatch rules."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.commands import main
from server.core.importing.wanted import Wanted
from server.usecases.bring_in import bring_in
from tests.server.office import DISTRICT, GRID_7, STREET, Office

Type = Callable[..., Result]


@pytest.fixture
def type_(office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """A clerk at a furnished office; a command that must not fail tells what it said."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == code, result.output
        assert not isinstance(result.exception, (ValueError, KeyError, TypeError))
        return result

    return run


def test_units_and_who_acts_for_them(type_: Type, tmp_path: Path) -> None:
    """Entered, listed, acted for; a person of a department without one is told what he may not do."""
    type_("units", "set", "unit_sweeping_1", "环卫一队", "--kind", "作业单位", "--head", "冯刚")
    known = {one["code"]: one for one in json.loads(type_("units", "list", "--json").output)}
    assert (known["unit_sweeping_1"]["name"], known["unit_sweeping_1"]["head_name"]) == ("环卫一队", "冯刚")
    assert "交警大队" in type_("units", "list").output
    assert "--unit" in type_("people", "grant", "董军", "职能部门", DISTRICT).output
    shown = type_("people", "grant", "董军", "职能部门", DISTRICT, "--unit", "dept_urban").output
    assert f"职能部门@{DISTRICT}（dept_urban）" in shown
    assert "没有单位" in type_("people", "grant", "董军", "职能部门", DISTRICT, "--unit", "dept_urbn", code=1).output
    file = tmp_path / "units.csv"
    file.write_text("单位代码,名称,负责人\nunit_market_1,市场中心,没有这个人\n", "utf-8")
    assert "没有这个人" in type_("units", "import", str(file), code=1).output


def test_gaps_are_listed_and_filled(type_: Type, office: Office) -> None:
    """A segment without a department; its head by name; then cases are handed over."""
    said = {"code": "L1", "name": "和平路", "kind": "branch", "road_grade": 2}
    bring_in(
        office.store, DISTRICT, [Wanted("street_segment", "0" * 8 + "-0000" * 3 + "-" + "0" * 12, GRID_7, said)], 1
    )
    assert "没有属事责任部门" in type_("units", "gaps").output
    found = json.loads(type_("units", "gaps", "--area", STREET, "--json").output)
    assert (found["counts"], found["gaps"][0]["name"]) == ({"functional_unit": 1}, "和平路")
    assert "210903001" in type_("units", "gaps", "--area", "210903001", code=1).output
    assert "路段长 李明" in type_("units", "hold", "L1", "李明", "--as", "segment_head", "--from", "2020-07-01").output
    assert "没有编号" in type_("units", "hold", "\udcff", "李明", code=1).output
    assert "0 件" in type_("units", "hand-over").output


def test_rules_are_written_tried_and_taken_back(type_: Type, tmp_path: Path) -> None:
    """Every rule has its reason; what means nothing is refused in one sentence."""
    words = ("dispatch-rules", "set", "综合执法局", "--class", "机动车乱停放", "--reason", "区创卫办〔2020〕3号")
    type_(*words)
    assert "本区" in type_("dispatch-rules", "list").output
    [own] = [r for r in json.loads(type_("dispatch-rules", "list", "--json").output) if r["by"] == "district"]
    assert (own["problem_class"], own["functional"]) == ("motor_parking", "dept_urban")
    assert "区创卫办〔2020〕3号" in type_("dispatch-rules", "list", "--history").output
    out = tmp_path / "rules.csv"
    type_("dispatch-rules", "export", "--out", str(out))
    assert "新增 new 0" in type_("dispatch-rules", "import", str(out), "--reason", "核对").output
    type_("dispatch-rules", "set", "--withdraw", "--class", "机动车乱停放", "--reason", "撤回")
    assert "本区" not in type_("dispatch-rules", "list").output
    for wrong, code in (
        (("set", "综合执法局", "--class", "机动车乱停放"), 1),
        (("set", "综合执法局", "--kind", "sidewalk", "--reason", "x"), 1),
        (("set", "综合执法局", "--from", "昨天", "--reason", "x"), 1),
        (("set", "综合执法局", "--from", "2月30日", "--reason", "x"), 2),
        (("set", "综合执法局", "--from", "2020-07-18", "--reason", "x"), 1),
        (("set", "综合执法局", "--area", "\udcff", "--reason", "x"), 1),
        (("set", "没有的局", "--reason", "x"), 2),
        (("set", "--reason", "x"), 2),
        (("try", "\udcff"), 1),
        (("try", "0" * 36), 1),
        (("list", "--on", "2月30日"), 2),
    ):
        type_("dispatch-rules", *wrong, code=code)
