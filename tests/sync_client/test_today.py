"""``gridward today``: what to check, street by street, from what the tablet holds alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync_client.database import Database
from sync_client.office_day.walking import Walk, streets, walk_of
from tests.sync_client.tablets import GRID_7, GRID_8, LI
from tests.sync_client.terminals import LAO_WANG, LAO_WANG_NOODLES, PAVEMENT, PEACE_ROAD, NoSignal, Terminal

TODAY = "2020-07-15"
CASE = "00000000-0000-7000-8000-0000000000e1"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Li's tablet, filled: one road of grade 2, two shops along it, a place to park."""
    made = Terminal(tmp_path / "tablet")
    for shop in (LAO_WANG, LAO_WANG_NOODLES):
        made.office.write("shop", shop, GRID_7, segment_id=PEACE_ROAD)
    made.enrol()
    return made


def checked(terminal: Terminal, name: str, target: str, moment: str, grid: str = GRID_7) -> None:
    """Let the office know of a check."""
    record = f"00000000-0000-7000-8000-{len(terminal.office.records):012}"
    fields: dict[str, Any] = {"target_id": target, "observed_at": moment, "inspector_id": LI, "photos": []}
    terminal.office.write(name, record, grid, **fields)


def walk(terminal: Terminal, sees: Callable[[str], bool] = lambda code: code.startswith(GRID_7[:12])) -> Walk:
    """Return the plan as the tablet reckons it."""
    terminal.types("sync")
    database = Database(terminal.folder / "tablet.db")
    try:
        return walk_of(database, sees, TODAY)
    finally:
        database.close()


def test_what_was_checked_lately_is_not_due(terminal: Terminal) -> None:
    """A road of grade 2 is due every second day, parking every day, a shop once a week."""
    checked(terminal, "street_check", PEACE_ROAD, "2020-07-14T09:00:00+08:00")
    checked(terminal, "shop_check", LAO_WANG, "2020-07-08T09:00:00+08:00")
    checked(terminal, "shop_check", LAO_WANG_NOODLES, "2020-07-09T09:00:00+08:00")
    checked(terminal, "parking_check", PAVEMENT, "2020-07-14T23:00:00+08:00")
    assert {stop.id: stop.last for stop in walk(terminal).stops} == {LAO_WANG: "2020-07-08", PAVEMENT: "2020-07-14"}


def test_what_was_done_today_stays_in_the_plan_as_done(terminal: Terminal) -> None:
    """Also what was just recorded here, and has not been sent."""
    checked(terminal, "street_check", PEACE_ROAD, "2020-07-13T09:00:00+08:00")
    checked(terminal, "street_check", PEACE_ROAD, "2020-07-15T00:30:00+08:00")
    found = walk(terminal)
    [road] = [stop for stop in found.stops if stop.id == PEACE_ROAD]
    assert (road.done, road.last) == (True, "2020-07-13")
    assert found.plans[GRID_7].part("street_segment").done == 1


def test_a_moment_of_another_zone_counts_on_its_day_here(terminal: Terminal) -> None:
    checked(terminal, "parking_check", PAVEMENT, "2020-07-14T17:30:00+00:00")
    assert [stop.done for stop in walk(terminal).stops if stop.id == PAVEMENT] == [True]


def test_a_sealed_check_counts_for_nobody(terminal: Terminal) -> None:
    terminal.office.feeds.add("210902999")
    terminal.office.devices["token-1"].feeds.add("210902999")
    checked(terminal, "parking_check", PAVEMENT, "2020-07-15T09:00:00+08:00", grid="210902999")
    assert [stop.done for stop in walk(terminal).stops if stop.id == PAVEMENT] == [False]


def test_walking_order_is_street_by_street_and_door_by_door(terminal: Terminal) -> None:
    for number, door in enumerate(("8", "100", "21-3")):
        id_ = f"00000000-0000-7000-8000-00000000f{number:03}"
        terminal.office.write(
            "shop", id_, GRID_7, name=f"店{door}", category="retail", segment_id=PEACE_ROAD, door_no=door
        )
        checked(terminal, "shop_check", id_, "2020-07-01T09:00:00+08:00")
    stray = "00000000-0000-7000-8000-00000000f009"
    terminal.office.write("shop", stray, GRID_7, name="散户", category="retail")
    checked(terminal, "shop_check", stray, "2020-07-01T09:00:00+08:00")
    checked(terminal, "street_check", PEACE_ROAD, "2020-07-01T09:00:00+08:00")
    groups = streets(stop for stop in walk(terminal).stops if stop.last)
    assert [(street, [stop.name for stop in group]) for street, group in groups] == [
        (PEACE_ROAD, ["和平路", "店8", "店21-3", "店100"]), (None, ["散户"]),
    ]  # fmt: skip


def test_the_screen_without_signal(terminal: Terminal) -> None:
    checked(terminal, "shop_check", LAO_WANG, "2020-07-01T09:00:00+08:00")
    terminal.types("sync")
    terminal.transport = NoSignal()
    said = terminal.types("today").stdout
    assert "应查" in said
    assert "和平路便道" in said
    assert "老王修车" in said
    assert "上次 2020-07-01" in said
    assert "手上没有问题" in said
    assert "still to check" in terminal.types("--lang", "en", "today").stdout


def test_cases_in_hand_with_their_lights(terminal: Terminal) -> None:
    fields = {"source": "self", "problem_class": "piling", "severity": "minor", "found_at": "2020-07-15T09:00:00+08:00"}
    given = {"status": "handling", "owner_person": LI, "due_at": "2020-07-15T12:00:00+08:00", "lead": GRID_7[:9]}
    terminal.office.write("case", CASE, GRID_7, **fields, **given, description="楼后一堆")
    terminal.types("sync")
    [case] = terminal.json("today")["cases"]
    assert (case["id"], case["light"]) == (CASE, "red")
    assert "手上的问题 1 件" in terminal.types("today").stdout


def test_another_ones_grid_is_not_shown(terminal: Terminal) -> None:
    said = terminal.types("today", "--grid", "210902006001001")
    assert said.exit_code == 1
    assert "不在您的责任区" in said.stdout
    assert terminal.json("today", "--grid", GRID_8)["stops"] == []


def test_a_day_that_is_none_is_told(terminal: Terminal) -> None:
    said = terminal.types("today", "--day", "2020-02-30")
    assert said.exit_code == 1
    assert "不是日期" in said.stdout
    assert terminal.json("today", "--day", "昨天")["day"] == "2020-07-14"
