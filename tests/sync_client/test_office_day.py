"""The street PC's own reckoning: when to sync next, who worked, who has not synced, what is overdue."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.moments import ms_of
from schemas.problems import Refusal
from sync_client.commands.day_office import whom
from sync_client.commands.voice import Voice
from sync_client.office_day.device_table import devices_in
from sync_client.office_day.keeping import Keeper, Stopped, Stopping
from sync_client.office_day.ledger import OpenCase, ledger_of
from sync_client.office_day.syncing import Facts, sync_day
from sync_client.office_day.timetable import clock_of, last_slot, next_slot, next_try, slots
from sync_client.office_day.values import AreaRow, CheckRow, DeviceSeen, FoundRow, PersonRow, SyncDay, WorkerDay
from sync_client.transport import Request, Response, Transport
from tests.sync_client.tablets import GRID_7, GRID_8
from tests.sync_client.terminals import Terminal

STREET = "210902005"
LI, WANG, SUN, OTHER_WANG = "li", "wang", "sun", "wang-2"
BEGINS = ms_of("2020-07-18T00:00:00+08:00")


def at(clock: str, day: str = "2020-07-18") -> int:
    """Return a moment of the day of these tests."""
    return ms_of(f"{day}T{clock}:00+08:00")


def told(clock: int) -> str:
    """Return a moment's time of day."""
    return clock_of((clock + 8 * 3_600_000) // 60_000 % 1440)


# -- when to sync -----------------------------------------------------------------------------------

THRICE = slots([480, 720, 1080], None)


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("07:59", "18:00", "08:00"),
        ("08:00", "08:00", "12:00"),
        ("13:30", "12:00", "18:00"),
        ("23:59", "18:00", "08:00"),
    ],
)
def test_the_times_of_the_day(now: str, last: str, following: str) -> None:
    assert (told(last_slot(THRICE, at(now))), told(next_slot(THRICE, at(now)))) == (last, following)


@given(
    st.sets(st.integers(0, 1439), min_size=1, max_size=6),
    st.none() | st.integers(1, 1440),
    st.integers(BEGINS, BEGINS + 3 * 86_400_000),
)
def test_now_lies_between_the_last_time_and_the_next(times: set[int], every: int | None, now: int) -> None:
    minutes = slots(times, every)
    last, following = last_slot(minutes, now), next_slot(minutes, now)
    assert last <= now < following <= last + 86_400_000
    assert next_try(minutes, now, last, 0) == following
    assert next_try(minutes, now, last - 1, 0) <= now
    assert now <= next_try(minutes, now, last - 1, now + 999_999_999) <= following


def test_a_time_that_was_slept_through_is_caught_up_once() -> None:
    """Synced at 08:00, asleep until 19:10: the two times missed are one sync, then nothing before the morning."""
    assert next_try(THRICE, at("19:10"), at("08:00"), 0) <= at("19:10")
    assert told(next_try(THRICE, at("19:11"), at("19:10"), 0)) == "08:00"


class Machine:
    """A PC whose clock goes on while it waits; ``asleep`` adds so much to one wait."""

    def __init__(self, now: str, answers: list[float | None]) -> None:
        self.now, self.answers, self.log = at(now), answers, list[str]()
        self.waits: list[float] = []
        self.asleep: dict[str, str] = {}

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += int(seconds * 1000)
        woken = self.asleep.pop(told(self.now), None)
        self.now = at(woken) if woken else self.now

    def sync(self) -> float | None:
        self.log.append(told(self.now))
        if not self.answers:
            raise Stopped
        return self.answers.pop(0)


def kept(machine: Machine, done: str | None) -> list[str]:
    """Let a keeper run until its answers are used up, and return when it synced."""
    done_ms = at(done) if done else None
    keeper = Keeper(THRICE, lambda: machine.now, machine.sleep, machine.sync, lambda _: None, done_ms)
    with pytest.raises(Stopped):
        keeper.run()
    return machine.log


def test_a_keeper_syncs_at_its_times_without_haste() -> None:
    machine = Machine("08:30", [None, None])
    assert kept(machine, "08:00") == ["12:00", "18:00", "08:00"]
    assert max(machine.waits) <= 60
    assert min(machine.waits) >= 1
    assert len(machine.waits) < 24 * 60


def test_without_a_network_it_tries_again_when_told_to() -> None:
    machine = Machine("11:59", [90, 600, None])
    assert kept(machine, "08:00") == ["12:00", "12:01", "12:11", "18:00"]


def test_a_pc_that_slept_through_noon_syncs_when_it_wakes() -> None:
    machine = Machine("11:30", [None])
    machine.asleep["11:40"] = "13:25"
    assert kept(machine, "08:00") == ["13:25", "18:00"]


def test_one_that_never_synced_begins_at_once() -> None:
    assert kept(Machine("09:17", [None]), None) == ["09:17", "12:00"]


def test_a_signal_ends_a_wait_at_once_and_a_sync_between_two_steps() -> None:
    asked = Stopping()
    asked.check()

    def sleep(_: float) -> None:
        asked.ask(15, None)

    with pytest.raises(Stopped):
        asked.waiting(sleep, 60)
    asked.ask(15, None)
    with pytest.raises(Stopped):
        asked.check()
    with pytest.raises(Stopped):
        asked.ask(15, None)


