"""The ledger from the command line: a clerk reads aloud, acts with his own rights, and no line is longer than 80."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import text

from schemas.ids import derived_id
from server.commands import main
from server.commands.common import show
from tests.server.clerks import Clock
from tests.server.ledger_desk import CASE, at_the_ledger, report
from tests.server.office import STREET, Office, open_office

OTHER = derived_id("record", "the other case")


@pytest.fixture
def office(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office, at whose server an operator types."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    opened = open_office(database_url, Clock())
    yield opened
    opened.store.engine.dispose()


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, ["ledger", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def as_data(*words: str) -> Any:
    """Return what is printed for machines."""
    return json.loads(CliRunner().invoke(main, ["ledger", *words, "--json"], catch_exceptions=False).stdout)


def test_a_clerk_leads_a_case_along(office: Office) -> None:
    """Listed, shown with what he may do, accepted, dispatched; in his name, by its id's beginning."""
    report(office)
    assert "中华路12号门前" in typed("list")
    page = typed("show", CASE[:8], "--as", "钱伟", "--all")
    for word in ("暴露垃圾", "待立案", "立案 accept", "还没有办理", "当前为“已上报待立案”"):
        assert word in page
    assert "已立案" in typed("act", CASE, "立案", "--as", "钱伟")
    assert "已派遣 dispatched 1" in typed("dispatch", CASE, "--lead", STREET, "--as", "钱伟")
    assert "街道" in typed("show", CASE)
    assert as_data("show", CASE)["case"]["case"]["state"] == "dispatched"
    assert "不能" in typed("act", CASE, "accept", "--as", "钱伟", code=1)
    assert "没有写入" in typed("act", CASE, "set_due", "--as", "钱伟", "--reason", "x", "--set", "due_at=今天", code=1)
    assert "未派出 refused 1" in typed("dispatch", CASE, "--as", "钱伟", code=1)
    assert "没有“0000”" in typed("show", "0000", code=1)
    assert [one["cases"] for one in as_data("count") if one["state"] == "dispatched"] == [1]


def test_nobody_reads_or_does_more_for_being_at_the_server(office: Office) -> None:
    """An operator acts with the rights of whoever he acts for, and of no other."""
    report(office)
    assert "没有“" in typed("act", CASE[:8], "accept", "--as", "孙强", code=1)
    assert "身份" in typed("act", CASE, "accept", "--as", "李明", code=1)
    assert as_data("list", "--as", "孙强") == []


def test_every_line_fits_a_terminal(office: Office) -> None:
    """Eighty columns, a Chinese character two of them; signs a terminal obeys are none."""
    report(office, place_text="非常长的地名" * 20, description="堆积\u202e如山" * 60)
    report(office, OTHER)
    at_the_ledger(office, "qian").do("accept")
    lines = typed("list").splitlines()
    assert max(map(cell_len, lines)) <= 80
    figures = typed("figures", "--period", "2020-07-18", "2020-07-18").splitlines()
    assert max(map(cell_len, figures)) <= 80
    assert "\u202e" not in typed("show", CASE)


def test_the_ledger_is_made_anew_from_the_records(office: Office) -> None:
    """Whoever changed a row behind our back is found out, by the doctor and by the comparison; then it is mended."""
    report(office)
    report(office, OTHER)
    with office.store.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_row SET version = 99, status = 'closed' WHERE id = :i"), {"i": CASE})
        connection.execute(text("DELETE FROM ledger_text WHERE id = :i"), {"i": OTHER})
        connection.execute(
            text("INSERT INTO ledger_text (district, id, text, grams) VALUES ('210902', :i, 'x', 'x')"),
            {"i": derived_id("x", "y")},
        )
    doctor = CliRunner().invoke(main, ["doctor"])
    assert "台账有 2 行" in doctor.output
    found = typed("rebuild", "--dry-run", code=1)
    assert f'{CASE} status："closed" → "reported"' in found
    assert "共 4 处出入" in found
    assert "2 件问题，改正 2 行，删除 1 行" in typed("rebuild")
    assert "共 0 处出入" in typed("rebuild", "--dry-run")
    assert "台账有" not in CliRunner().invoke(main, ["doctor"]).output


def test_a_narrow_terminal_never_cuts_a_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers and codes are read out and typed again: a wide table runs on, and only long texts are folded."""
    monkeypatch.setattr("server.commands.common.Console", partial(Console, force_terminal=True, no_color=True))
    monkeypatch.setenv("COLUMNS", "40")
    rows = [{"no": "HZ-2020-河北-00123", "grid": "210902005003007", "said": "楼后一堆" * 9, "late": True}]
    show(rows, {"no": "编号", "grid": "网格", "said": "内容", "late": "超期"}, json_wanted=False)
    told = capsys.readouterr().out
    assert "HZ-2020-河北-00123" in told
    assert "210902005003007" in told
    assert told.count("楼") == 9, "folded, not cut"
    assert "是" in told


def test_a_clerk_calls_units_and_numbers_as_people_do(office: Office) -> None:
    """A department by its name, the number as it came by telephone; what is wrong is said with what may be typed."""
    report(office)
    number = as_data("list")[0]["number"]
    typed("act", number.replace("-", " ").lower(), "立案", "--as", "钱伟")
    typed("act", number, "派遣", "--set", "lead=综合执法局", "--as", "钱伟")
    assert as_data("list", "--lead", "综合执法局")[0]["number"] == number
    assert "没有“消号”" in typed("act", number, "消号", "--as", "钱伟", code=2)
    assert "可以写：主办单位 lead" in typed("act", number, "改派", "--set", "主办=住建局", "--as", "钱伟", code=1)
    assert "请补齐后再办" in typed("act", number, "改派", "--set", "lead=住建局", "--as", "钱伟", code=1)
