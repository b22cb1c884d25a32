"""``gridward`` at work: each command as a worker, a clerk or a program types it, and how it ends."""

import json
import re
import stat
from pathlib import Path

import pytest
from rich.cells import cell_len

from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from tests.pictures import jpeg, saved, scene
from tests.sync_client.tablets import GRID_7, LI, WANG
from tests.sync_client.terminals import LAO_WANG, SERVER, NoSignal, Terminal

JPEG = jpeg("a shop front")
CHINESE = re.compile("[\u4e00-\u9fff]")
CLEAN_CHECK = ("record", "shop", "--target", "12", "-a", "l indoors", "-a", "a", "--yes")


@pytest.fixture
def fresh(tmp_path: Path) -> Terminal:
    """A terminal of a tablet that was never enrolled."""
    return Terminal(tmp_path / "tablet")


@pytest.fixture
def terminal(fresh: Terminal) -> Terminal:
    """The terminal of Li's tablet, enrolled, with the registers on it."""
    fresh.enrol()
    return fresh


# -- from the first day on ----------------------------------------------------------------------------


def test_a_day_from_enrolment_to_delivery(fresh: Terminal) -> None:
    """Exit codes follow the work: not admitted, nothing waits, waits, delivered."""
    assert fresh.types("status").exit_code == 5
    assert fresh.types("enrol", "Q7KD-2M", "--server", SERVER).exit_code == 0
    assert fresh.types("sync").exit_code == 0

    checked = fresh.types(*CLEAN_CHECK)
    assert checked.exit_code == 0
    assert "已存到本机：老王修车" in checked.stdout

    assert fresh.types("status").exit_code == 2
    assert fresh.types("outbox").exit_code == 2
    assert fresh.types("sync").exit_code == 0
    assert fresh.types("status").exit_code == 0
    [check] = [kept for kept in fresh.office.records.values() if kept.type == "shop_check"]
    assert check.fields["score"] == 1000


def test_looking_into_an_empty_folder_makes_nothing_there(fresh: Terminal) -> None:
    """A wrong ``--data`` is told, and does not become a new tablet."""
    told = fresh.types("list", "shop")
    assert told.exit_code == 5
    assert "尚未登记" in told.stdout
    assert "索取登记码" in told.stdout
    assert not fresh.folder.exists()


def test_the_token_is_for_nobody_else_s_eyes(fresh: Terminal) -> None:
    """The file that holds it opens for its owner alone."""
    fresh.enrol()
    [device] = fresh.office.devices.values()
    assert device.token.encode() in (fresh.folder / "tablet.db").read_bytes() + _beside(fresh.folder)
    for file in fresh.folder.glob("tablet.db*"):
        if device.token.encode() in file.read_bytes():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh.folder.stat().st_mode) == 0o700


def _beside(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("tablet.db-wal"))


def test_a_wrong_code_is_told_and_the_next_one_works(fresh: Terminal) -> None:
    """A refused enrolment leaves nothing in the way of the right code."""
    wrong = fresh.types("enrol", "NOPE", "--server", SERVER)
    assert wrong.exit_code == 1
    assert wrong.stdout.count("登记码错误") == 1
    status = fresh.types("status")
    assert status.exit_code == 5
    assert "本机尚未登记" in status.stdout
    fresh.enrol()


def test_the_first_enrolment_needs_to_know_the_server(fresh: Terminal) -> None:
    """Without a server there is nobody to ask; and a server is called by https."""
    assert "--server" in fresh.types("enrol", "Q7KD-2M").stdout
    plain = fresh.types("enrol", "Q7KD-2M", "--server", "http://haizhou.example")
    assert plain.exit_code == 1
    assert "https://" in plain.stdout
    assert "Q7KD-2M" in fresh.office.codes


# -- what goes wrong on the way -----------------------------------------------------------------------


