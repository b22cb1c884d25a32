"""
The demo district, played as a stranger would play it: in a folder of its own, by its own command.
"""

import csv
import io
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

from schemas.photos import parts_of
from server.demo.folder import Folder
from server.demo.stage import folded
from server.demo.tables import write_tables
from server.demo.town import STORY_GRID
from server.pictures.likeness import distance, likeness_of
from server.usecases.find_matches import NEAR
from server.usecases.mistakes import Mistake
from sync_client.demo.picture import PLATE_BOX, Shot, picture
from sync_client.pictures.copies import COPY_BYTES, copy_of

DIVISIONS = Path(__file__).parent.parent / "server/demo/divisions_fuxin.csv"
PLAYED_THROUGH = "全部如所承诺"


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the demo's command on *folder*, standing in the folder above it, and return what it said."""
    command = [sys.executable, "-m", "server.demo", "--folder", str(folder), *options]
    piped = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    beside = next(place for place in folder.parents if place.is_dir())
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=120, check=False, env=piped, cwd=beside
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.long
def test_a_whole_day_on_the_real_server(tmp_path: Path) -> None:
    """The day of the story, with gunicorn, all jobs, and a clock that goes sixty times as fast."""
    played = demo(tmp_path / "day", "--day", "--once", "--port", "0")
    assert played.returncode == 0, played.stdout + played.stderr
    assert not played.stderr
    assert PLAYED_THROUGH in played.stdout
    for words in ("【今日巡查】", "【超期】", "红榜", "RB-2020-河北-00001", "补报检查 1 次"):
        assert words in played.stdout


def test_a_morning(tmp_path: Path) -> None:
    """From nothing to everything as promised, and gone again."""
    folder = tmp_path / "demo"
    played = demo(folder, "--once", "--port", "0")
    assert played.returncode == 0, played.stdout + played.stderr
    assert not played.stderr
    assert PLAYED_THROUGH in played.stdout
    assert_looked_at(folder / "pictures/morning-1")
    assert [place.name for place in tmp_path.iterdir()] == ["demo"], "nothing lies outside its folder"
    assert demo(folder, "--reset").returncode == 0
    assert not folder.exists()


@pytest.mark.long
def test_two_mornings_one_after_the_other(tmp_path: Path, taken: int) -> None:
    """The first makes the district; the second goes on from there; a forged past is found out."""
    folder = tmp_path / "demo"

    first = demo(folder, "--once", "--port", str(taken))
    assert first.returncode == 0, first.stdout + first.stderr
    assert not first.stderr
    assert PLAYED_THROUGH in first.stdout
    assert "海州区已导入" in first.stdout
    assert f"端口 {taken} 已被占用" in first.stdout
    assert "回答在路上丢了" in first.stdout
    assert waiting(first.stdout, "待认定：") == 1
    assert "第 2 片传到一半断网" in first.stdout
    assert "同一张照片用于两条记录" in first.stdout
    assert_looked_at(folder / "pictures/morning-1")
    assert "\x1b" not in first.stdout, "a pipe gets no colours"

    second = demo(folder, "--once", "--port", "0")
    assert second.returncode == 0, second.stdout + second.stderr
    assert PLAYED_THROUGH in second.stdout
    assert "不再导入" in second.stdout
    assert "赵敏认定：店名用" in second.stdout
    assert waiting(second.stdout, "待认定：") == 1, "yesterday's dispute is settled, today's is open"
    assert_looked_at(folder / "pictures/morning-2")
    assert history(second.stdout) > history(first.stdout)
    assert records_compared(second.stdout) > records_compared(first.stdout)

    forge(folder / "gridward.db")
    third = demo(folder, "--once", "--port", "0")
    assert third.returncode == 1
    assert "断开 1 处" in third.stdout
    assert PLAYED_THROUGH not in third.stdout


