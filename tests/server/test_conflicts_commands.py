"""The desk from the command line: an operator reads aloud, and settles in somebody's name with his rights."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from server.commands import main
from tests.server.clerks import SHOP, Clock, clerk, dispute_over_the_name, fields, rows, two_shops
from tests.server.office import GRID_7, Office, open_office, person_id


@pytest.fixture
def office(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office, at whose server an operator types."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    opened = open_office(database_url, Clock())
    yield opened
    opened.store.engine.dispose()


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, ["conflicts", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def listed(*words: str) -> Any:
    """Return what the list prints for machines."""
    result = CliRunner().invoke(main, ["conflicts", "list", "--json", *words], catch_exceptions=False)
    return json.loads(result.stdout)


def test_a_clerk_can_read_the_list(office: Office) -> None:
    """One sentence an item, with names and not with codes."""
    dispute_over_the_name(office)
    said = typed("list")
    for word in ("待认定", "王记修车行", "老王汽修", "李明", "王芳", GRID_7):
        assert word in said
    assert typed("list", "--as", "孙强").count("王记修车行") == 0
    assert "--as" in typed("list", "-h")


def test_the_list_is_narrowed_as_at_the_desk(office: Office) -> None:
    dispute_over_the_name(office)
    [item] = listed()
    assert item == clerk(office, "zhao").only() | {"choices": [], "age_h": item["age_h"]}
    counts = {
        ("--kind", "person"): 1, ("--kind", "notice"): 0, ("--type", "case"): 0, ("--state", "settled"): 0,
        ("--person", "李明"): 1, ("--person", "钱伟"): 0, ("--area", GRID_7): 1, ("--older-than", "1"): 1,
    }  # fmt: skip
    assert {words: len(listed(*words)) for words in counts} == counts


def test_a_page_to_read_aloud(office: Office) -> None:
    """What stood there before, every side, the record, the history, and what may be done."""
    dispute_over_the_name(office)
    [item] = listed()
    said = typed("show", item["id"], "--as", "赵敏")
    for line in ("原值 Before: 老王修车", "[0] 王记修车行（现显示 shown） — 李明 网格员", "[1] 老王汽修 — 王芳 网格员",
                 "类别：修理", "李明 网格员 新建：店名（牌匾）：老王修车", "选用其一(choose)"):  # fmt: skip
        assert line in said
    assert json.loads(typed("show", item["id"], "--json"))["base"]["value"] == "老王修车"


def test_a_pair_is_read_side_by_side(office: Office) -> None:
    two_shops(office)
    said = typed("show", listed()[0]["id"])
    assert "两条记录，相距 Two records, apart: 6 米" in said
    assert said.count("店名（牌匾）：老王修车") >= 2
    assert f"（可保留 would stay） {SHOP}" in said


def test_an_operator_settles_in_somebody_s_name(office: Office) -> None:
    """Chosen, and opened again; it stands in the history as that person's."""
    dispute_over_the_name(office)
    [item] = listed()
    said = typed("settle", item["id"], "choose", "--candidate", "1", "--as", "赵敏", "--reason", "看了牌匾")
    assert "赵敏" in said
    assert "看了牌匾" in said
    assert fields(office)["name"] == "老王汽修"
    before = rows(office)
    typed("settle", item["id"], "choose", "--candidate", "1", "--as", "赵敏")
    assert rows(office) == before
    assert "赵敏" in typed("settle", item["id"], "hand", "--value", "别的", "--as", "钱伟", code=1)
    typed("reopen", item["id"], "--as", person_id("qian"))
    typed("settle", item["id"], "hand", "--value", "王师傅修车", "--as", "钱伟")
    assert fields(office)["name"] == "王师傅修车"
    [ended] = listed("--state", "settled", "--as", "钱伟")
    assert ended["settled"]["by"] == person_id("qian")


def test_a_value_may_be_json(office: Office) -> None:
    """A number stays a number, and is refused where a name is wanted; words are taken as they are."""
    dispute_over_the_name(office)
    [item] = listed()
    told = json.loads(typed("settle", item["id"], "hand", "--value", '"7"', "--as", "赵敏", "--json"))
    assert told["conflict"]["shown"]["value"] == fields(office)["name"] == "7"


REFUSED = {
    "a grid worker": (("choose", "--candidate", "0", "--as", "李明"), 1, "不能进行这项操作"),
    "nobody": (("choose", "--candidate", "0", "--as", "没有此人"), 1, "没有找到人员"),
    "no name": (("choose", "--candidate", "0"), 2, "--as"),
    "no such choice": (("reopen", "--as", "赵敏"), 2, "命令写法不对"),
    "a choice of another kind": (("merge", "--as", "赵敏"), 1, "choose（选用其一）"),
    "no candidate": (("choose", "--as", "赵敏"), 1, "candidate：请指明选用哪一个候选值"),
    "a number for a name": (("hand", "--value", "7", "--as", "赵敏"), 1, "value："),
    "an empty name": (("hand", "--value", "", "--as", "赵敏"), 1, "value："),
    "from another street": (("choose", "--candidate", "0", "--as", "孙强"), 1, "没有这一项"),
}


@pytest.mark.parametrize(("words", "code", "told"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_told_in_words(office: Office, words: tuple[str, ...], code: int, told: str) -> None:
    """And nothing was written."""
    dispute_over_the_name(office)
    before, [item] = rows(office), listed()
    assert told in typed("settle", item["id"], *words, code=code)
    assert rows(office) == before


@pytest.mark.parametrize("address", ["x", SHOP, ""])
def test_an_unknown_id_is_told(office: Office, address: str) -> None:
    assert "没有这一项" in typed("show", address, code=1)
    assert "没有这一项" in typed("reopen", address, "--as", "赵敏", code=1)


@pytest.mark.usefixtures("office")
def test_an_area_that_is_none_is_told() -> None:
    assert "不是区划代码" in typed("list", "--area", "河北街道", code=1)