def test_no_signal_is_no_loss(terminal: Terminal) -> None:
    """A sync without a network ends with 4, says so, and what waits still waits."""
    terminal.types(*CLEAN_CHECK)
    terminal.transport = NoSignal()
    told = terminal.types("sync")
    assert told.exit_code == 4
    assert "连接不上服务器" in told.stdout
    assert "待发 1 条" in told.stdout
    assert terminal.types("status").exit_code == 2

    terminal.transport = None
    assert terminal.types("sync").exit_code == 0


def test_a_log_in_page_is_named(terminal: Terminal) -> None:
    """A hotel's network is no server, and the worker hears what to do."""
    terminal.transport = FlakyTransport(InProcessTransport(terminal.office), 1, Weather(portal=1.0))
    told = terminal.types("sync")
    assert told.exit_code == 4
    assert "登录" in told.stdout


def test_a_revoked_tablet_keeps_its_work(terminal: Terminal) -> None:
    """Revoked is 5, whatever waits; and nothing of it goes."""
    terminal.types(*CLEAN_CHECK)
    terminal.refuse("device_revoked")
    told = terminal.types("sync")
    assert told.exit_code == 5
    assert "已被停用" in told.stdout
    assert terminal.json("status")["waiting"] == 1
    told = terminal.types("status")
    assert (told.exit_code, "本机已被停用" in told.stdout) == (5, True)
    terminal.office.devices.clear()
    terminal.types("enrol", "W3XP-8T")
    assert terminal.types("status").exit_code == 2


def test_a_tablet_that_the_office_forgot_calls_nothing_delivered(terminal: Terminal) -> None:
    """What it had delivered may be lost there; it must be kept, and ``status`` goes on saying so."""
    terminal.types(*CLEAN_CHECK)
    assert terminal.types("sync").exit_code == 0
    terminal.refuse("not_enrolled")
    for command in ("sync", "status"):
        told = terminal.types(command)
        assert told.exit_code == 5
        assert "办公室不认识本机" in told.stdout
        assert "全部已送达" not in told.stdout


@pytest.mark.parametrize("said", ["device_revoked", "not_enrolled"])
def test_a_new_code_brings_a_lost_tablet_back(terminal: Terminal, said: str) -> None:
    """A tablet that the office threw out or forgot does as it was told: it asks for a code, and sends its work."""
    terminal.types(*CLEAN_CHECK)
    terminal.office.devices.clear()
    assert terminal.types("sync").exit_code == 5
    terminal.office.invite("H8NA-5W", LI, "李伟")
    terminal.refuse(said)
    assert terminal.types("enrol", "H8NA-5W").exit_code == 0
    assert terminal.types("sync").exit_code == 0
    assert [kept.type for kept in terminal.office.records.values()].count("shop_check") == 1


def test_a_tablet_brought_back_works_for_whom_the_code_names(terminal: Terminal) -> None:
    """Whoever was admitted before is not, until he has a code again; his unsent work is pointed out first."""
    terminal.types(*CLEAN_CHECK)
    terminal.refuse("device_revoked")
    told = terminal.types("enrol", "W3XP-8T")
    assert told.exit_code == 0
    assert "签名人尚未重新登记：李伟" in told.stdout
    assert [person["name"] for person in terminal.json("people") if person["current"]] == ["王芳"]


def test_a_tablet_that_forgot_its_server_says_so(terminal: Terminal) -> None:
    """Not "no network, try later", which would never help."""
    terminal.types(*CLEAN_CHECK)
    (terminal.folder / "server.json").unlink()
    told = terminal.types("sync")
    assert told.exit_code == 4
    assert "不知道服务器地址" in told.stdout
    assert "--server" in told.stdout
    assert not terminal.waited


def test_what_was_rejected_asks_for_a_look(terminal: Terminal) -> None:
    """3 until somebody has seen why."""
    terminal.types("edit", "SH-0001", "name=不许")
    assert terminal.types("sync").exit_code == 3
    told = terminal.types("outbox")
    assert told.exit_code == 3
    assert "不在此人的责任区域内" in told.stdout
    [entry] = terminal.json("outbox")["attention"]
    assert terminal.types("outbox", "--seen", str(entry["n"])).exit_code == 0


