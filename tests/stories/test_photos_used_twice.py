"""One picture for two shops: the street sees it on its computer, looks, and says what it found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures
from tests.server.office import GRID_7
from tests.stories.test_photos_shown import computer
from tests.stories.town import Town, town_at

FRONT = pictures.jpeg("one front", 400, 300)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town in which nothing has happened yet; where its records lie makes no difference here."""
    with town_at(f"sqlite:///{tmp_path / 'gridward.db'}", tmp_path) as opened:
        yield opened


def test_the_street_looks_at_a_picture_used_twice(town: Town) -> None:
    li = town.tablet("li")
    for name in ("老王修车", "老张粮油"):
        li.attach(li.create("shop", grid=GRID_7, name=name, category="repair"), FRONT, role="overview")
    town.sync("li")
    li.send_photos(network="wifi")
    qian, feng = computer(town, "qian"), computer(town, "feng")
    assert feng.problem("photos", "matches") == "not_allowed"
    [match] = qian.good("photos", "matches")["matches"]
    assert {match[side]["record"]["name"] for side in ("side", "other")} == {"老王修车", "老张粮油"}
    shown = qian.types("photos", "matches").output
    assert "李明" in shown
    assert match["id"][:10] in shown
    assert qian.problem("photos", "settle", "abc", "fine", "--reason", "看过") == "not_understood"
    settled = qian.types("photos", "settle", match["id"][:8], "misuse", "--reason", "只去过一家")
    assert settled.exit_code == 0, settled.output
    assert "没有重复照片" in qian.types("photos", "matches").output
    [told] = qian.good("photos", "matches", "--state", "all")["matches"]
    assert (told["settled"]["outcome"], told["settled"]["by"]["name"]) == ("misuse", "钱伟")
