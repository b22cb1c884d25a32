"""The photo commands in the hands of a clumsy worker: what is told, and what is not."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from schemas.wording import size_of
from sync_client.client import FieldClient
from sync_client.transport import Request, Response
from tests.pictures import jpeg
from tests.sync_client.photographers import large, photo_terminal
from tests.sync_client.tablets import shop
from tests.sync_client.terminals import LAO_WANG, LAO_WANG_NOODLES, Terminal

CLEAN_CHECK = ("record", "shop", "--target", "SH-0001", "-a", "a", "-a", "l 1", "-a", "d open_now=是", "--yes")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose office takes photos."""
    return photo_terminal(tmp_path)


@pytest.fixture
def front(tmp_path: Path) -> str:
    """A photo of a shop front."""
    (tmp_path / "front.jpg").write_bytes(jpeg("front"))
    return str(tmp_path / "front.jpg")


# -- once more, and elsewhere --------------------------------------------------------------------------


def test_a_photo_attached_again_says_what_it_was_for(li: FieldClient) -> None:
    """A record names a photo once: for another purpose it is that from now on, and the caller is told of both."""
    record = shop(li)
    first = li.attach(record, jpeg(), role="overview")
    assert (first.before, first.repurposed, first.photo["role"]) == (None, False, "overview")
    again = li.attach(record, jpeg(), role="overview")
    assert (again.before is not None, again.repurposed) == (True, False)
    after = li.attach(record, jpeg(), role="after")
    assert after.before is not None
    assert (after.before["role"], after.photo["role"], after.repurposed) == ("overview", "after", True)
    assert len(after["photos"]) == 1


def test_a_photo_of_two_records_is_told_and_taken(li: FieldClient) -> None:
    """Two shops in one picture: both name it, and whoever attaches it learns where it is used already."""
    first, second, third = (shop(li, name) for name in ("甲", "乙", "丙"))
    assert li.attach(first, jpeg()).elsewhere == ()
    assert li.attach(second, jpeg()).elsewhere == (first,)
    li.void(first)
    assert li.attach(third, jpeg()).elsewhere == (second,)
    assert len(li.read(third)["photos"]) == 1


def test_the_terminal_tells_the_new_purpose_and_the_other_record(terminal: Terminal, front: str) -> None:
    """In words, as remarks; nothing is refused."""
    check = terminal.json(*CLEAN_CHECK)["record"]["id"]
    assert "已在这条记录里" not in terminal.types("attach", check, front, "--item", "H1").stdout
    told = terminal.types("attach", check, front, "--role", "整改后")
    assert (told.exit_code, "用途已改：H1 近景 → 整改后" in told.stdout) == (0, True)
    assert "用途不变：整改后" in terminal.types("attach", check, front, "--role", "整改后").stdout
    told = terminal.types("attach", LAO_WANG_NOODLES, front)
    assert (told.exit_code, "提示：这张照片也用在" in told.stdout, "老王修车" in told.stdout) == (0, True, True)
    answer = terminal.json("attach", LAO_WANG_NOODLES, front, "--role", "far")
    assert (answer["before"]["role"], answer["photo"]["role"], answer["elsewhere"]) == ("overview", "far", [check])


def test_one_photo_twice_in_a_check_is_told_when_it_is_saved(terminal: Terminal, front: str) -> None:
    """The second purpose holds, and the worker sees that the first is not served: also where the file was copied."""
    other = Path(front).with_name("copied.jpg")
    other.write_bytes(Path(front).read_bytes())
    for second in (front, str(other)):
        told = terminal.types(*CLEAN_CHECK[:-1], "-a", f"p H1 近景 {front}", "-a", f"p H2 近景 {second}", "--yes")
        assert (told.exit_code, "用途已改：H1 近景 → H2 近景" in told.stdout) == (0, True)


def test_photos_that_wait_for_records_and_for_wifi_are_told_of_both(terminal: Terminal, tmp_path: Path) -> None:
    """The office knows the record of neither yet: to sync comes first, whatever the network."""
    (tmp_path / "large.png").write_bytes(large())
    terminal.types("attach", LAO_WANG, str(tmp_path / "large.png"))
    told = terminal.types("photos", "send", "--network", "mobile").stdout
    assert "先运行 gridward sync" in told
    assert "1 photo file kept for Wi-Fi" in told
    assert "没有这个照片文件" in terminal.types("photos", "seen", "").stdout


# -- what the office says ------------------------------------------------------------------------------