def test_a_conflict_is_told_in_a_sentence(terminal: Terminal) -> None:
    """Two names for one door: the worker hears that a person decides."""
    terminal.office.names_candidates = True
    terminal.types("edit", "SH-0001", "name=王记修车行")
    terminal.office.write("shop", LAO_WANG, GRID_7, name="老王汽修")
    assert terminal.types("sync").exit_code == 3
    told = terminal.types("conflicts")
    assert told.exit_code == 3
    assert "待人工认定" in told.stdout
    assert "店名待社区认定，两者都保留；认定前显示较早的“老王汽修”" in told.stdout.replace("\n    ", "")
    [conflict] = terminal.json("conflicts")
    assert conflict["open"]
    assert terminal.types("conflicts", "--seen", str(conflict["n"])).exit_code == 0


def test_a_command_nobody_knows_is_64() -> None:
    """Not 2: that is what a tablet with waiting work ends with."""
    terminal = Terminal(Path("nowhere"))
    for args in (("dance",), ("list",), ("list", "shop", "--limit", "many"), ("--lang", "fr", "status")):
        told = terminal.types(*args)
        assert told.exit_code == 64, args
        assert "--help" in told.stdout
        assert "Traceback" not in told.output


def test_a_damaged_file_is_named_and_left_alone(terminal: Terminal) -> None:
    """No command touches it, none shows a traceback."""
    file = terminal.folder / "tablet.db"
    for beside in terminal.folder.glob("tablet.db-*"):
        beside.unlink()
    file.write_bytes(b"this is not a database")
    for args in (("status",), ("sync",), ("list", "shop"), CLEAN_CHECK):
        told = terminal.types(*args)
        assert told.exit_code == 1, args
        assert "已损坏" in told.stdout
        assert "请勿删除" in told.stdout
    assert file.read_bytes() == b"this is not a database"


