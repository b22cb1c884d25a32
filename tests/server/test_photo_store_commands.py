"""At the server's terminal: a file that was refused by mistake, photos that move house, sizes that people can read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import ImageFile

from server.commands import main
from server.commands.common import size_told
from server.storage.depot import keys
from server.storage.depot.folder import FolderDepot
from tests.s3 import LocalS3
from tests.server.office import DISTRICT, Office, open_office
from tests.server.photographs import Porter, lying, named, offer, parts_lying, picture, row, sha256


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office whose photos lie in a folder, as its operator's settings say."""
    opened = open_office(database_url, depot=FolderDepot(tmp_path / "photos"))
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def li(office: Office) -> Porter:
    """Li, with his tablet."""
    return Porter(office.device("li"))


def run(*words: str, code: int = 0) -> Result:
    """Type a command of photos that ends with *code*."""
    result = CliRunner().invoke(main, ["photos", *words])
    assert result.exit_code == code, result.output
    return result


# -- refused by mistake -------------------------------------------------------------------------------


def refused_by_mistake(li: Porter, data: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    """Bring a photo on a day when the reader has no memory and says that the file is damaged; return its record."""

    def short(*_: Any) -> None:
        raise RuntimeError("Memory allocation error: Unspecified: Allocating 36000015 bytes failed")

    shop = li.shop(f"老王修车 {sha256(data)[:6]}", named(data))
    with monkeypatch.context() as day:
        day.setattr(ImageFile.ImageFile, "load", short)
        assert li.deliver(shop, data) == "photo_damaged"
    assert li.deliver(shop, data) == "refused"
    return shop


def test_what_was_refused_by_mistake_is_taken_up_again(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts are here still: nobody has to send anything."""
    data = picture("mistaken")
    shop = refused_by_mistake(li, data, monkeypatch)
    [listed] = json.loads(run("reconsider", "--json").output)
    assert (listed["file"], listed["reason"], listed["bytes"]) == (sha256(data), "photo_damaged", len(data))
    assert sha256(data) in run("reconsider").output
    assert "已核验" in run("reconsider", sha256(data)[:8].upper()).output
    assert lying(li.office, sha256(data)) == data
    assert [parts_lying(li.office, sha256(data)), li.deliver(shop, data)] == [[], "verified"]
    assert json.loads(run("reconsider", "--json").output) == []


def test_what_is_no_picture_stays_refused(li: Porter) -> None:
    """However often it is looked at; its parts stay too."""
    data = b"no picture at all"
    assert li.deliver(li.shop("老王修车", named(data)), data) == "photo_kind_unknown"
    before = row(li.office, sha256(data))
    assert "不是照片" in run("reconsider", sha256(data), code=1).output
    after = row(li.office, sha256(data))
    assert before
    assert after
    assert after == before._replace(settled_ms=after.settled_ms)
    assert len(parts_lying(li.office, sha256(data))) == 1


def test_what_was_collected_meanwhile_is_expected_anew(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a tablet offer it again, it is taken."""
    data = picture("mistaken, long ago")
    shop = refused_by_mistake(li, data, monkeypatch)
    li.office.depot.delete(parts_lying(li.office, sha256(data)))
    assert "改为待传" in run("reconsider", sha256(data)).output
    assert li.plan(offer(shop, data))[0]["state"] == "send"
    assert li.deliver(shop, data) == "verified"


def test_only_what_was_refused_is_looked_at_again(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file, named so that no other is meant."""
    data = picture("here")
    assert li.deliver(li.shop("老王修车", named(data)), data) == "verified"
    for typed in (sha256(data), "zzzz", "", "%", sha256(data)[:3]):
        assert "没有以" in run("reconsider", typed, code=1).output
    for seed in ("one", "two"):
        refused_by_mistake(li, picture(seed), monkeypatch)
    assert len(json.loads(run("reconsider", "--json").output)) == 2


# -- moving -------------------------------------------------------------------------------------------


def counted(*words: str, code: int = 0) -> dict[str, int]:
    """Move, and return what became of how many objects, those of which there are any."""
    told = json.loads(run("move", *words, "--json", code=code).output)
    return {one["what"]: one["files"] for one in told if one["files"]}


def test_photos_move_from_the_folder_to_a_bucket(
    li: Porter, tmp_path: Path, s3: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at first; then most of it while the server runs, the rest when it stands; then the settings change."""
    first, second = picture("first"), picture("second")
    shop = li.shop("老王修车", named(first), named(second))
    assert li.deliver(shop, first) == "verified"
    bucket = f"s3://{s3.bucket}/{s3.new_prefix()}".rstrip("/")
    monkeypatch.setenv("GRIDWARD_S3_ENDPOINT", s3.url)
    assert "没有复制" in run("move", "--to", bucket, "--dry-run").output
    assert counted("--to", bucket, "--dry-run") == {"copied": 1}
    assert "都在新处" in run("move", "--to", bucket).output
    assert li.deliver(shop, second) == "verified"
    assert counted("--to", bucket) == {"copied": 1, "there": 1}
    assert counted("--to", bucket, "--again") == {"there": 2}
    assert lying(li.office, sha256(first)) == first
    monkeypatch.setenv("GRIDWARD_PHOTOS", bucket)
    assert "完好 sound: 2" in run("verify").output
    assert counted("--to", str(tmp_path / "back")) == {"copied": 2}


def test_a_damaged_photo_does_not_pass_for_moved(li: Porter, tmp_path: Path) -> None:
    """The others arrive; it is named, and the exit code says that something has to be looked at."""
    good, rotten = picture("good"), picture("rotten")
    shop = li.shop("老王修车", named(good), named(rotten))
    assert [li.deliver(shop, good), li.deliver(shop, rotten)] == ["verified", "verified"]
    key = keys.whole(DISTRICT, sha256(rotten))
    li.office.depot.put(key, rotten[:-1] + b"?")
    told = run("move", "--to", str(tmp_path / "other"), code=1).output
    assert f"damaged: {key}" in told
    assert "没有搬成" in told
    assert [one.key for one in FolderDepot(tmp_path / "other").lying("")] == [keys.whole(DISTRICT, sha256(good))]


def test_photos_move_to_another_place_only(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into itself it would never end; and what is no store is none here either."""
    for place in ("photos", "photos/", "photos/new", ""):
        assert "不能就是原来的" in run("move", "--to", f"{tmp_path}/{place}", code=1).output
    assert "GRIDWARD_PHOTOS=ftp://x" in run("move", "--to", "ftp://x", code=1).output
    (tmp_path / "file").write_text("a file")
    (tmp_path / "photos" / "trials").mkdir(parents=True)
    FolderDepot(tmp_path / "photos").put(keys.whole(DISTRICT, sha256(b"x")), b"x")
    assert "重新运行同一命令" in run("move", "--to", str(tmp_path / "file"), code=1).output
    monkeypatch.setenv("GRIDWARD_PHOTOS", "s3://evidence/haizhou")
    assert "不能就是原来的" in run("move", "--to", "s3://evidence/haizhou/new", code=1).output


# -- sizes --------------------------------------------------------------------------------------------

SIZES = {
    0: "0 B", 999: "999 B", 1_000: "1.0 KB", 324_000: "324.0 KB", 1_250_000: "1.2 MB", 40_960_000_000: "41.0 GB",
    3_000_000_000_000: "3.0 TB", 4_000_000_000_000_000: "4000.0 TB",
}  # fmt: skip


@pytest.mark.parametrize(("count", "told"), SIZES.items())
def test_sizes_are_told_as_people_say_them(count: int, told: str) -> None:
    assert size_told(count) == told


def test_status_tells_sizes_to_people_and_bytes_to_programs(li: Porter) -> None:
    """Of one photo of 5,000 bytes."""
    data = picture("status", 5_000)
    assert li.deliver(li.shop("老王修车", named(data)), data) == "verified"
    assert "5.0 KB" in run("status").output
    assert [one["bytes"] for one in json.loads(run("status", "--json").output)] == [5_000]
