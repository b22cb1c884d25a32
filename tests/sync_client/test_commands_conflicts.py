"""``gridward conflicts``: what a worker reads of edits that met others', and shops that were merged."""

from pathlib import Path

import pytest

from tests.sync_client.tablets import GRID_7, LI, WANG
from tests.sync_client.terminals import LAO_WANG, LAO_WANG_NOODLES, Terminal

ZH = "老王修车：联系电话现为“139****0002”（王芳 09:07），后写的为准。"
EN = '老王修车: operator phone is now "139****0002" (王芳, 09:07); the later one counts.'
OPEN_ZH = "老王修车：店名待社区认定，两者都保留；认定前显示较早的“老王修车”（李伟 09:05）。"
OPEN_EN = "老王修车: the community has to decide the name, both are kept."


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A tablet that Li enrolled and filled."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


@pytest.fixture
def told(terminal: Terminal) -> Terminal:
    """A tablet to which two explanations have come: one settled by rule, an older one still open."""
    office = terminal.office
    office.write("shop", LAO_WANG, GRID_7, operator_phone="13900000002")
    office.tell(LAO_WANG, LI, OPEN_ZH, en=OPEN_EN, reason="a_person_decides", open=True)
    office.now_ms += 60_000
    office.tell(LAO_WANG, LI, ZH, en=EN, field="operator_phone")
    return terminal


def test_a_sync_says_how_many_explanations_came(told: Terminal) -> None:
    """Those that came now; the next sync does not say it again."""
    said = told.types("sync")
    assert "有 2 条合并说明，运行 gridward conflicts 查看" in said.stdout
    assert said.exit_code == 3
    assert "合并说明" not in told.types("sync").stdout
    assert told.json("sync")["explanations"] == 0


def test_what_is_open_stands_first(told: Terminal) -> None:
    """In Chinese, with the record's name and when it was decided."""
    told.types("sync")
    lines = [line.strip() for line in told.types("conflicts").stdout.splitlines()]
    assert lines[0].startswith("✗ T1  老王修车  2020-07-15 16:00  待人工认定")
    assert lines[1] == OPEN_ZH
    assert lines[2].startswith("✓ T2  老王修车  2020-07-15 16:01  已处理")
    assert lines[3] == ZH
    assert "--seen" in lines[4]


def test_in_english_only_english_is_said(told: Terminal) -> None:
    told.types("sync")
    said = told.types("--lang", "en", "conflicts").stdout
    assert OPEN_EN in said
    assert EN in said.replace("\n    ", " ")
    assert "现为" not in said
    assert "T1  老王修车  2020-07-15 16:00  a person decides" in said
    assert told.types("conflicts", "--lang", "en").stdout == said == told.types("conflicts", "--lang=en").stdout


def test_a_program_gets_everything(told: Terminal) -> None:
    told.types("sync")
    first, second = told.json("conflicts")
    assert (first["mark"], first["open"], second["mark"], second["open"]) == ("T1", True, "T2", False)
    assert first["said"] == [
        {"field": "name", "rule": "authority", "reason": "a_person_decides", "zh": OPEN_ZH, "en": OPEN_EN}
    ]
    assert {"person", "record_id", "type", "at_ms", "feed", "version", "seen", "conflict"} <= first.keys()


def test_the_status_counts_what_nobody_has_put_aside(told: Terminal) -> None:
    told.types("sync")
    status = told.json("status")
    assert (status["told"], status["conflicts"]) == (2, 1)
    assert "1 处冲突待认定" in told.types("status").stdout


def test_once_seen_it_is_shown_only_when_asked_for(told: Terminal) -> None:
    """An explanation that was read once may be needed again."""
    told.types("sync")
    assert "第 T2 条已阅" in told.types("conflicts", "--seen", "T2").stdout
    assert ZH not in told.types("conflicts").stdout
    everything = told.types("conflicts", "--all").stdout
    assert ZH in everything
    assert "已阅" in everything


def test_everything_can_be_put_aside_at_once(told: Terminal) -> None:
    told.types("sync")
    said = told.types("conflicts", "--seen", "all")
    assert "没有冲突" in said.stdout
    assert said.exit_code == 0


def test_a_number_that_is_not_there_is_told(told: Terminal) -> None:
    told.types("sync")
    said = told.types("conflicts", "--seen", "T7").stdout
    assert "清单里没有第 T7 条" in said
    assert "清单上有：T2、T1" in said


@pytest.mark.parametrize("typed", ["T1,T2", "t2 t1", "T1、T2", "ALL"])
def test_several_are_put_aside_at_once(told: Terminal, typed: str) -> None:
    told.types("sync")
    assert "没有冲突" in told.types("conflicts", "--seen", typed).stdout


def test_on_a_shared_tablet_everybody_reads_his_own(told: Terminal) -> None:
    """Wang borrows the tablet: what became of Li's edits waits for him, or for whoever asks."""
    told.types("enrol", "W3XP-8T")
    told.types("sync")
    told.types("switch", "王芳")
    assert "没有冲突" in told.types("conflicts").stdout
    assert OPEN_ZH in told.types("conflicts", "--everyone").stdout
    assert {one["person"] for one in told.json("conflicts", "--everyone")} == {LI}
    assert WANG != LI


# -- merged shops --------------------------------------------------------------------------------------


@pytest.fixture
def merged(terminal: Terminal) -> Terminal:
    """The noodle shop turned out to be the garage's other sign."""
    terminal.office.write("shop", LAO_WANG_NOODLES, GRID_7, merged_into=LAO_WANG)
    terminal.types("sync")
    return terminal


def test_a_merged_shop_says_into_which(merged: Terminal) -> None:
    assert "已并入 老王修车" in merged.types("show", "SH-0002").stdout
    assert merged.json("show", "SH-0002")["fields"]["merged_into"] == LAO_WANG
    assert "已并入" not in merged.types("show", "SH-0001").stdout
    [row] = [line for line in merged.types("list", "shop").stdout.splitlines() if "老王面馆" in line]
    assert "已并入" in row


def test_a_merged_shop_is_not_offered_for_a_check(merged: Terminal) -> None:
    """Both begin with 老王; only the one that is left can be picked, so that it is picked by Enter."""
    said = merged.types("record", "shop", keys="老王\n1\n4\nq\n").stdout
    assert "老王修车" in said
    assert "老王面馆" not in said


@pytest.mark.parametrize("named", [LAO_WANG_NOODLES, "SH-0002"])
def test_named_by_its_number_it_is_taken_with_a_word_of_warning(merged: Terminal, named: str) -> None:
    """A label on the door may still carry the old code: the check is made, and the office moves it."""
    answers = ("-a", "l 室内或地下", "-a", "a", "--yes")
    said = merged.types("record", "shop", "--target", named, *answers)
    assert said.exit_code == 0, said.stdout
    assert "“老王面馆”已并入“老王修车”，检查会转到它名下" in said.stdout