def test_a_mistake_of_ours_is_a_sentence_and_a_file(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever nobody thought of: the worker reads one sentence, the repairer gets the traceback."""

    class Broken:
        def send(self, request: object) -> None:
            raise ZeroDivisionError("a mistake")

    monkeypatch.setenv("HOME", str(terminal.folder))
    terminal.transport = Broken()  # type: ignore[assignment]
    told = terminal.types("sync")
    assert told.exit_code == 1
    assert "Traceback" not in told.output
    assert "程序出错了" in told.stdout
    [report] = terminal.folder.rglob("trouble.txt")
    assert "ZeroDivisionError: a mistake" in report.read_text("utf-8")


# -- looking and changing -----------------------------------------------------------------------------


def test_records_are_found_by_what_people_call_them(terminal: Terminal) -> None:
    """Types, fields and values are understood in Chinese and in English."""
    assert [r["fields"]["name"] for r in terminal.json("list", "商户", "类别=修理")["records"]] == ["老王修车"]
    assert len(terminal.json("list", "shop", "name=老王*")["records"]) == 2
    assert len(terminal.json("list", "shop", "category=repair|catering")["records"]) == 2
    assert len(terminal.json("list", "street_segment", "road_grade=1..3")["records"]) == 1
    assert len(terminal.json("list", "shop", "door_no=")["records"]) == 1
    assert terminal.json("list", "segments") == terminal.json("list", "street_segment")
    assert terminal.json("list", "shop", "has_green=是")["records"][0]["id"] == LAO_WANG
    assert terminal.json("show", "SH-0001") == terminal.json("show", LAO_WANG) == terminal.json("show", LAO_WANG[-6:])


def test_a_check_is_found_by_the_number_that_people_read_out(terminal: Terminal) -> None:
    """The one that ``show`` and the office's lists tell; a number of another day names nothing."""
    check = terminal.json(*CLEAN_CHECK)["record"]["id"]
    assert "待编号" in terminal.types("show", check).stdout
    terminal.types("sync")
    [number] = re.findall(r"XC-\d{8}-\d{6}", terminal.types("show", check).stdout)
    short = f"{number[:12].lower()}{int(number[12:])}"
    assert terminal.json("show", number)["id"] == terminal.json("show", short)["id"] == check
    assert terminal.types("show", f"XC-19990101{number[11:]}").exit_code == 1


def test_pages_follow_each_other(terminal: Terminal) -> None:
    """Where one page ends the next begins."""
    first = terminal.json("list", "shop", "--limit", "1", "--order", "name")
    second = terminal.json("list", "shop", "--limit", "1", "--order", "name", "--after", first["after"])
    names = [page["records"][0]["fields"]["name"] for page in (first, second)]
    assert names == sorted(names)
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("list", "dragon"), "没有“dragon”这类记录"),
        (("list", "parking"), "没有“parking”这类记录"),
        (("list", "shop", "colour=red"), "没有“colour”这个字段"),
        (("list", "shop", "name"), "字段=值"),
        (("edit", "SH-0001", "category=龙"), "应为其中之一"),
        (("edit", "SH-0001", "operator_phone=12345678"), "联系电话：格式不对，应为手机号"),
        (("edit", "SH-0001", "frontage_m=wide"), "不是数字"),
        (("show", "SH-9999"), "平板上没有这条记录"),
        (("attach", "SH-0001", "/no/such.jpg"), "没有这个文件"),
        (("switch", "孙悟空"), "本机没有登记"),
    ],
)
def test_a_slip_is_told_and_changes_nothing(terminal: Terminal, args: tuple[str, ...], says: str) -> None:
    """Each slip gets its own sentence, exit code 1, and an untouched outbox."""
    told = terminal.types(*args)
    assert told.exit_code == 1
    assert says in told.stdout.replace("\n", "")
    assert terminal.json("status")["waiting"] == 0


def test_a_code_given_twice_names_nothing(terminal: Terminal) -> None:
    """Two entries with one code: which one is meant is not guessed."""
    terminal.office.write("shop", LAO_WANG[:-2] + "b9", GRID_7, name="老王修车二店", category="repair", code="SH-0001")
    terminal.types("sync")
    told = terminal.types("edit", "SH-0001", "name=新名")
    assert told.exit_code == 1
    assert "对应多条记录" in told.stdout


def test_a_clerk_corrects_the_register(terminal: Terminal) -> None:
    """Set, clear, add to a signed list: each by the verb its field asks for, and the office gets it."""
    done = terminal.types("edit", "SH-0001", "店名（牌匾）=王记修车行", "door_no=", "remark=换了招牌")
    assert done.exit_code == 0
    terminal.types("sync")
    fields = terminal.office.records[LAO_WANG].fields
    assert fields["name"] == "王记修车行"
    assert fields.get("door_no") is None
    [entry] = fields["remark"]
    assert (entry["text"], entry["by"]) == ("换了招牌", LI)


def test_an_item_of_a_check_is_corrected_by_its_code(terminal: Terminal) -> None:
    """The rest of the items stays as it was, and the score follows."""
    check = terminal.json(*CLEAN_CHECK)["record"]
    now = terminal.json("edit", check["id"], "items.H1=2")
    assert now["fields"]["score"] == 957
    assert now["fields"]["items"] == check["fields"]["items"] | {"H1": 2}


def test_voiding_asks_first(terminal: Terminal) -> None:
    """No is no; and a voided record can still be read."""
    assert "没有改动" in terminal.types("void", "SH-0002", keys="n\n").stdout
    assert terminal.json("status")["waiting"] == 0
    assert terminal.types("void", "SH-0002", "--reason", "重复登记", keys="\n").exit_code == 0
    assert len(terminal.json("list", "shop")["records"]) == 1
    assert len(terminal.json("list", "shop", "--void")["records"]) == 2


