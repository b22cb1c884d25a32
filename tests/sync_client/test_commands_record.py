"""The check at the terminal: found, answered, kept answer by answer, scored before it is saved."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.checks.forms import Form, Item
from schemas.initials import abbreviates, initials
from sync_client.check_sheet import FORMS, Sheet, is_finding
from sync_client.labels import NotUnderstood
from tests.pictures import jpeg
from tests.sync_client.tablets import GRID_7
from tests.sync_client.terminals import LAO_WANG, PAVEMENT, PEACE_ROAD, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of Li's tablet, with the registers on it."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture from a camera."""
    path = tmp_path / "with a blank.jpg"
    path.write_bytes(jpeg("a shop front"))
    return path


def keys(*lines: str) -> str:
    """Return what is typed, a line each."""
    return "".join(f"{line}\n" for line in lines)


def the_check(terminal: Terminal, kind: str = "shop_check") -> dict[str, Any]:
    """Return the one check of a kind on the tablet."""
    [record] = terminal.json("list", kind)["records"]
    found: dict[str, Any] = record
    return found


# -- a minute at a door -------------------------------------------------------------------------------


def test_a_clean_shop_takes_five_answers(terminal: Terminal) -> None:
    """Look up by pinyin initials, pick, no position, all clean, save."""
    done = terminal.types("record", "shop", keys=keys("lwxc", "", "", "a", ""))
    assert done.exit_code == 0
    assert "已存到本机：老王修车" in done.stdout
    check = the_check(terminal)
    assert check["fields"]["score"] == 1000
    assert check["fields"]["target_id"] == LAO_WANG
    assert check["fields"]["no_fix_reason"] == "switched_off"
    assert check["fields"]["inspector_role"] == "grid_worker"
    assert terminal.json("status")["drafts"] == 0


def test_only_the_exceptions_are_typed(terminal: Terminal, photo: Path) -> None:
    """Score, case and missing photos are on the screen before anything is saved."""
    done = terminal.types(
        "record", "shop",
        keys=keys("老王", "老王修车", "1", "42.02,121.66,12", "a", "h1 5 油污", "", "O1 是 +当场整改",
                  f"p {photo}", f"p H1 {photo}", "r 已劝导", "", "2", "1"),
    )  # fmt: skip
    assert done.exit_code == 0
    before_saving = done.stdout.partition("告知方式")[0]
    assert "80.4" in before_saving
    assert "合格" in before_saving
    assert "道路不洁（一般，综合执法局（城管））" in before_saving
    assert "O1 近景；O1 整改后" in before_saving

    fields = the_check(terminal)["fields"]
    assert (fields["score"], fields["result"]) == (804, "pass")
    assert fields["notes"] == {"H1": {"remark": "油污"}, "O1": {"fixed_at_once": True}}
    assert (fields["notice_given"], fields["operator_reaction"]) == ("verbal", "cooperative")
    assert fields["position"] == {"lat": 42.02, "lon": 121.66, "accuracy_m": 12, "crs": "wgs84"}
    # One picture proves one thing: the purpose that was named last.
    assert [(p.get("item"), p["role"]) for p in fields["photos"]] == [("H1", "near")]
    assert [entry["text"] for entry in fields["remark"]] == ["已劝导"]
    [case] = terminal.json("list", "case")["records"]
    assert case["fields"]["problem_class"] == "unclean_road"


def test_what_nobody_looked_at_has_not_passed(terminal: Terminal) -> None:
    """Enter does not save a form with open items; saying that they are clean does."""
    done = terminal.types("record", "shop", keys=keys("12", "1", "", "H1 1", "", "", "a", "", "", ""))
    assert "没查的项不算合格" in done.stdout
    assert done.exit_code == 0
    assert the_check(terminal)["fields"]["score"] == 978


def test_a_street_knows_its_grade_and_width(terminal: Terminal) -> None:
    """12 butts on 100 m by 12 m of grade 2 cost 2 points; piles take two numbers."""
    terminal.types("record", "street", keys=keys("和平", "1", "3", "a", "A3 12", ""))
    fields = the_check(terminal, "street_check")["fields"]
    assert (fields["score"], fields["road_grade"], fields["sample_area_m2"]) == (980, 2, 1200)

    again = terminal.types("record", "street", keys=keys("hpl", "", "3", "a", "E1 2 1.5 墙根", ""))
    assert "2 堆 1.5 平方米" in again.stdout
    assert "暴露垃圾（较重" in again.stdout


def test_vehicles_are_counted_before_they_are_judged(terminal: Terminal) -> None:
    """Totals have no default: nobody has counted yet."""
    done = terminal.types(
        "record", "停车秩序检查", keys=keys("便道", "1", "", "forty", "40", "80", "", "a", "N1 8", "")
    )
    assert "“forty”不是整数" in done.stdout
    fields = the_check(terminal, "parking_check")["fields"]
    assert (fields["motor_total"], fields["order_rate"], fields["score"]) == (40, 900, 960)
    assert fields["target_id"] == PAVEMENT


