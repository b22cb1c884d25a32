"""The desk from the command line: an operator reads aloud, and settles in somebody's name with his rights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.ids import derived_id
from server.commands import main
from server.usecases.import_register import import_register
from server.usecases.read_table import read_table
from tests.server.clerks import (
    DAY,
    MINUTE,
    MORNING,
    SECOND,
    SHOP,
    Clock,
    clerk,
    dispute_over_the_name,
    fields,
    register,
    rename,
    rows,
    two_shops,
    version,
)
from tests.server.office import DISTRICT, GRID_7, Office, open_office, person_id


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
    [item] = listed()
    for line in (item["id"] + "  待认定 person", "  " + item["zh"], "  " + item["en"], "conflicts show"):
        assert line in said
    assert "选用其一 choose" in typed("list", "--as", "赵敏")
    assert "没有待裁定的事项" in typed("list", "--as", "孙强")
    assert typed("list", "--as", "孙强").count("王记修车行") == 0
    assert "--as" in typed("list", "-h")


def test_the_list_is_narrowed_as_at_the_desk(office: Office) -> None:
    dispute_over_the_name(office)
    [item] = listed()
    assert item == clerk(office, "zhao").only() | {"choices": [], "age_h": item["age_h"]}
    counts = {
        ("--kind", "person"): 1, ("--kind", "notice"): 0, ("--type", "case"): 0, ("--state", "settled"): 0,
        ("--kind", "待认定"): 1, ("--type", "商户"): 1, ("--state", "已了结"): 0,
        ("--person", "李明"): 1, ("--person", "钱伟"): 0, ("--area", GRID_7): 1, ("--older-than", "1"): 1,
    }  # fmt: skip
    assert {words: len(listed(*words)) for words in counts} == counts


def test_a_page_to_read_aloud(office: Office) -> None:
    """What stood there before, every side, the record, the history, and what may be done."""
    dispute_over_the_name(office)
    [item] = listed()
    said = typed("show", item["id"], "--as", "赵敏")
    for line in ("原值 Before: 老王修车", "[0] 王记修车行（现显示 shown） — 李明 网格员", "[1] 老王汽修 — 王芳 网格员",
                 "类别 category：修理", "李明 网格员 新建 create：店名（牌匾）：老王修车", item["en"],
                 f"选用其一 choose: gridward-server conflicts settle {item['id']} choose --candidate N --as 赵敏",
                 ):  # fmt: skip
        assert line in said
    assert "加 --as 人员" in typed("show", item["id"])
    assert "此人现在不能裁定这一项" in typed("show", item["id"], "--as", "李明")
    assert json.loads(typed("show", item["id"], "--json"))["base"]["value"] == "老王修车"


def test_the_beginning_of_an_open_one_s_id_will_do(office: Office) -> None:
    dispute_over_the_name(office)
    [item] = listed()
    assert item["id"] in typed("show", item["id"][:4])
    said = typed("settle", item["id"][:8].upper(), "选用其一", "--candidate", "1", "--as", "赵敏")
    assert "已了结 ended：赵敏" in said
    assert fields(office)["name"] == "老王汽修"
    assert "已了结的请写全" in typed("show", item["id"][:8], code=1)


def test_what_a_file_brought_in_is_signed_by_name(office: Office, tmp_path: Path) -> None:
    """Nobody can do anything with the id under which imports are kept."""
    file = tmp_path / "shops.csv"
    file.write_text(f"商户编号,店名,类别,地址,网格\nSH-0009,老王修车,修理,中华路 9 号,{GRID_7}\n", encoding="utf-8")
    import_register(office.store, DISTRICT, "shops", read_table(file), MORNING - DAY, defaults={})
    shop_id = derived_id("import", "shop", DISTRICT, "code", "SH-0009")
    base = version(office, shop_id)
    for who, name in (("li", "王记修车行"), ("wang", "老王汽修")):
        tablet = office.device(who)
        tablet.clock_ms = MORNING
        tablet.push(tablet.mutation("patch", "shop", shop_id, base=base, set={"name": name}))
    assert "系统导入 新建 create：" in typed("show", listed()[0]["id"])


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


@pytest.mark.parametrize(("value", "name"), [("1922", "1922"), ('"7"', "7"), ("[x]", "[x]"), ("true", "true")])
def test_a_name_may_look_like_a_number(office: Office, value: str, name: str) -> None:
    """In a text only quotes mean JSON: a telephone number has to be typed as it is."""
    dispute_over_the_name(office)
    [item] = listed()
    told = json.loads(typed("settle", item["id"], "hand", "--value", value, "--as", "赵敏", "--json"))
    assert told["conflict"]["shown"]["value"] == fields(office)["name"] == name


def test_a_word_of_a_list_is_typed_as_people_say_it(office: Office) -> None:
    """A grid worker's 服务 gives way to the street's 零售; the street then writes 餐饮 by hand."""
    register(office, "qian")
    base = version(office)
    rename(office, "retail", "qian", base, field_="category")
    rename(office, "service", "li", base, MORNING + MINUTE, field_="category")
    [item] = listed()
    typed("settle", item["id"], "hand", "--value", "餐饮", "--as", "钱伟")
    assert fields(office)["category"] == "catering"


def test_opening_again_says_what_it_came_to(office: Office) -> None:
    dispute_over_the_name(office)
    [item] = listed()
    assert "本来就待裁定" in typed("reopen", item["id"], "--as", "赵敏")
    typed("settle", item["id"], "choose", "--candidate", "1", "--as", "赵敏")
    assert "已重新打开" in typed("reopen", item["id"], "--as", "赵敏")


def test_what_does_not_stand_is_not_called_settled(office: Office) -> None:
    """The street renamed it; the community may write what it likes, it stays a suggestion."""
    register(office, "qian")
    base = version(office)
    rename(office, "王记修车行", "qian", base)
    rename(office, "老王汽修", "zhao", base, MORNING + MINUTE)
    [item] = listed()
    said = typed("settle", item["id"], "accept", "--as", "赵敏")
    assert "没有了结，仍待裁定" in said
    assert fields(office)["name"] == "王记修车行"
    assert "维持现状 keep" in typed("list", "--as", "赵敏")


def test_the_end_of_an_id_names_the_one_that_stays(office: Office) -> None:
    two_shops(office)
    typed("settle", listed()[0]["id"], "merge", "--into", SECOND[-8:], "--as", "赵敏")
    assert fields(office)["merged_into"] == SECOND


def test_a_slip_in_the_list_is_told_by_its_option(office: Office) -> None:
    dispute_over_the_name(office)
    assert "--after：应为上一页给出的 after" in typed("list", "--after", "zzz", code=1)
    assert "或不写" in typed("list", "--area", "310000", code=1)


REFUSED = {
    "a grid worker": (("choose", "--candidate", "0", "--as", "李明"), 1, "不能进行这项操作"),
    "nobody": (("choose", "--candidate", "0", "--as", "没有此人"), 1, "没有找到人员"),
    "no name": (("choose", "--candidate", "0"), 2, "--as"),
    "no such choice": (("reopen", "--as", "赵敏"), 2, "命令写法不对"),
    "a choice of another kind": (("merge", "--as", "赵敏"), 1, "choose（选用其一）"),
    "no candidate": (("choose", "--as", "赵敏"), 1, "candidate：请指明选用哪一个候选值"),
    "nothing for a name": (("hand", "--value", "null", "--as", "赵敏"), 1, "value："),
    "of a time to come": (("choose", "--candidate", "0", "--version", "9999", "--as", "赵敏"), 1, "有了变化"),
    "whose it is": (("choose", "--candidate", "0", "--as", "李明"), 1, "须由社区、街道、区创卫办的人员来做"),
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
