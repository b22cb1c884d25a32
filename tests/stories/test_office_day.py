"""The street office's day: a clerk's PC at the real server, who worked, who has not synced, what is late."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.moments import ms_of
from schemas.roles import Role
from server.storage.people import Account
from server.usecases.decide_reminders import decide_reminders
from server.usecases.enrol_device import offer_code
from server.usecases.note_contacts import flush_contacts
from server.usecases.publish_directory import publish_directory
from server.usecases.send_notices import send_notices
from sync_client.commands import main
from sync_client.commands.session import Address, Surroundings
from sync_client.errors import Unreachable
from sync_client.office_day.keeping import Stopped
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response, Transport
from tests.pictures import jpeg
from tests.server.office import DISTRICT, GRID_7, STREET, person_id
from tests.stories.evening import SATURDAY, SUNDAY, at, close, furnished, with_shops
from tests.stories.ground import case, check, shop
from tests.stories.test_covert_figures import a_covert_visit
from tests.stories.town import Town, town_at


class _NoNetwork:
    def send(self, request: Request) -> Response:
        raise Unreachable(request.path)


@dataclass
class StreetPC:
    """A PC in the street office, as a clerk types at it; ``online`` is its network, ``nights`` ends its waiting."""

    town: Town
    folder: Path
    online: bool = True
    nights: int = 0
    waited: list[float] = field(default_factory=list)

    def types(self, *args: str, columns: int = 80) -> Result:
        """Run one command."""
        around = Surroundings(self._connect, lambda: self.town.now_ms, self._sleep)
        where = {"GRIDWARD_TABLET": str(self.folder), "COLUMNS": str(columns)}
        return CliRunner().invoke(main, args, env=where, obj=around)

    def json(self, *args: str) -> Any:
        """Run one command for a program, and return what it answers."""
        return json.loads(self.types("--json", *args).stdout)

    def enrol(self, name: str) -> None:
        """Let somebody work at it."""
        account = Account(person_id(name), self.town.called(name))
        code = offer_code(self.town.office.store, DISTRICT, account, self.town.now_ms)
        done = self.types("enrol", code, "--server", "https://haizhou.example", "--name", "河北街道电脑")
        assert done.exit_code == 0, done.stdout

    def _connect(self, address: Address) -> Transport:
        return InProcessTransport(self.town.office.app) if self.online else _NoNetwork()

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.town.pass_time(seconds)
        if self.nights and self.town.now_ms >= self.nights:
            raise Stopped


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town on SQLite: the office's own part of each of these stories is told on both databases elsewhere."""
    with town_at(f"sqlite:///{tmp_path / 'gridward.db'}", tmp_path) as opened:
        yield opened


@pytest.fixture
def pc(town: Town, tmp_path: Path) -> StreetPC:
    """Qian's PC at the street office of 河北, where everybody's grid is known."""
    furnished(town)
    with town.office.store.work(DISTRICT) as work:
        publish_directory(work, town.now_ms)
        work.commit()
    made = StreetPC(town, tmp_path / "pc")
    made.enrol("qian")
    return made


def rows(pc: StreetPC, *more: str) -> dict[str, dict[str, Any]]:
    """Return 今日同步 by name."""
    return {row["name"]: row for row in pc.json("office", "today", *more)["rows"]}


def test_who_worked_and_who_has_not_synced(town: Town, pc: StreetPC) -> None:
    """Li checked and synced; Wang checked and lost her signal; Sun's tablet was silent; Feng has none."""
    wang, sun = town.tablet("wang"), town.tablet("sun")
    li, [found, other] = with_shops(town, 2)
    town.sync("wang", "sun")
    at(town, SUNDAY, "08:10")
    visited = check(li, "li", found, town.now_ms)
    li.attach(visited.id, jpeg("the heap"), role="near")
    at(town, SUNDAY, "11:40")
    check(li, "li", other, town.now_ms)
    check(wang, "wang", other, town.now_ms)
    town.sync("li", "wang")
    case(wang, found, town.now_ms, GRID_7)
    check(wang, "wang", found, town.now_ms)
    wang_waits = wang.status().waiting
    flush_contacts(town.office.store)
    pc.types("office", "sync")
    day = rows(pc)
    assert (day["李明"]["checks"]["shop_check"], day["李明"]["photos"], day["李明"]["found"]) == (2, 1, 2)
    assert day["王芳"]["checks"]["shop_check"] == 1
    assert (day["孙强"]["sync"], day["冯刚"]["sync"]) == ("silent", "no_device")
    assert wang_waits == 2
    assert sun.status().waiting == 0

    pc.online = False
    said = pc.types("office", "today").stdout
    assert max(map(_cells, said.splitlines())) <= 80
    assert "未巡查 2 人" in said
    assert "孙强  上次联系 2020-07-18 08:00" in said
    assert "08:10–11:40" in said
    assert rows(pc, "--day", SATURDAY)["李明"]["first_ms"] is None
    glance = pc.types("office").stdout
    assert "2/4 人" in glance
    assert max(map(_cells, glance.splitlines())) <= 80


