"""
A tablet is held against the office 核对: proven equal, or brought back, byte for byte.

Damage is done to the tablet's file by hand, as a failing card, a wrong program or a mistake of our own would.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sync_client.client import FieldClient
from sync_client.commands import main
from sync_client.commands.exits import Exit
from sync_client.commands.session import Surroundings
from sync_client.errors import Busy, Unreachable
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response, Transport
from sync_client.values import Progress
from tests.server.office import GRID_7, STREET
from tests.server.test_snapshots import furnish
from tests.stories.town import Town

ROWS = """SELECT id, type, grid, feed, version, born, at_ms, at_counter, by, void, waiting, subject, status, time,
    acts, fields, base FROM record ORDER BY id"""

DAMAGE = {
    "a field": "UPDATE record SET fields = replace(fields, '和平路3', '和平路4') WHERE fields LIKE '%和平路3\"%'",
    "broken fields": "UPDATE record SET fields = '{' WHERE row = 5",
    "the type": "UPDATE record SET type = 'shop' WHERE row = 5",
    "the grid": "UPDATE record SET grid = '210902005003008' WHERE row = 5",
    "a version too low": "UPDATE record SET version = 1 WHERE row = 5",
    "a version too high": "UPDATE record SET version = 99999 WHERE row = 5",
    "no version": "UPDATE record SET version = 0 WHERE row = 5",
    "the birth": "UPDATE record SET born = born + 1 WHERE row = 5",
    "the time": "UPDATE record SET at_ms = at_ms - 1 WHERE row = 5",
    "the counter": "UPDATE record SET at_counter = 7 WHERE row = 5",
    "the author": "UPDATE record SET by = 'nobody' WHERE row = 5",
    "what it is listed by": "UPDATE record SET status = 'open', subject = 'somebody' WHERE row = 5",
    "waiting for nothing": """UPDATE record SET waiting = 1, base = json_object('acts', json_array(), 'at',
        json_array(at_ms, at_counter), 'by', by, 'fields', json(fields), 'void', json('false')) WHERE row = 5""",
    "voided": "UPDATE record SET void = 1 WHERE row = 5",
    "missing": "DELETE FROM record WHERE row = 5",
    "many missing": "DELETE FROM record WHERE row % 3 = 0",
    "all missing": "DELETE FROM record",
    "another feed": "UPDATE record SET feed = '210902' WHERE row = 5",
    "a feed nobody reads": "UPDATE record SET feed = '210903001' WHERE row = 5",
    "a strange id": "UPDATE record SET id = 'x' WHERE row = 5",
    "surplus": """INSERT INTO record (id, type, grid, feed, version, born, at_ms, at_counter, by, void, generation,
        waiting, fields) SELECT replace(id, '-8', '-9'), type, grid, feed, version, born, at_ms, at_counter, by, void,
        generation, waiting, fields FROM record WHERE row % 7 = 0""",
}


def rows(tablet: FieldClient) -> list[Any]:
    return tablet._db.all(ROWS)


def damage(tablet: FieldClient, sql: str) -> None:
    before = rows(tablet)
    tablet._db.run(sql)
    assert rows(tablet) != before


@pytest.mark.parametrize("done", sorted(DAMAGE))
def test_whatever_was_damaged_is_repaired_and_nothing_else(town: Town, done: str) -> None:
    """Found, brought back byte for byte; a second look finds nothing."""
    furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    whole = rows(li)
    damage(li, DAMAGE[done])
    found = li.verify()
    assert found.proven
    assert 0 < found.repaired <= 61
    assert rows(li) == whole
    again = li.verify()
    assert (again.proven, again.repaired) == (True, 0)


def test_one_record_costs_little(town: Town) -> None:
    """What is repaired is what differs: of six hundred records one travels, with its bucket's digests."""
    furnish(town.office, 600, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    healthy = li.verify()
    damage(li, DAMAGE["a field"])
    found = li.verify()
    assert (found.repaired, found.feeds[-1].changed, found.feeds[-1].records) == (1, 1, 600)
    assert found.report.pulled == 0
    assert healthy.bytes_up + healthy.bytes_down < 1_000
    assert found.bytes_up + found.bytes_down < healthy.bytes_up + healthy.bytes_down + 4_000


def test_a_healthy_tablet_with_waiting_work_is_equal(town: Town) -> None:
    """What waits lies over the office's copy, and is neither compared nor touched."""
    [first, *_] = furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    made: list[Any] = []

    def work_on(progress: Progress) -> None:
        if progress.state == "DONE" and not made:
            li.edit(first, name="解放路")
            li.edit(first, name="解放大街")
            made.append(li.create("shop", grid=GRID_7, name="老王修车", category="repair"))

    found = li.verify(work_on)
    assert (found.proven, found.repaired) == (True, 0)
    assert len(li.outbox().waiting) == 3
    assert li.read(first)["name"] == "解放大街"
    assert li.read(made[0]).waiting == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE record SET base = NULL WHERE waiting > 0",
        "UPDATE record SET base = replace(base, '和平路', '河北路') WHERE waiting > 0",
        "UPDATE record SET base = '{' WHERE waiting > 0",
        "UPDATE record SET version = 99 WHERE waiting > 0",
        "UPDATE record SET waiting = 0, base = NULL WHERE waiting > 0",
        "DELETE FROM record WHERE waiting > 0",
        "UPDATE record SET fields = replace(fields, '解放路', '河北路') WHERE waiting > 0",
        "UPDATE record SET waiting = 7 WHERE waiting > 0",
    ],
)
def test_what_lies_beneath_waiting_work_is_repaired_beneath_it(town: Town, sql: str) -> None:
    """The worker goes on seeing what he wrote, and it is sent as he wrote it."""
    [first, *_] = furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    whole: list[Any] = []

    def work_on(progress: Progress) -> None:
        if progress.state == "DONE" and not whole:
            li.edit(first, name="解放路")
            whole.extend(rows(li))
            damage(li, sql)

    found = li.verify(work_on)
    assert (found.proven, found.repaired) == (True, 1)
    assert rows(li) == whole
    li.sync()
    assert town.on_server(first)["name"] == "解放路"
    assert li.verify().repaired == 0