def test_what_is_still_missing_is_told_with_how_to_write_it(terminal: Terminal) -> None:
    """Given at once, with nobody to ask: no register says whether the shop has greenery."""
    given = ("-a", "l 室内或地下", "-a", "a", "--yes")
    terminal.office.write("shop", LAO_WANG, GRID_7, name="老王修车", category="repair", code="SH-0001", has_green=None)
    terminal.types("sync")
    said = terminal.types("record", "shop", "--target", "SH-0001", *given)
    assert said.exit_code == 1
    assert "d has_green=…" in said.stdout
    told = terminal.types("record", "shop", "--target", "SH-0001", *given, "-a", "d has_green=否")
    assert told.exit_code == 0, told.stdout


def test_a_shop_that_no_register_knows(terminal: Terminal) -> None:
    """Its name and place are written down, and what the register would have told is asked."""
    done = terminal.types(
        "record", "shop", keys=keys("新开的店", "0", "新开面馆", "和平路口", GRID_7, "否", "", "a", "")
    )
    assert done.exit_code == 0, done.stdout
    record = the_check(terminal)
    assert record["fields"]["target_draft"] == {"name": "新开面馆", "place": "和平路口"}
    assert record["fields"]["has_green"] is False
    assert record["grid"] == GRID_7


def test_a_slip_of_the_finger_costs_nothing(terminal: Terminal) -> None:
    """Whatever cannot be meant is told, and the answers stand."""
    slips = (
        "H9 1",
        "H1 many",
        "H1 -3",
        "H1 3 +burning",
        "p /no/such.jpg",
        f"p {__file__}",
        "d colour=red",
        "d weather=plague",
        "l 200,300",
    )
    done = terminal.types("record", "shop", keys=keys("12", "1", "", "a", "H2 1", "", *slips, "", "", ""))
    assert done.exit_code == 0
    assert done.stdout.count("! ") >= len(slips)
    items = the_check(terminal)["fields"]["items"]
    assert {code: value for code, value in items.items() if value} == {"H2": 1}


def test_a_finding_can_be_taken_back(terminal: Terminal) -> None:
    """Writing an item again replaces value, marks and note; a dash is: does not apply."""
    terminal.types("record", "shop", keys=keys("12", "1", "", "a", "H1 5 +当场整改 油", "H1 0", "O1 -", ""))
    fields = the_check(terminal)["fields"]
    assert fields["items"]["H1"] == 0
    assert fields["items"]["O1"] is None
    assert "notes" not in fields
    assert fields["score"] == 1000


def test_everything_else_can_be_told_by_number(terminal: Terminal) -> None:
    """The list of details is walked with numbers alone."""
    listed = ("d", "2", "4", "")
    done = terminal.types("record", "shop", keys=keys("12", "1", "", "a", *listed, ""))
    assert "天气" in done.stdout
    assert the_check(terminal)["fields"]["weather"] == "snow"


# -- drafts -------------------------------------------------------------------------------------------


def test_an_interrupted_check_goes_on_where_it_was(terminal: Terminal) -> None:
    """The keyboard goes away in mid-check; every answer is there again, and only once."""
    broken = terminal.types("record", "shop", keys=keys("12", "1", "", "a", "H2 1", ""))
    assert broken.exit_code == 130
    assert "草稿" in broken.stdout
    assert terminal.json("list", "shop_check")["records"] == []
    assert terminal.json("status")["drafts"] == 1

    resumed = terminal.types("record", keys=keys("", "", "", ""))
    assert "有未完成的检查：老王修车" in resumed.stdout
    assert resumed.exit_code == 0
    assert the_check(terminal)["fields"]["items"]["H2"] == 1
    assert terminal.json("status")["drafts"] == 0


def test_a_draft_is_its_author_s(terminal: Terminal) -> None:
    """Wang is not asked to finish what Li began."""
    terminal.types("record", "shop", keys=keys("12", "1", "", "q"))
    terminal.types("enrol", "W3XP-8T")
    terminal.types("switch", "王芳")
    assert "有未完成" not in terminal.types("record", "shop").stdout
    terminal.types("switch", "李伟")
    assert "有未完成" in terminal.types("record", "shop").stdout


def test_a_check_can_be_thrown_away(terminal: Terminal) -> None:
    """Only after a second question."""
    terminal.types("record", "shop", keys=keys("12", "1", "", "x", "n", "q"))
    assert terminal.json("status")["drafts"] == 1
    terminal.types("record", "shop", keys=keys("", "x", ""))
    assert terminal.json("status")["drafts"] == 0
    assert terminal.json("status")["waiting"] == 0


