"""A clerk at the street office looks at a worker's photos, makes one fit for publication, and lays two side by side."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client import looking_at_photos
from sync_client.commands import main
from sync_client.commands.session import Surroundings
from sync_client.errors import Unreachable
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from tests import pictures
from tests.server.office import DISTRICT, GRID_7, PEOPLE, person_id
from tests.stories.town import Town, town_at


@dataclass
class Computer:
    """An office computer with ``gridward`` on it; ``meddle`` does something to what comes over its network."""

    town: Town
    folder: Path
    who: str
    meddle: Callable[[Request, Response], Response] | None = None

    def send(self, request: Request) -> Response:
        """Carry a request to the town's office."""
        answer = InProcessTransport(self.town.office.app).send(request)
        return self.meddle(request, answer) if self.meddle else answer

    def types(self, *args: str) -> Result:
        """Run one command."""
        around = Surroundings(connect=lambda _: self, wall_ms=lambda: self.town.now_ms, sleep=lambda _: None)
        where = {"GRIDWARD_TABLET": str(self.folder), "COLUMNS": "160"}
        return CliRunner().invoke(main, args, env=where, obj=around)

    def good(self, *args: str) -> Any:
        """Run one command for a program, and return what it answers."""
        done = self.types("--json", *args)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def problem(self, *args: str) -> str:
        """Run one command that must fail, in words, and return its code."""
        done = self.types("--json", *args)
        assert done.exit_code in (1, 4), done.output
        told = json.loads(done.stdout)["problem"]
        assert told["message_zh"]
        return str(told["code"])


def computer(town: Town, who: str) -> Computer:
    """Return somebody's computer, enrolled."""
    made = Computer(town, town.folder / f"{who}-computer", who)
    code = offer_code(town.office.store, DISTRICT, Account(person_id(who), PEOPLE[who][0]), town.now_ms)
    assert made.types("enrol", code, "--server", "https://haizhou.example").exit_code == 0
    assert made.types("sync").exit_code == 0
    return made


def opened(file: Path) -> Image.Image:
    """Return the picture in a file."""
    return Image.open(io.BytesIO(file.read_bytes()))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town in which nothing has happened yet; where its records lie makes no difference here."""
    with town_at(f"sqlite:///{tmp_path / 'gridward.db'}", tmp_path) as opened:
        yield opened


BEFORE, AFTER = pictures.jpeg("dirty", 400, 300), pictures.jpeg("clean", 400, 300)
NAMES = [hashlib.sha256(photo).hexdigest() for photo in (BEFORE, AFTER)]


def photographed(town: Town) -> str:
    """Let Li photograph a shop before and after it was cleaned, and go on line; return the shop's id."""
    li = town.tablet("li")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    li.attach(shop, BEFORE, role="before", taken_at="2020-07-18T08:05:00+08:00")
    li.attach(shop, AFTER, role="after", taken_at="2020-07-18T09:00:00+08:00")
    town.sync("li")
    return shop.id


def test_a_clerk_looks_at_photos_redacts_one_and_lays_two_side_by_side(town: Town) -> None:
    """From what is expected to what may be published; every look at an original is there to be read."""
    shop = photographed(town)
    qian = computer(town, "qian")
    told = qian.good("photos", "show", shop)
    assert (told["expected"], told["arrived"]) == (2, 0)
    assert "还在平板上" in qian.types("photos", "show", shop).output
    assert qian.problem("photos", "get", shop, NAMES[0]) == "photo_not_here"
    assert qian.problem("photos", "pair", shop) == "not_understood"

    town.tablet("li").send_photos(network="wifi")
    shown = qian.types("photos", "show", shop[-8:]).output
    assert "应有 2 张，已到 2 张（其中原图 2 张）" in shown
    assert "李明" in shown
    out = qian.folder / "original.jpg"
    fetched = qian.good("photos", "get", shop, NAMES[0][:6], "--what", "original", "-o", str(out), "--why", "居民投诉")
    assert (fetched["size"], out.read_bytes()) == (len(BEFORE), BEFORE)
    [view] = qian.good("photos", "views")["views"]
    assert (view["person_name"], view["why"], view["record"]) == ("钱伟", "居民投诉", shop)
    assert "居民投诉" in qian.types("photos", "views", shop).output

    made = qian.types("photos", "redact", shop, NAMES[0][:6], "--box", "0,0,5000,5000", "--box", "5000，5000，100，100")
    assert made.exit_code == 0, made.output
    published = qian.folder / "published.jpg"
    qian.good("photos", "get", shop, NAMES[0], "--what", "published", "-o", str(published))
    assert opened(published).getpixel((100, 100)) == (0, 0, 0)
    pair = qian.folder / "pair.jpg"
    assert qian.good("photos", "pair", shop, "-o", str(pair))["captions"] in ("zh", "plain")
    assert opened(pair).size == (2 * 1280 + 12, 960 + 64)