def _cells(line: str) -> int:
    return sum(2 if ord(sign) >= 0x2E80 else 1 for sign in line.rstrip())


def test_a_list_that_was_never_fetched_is_told_as_such(town: Town, pc: StreetPC) -> None:
    """Without a network nothing is invented: the words say what is not known, and for how long."""
    pc.online = False
    said = pc.types("office", "today").stdout
    assert "本机还没有同步过" in said
    assert "还没有设备情况" in said
    assert pc.types("office", "sync").exit_code == 4
    pc.online = True
    assert pc.types("office", "sync").exit_code == 0
    at(town, "2020-07-21", "09:00")
    pc.online = False
    said = pc.types("office").stdout
    assert "本机今天还没有同步，上次 2020-07-18 08:00" in said
    assert "设备情况是 3 天前的" in said


def test_another_person_at_the_same_pc_is_not_told_the_offices_lists(town: Town, pc: StreetPC) -> None:
    """Li borrows the PC: the ledger of devices was fetched for Qian, and what lies outside Li's grid is not his."""
    sun = town.tablet("sun")
    check(sun, "sun", shop(sun, grid="210902005003008").id, town.now_ms, "210902005003008")
    town.sync("sun")
    pc.types("office", "sync")
    assert rows(pc)["孙强"]["sync"] == "synced"
    pc.enrol("li")
    pc.types("switch", "李明")
    mine = pc.json("office", "today")
    assert mine["devices_ms"] is None
    assert "孙强" not in {row["name"] for row in mine["rows"]}
    assert mine["checks"]["shop_check"] == 0
    assert pc.json("office", "conflicts")["heard_ms"] is None


def test_a_covert_visit_shows_in_no_figure_of_the_street(town: Town, pc: StreetPC) -> None:
    """Also where the inspector uses the very same PC, so that his sealed check lies in its file."""
    pc.types("office", "sync")
    before = pc.json("office")
    zhou = town.tablet("zhou")
    found = shop(zhou)
    town.sync("zhou")
    a_covert_visit(town, found.id)
    pc.enrol("zhou")
    pc.types("office", "sync")
    assert pc.json("list", "shop_check")["records"]
    after = pc.json("office")
    assert (after["day"]["checks"], after["day"]["found"]) == (before["day"]["checks"], before["day"]["found"])
    assert after["ledger"]["total"] == before["ledger"]["total"]
    assert "周涛" not in pc.types("office", "today").stdout
    pc.types("switch", "周涛")
    assert pc.json("office", "today")["checks"]["shop_check"] == 1


def test_a_clerk_settles_without_signal(town: Town, pc: StreetPC) -> None:
    """Two names for one sign and a likely pair: both decided at the PC offline, and so they stand at the office."""
    wang = town.tablet("wang")
    li, [found] = with_shops(town, 1)
    town.sync("wang")
    town.pass_time(60)
    li.edit(found, name="王记修车行")
    town.pass_time(60)
    wang.edit(found, name="老王汽修")
    place = {"lat": 42.02, "lon": 121.66, "crs": "wgs84"}
    older = shop(li, "李记面馆", position=place)
    town.pass_time(60)
    younger = shop(wang, "李记面馆", position=place)
    town.sync("li", "wang")
    pc.types("office", "sync")
    waiting = pc.json("office", "conflicts")["conflicts"]
    pc.online = False
    number = {one["kind"]: place for place, one in enumerate(waiting, 1)}
    refused = pc.types("office", "settle", str(number["person"]), "已阅")
    assert refused.exit_code == 1
    assert "选用其一（choose）" in refused.stdout
    assert pc.types("office", "settle", str(number["person"]), "choose", "2", "--reason", "看了牌匾").exit_code == 0
    assert pc.types("office", "settle", "1", "merge").exit_code == 0
    assert pc.json("office", "conflicts")["conflicts"] == []
    assert pc.types("office", "settle", "1", "merge").exit_code == 1
    pc.online = True
    assert pc.types("office", "sync").exit_code == 0
    assert town.disputes() == []
    assert town.on_server(found)["name"] == "老王汽修"
    assert town.on_server(younger.id)["merged_into"] == older.id


def test_other_ways_to_settle_a_name(town: Town, pc: StreetPC) -> None:
    """Of two shops with two names each: one keeps both, the other gets a third."""
    wang = town.tablet("wang")
    li, shops = with_shops(town, 2)
    town.sync("wang")
    for one in shops:
        town.pass_time(60)
        li.edit(one, name="王记修车行")
        town.pass_time(60)
        wang.edit(one, name="老王汽修")
    town.sync("li", "wang")
    pc.types("office", "sync")
    [first, second] = [one["record"]["id"] for one in pc.json("office", "conflicts")["conflicts"]]
    assert pc.types("office", "settle", "2", "另行填写", "王记汽修").exit_code == 0
    assert pc.types("office", "settle", "1", "both").exit_code == 0
    pc.types("office", "sync")
    assert town.disputes() == []
    both, hand = town.on_server(first), town.on_server(second)
    assert (both["name"], hand["name"]) == ("王记修车行", "王记汽修")
    assert any("老王汽修" in entry["text"] for entry in both["remark"])