def test_the_work_of_a_day_is_equal_on_every_tablet(town: Town) -> None:
    """Edits, remarks, disputes: what tablets fold themselves is what the office has, to the byte."""
    li, wang, zhao = (town.tablet(name) for name in ("li", "wang", "zhao"))
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li", "wang", "zhao")
    chance = random.Random(4)
    for hour in range(6):
        town.pass_time(3600)
        for tablet in (li, wang):
            tablet.edit(shop, name=f"老王{hour}{chance.choice('甲乙')}", add={"remark": [f"第{hour}次"]})
            tablet.create("shop", grid=GRID_7, name=f"店{hour}", category="retail", door_no=str(hour))
        town.sync(*chance.sample(("li", "wang", "zhao"), 2))
    for tablet in (li, wang, zhao):
        found = tablet.verify()
        assert (found.proven, found.repaired) == (True, 0)


def test_an_office_that_goes_on_is_caught_up_with(town: Town) -> None:
    """Somebody else writes between the sync and the comparison: the tablet syncs again, so often and no more."""
    [first, *_] = furnish(town.office, 60, places=(GRID_7,))
    li, wang = town.tablet("li"), town.tablet("wang")
    town.sync("li", "wang")

    def others(busy: int) -> Any:
        left = [busy]

        def work_on(progress: Progress) -> None:
            if progress.state == "DONE" and left[0]:
                left[0] -= 1
                town.pass_time(60)
                wang.edit(first, name=f"解放路{busy}{left[0]}")
                wang.sync()

        return work_on

    found = li.verify(others(2))
    assert (found.proven, found.repaired) == (True, 0)
    assert li.read(first)["name"] == "解放路20"
    town.pass_time(120)
    found = li.verify(others(99))
    assert (found.proven, found.repaired) == (False, 0)


def test_what_differs_altogether_is_read_anew(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than in a hundred questions."""
    monkeypatch.setattr("sync_client.verifying.MOST_NAMED", 10)
    furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    whole = rows(li)
    damage(li, "UPDATE record SET by = 'nobody', version = version + 1000")
    found = li.verify()
    assert (found.proven, found.repaired) == (True, 1)
    assert [one.read_anew for one in found.feeds if one.feed == STREET] == [True]
    assert rows(li) == whole


class Beside:
    """A transport on which only what belongs to the comparison meets *error*."""

    def __init__(self, inner: Transport, error: Exception) -> None:
        self._inner = inner
        self._error = error

    def send(self, request: Request) -> Response:
        """Carry everything else."""
        if request.path.startswith("/v1/digest"):
            raise self._error
        return self._inner.send(request)


@pytest.mark.parametrize("error", [Unreachable("cut"), Busy("busy", retry_after_s=50)])
def test_without_a_network_nothing_is_repaired(town: Town, error: Exception) -> None:
    """It ends as a sync ends that stopped early."""
    furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.sync()
    li._meeting.office._transport = Beside(InProcessTransport(town.office.app), error)
    damage(li, DAMAGE["missing"])
    with pytest.raises(type(error)):
        li.verify()
    assert li.status().records == 59


# -- the command ------------------------------------------------------------------------------------


def test_the_command_says_what_it_found(town: Town, tmp_path: Path) -> None:
    """In Chinese with English beside it; 0 where all was equal, 6 where something had to be repaired."""
    furnish(town.office, 60, places=(GRID_7,))
    li = town.tablet("li")
    li.close()
    folder = tmp_path / "home"
    folder.mkdir()
    li.path.rename(folder / "tablet.db")
    (folder / "server.json").write_text(json.dumps({"url": "https://haizhou.example"}))

    def types(*args: str) -> Any:
        around = Surroundings(
            connect=lambda _: InProcessTransport(town.office.app), wall_ms=lambda: town.now_ms, sleep=lambda _: None
        )
        return CliRunner().invoke(main, args, env={"GRIDWARD_TABLET": str(folder), "COLUMNS": "100"}, obj=around)

    answer = types("verify")
    assert answer.exit_code == Exit.DELIVERED, answer.output
    assert "与平台逐字节一致" in answer.output
    assert "equal to the office, byte for byte" in answer.output
    with FieldClient(folder / "tablet.db") as opened:
        damage(opened, DAMAGE["many missing"])
    answer = types("verify")
    assert answer.exit_code == Exit.REPAIRED
    assert "有 20 处不同，已按平台修复" in answer.output
    told = json.loads(types("--json", "verify").stdout)
    assert (told["exit"], told["repaired"], told["proven"]) == (0, 0, True)