def test_a_photo_found_later_is_attached(terminal: Terminal, tmp_path: Path) -> None:
    """What a check still misses can be brought along afterwards."""
    photo = tmp_path / "near.jpg"
    photo.write_bytes(JPEG)
    check = terminal.json(*CLEAN_CHECK)["record"]
    now = terminal.json("attach", check["id"], str(photo), "--role", "全景")
    assert now["fields"]["missing_photos"] == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (JPEG, ""),
        (saved(scene(), "PNG"), ""),
        (saved(scene(), "WEBP"), ""),
        (saved(scene(), "HEIF"), ""),
        (JPEG[:-40], "打不开"),
        (b"\x89PNG\r\n\x1a\n", "打不开"),
        (b"", "不是照片"),
        (b"hello", "不是照片"),
        (b"RIFF\x10\x00\x00\x00WAVE", "不是照片"),
    ],
)
def test_a_file_that_is_no_picture_is_noticed_in_the_street(
    terminal: Terminal, tmp_path: Path, content: bytes, says: str
) -> None:
    """Told while the worker still stands before the shop; nothing is written."""
    file = tmp_path / "near.jpg"
    file.write_bytes(content)
    told = terminal.types("attach", "SH-0001", str(file))
    assert told.exit_code == (1 if says else 0)
    assert says in told.stdout
    assert terminal.json("status")["photos_waiting"] == (0 if says else 1)


def test_a_photo_shows_an_item_of_the_form(terminal: Terminal, tmp_path: Path) -> None:
    """An item that the form does not have is a slip; and a shop's own record has none at all."""
    file = tmp_path / "near.jpg"
    file.write_bytes(JPEG)
    check = terminal.json(*CLEAN_CHECK)["record"]["id"]
    assert "没有检查项“ZZ”" in terminal.types("attach", check, str(file), "--item", "ZZ").stdout
    assert terminal.types("attach", "SH-0001", str(file), "--item", "H1").exit_code == 1
    [photo] = terminal.json("attach", check, str(file), "--item", "h1")["fields"]["photos"]
    assert photo["item"] == "H1"


def test_photos_alone_do_not_send_a_worker_to_sync_for_ever(terminal: Terminal, tmp_path: Path) -> None:
    """What no sync can send is said to stay here, not to be waiting for a network."""
    file = tmp_path / "near.jpg"
    file.write_bytes(JPEG)
    terminal.types("attach", "SH-0001", str(file))
    told = terminal.types("sync").stdout
    assert "1 张照片待传" in told
    assert "有网络时运行" not in told
    assert "1 张照片" in terminal.types("doctor").stdout


def test_what_others_wrote_does_not_steer_the_screen(terminal: Terminal) -> None:
    """Signs that a terminal obeys are shown as signs."""
    terminal.office.write("shop", LAO_WANG, GRID_7, name="老王\x1b[2J\x07\u202e修车", category="repair", code="SH-0001")
    terminal.types("sync")
    for told in (terminal.types("show", "SH-0001"), terminal.types("list", "shop")):
        assert "老王" in told.stdout
        assert not set(told.stdout) & {"\x1b", "\x07", "\u202e"}


# -- two people, one tablet ---------------------------------------------------------------------------


def test_two_people_share_a_tablet(terminal: Terminal) -> None:
    """Wang is admitted, sets a PIN, and is who signs her check; Li's waiting work stays."""
    terminal.types(*CLEAN_CHECK)
    assert terminal.types("enrol", "W3XP-8T").exit_code == 0
    assert terminal.types("switch", "wf").exit_code == 0
    assert terminal.types("pin", "--new", "4711").exit_code == 0
    terminal.types("record", "shop", "--target", "SH-0002", "-a", "l 室内或地下", "-a", "a", "--yes")
    assert terminal.types("switch", "李伟").exit_code == 0

    assert terminal.types("switch", "王芳", keys="0000\n").exit_code == 1
    assert terminal.types("switch", "王芳", keys="4711\n").exit_code == 0
    assert [entry["by"] for entry in terminal.json("outbox")["waiting"]] == [LI, WANG]
    people = {person["name"]: person for person in terminal.json("people")}
    assert people["王芳"]["current"]
    assert people["王芳"]["has_pin"]
    assert "4711" not in terminal.types("people").stdout


