"""What an operator types, from an empty machine to a tablet that syncs."""

import dataclasses
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import urllib3
from click.testing import CliRunner, Result
from flask import Flask

from server.app import create_app
from server.commands import main
from server.commands.devices import address, picture
from server.settings import Settings
from server.storage import migrate
from tests.server.empty_office import GRID_7, HAIZHOU, store_of
from tests.templates import begin_with

ROOT = Path(__file__).parents[2]
Type = Callable[..., Result]


@pytest.fixture
def type_(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """An operator at an empty machine; a command that must not fail tells what it said."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("GRIDWARD_PUBLIC_URL", "https://haizhou.example")

    return run


@pytest.fixture
def begun(type_: Type, database_url: str) -> Type:
    """The same operator after the first command."""
    begin_with(migrate.upgrade, database_url)
    type_("init --district 210902 --name 海州区")
    return type_


def test_an_empty_database_says_what_to_type(type_: Type) -> None:
    """Every command names the first one, and doctor finds it bad."""
    for line in ("serve", "people list", "devices list", "audit verify"):
        assert "gridward-server init" in type_(line, code=1).output
    assert "✗" in type_("doctor", code=1).output


def test_from_nothing_to_a_code(type_: Type) -> None:
    """Tables, a district, a person, a role, a code with its picture; then the lists show them."""
    type_("init --district 210902 --name 海州区")
    type_("people add 李伟 --code W001 --title 网格员 --phone 13904180000")
    type_(f"people grant W001 网格员 {GRID_7} --from 2020-07-01")
    shown = type_("enrol-code --person 李伟").output
    assert "https://haizhou.example" in shown
    assert "█" in shown

    [li] = listed(type_, "people list")
    assert (li["name"], li["roles"]) == ("李伟", [f"网格员@{GRID_7}"])
    assert "13904180000" not in type_("people list").output


def test_a_relative_path_begins_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the commands and for the server: both open one file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", "sqlite:///office.db")
    run("init --district 210902 --name 海州区")
    assert (tmp_path / "office.db").is_file()
    with reopened("sqlite:///office.db") as app:
        assert HAIZHOU in store_of(app).places()


def test_the_picture_carries_server_and_code() -> None:
    """As an address that a tablet takes apart again."""
    told = parse_qs(address("https://haizhou.example/a?b=c&d", "ABCD-EFGH").partition("?")[2])
    assert told == {"server": ["https://haizhou.example/a?b=c&d"], "code": ["ABCD-EFGH"]}
    assert len(picture("gridward:enrol").splitlines()) > 10


def test_a_role_ends_and_an_account_stops(begun: Type) -> None:
    """Past roles are not listed; a stopped person only on demand, and gets no code."""
    begun("people add 李伟 --code W001")
    begun(f"people grant W001 grid_worker {GRID_7}")
    assert "1 in all" in begun(f"people end-grant W001 网格员 {GRID_7}").output
    assert listed(begun, "people list")[0]["roles"] == []
    begun("people stop W001")
    assert listed(begun, "people list") == []
    assert listed(begun, "people list --all")[0]["stopped"]
    assert "停用" in begun("enrol-code --person W001", code=1).output


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("people stop 没有此人", 1, "没有找到人员"),
        ("people grant W001 队长 210902", 2, "没有身份"),
        ("people grant W001 网格员 210902 --from 昨天", 2, "不是日期"),
        ("people list --district 210903", 1, "没有区县 210903"),
        ("devices revoke 没有此设备", 1, "0 台设备"),
        ("quarantine show 0", 1, "0 条"),
        ("init --district 21 --name 省", 1, "6 位"),
        ("serve --workers 2", 1, "SQLite"),
        ("import shops pyproject.toml --default 类别", 1, "列=值"),
    ],
)
def test_a_slip_is_told_in_two_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, told: str
) -> None:
    """And not with a trace."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{tmp_path}/gridward.db")
    run = CliRunner().invoke(main, ["init", "--district", HAIZHOU, "--name", "海州区"])
    assert run.exit_code == 0
    result = CliRunner().invoke(main, line.split())
    assert (result.exit_code, told in result.output) == (code, True), result.output


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("DATABASE_URL", "nonsense", "GRIDWARD_DATABASE_URL 写法不对"),
        ("DATABASE_URL", "dragon://host/name", "GRIDWARD_DATABASE_URL 写法不对"),
        ("DATABASE_URL", "postgresql+psycopg://u:secret@127.0.0.1:1/x", "数据库连接不上"),
        ("NEXT_SYNC_AFTER_S", "soon", "环境变量"),
    ],
)
def test_a_database_out_of_reach_is_told(monkeypatch: pytest.MonkeyPatch, setting: str, value: str, told: str) -> None:
    """In two languages, without a trace and without its password."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", "sqlite://")
    monkeypatch.setenv(f"GRIDWARD_{setting}", value)
    said = run("doctor", code=1).output
    assert told in said
    assert "secret" not in said


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a file stands in its way."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("GRIDWARD_DATABASE_URL", raising=False)
    monkeypatch.setenv("GRIDWARD_DATA", str(tmp_path / "file" / "data"))
    assert "系统不允许" in run(f"init --district {HAIZHOU} --name 海州区", code=1).output


def test_a_taken_port_is_told_at_once(begun: Type) -> None:
    """Before gunicorn tries for seconds."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "已被占用" in begun(f"serve --port {other.getsockname()[1]}", code=1).output


