"""A covert inspection at the terminal 暗访: sealed as it is recorded, by whoever may, and never by a grid worker."""

from pathlib import Path

import pytest

from schemas.grid import sealed_place
from tests.sync_client.tablets import GRID_7, LI
from tests.sync_client.terminals import SERVER, Terminal, furnished_office

DISTRICT = "210902"
SEALED = sealed_place(DISTRICT)
UNTIL = "2099-08-01"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of an inspector of the district."""
    office = furnished_office()
    office.invite("Q7KD-2M", LI, "周涛", DISTRICT)
    office.codes["Q7KD-2M"]["roles"] = [{"role": "inspector", "area": DISTRICT}]
    made = Terminal(tmp_path / "tablet", office)
    made.enrol()
    return made


@pytest.fixture
def worker(tmp_path: Path) -> Terminal:
    """The terminal of a grid worker."""
    made = Terminal(tmp_path / "worker")
    assert made.types("enrol", "Q7KD-2M", "--server", SERVER, "--name", "平板 3").exit_code == 0
    made.types("sync")
    return made


CLEAN = ("record", "shop", "--target", "老王修车", "-a", "l 室内或地下", "-a", "a", "--yes")


def test_a_covert_check_is_sealed_as_it_is_recorded(terminal: Terminal) -> None:
    """It lies at the sealed place, says where it belongs and until when, and says so to whoever made it."""
    done = terminal.types(*CLEAN, "--embargo", UNTIL)
    assert done.exit_code == 0, done.output
    assert f"封存至 {UNTIL}" in done.stdout
    [check] = terminal.json("list", "shop_check")["records"]
    assert check["grid"] == SEALED
    said = check["fields"]
    assert (said["mode"], said["embargo_until"], said["real_grid"]) == ("covert", UNTIL, GRID_7)
    assert said["inspector_role"] == "inspector"


def test_a_draft_stays_sealed(terminal: Terminal) -> None:
    """Put off, and gone on with: whoever forgets to say it again tells the street nothing."""
    terminal.types("record", "shop", "--target", "老王修车", "--embargo", UNTIL, keys="1\nq\n")
    done = terminal.types("record", keys="\n\na\n\n")
    assert "已存到本机" in done.stdout, done.output
    [check] = terminal.json("list", "shop_check")["records"]
    assert (check["grid"], check["fields"]["embargo_until"]) == (SEALED, UNTIL)


def test_a_covert_case_is_sealed_too(terminal: Terminal) -> None:
    """Of the district's inspection, unless somebody says otherwise."""
    done = terminal.types(
        "case", "report", "问题类别=暴露垃圾", "存在问题=楼后一堆", "--grid", GRID_7, "--embargo", UNTIL
    )
    assert done.exit_code == 0, done.output
    [case] = terminal.json("list", "case")["records"]
    said = case["fields"]
    assert (case["grid"], said["real_grid"], said["source"]) == (SEALED, GRID_7, "district_inspection")


@pytest.mark.parametrize(
    ("day", "words"), [("2020-07-01", "今天以后"), ("明天", "封存至"), ("2020-02-30", "封存至"), ("", "封存至")]
)
def test_a_day_that_seals_nothing_is_refused(terminal: Terminal, day: str, words: str) -> None:
    """One that is over, or none at all; nothing is saved."""
    for command in (CLEAN, ("case", "report", "问题类别=暴露垃圾", "--grid", GRID_7)):
        done = terminal.types(*command, "--embargo", day)
        assert done.exit_code != 0
        assert words in done.output
    assert not terminal.json("outbox")["waiting"]


def test_a_grid_worker_seals_nothing(worker: Terminal) -> None:
    """The office would refuse it; told at once, nothing is lost."""
    for command in (CLEAN, ("case", "report", "问题类别=暴露垃圾", "--grid", GRID_7)):
        done = worker.types(*command, "--embargo", UNTIL)
        assert done.exit_code != 0
        assert "督查员" in done.output
    typed = worker.types("case", "report", "问题类别=暴露垃圾", f"封存至={UNTIL}", "--grid", GRID_7)
    assert "督查员" in typed.output
    assert not worker.json("outbox")["waiting"]