def test_nothing_typed_shows_what_may_be(fresh: Terminal) -> None:
    """As whoever types a command for the first time expects."""
    told = fresh.types()
    assert told.exit_code == 0
    assert "record" in told.stdout


# -- for programs, and in English ---------------------------------------------------------------------

EVERY_COMMAND = [
    ("status",),
    ("sync",),
    ("people",),
    ("switch", "李伟"),
    ("pin", "--new", "1"),
    ("list", "shop"),
    ("show", "SH-0001"),
    ("outbox",),
    ("conflicts",),
    ("doctor",),
    CLEAN_CHECK,
    ("edit", "SH-0001", "door_no=14"),
    ("void", "SH-0002"),
    ("show", "nothing"),
    ("dance",),
    ("record",),
]


@pytest.mark.parametrize("args", EVERY_COMMAND, ids=" ".join)
def test_every_command_answers_one_json_object(terminal: Terminal, args: tuple[str, ...]) -> None:
    """Also what goes wrong; and never with the token in it."""
    told = terminal.types("--json", *args)
    answer = json.loads(told.stdout)
    if "problem" in answer:
        assert answer["exit"] == told.exit_code != 0
        assert answer["problem"]["message_zh"]
        assert answer["problem"]["message_en"]
    [device] = terminal.office.devices.values()
    assert device.token not in told.output


@pytest.mark.parametrize(
    "args",
    [("status",), ("sync",), ("outbox",), ("conflicts",), ("doctor",), ("show", "x"), ("list", "shop", "name=x")],
)
def test_english_is_english(terminal: Terminal, args: tuple[str, ...]) -> None:
    """Asked for English, the program's own words are English; names stay names."""
    told = terminal.types("--lang", "en", *args).stdout
    assert not CHINESE.search(told.replace("李伟", "").replace("网格员", "")), told


def test_values_are_told_in_english_too(terminal: Terminal) -> None:
    """A category, a yes, a state: not only the labels."""
    told = terminal.types("--lang", "en", "show", "SH-0001").stdout
    assert "repair" in told
    assert "yes" in told
    assert "修理" in terminal.types("show", "SH-0001").stdout


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_json_may_be_asked_for_anywhere(terminal: Terminal, place: int) -> None:
    """Before the command or behind it."""
    words = ["list", "shop", "--limit=1"]
    words.insert(place, "--json")
    assert len(json.loads(terminal.types(*words).stdout)["records"]) == 1


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_list_keeps_to_the_screen(terminal: Terminal, columns: int) -> None:
    """Measured in cells, a Chinese character is two; every record is one line."""
    name = "河北街道和平路东段老字号面馆总店" * 3
    terminal.types("edit", "SH-0002", f"name={name}")
    told = terminal.types("list", "shop", columns=columns).stdout.rstrip().splitlines()
    assert len(told) == 4
    assert all(cell_len(line.rstrip()) <= columns for line in told)
    assert sum("…" in line for line in told) == 1


def test_a_network_that_recovers_needs_no_second_try(terminal: Terminal) -> None:
    """A stutter is waited out inside the one command."""
    flaky = FlakyTransport(InProcessTransport(terminal.office), 7, Weather(lose_request=1.0))
    terminal.transport = flaky
    terminal.types(*CLEAN_CHECK)

    def recover(seconds: float) -> None:
        flaky.weather = FINE

    terminal.waited = type("Waited", (list,), {"append": lambda _, seconds: recover(seconds)})()
    assert terminal.types("sync").exit_code == 0