def test_the_ledger_turns_red_without_a_network(town: Town, pc: StreetPC) -> None:
    """Lights are reckoned as one looks: what was green at noon is overdue when the PC is opened again."""
    li, [found] = with_shops(town, 1)
    made = case(li, found, town.now_ms, GRID_7)
    town.sync("li")
    pc.types("office", "sync")
    pc.types("case", "do", made.id, "立案")
    done = pc.types("case", "do", made.id, "派遣", "--lead", STREET)
    assert done.exit_code == 0, done.stdout
    pc.types("office", "sync")
    pc.online = False
    green = pc.json("office", "ledger")
    assert (green["total"]["open"], green["total"]["green"], green["overdue"]) == (1, 1, [])
    at(town, "2020-07-22", "09:00")
    red = pc.json("office", "ledger")
    assert (red["total"]["red"], [one["id"] for one in red["overdue"]]) == (1, [made.id])
    said = pc.types("office", "ledger").stdout
    assert "超期 1 件" in said
    assert "三社区" in said


def test_a_frozen_report_with_what_came_later_beside(town: Town, pc: StreetPC) -> None:
    li, shops = with_shops(town, 3)
    town.sync("li")
    at(town, SATURDAY, "17:00")
    for one in shops:
        check(li, "li", one, town.now_ms)
    close(town, SATURDAY)
    pc.types("office", "sync")
    [first] = pc.json("office", "report")["reports"]
    assert (first["number"], first["day"], first["supplements"]) == ("RB-2020-河北-00001", SATURDAY, [])
    at(town, SUNDAY, "09:00")
    town.sync("li")
    close(town, SUNDAY)
    pc.types("office", "sync")
    pc.online = False
    [again] = pc.json("office", "report", SATURDAY)["reports"]
    assert again["text_zh"] == first["text_zh"]
    [late] = again["supplements"]
    assert (late["told_by"], late["late"]["checks"]) == ("RB-2020-河北-00002", 3)
    said = pc.types("office", "report", SATURDAY).stdout
    assert "已冻结" in said
    assert "补检查 3 次" in said
    assert "本机没有" in pc.types("office", "report", "2020-07-01").stdout


def test_a_reminder_reaches_the_tablet_and_the_word_of_it_the_office(town: Town, pc: StreetPC) -> None:
    """Li is given a case: the notice comes with his sync; he acknowledges it underground, the office hears later."""
    li, [found] = with_shops(town, 1)
    made = case(li, found, town.now_ms, GRID_7)
    town.sync("li")
    qian = town.tablet("qian")
    town.sync("qian")
    qian.act(made.id, "accept")
    qian.act(made.id, "dispatch", lead=GRID_7, owner=person_id("li"))
    town.sync("qian")
    pc.enrol("li")
    pc.types("switch", "李明")
    pc.types("sync")
    town.pass_time(120)
    decide_reminders(town.office.store, DISTRICT, town.now_ms)
    send_notices(town.office.store, DISTRICT, town.now_ms)
    said = pc.types("sync").stdout
    assert "有 1 条新通知" in said
    [one] = pc.json("notices")["notices"]
    assert "R04" in [line["code"] for line in one["lines"]]
    pc.online = False
    assert pc.types("notices", "seen", one["id"][-8:]).exit_code == 0
    assert pc.json("notices")["notices"] == []
    pc.online = True
    assert pc.types("sync").exit_code == 0
    assert ms_of(town.on_server(one["id"])["seen_at"]) == town.now_ms


def test_the_pc_stays_open_and_syncs_by_itself(town: Town, pc: StreetPC) -> None:
    """It catches up at once, keeps its times, and without a network tries again by and by."""
    at(town, SUNDAY, "07:30")
    pc.nights = town.now_ms + 5 * 3_600_000
    told = pc.json("office", "run", "--at", "08:00", "--at", "12:00")
    assert (told["syncs"], told["failures"]) == (3, 0)  # at once, for it never had, then at both times
    assert max(pc.waited) <= 60
    pc.online, pc.nights = False, town.now_ms + 3_600_000
    offline = pc.json("office", "run", "--every", "30")
    assert offline["syncs"] == 0
    assert 2 <= offline["failures"] <= 60


def test_a_revoked_pc_stops_and_says_so(town: Town, pc: StreetPC) -> None:
    pc.types("office", "sync")
    device = pc.json("status")["device"]
    with town.office.store.work(DISTRICT) as work:
        work.enrolment.revoke(device, town.now_ms)
        work.commit()
    at(town, SUNDAY, "08:00")
    pc.nights = town.now_ms + 3_600_000
    assert pc.types("office", "run").exit_code == 5


def test_whoever_holds_no_area_is_told_what_to_do(town: Town, pc: StreetPC) -> None:
    town.hire("he", "何平", Role.GRID_WORKER)
    pc.enrol("he")
    pc.types("switch", "何平")
    said = pc.types("office")
    assert said.exit_code == 1
    assert "gridward switch" in said.stdout