def assert_looked_at(folder: Path) -> None:
    """What the office looked at lies there: a thumbnail, a pair, and a copy for publication with a black box."""
    thumbnail, pair, published = (Image.open(io.BytesIO(file.read_bytes())) for file in sorted(folder.iterdir()))
    assert thumbnail.size == (320, 240)
    assert pair.width > 1.9 * pair.height
    left, top, width, height = (part * side // 10_000 for part, side in zip(PLATE_BOX, published.size * 2, strict=True))
    box = published.convert("L").crop((left + 8, top + 8, left + width - 8, top + height - 8))
    assert max(box.tobytes()) < 40
    assert max(published.convert("L").tobytes()) > 150


def waiting(said: str, kind: str) -> int:
    """Return how many things of *kind* wait for a person."""
    return sum(line.strip().startswith(kind) for line in said.splitlines())


def history(said: str) -> int:
    """Return how many rows the history is said to have."""
    return int(re.findall(r"历史 (\d+) 行", said)[0])


def records_compared(said: str) -> int:
    """Return how many records were compared byte for byte."""
    return int(re.findall(r"共核对 (\d+) 条", said)[0])


def forge(database: Path) -> None:
    """Change one row of the past behind the server's back."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE history SET received_ms = received_ms + 1 WHERE feed = '210902005' AND version = 7")
    connection.close()


def test_a_strange_folder_is_left_alone(tmp_path: Path) -> None:
    """Neither played in nor thrown away: it is somebody's own."""
    (tmp_path / "thesis.txt").write_text("three years")
    for use in (Folder(tmp_path).make, Folder(tmp_path).throw_away):
        with pytest.raises(Mistake, match="不是演示文件夹"):
            use()
    refused = demo(tmp_path, "--reset")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_where_no_folder_can_be_is_told(tmp_path: Path) -> None:
    """In one sentence, not with a trace."""
    (tmp_path / "file").touch()
    told = demo(tmp_path / "file" / "demo", "--once")
    assert (told.returncode, told.stderr) == (1, "")
    assert "--folder" in told.stdout


def test_two_demos_never_share_a_folder(tmp_path: Path) -> None:
    """The second one is told so before it touches anything."""
    folder = Folder(tmp_path / "demo")
    folder.make()
    with folder.occupied(), pytest.raises(Mistake, match="已有演示在运行"), folder.occupied():
        pass
    with folder.occupied():
        assert folder.next_morning() == 1


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The tables the district is made from."""
    write_tables(DIVISIONS, tmp_path)
    return tmp_path


def test_the_district_is_the_same_everywhere(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One seed, one district: what two people see on two machines can be talked about."""
    again = tmp_path_factory.mktemp("again")
    write_tables(DIVISIONS, again)
    assert {file.name: file.read_bytes() for file in tables.iterdir()} == {
        file.name: file.read_bytes() for file in again.iterdir()
    }


def test_the_district_has_what_was_promised(tables: Path) -> None:
    """The sizes, no shop twice, no telephone of anybody's, and enough in the grid of the story."""
    rows = {file.stem: list(csv.DictReader(file.read_text("utf-8-sig").splitlines())) for file in tables.iterdir()}
    assert {name: len(found) for name, found in rows.items()} == {
        "grids": 199, "people": 353, "segments": 46, "shops": 800, "parking": 60,
    }  # fmt: skip
    shops = rows["shops"]
    assert len({shop["店名（牌匾）"] for shop in shops}) == len(shops)
    assert {shop["联系电话"][:3] for shop in shops} == {"154"}
    assert {person["身份"] for person in rows["people"]} == {
        "网格员", "网格长", "社区", "街道", "区创卫办", "职能部门", "督查员", "领导小组", "运维",
    }  # fmt: skip
    in_story = {name: sum(row["网格"] == STORY_GRID for row in rows[name]) for name in ("segments", "shops", "parking")}
    assert in_story == {"segments": 2, "shops": 32, "parking": 3}


def test_no_two_photos_of_the_demo_look_alike_unless_they_are_meant_to() -> None:
    """The same shot is the same to the byte; two people, two things, two mornings are told apart by the server."""
    shots = [
        Shot(place, place, number, f"{who} {morning}", item, role)
        for place, number in (("老周鲜花店", "12"), ("解放大街", ""))
        for who in ("li", "wang")
        for morning in (1, 2)
        for item, role in ((None, "overview"), ("H1", "near"), ("E1", "near"), ("E1", "far"))
    ]
    assert picture(shots[0]) == picture(shots[0])
    likenesses = [likeness_of(Image.open(io.BytesIO(picture(shot)))) for shot in shots]
    told_apart = [a and b and distance(a, b) for a, b in combinations(likenesses, 2)]
    assert min(bits or 0 for bits in told_apart) > NEAR


def test_a_large_photo_travels_in_parts_behind_its_copy() -> None:
    """So that there is something to cut: a copy that goes at once, and an original of more than one part."""
    large = picture(Shot("解放大街", "解放大街", "", "li 1", None, "overview"), large=True)
    assert parts_of(len(large)) == 2
    assert len(copy_of(large)) <= COPY_BYTES


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("登记资料以职级高者为准", 10, ["登记资料以", "职级高者为", "准"]),
        ("改电话 15400010002，好", 12, ["改电话", "15400010002，", "好"]),
        ("他说“好”，就走", 6, ["他说", "“好”，", "就走"]),
        ("short", 20, ["short"]),
    ],
)
def test_chinese_is_broken_anywhere_but_before_a_mark(text: str, width: int, lines: list[str]) -> None:
    """A number stays whole, and no line begins with a comma."""
    assert folded(text, width) == lines