def test_a_photo_that_was_moved_away_keeps_the_draft(terminal: Terminal, photo: Path) -> None:
    """Nothing is saved by halves: the check waits until the picture is found or left out."""
    terminal.types("record", "shop", keys=keys("12", "1", "", "a", f"p {photo}", "q"))
    photo.unlink()
    told = terminal.types("record", keys=keys("", ""))
    assert told.exit_code == 1
    assert "照片已不在原处" in told.stdout
    assert terminal.json("status")["waiting"] == 0
    assert terminal.json("status")["drafts"] == 1


# -- without questions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "--target"),
        (("shop", "--target", "老王", "-a", "a"), "有 2 个"),
        (("shop", "--target", "no such"), "一个也没有"),
        (("shop", "--target", "12", "-a", "H1 1", "-a", "l 1"), "还没查：H2"),
        (("shop", "--target", "12", "-a", "a"), "位置"),
        (("parking", "--target", "便道", "-a", "a", "-a", "l 1"), "机动车总数"),
        (("fish", "--target", "12"), "没有“fish”这种检查"),
    ],
)
def test_a_program_is_told_what_is_missing(terminal: Terminal, args: tuple[str, ...], says: str) -> None:
    """Without questions, what cannot be known is refused and nothing recorded."""
    told = terminal.types("record", *args, "--yes")
    assert told.exit_code == 1
    assert says in told.stdout.replace("\n", "")
    assert terminal.json("status")["waiting"] == 0


def test_a_program_gets_what_came_of_it(terminal: Terminal) -> None:
    """Record, score and cases in one object."""
    answers = ("-a", "l 1", "-a", "a", "-a", "C1 5", "-a", "d weather=晴", "-a", "d sample_length_m=200")
    told = terminal.json("record", "street", "--target", PEACE_ROAD, *answers)
    assert told["record"]["fields"]["sample_area_m2"] == 2400
    assert [case["severity"] for case in told["cases"]] == ["minor"]
    assert told["waiting"] == 1


# -- the pure parts -----------------------------------------------------------------------------------


def sheet(form: Form) -> Sheet:
    """Return an empty sheet of a form."""
    return Sheet("check:x", form.type, LAO_WANG, "grid_worker", "2020-07-18T08:15:30+08:00", GRID_7, "老王修车")


ITEMS = [(form, item) for form in FORMS.values() for item in form.items]


@pytest.mark.parametrize(("form", "item"), ITEMS, ids=[f"{form.type} {item.code}" for form, item in ITEMS])
def test_every_item_of_every_form_can_be_answered(form: Form, item: Item) -> None:
    """Clean, found, not applicable; what it takes is told where nothing is given."""
    found = {"count": "3", "m2": "0.5", "level": "重", "yes": "是", "piles": "2 0.5"}[item.kind]
    filled = sheet(form)
    filled.all_clean()
    assert not filled.findings
    filled.answer(item, found)
    assert filled.findings == [item]
    filled.answer(item, "不适用")
    assert filled.items[item.code] is None
    if item.kind != "yes":
        with pytest.raises(NotUnderstood):
            filled.answer(item, "")


@given(code=st.sampled_from(["H1", "h1", "Ｈ１"]), value=st.integers(0, 9_999), said=st.text("油污积水", max_size=60))
def test_a_count_and_its_note_are_read_as_typed(code: str, value: int, said: str) -> None:
    """However wide the letters of the code are."""
    filled = sheet(FORMS["shop_check"])
    item = filled.item(code)
    assert item is not None
    filled.answer(item, f"{value} {said}")
    assert filled.items["H1"] == value
    assert is_finding(item, value) is bool(value)
    assert filled.notes.get("H1", {}).get("remark", "") == said


@given(line=st.text(max_size=40))
def test_no_answer_breaks_a_sheet(line: str) -> None:
    """Whatever is typed is either understood or told; a sheet can always be kept and read again."""
    filled = sheet(FORMS["street_check"])
    for item in filled.form.items:
        before = filled.as_draft()
        with suppress(NotUnderstood):
            filled.answer(item, line)
            before = filled.as_draft()
        assert filled.as_draft() == before
    filled.all_clean()
    filled.fields |= {"road_grade": 2, "sample_length_m": 100, "sample_width_m": 12}
    assert filled.assessed() is not None


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("老王修车", "lwxc"),
        ("和平路", "hpl"),
        ("海州区12号", "hzq12h"),
        ("ＡＢ超市", "abcs"),
        ("阜新", "fx"),
        ("鑫鑫", "xx"),
        ("", ""),
    ],
)
def test_initials_are_those_of_the_pinyin(text: str, letters: str) -> None:
    """For common characters; letters and digits stand for themselves."""
    assert initials(text) == letters


def test_a_rare_character_stands_for_any_letter() -> None:
    """What GB 2312 does not know is better found once too often than not at all."""
    assert initials("喆喆") == "??"
    assert abbreviates("zzcs", "喆喆超市")
    assert not abbreviates("cscs", "超市")