# -- who worked -------------------------------------------------------------------------------------

DIRECTORY = (
    AreaRow(GRID_7, "七网格", ("李伟", "王芳")),
    AreaRow(GRID_8, "八网格", ("孙强", "王芳")),
    AreaRow(STREET, "河北", ("钱伟",)),
)
PEOPLE = (
    PersonRow(LI, "李伟", "grid_worker"),
    PersonRow(WANG, "王芳", "grid_worker"),
    PersonRow(SUN, "孙强", "grid_worker"),
)


def a_check(person: str, clock: str, grid: str = GRID_7, photos: int = 0) -> CheckRow:
    """Return a shop check."""
    return CheckRow(f"{person} {clock}", person, "shop_check", grid, at(clock), photos)


def a_day(
    *checks: CheckRow,
    found: tuple[FoundRow, ...] = (),
    devices: tuple[DeviceSeen, ...] | None = None,
    people: tuple[PersonRow, ...] = PEOPLE,
    sees: Callable[[str], bool] = lambda code: code.startswith(STREET),
) -> SyncDay:
    """Return 今日同步 of what is named."""
    heard = at("12:00") if devices is not None else None
    return sync_day(
        Facts(
            "2020-07-18", (STREET,), sees, BEGINS, DIRECTORY, people, checks, found, devices or (), at("12:00"), heard
        )
    )


def standing(day: SyncDay) -> dict[str, str]:
    """Return how everybody's tablets stand."""
    return {row.name: row.sync for row in day.rows}


def test_whoever_did_nothing_is_listed_too() -> None:
    day = a_day(a_check(LI, "08:10", photos=2), a_check(LI, "11:40", photos=3))
    assert {row.name for row in day.idle} == {"王芳", "孙强"}
    [li] = [row for row in day.rows if row.name == "李伟"]
    assert (li.checks["shop_check"], li.photos, told(li.first_ms or 0), told(li.last_ms or 0)) == (
        2,
        5,
        "08:10",
        "11:40",
    )
    assert li.areas == (GRID_7,)
    assert "钱伟" not in standing(day)


def test_a_case_counts_for_whoever_found_it_and_its_photos_once() -> None:
    check = a_check(LI, "08:10", photos=2)
    found = (
        FoundRow("1", check.id, None, GRID_7, at("08:10"), 2),
        FoundRow("2", None, WANG, GRID_7, at("09:00"), 1),
        FoundRow("3", None, None, GRID_7, at("09:30"), 1),
    )
    day = a_day(check, found=found)
    assert {row.name: row.found for row in day.rows} == {"李伟": 1, "王芳": 1, "孙强": 0}
    assert (day.found, day.photos) == (3, 4)


def test_how_tablets_stand_is_told_in_words() -> None:
    """Li synced, Wang has work on hers, Sun's was last heard of yesterday."""
    devices = (
        DeviceSeen("1", "平板 1", (LI,), at("11:00")),
        DeviceSeen("2", "平板 2", (WANG,), at("11:00"), 42, 9, at("09:00", "2020-07-15")),
        DeviceSeen("3", "平板 3", (SUN,), at("17:00", "2020-07-17")),
    )
    day = a_day(devices=devices)
    assert standing(day) == {"李伟": "synced", "王芳": "unsent", "孙强": "silent"}
    assert [row.name for row in day.rows] == ["孙强", "王芳", "李伟"]
    [wang] = day.standing("unsent")
    assert (wang.waiting, wang.photos_waiting, wang.oldest_ms) == (42, 9, at("09:00", "2020-07-15"))


@pytest.mark.parametrize(
    ("devices", "word"),
    [
        (None, "unknown"),
        ((), "no_device"),
        ((DeviceSeen("1", "平板", (LI,), None),), "silent"),
        ((DeviceSeen("1", "平板", (LI,), at("11:00"), revoked=True),), "no_device"),
        ((DeviceSeen("1", "旧", (LI,), 1), DeviceSeen("2", "新", (LI,), BEGINS)), "synced"),
    ],
)
def test_one_workers_tablets(devices: tuple[DeviceSeen, ...] | None, word: str) -> None:
    assert standing(a_day(devices=devices))["李伟"] == word


def test_two_of_one_name_are_told_apart_by_their_tablets_and_work() -> None:
    people = (*PEOPLE, PersonRow(OTHER_WANG, "王芳", "grid_worker"))
    nobody = a_day(people=people)
    assert [row.person for row in nobody.rows if row.name == "王芳"] == [None]
    one = a_day(a_check(OTHER_WANG, "09:00"), people=people)
    assert [row.person for row in one.rows if row.name == "王芳"] == [OTHER_WANG]


def test_what_is_sealed_is_in_no_row_and_no_total() -> None:
    """A machine may be shared with an inspector: his covert check lies here, and the clerk is told nothing."""
    covert = a_check("zhou", "10:00", "210902999", photos=4)
    day = a_day(covert, found=(FoundRow("1", covert.id, None, "210902999", at("10:00"), 4),))
    assert (day.found, day.photos, sum(day.checks.values())) == (0, 0, 0)
    assert "zhou" not in {row.person for row in day.rows}