def test_a_slip_of_usage_is_told_in_two_languages(begun: Type) -> None:
    """Also where an option is missing; and no command at all shows them all."""
    missing = begun("enrol-code", code=2).output
    assert "命令写法不对" in missing
    assert "--person" in missing
    assert "命令写法不对" not in begun("", code=2).output


def test_what_devices_are_called_does_not_steer_the_screen(begun: Type, database_url: str) -> None:
    """A device chooses its own name; a terminal must not obey it."""
    begun("people add 李伟 --code W001")
    code = code_in(begun("enrol-code --person W001").output)
    with reopened(database_url) as app:
        body = {"code": code, "device_name": "平板\x1b[2J"}
        assert app.test_client().post("/v1/devices/enrol", json=body).status_code == 200
    assert "平板" in begun("devices list").output
    assert "\x1b" not in begun("devices list").output


def test_a_second_district_must_be_named(begun: Type) -> None:
    """With two in one database nobody guesses which is meant."""
    begun("init --district 210903 --name 新邱区")
    assert "210902、210903" in begun("people list", code=1).output
    begun("people list --district 210903")


def test_imports_report_and_say_by_their_code_whether_anything_was_good(begun: Type, tmp_path: Path) -> None:
    """0 where something came in, 1 where nothing did or strictness stopped it."""
    file = tmp_path / "shops.csv"
    file.write_text("商户编号,店名,备注列\nS-1,老王修车,x\nS-2,,x\n", encoding="utf-8")
    people = tmp_path / "people.csv"
    people.write_text("姓名,电话\n李伟,13904180000\n", encoding="gb18030")
    shown = begun(f"import shops {file} --grid {GRID_7}").output
    assert "第 3 行 店名（牌匾）：必填 (row 3: is required)" in shown
    assert "新增 new: 1" in shown
    assert "备注列" in shown
    told = json.loads(begun(f"import shops {file} --grid {GRID_7} --json --dry-run").output)
    assert told["counts"]["unchanged"] == 1
    begun(f"import shops {file} --grid {GRID_7} --strict", code=1)
    assert "缺少必需的列：工号" in begun(f"import people {people}", code=1).output


def test_a_changed_row_of_the_history_is_found(database_url: str, begun: Type, tmp_path: Path) -> None:
    """Whoever edits the database by hand is told of by number."""
    file = tmp_path / "divisions.csv"
    file.write_text("代码,名称\n210902,海州区\n210902005,河北街道\n210902006,站前街道\n", encoding="utf-8")
    begun(f"import divisions {file}")
    begun("audit verify")
    with reopened(database_url) as app, store_of(app).work(HAIZHOU) as work:
        work.connection.exec_driver_sql("UPDATE history SET payload = payload || ' ' WHERE feed = '210902005'")
        work.commit()
    [broken] = [v for v in json.loads(begun("audit verify --json", code=1).output) if v["broken"]]
    assert (broken["feed"], broken["broken"]) == ("210902005", 1)
    assert "✗" in begun("doctor", code=1).output


def test_a_missing_row_of_the_history_is_found(database_url: str, begun: Type, tmp_path: Path) -> None:
    """At the end of a feed too, where no later link depends on it."""
    file = tmp_path / "divisions.csv"
    file.write_text(f"代码,名称\n210902,海州区\n210902005,河北街道\n{GRID_7[:12]},建设社区\n", encoding="utf-8")
    begun(f"import divisions {file}")
    with reopened(database_url) as app, store_of(app).work(HAIZHOU) as work:
        work.connection.exec_driver_sql("DELETE FROM history WHERE feed = '210902005' AND version = 2")
        work.commit()
    assert "末尾" in begun("audit verify", code=1).output