def test_what_was_not_meant_is_told_in_words(town: Town) -> None:
    """A photo not named clearly, a box that is none, a file that is there, somebody who may not."""
    shop = photographed(town)
    town.tablet("li").send_photos(network="wifi")
    qian = computer(town, "qian")
    out = qian.folder / "photo.jpg"
    for typed in ((), ("ab",), ("ffff",), ("not a hash",), ("",)):
        assert qian.problem("photos", "get", shop, *typed, "-o", str(out)) == "not_understood"
    for box in ("1,2,3", "0,0,100,-1", "a,b,c,d", "0 0 100 100"):
        assert qian.problem("photos", "redact", shop, NAMES[0], "--box", box) == "not_understood"
    assert qian.problem("photos", "redact", shop, NAMES[0], "--box", "9000,0,2000,100") == "invalid_request"
    assert qian.problem("photos", "get", shop, NAMES[0], "--what", "published") == "photo_not_published"
    assert not out.exists()
    out.write_bytes(b"another")
    assert qian.problem("photos", "get", shop, NAMES[0], "-o", str(out)) == "not_understood"
    assert out.read_bytes() == b"another"
    feng = computer(town, "feng")
    assert feng.problem("photos", "get", shop, NAMES[0], "--what", "original") == "not_allowed"
    assert feng.problem("photos", "redact", shop, NAMES[0], "--box", "0,0,100,100") == "not_allowed"
    assert feng.problem("photos", "views") == "not_allowed"
    assert feng.problem("photos", "show", "00000000-0000-7000-8000-0000000000ff") == "photo_unknown"


def test_a_picture_comes_whole_or_not_at_all(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces, over a network that breaks; what was tampered with or cut off leaves nothing behind."""
    monkeypatch.setattr(looking_at_photos, "PIECE", 1000)
    shop = photographed(town)
    town.tablet("li").send_photos(network="wifi")
    qian = computer(town, "qian")
    asked: list[str] = []

    def breaks(request: Request, answer: Response) -> Response:
        if "/original" in request.path:
            asked.append(request.headers["Range"])
            if len(asked) % 3 == 2:
                raise Unreachable(request.path)
        return answer

    qian.meddle = breaks
    out = qian.folder / "original.jpg"
    qian.good("photos", "get", shop, NAMES[0], "--what", "original", "-o", str(out))
    assert out.read_bytes() == BEFORE
    assert len(asked) > len(set(asked)) > 1

    def flips(request: Request, answer: Response) -> Response:
        return Response(answer.status, answer.headers, answer.body[::-1]) if "/original" in request.path else answer

    def cuts(request: Request, answer: Response) -> Response:
        return Response(answer.status, answer.headers, answer.body[:-1]) if "/original" in request.path else answer

    def portal(request: Request, answer: Response) -> Response:
        return Response(200, {"content-type": "text/html"}, b"<html>") if "/original" in request.path else answer

    for meddle in (flips, cuts, portal):
        qian.meddle = meddle
        left = qian.folder / f"{meddle.__name__}.jpg"
        done = qian.types("photos", "get", shop, NAMES[0], "--what", "original", "-o", str(left))
        assert done.exit_code == 4, done.output
        assert not list(qian.folder.glob(f"{meddle.__name__}*"))


def test_a_copy_is_what_the_office_looks_at_until_the_original_comes(town: Town) -> None:
    """A large photo's copy travels first, over any network; the original waits for Wi-Fi."""
    li = town.tablet("li")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    large = pictures.saved(pictures.noise("crowd", 1000, 700), "PNG")
    li.attach(shop, large, role="overview")
    town.sync("li")
    li.send_photos(network="mobile")
    qian = computer(town, "qian")
    told = qian.good("photos", "show", shop.id)
    assert (told["arrived"], told["originals"], told["photos"][0]["state"]) == (1, 0, "copy")
    out = qian.folder / "view.jpg"
    qian.good("photos", "get", shop.id, "-o", str(out))
    assert opened(out).size == (1000, 700)
    assert qian.problem("photos", "get", shop.id, "--what", "original") == "photo_not_here"
    li.send_photos(network="wifi")
    assert qian.good("photos", "show", shop.id)["photos"][0]["state"] == "original"
