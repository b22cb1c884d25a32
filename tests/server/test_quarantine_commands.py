"""The quarantine desk on a terminal: what an operator and a clerk type, and what they read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from schemas import wire
from schemas.ids import derived_id
from server.commands import main
from server.storage import migrate
from server.usecases.examine import examine
from tests.server.office import DISTRICT, GRID_7, Office, open_office, person_id

SHOP, SECOND = derived_id("record", "shop"), derived_id("record", "second")
NOON = 50_000


@pytest.fixture(name="office")
def office_of_commands(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office that the commands work on."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()


def types(line: str, code: int = 0) -> Result:
    """Run one command below ``gridward-server quarantine``."""
    result = CliRunner().invoke(main, ["quarantine", *line.split()], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result


def listed(line: str = "list") -> Any:
    """Return what a command tells programs."""
    return json.loads(types(f"{line} --json").stdout)


def stopped(office: Office) -> list[str]:
    """Let Li write a shop and add to it, and be stopped in between; return what waits, by number."""
    li = office.device("li")
    office.stop("li", NOON)
    shop = {"name": "老王修车", "category": "repair", "operator_phone": "13804180000"}
    made = [li.mutation("create", "shop", SHOP, set=shop), li.mutation("patch", "shop", SHOP, set={"door_no": "17"})]
    li.clock_ms = NOON
    made.append(li.mutation("patch", "shop", SHOP, set={"door_no": "19"}))
    li.push(*made)
    return [one["id"] for one in sorted(listed(), key=lambda one: one["n"])]


def test_a_grid_leader_lets_in_what_was_written_before_the_stop(office: Office) -> None:
    """Several at a time, in whatever order they are typed; 1 where one of them is refused again."""
    first, second, late = stopped(office)
    said = types(f"readmit {late} {second} {first} --as 冯刚 --reason 当日在岗", code=1).output
    assert said.count("已恢复入库 let in") == 2
    assert "写于账号停用之后" in said
    assert "after the account was stopped" in said
    record = office.record(SHOP)
    assert record is not None
    assert record.fields["door_no"] == "17"
    assert [one["id"] for one in listed()] == [late]
    assert "早已入库 was in already" in types(f"readmit {first} --as 冯刚").output


def test_all_of_a_stopped_persons_honest_work_at_once(office: Office) -> None:
    """In its order, and nothing of what came after the stop; a second time there is nothing left."""
    *_, late = stopped(office)
    assert types("readmit --stopped 李明 --as 冯刚").output.count("let in，") == 2
    assert [one["id"] for one in listed()] == [late]
    assert "没有可恢复的" in types("readmit --stopped 李明 --as 冯刚", code=1).output


def test_the_list_and_one_of_it(office: Office) -> None:
    """Short in the list, without telephone numbers; in full with what can be done."""
    first, *_ = stopped(office)
    said = types("list --person 李明 --as 冯刚").output
    assert "3 in all" in said
    assert "李明" in said
    assert "13804180000" not in said
    told = types(f"show {first[:8]}").output
    for word in ("老王修车", "账号已停用", "The account was stopped", "网格长", "grid leader", "13804180000", GRID_7):
        assert word in told
    assert f"quarantine readmit {first} --as" in told
    assert "3 in all" not in types("list --code outside_area").output


def test_put_aside_and_taken_up_again(office: Office) -> None:
    first, *_ = stopped(office)
    assert "已搁置 dismissed" in types(f"dismiss {first} --reason 重复 --as 赵敏").output
    assert len(listed()) == 2
    assert [one["settled"]["reason"] for one in listed("list --state settled")] == ["重复"]
    assert "let in" in types(f"readmit {first} --as 赵敏").output


def test_an_export_is_written_whole(office: Office, tmp_path: Path) -> None:
    """Into a file, or on the screen; nothing half-written stays behind."""
    stopped(office)
    file = tmp_path / "quarantine.jsonl"
    assert "已导出 3 条" in types(f"export --out {file}").output
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {wire.decode_json(line["payload"])["n"] for line in lines} == {1, 2, 3}
    assert [path.name for path in tmp_path.glob("quarantine*")] == ["quarantine.jsonl"]
    # It holds telephone numbers, and is nobody else's to read.
    assert file.stat().st_mode & 0o077 == 0
    assert types("export --out - --state open --as 冯刚").stdout == file.read_text(encoding="utf-8")
    assert types("export --out - --day 2019-01-01").stdout == ""


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("show 0", 1, "0 条"),
        (f"show {SHOP}", 1, "隔离区里没有这一条"),
        (f"readmit {SHOP} --as 没有此人", 1, "没有找到人员"),
        (f"readmit {SHOP}", 2, "--as"),
        ("list --area 12345", 1, "不是区划代码"),
        ("list --day 昨天", 1, "--day：应为日期"),
        ("list --device 没有", 1, "0 台设备"),
        ("list --as 李明", 1, "look into the quarantine. Let somebody look"),
        (f"dismiss {SHOP} --as 赵敏", 2, "--reason"),
        ("export --out /no/such/folder/file", 1, "系统不允许"),
    ],
)
def test_a_slip_is_told_in_two_languages(office: Office, line: str, code: int, told: str) -> None:
    """And not with a trace."""
    assert told in types(line, code=code).output


def test_the_doctor_says_how_long_it_has_waited(office: Office) -> None:
    first, *_ = stopped(office)
    since = listed()[0]["received_at"][:16].replace("T", " ")
    found = [finding.zh for finding in examine(office.store, NOON)]
    assert [zh for zh in found if "隔离区" in zh] == [
        f"隔离区有 3 条待处理，最早 {since} 收到：gridward-server quarantine list"
    ]
    types(f"dismiss {first} --reason 重复 --as 赵敏")
    assert any("隔离区有 2 条" in finding.zh for finding in examine(office.store, NOON))


def test_old_refusals_learn_whose_they_are(database_url: str) -> None:
    """A database from before says it of what can be read, over several pages, and leaves the rest as it is."""
    engine = create_engine(database_url)
    migrate.upgrade(engine, "0002")
    good = wire.encode({"n": 1, "by": person_id("li"), "grid": GRID_7, "at": [NOON, 0]})
    payloads = {"good": good, "torn": b"\xff{", "odd": b'{"by":"x","grid":"12","at":[-1]}'}
    payloads |= {f"more {n}": good for n in range(600)}
    insert = text(
        "INSERT INTO quarantine (district, id, device, install, n, received_ms, code, problem, payload) "
        "VALUES (:district, :id, :id, 'first', 1, 1, 'malformed_mutation', '{}', :payload)"
    )
    with engine.begin() as connection:
        rows = [{"district": DISTRICT, "id": derived_id("old", k), "payload": raw} for k, raw in payloads.items()]
        connection.execute(insert, rows)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        found = {r[0]: tuple(r[1:]) for r in connection.execute(text('SELECT id, "by", grid, at_ms FROM quarantine'))}
    unknown = (None, None, None)
    assert {found[derived_id("old", name)] for name in ("torn", "odd")} == {unknown}
    assert [claims for claims in found.values() if claims != unknown] == [(person_id("li"), GRID_7, NOON)] * 601
    engine.dispose()