def test_what_was_refused_can_be_read(begun: Type, database_url: str) -> None:
    """In the list by its reason, and in full by the beginning of its id."""
    token = enrolled(begun, database_url)
    with reopened(database_url) as app:
        body = {"protocol": 1, "install": "a", "mutations": [{"n": 1, "op": "dance"}]}
        app.test_client().post("/v1/sync", json=body, headers={"Authorization": f"Bearer {token}"})
    [refused] = listed(begun, "quarantine list")
    assert refused["code"] == "malformed_mutation"
    assert '"dance"' in begun(f"quarantine show {refused['id'][:8]}").output
    assert listed(begun, "conflicts list") == []


def test_the_server_runs_and_forgets_no_contact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Served by gunicorn on a free port; told to stop, it writes down whom it heard of, also where it runs no jobs."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{tmp_path}/gridward.db")
    monkeypatch.setenv("GRIDWARD_LOG_LEVEL", "warning")
    run("init --district 210902 --name 海州区")
    run("people add 李伟 --code W001")
    code, port = code_in(run("enrol-code --person W001").output), free_port()
    command = [sys.executable, "-m", "server.commands", "serve", "--port", str(port), "--no-scheduler"]
    server = subprocess.Popen(command)
    try:
        wait_until_it_answers(port)
        token = post(port, "/v1/devices/enrol", {"code": code, "device_name": "平板"})["token"]
        answer = post(port, "/v1/sync", {"protocol": 1, "install": "a", "report": {"waiting": 3}}, token)
        assert answer["server"]["epoch"]
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    [device] = listed(run, "devices list")
    assert (device["waiting"], device["people"]) == (3, ["李伟"])
    assert device["last"]
    assert not (tmp_path / "gridward.db.leader").exists()


def test_a_restored_backup_begins_a_new_epoch(begun: Type, database_url: str) -> None:
    """A tablet that syncs is told the new one."""
    token = enrolled(begun, database_url)
    epoch = begun("restored").output.split()[-1]
    with reopened(database_url) as app:
        headers = {"Authorization": f"Bearer {token}"}
        answer = app.test_client().post("/v1/sync", json={"protocol": 1, "install": "a"}, headers=headers)
    assert answer.get_json()["server"]["epoch"] == epoch


def test_the_manual_names_every_command_and_setting() -> None:
    """Whoever adds one writes it down."""
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert f"gridward-server {name}" in manual
        for part in getattr(command, "commands", {}):
            assert re.search(rf"gridward-server {name} [a-z|]*{part}", manual), f"{name} {part}"
    for setting in dataclasses.fields(Settings):
        assert f"GRIDWARD_{setting.name.upper()}" in manual


# -- helpers ----------------------------------------------------------------------------------------


def run(line: str, code: int = 0) -> Result:
    """Type *line*; it must end with *code*."""
    result = CliRunner().invoke(main, line.split(), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def listed(run: Type, line: str) -> list[dict[str, Any]]:
    """Return what a list prints for machines."""
    rows: list[dict[str, Any]] = json.loads(run(f"{line} --json").output)
    return rows


def code_in(shown: str) -> str:
    """Return the code that a command printed."""
    return next(line for line in shown.splitlines() if "登记码" in line).split()[-1]


def enrolled(run: Type, database_url: str) -> str:
    """Return the token of a new tablet of Li's."""
    run("people add 李伟 --code W001")
    code = code_in(run("enrol-code --person W001").output)
    with reopened(database_url) as app:
        answer = app.test_client().post("/v1/devices/enrol", json={"code": code, "device_name": "平板"})
    token: str = answer.get_json()["token"]
    return token


@contextmanager
def reopened(database_url: str) -> Iterator[Flask]:
    """Run the server over a database that was begun before."""
    app = create_app(Settings(database_url=database_url))
    yield app
    store_of(app).engine.dispose()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_it_answers(port: int) -> None:
    """Wait for the server's first answer."""
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/v1/ping?nonce=a", timeout=2, retries=False)
        except urllib3.exceptions.HTTPError:
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.1)
        else:
            return


def post(port: int, path: str, body: Any, token: str | None = None) -> Any:
    """Post *body* as JSON and return the answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = urllib3.request("POST", f"http://127.0.0.1:{port}{path}", json=body, headers=headers, timeout=10)
    return answer.json()