def test_a_ledger_row_that_cannot_be_read_spoils_no_other() -> None:
    good = {"id": "1", "name": "平板", "people": [{"id": LI, "name": "李伟"}], "last_at": "2020-07-18T11:00:00+08:00",
            "records": 3, "photos": 1, "oldest_at": None, "flags": ["unsent"]}  # fmt: skip
    [device] = devices_in([{"id": 7}, good, good | {"last_at": "morning"}])
    assert device == DeviceSeen("1", "平板", (LI,), at("11:00"), 3, 1)


# -- the ledger -------------------------------------------------------------------------------------


def test_the_ledger_by_state_light_and_community() -> None:
    def case(name: str, state: str, light: str, due: str | None) -> OpenCase:
        due_ms = at(due) if due else None
        return OpenCase(name, GRID_7, state, light, due_ms, None, "piling", None, None, None)  # type: ignore[arg-type]

    cases = [
        case("a", "handling", "red", "11:00"), case("b", "handling", "red", "09:00"),
        case("c", "dispatched", "yellow", "13:00"), case("d", "reported", "none", None),
    ]  # fmt: skip
    ledger = ledger_of(cases, at("12:00"), 2)
    assert (ledger.total.open, ledger.total.red, ledger.total.yellow, ledger.total.none) == (4, 2, 1, 1)
    assert list(ledger.states) == ["reported", "dispatched", "handling"]
    assert ledger.communities[GRID_7[:12]] == ledger.total
    assert [one.id for one in ledger.overdue] == ["b", "a"]


# -- what is typed ----------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A tablet that Li enrolled."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


@pytest.mark.parametrize("args", [("run", "--at", "25点"), ("schedule", "--at", "25:00"), ("today", "--day", "明天吧")])
def test_what_is_no_time_is_told_in_a_sentence(terminal: Terminal, args: tuple[str, ...]) -> None:
    said = terminal.types("office", *args)
    assert said.exit_code == 1
    assert "应如" in said.stdout


def test_lines_for_the_systems_own_timer(terminal: Terminal) -> None:
    lines = terminal.json("office", "schedule", "--at", "08:30")
    [cron], [windows] = lines["cron"], lines["windows"]
    assert cron.startswith("30 8 * * * ")
    assert cron.endswith("office sync")
    assert windows.startswith("schtasks /Create /F /SC DAILY /ST 08:30")


def test_an_office_without_such_lists_is_told_and_the_rest_is_synced(terminal: Terminal) -> None:
    """An older server has no device ledger; what it has is here all the same."""
    terminal.transport = NoLists(terminal.network())
    terminal.office.write("shop", "00000000-0000-7000-8000-0000000000f1", GRID_7, name="新店", category="retail")
    said = terminal.types("office", "sync", columns=200)
    assert said.exit_code == 0, said.stdout
    assert "设备情况没有取到" in said.stdout
    assert [one["fields"]["name"] for one in terminal.json("list", "shop")["records"]].count("新店") == 1


class NoLists:
    """An office that knows nothing at the addresses of the lists."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: Request) -> Response:
        """Answer as a server answers where nothing is."""
        if request.method == "POST":
            return self._inner.send(request)
        body = wire.encode({"status": 404, **Refusal("not_found", path=request.path).body()})
        return Response(404, {"content-type": "application/problem+json"}, body)


# -- slips of the hand ------------------------------------------------------------------------------


def test_a_list_that_was_never_fetched_is_no_empty_list(terminal: Terminal) -> None:
    """Nobody may read “nothing to settle” where nobody has looked."""
    assert "还没有取过清单" in terminal.types("office").stdout
    assert terminal.json("office")["conflicts"] is None


def test_somebody_who_is_not_admitted_here(terminal: Terminal) -> None:
    """A person is no record: what is to be done is to admit him."""
    assert "gridward enrol" in terminal.types("switch", "张三").stdout
    assert "先 gridward office sync" in terminal.types("office", "settle", "1", "keep").stdout


def test_a_day_without_a_report_is_one_sentence(terminal: Terminal) -> None:
    assert "本机没有 2020年7月16日（星期四） 的日报" in terminal.types("office", "report", "2020-7-16").stdout


def test_a_command_typed_by_halves_is_led_to_its_own_help(terminal: Terminal) -> None:
    said = terminal.types("office", "settle")
    assert said.exit_code == 64
    assert "office settle --help" in said.stdout


def test_many_people_are_counted_by_community() -> None:
    """Nine idle people are a line of counts, three are their names."""
    people = [WorkerDay(None, f"人{n}", (f"21090200500{n % 2 + 1}001",), {}) for n in range(9)]
    names = {"210902005001": "河北社区居委会", "210902005002": "育才社区"}
    assert whom(Voice(), people, names) == "河北社区 5、育才社区 4"
    assert whom(Voice(), people[:3], names) == "人0、人1、人2"