class Says:
    """A network on which every question is answered by the same words."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def send(self, request: Request) -> Response:
        """Answer, whatever is asked."""
        return Response(200, {"content-type": "application/json"}, json.dumps(self._told).encode())


def shown(**given: Any) -> dict[str, Any]:
    """Return a photo as the office tells of it, every cell as wide as may be."""
    return {
        "sha256": "c2a4" * 16,
        "role": "before",
        "state": "expired",
        "flags": [],
        "urls": {},
        "item": "H12",
        "taken_at": "2020-07-15T15:50:00+08:00",
        "by_name": "欧阳诸葛震华",
        "published": {"at_ms": 0},
    } | given


def listed(*photos: dict[str, Any]) -> dict[str, Any]:
    """Return the photos of a record as the office lists them."""
    counts = {"expected": len(photos), "arrived": 0, "originals": 0}
    return {"record": LAO_WANG, "type": "shop", **counts, "photos": list(photos)}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_record_s_photos_fit_on_eighty_columns(terminal: Terminal, lang: str) -> None:
    """One line a photo, its date in one piece; what is too long is a name, and gives way."""
    terminal.transport = Says(
        listed(shown(), shown(sha256="d2a4" * 16, by_name="买买提艾力·阿卜杜热依木", role="overview"))
    )
    told = terminal.types("photos", "show", LAO_WANG, "--lang", lang, columns=80).stdout
    lines = [line for line in told.splitlines() if "2a4c2a4" in line or "2a4d2a4" in line]
    assert len(lines) == 2
    for line in lines:
        assert "2020-07-15 15:50" in line
        assert "yes" in line or "有" in line
    assert max(cell_len(line.rstrip()) for line in told.splitlines()) <= 80


def test_who_saw_originals_fits_on_eighty_columns(terminal: Terminal) -> None:
    """Time and marks in one piece; a long reason goes on in the next line, and nothing of it is lost."""
    view = {"photo": "c2a4" * 16, "record": LAO_WANG, "at_ms": 1_594_800_000_000, "person_name": "欧阳诸葛震华",
            "device_name": "街道办事处值班室电脑", "why": "居民投诉，需要核实门前堆物的时间和地点"}  # fmt: skip
    terminal.transport = Says({"views": [view], "after": None})
    told = terminal.types("photos", "views", columns=80).stdout
    [line] = [line for line in told.splitlines() if "c2a4c2a4c2" in line]
    assert "2020-07-15 16:00" in line
    assert max(cell_len(line.rstrip()) for line in told.splitlines()) <= 80
    assert "…" not in told


@pytest.mark.parametrize(
    ("asked", "answer", "says"),
    [
        (("show", LAO_WANG), listed(), "没有照片 None"),
        (("views",), {"views": [], "after": None}, "没有查看记录 None"),
        (("matches",), {"matches": [], "after": None}, "没有重复照片 None"),
        (("list",), {}, "没有待传的照片 no photos wait"),
    ],
)
def test_an_empty_list_is_one_line(terminal: Terminal, asked: tuple[str, ...], answer: Any, says: str) -> None:
    """And no bare headings."""
    terminal.transport = Says(answer)
    told = terminal.types("photos", *asked).stdout
    assert says in told
    assert "照片 photo" not in told
    assert "─" not in told


def test_a_missing_folder_is_named(terminal: Terminal, tmp_path: Path) -> None:
    """Neither permissions nor the disk are blamed, and nothing is asked of the office."""
    terminal.transport = Says(listed(shown()))
    told = terminal.types("photos", "get", LAO_WANG, "-o", str(tmp_path / "nowhere" / "1.jpg"), columns=200)
    assert told.exit_code == 1
    assert f"没有这个文件夹：{tmp_path / 'nowhere'}" in told.stdout
    assert "权限" not in told.stdout


# -- sizes and numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 KB"),
        (1, "1 KB"),
        (1_499, "1 KB"),
        (385_000, "385 KB"),
        (2_430_000, "2.4 MB"),
        (77_596_000_000, "77.6 GB"),
    ],
)
def test_sizes_are_told_as_people_read_them(count: int, told: str) -> None:
    """In the greatest unit that leaves a number before the point."""
    assert size_of(count) == told


def test_the_doctor_speaks_of_sizes_and_of_one_photo(
    terminal: Terminal, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gigabytes for a disk; one photo is to be sent, two are."""
    room = SimpleNamespace(total=128_000_000_000, used=0, free=77_596_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    terminal.types("attach", LAO_WANG, front)
    told = terminal.types("doctor", "--lang", "en").stdout
    assert "77.6 GB" in told
    assert "1 photo to be sent, 1 KB" in told
    assert "1 photo to be sent" in terminal.types("status", "--lang", "en").stdout
