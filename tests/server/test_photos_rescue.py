"""Photos in a rescue package: taken in by the rules of all photos, once their records are in."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.commands import main
from server.storage.depot.folder import FolderDepot
from tests.server.office import Office, RawDevice, open_office
from tests.server.photographs import Porter, lying, named, offer, picture, row, sha256
from tests.server.test_rescue import SHOP, zipped

ORIGINAL, COPY, FILM = picture("original", 600_000), picture("copy"), b"no picture"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office whose photos lie in a folder, as the operator's commands find them."""
    return open_office(f"sqlite:///{tmp_path / 'gridward.db'}", depot=FolderDepot(tmp_path / "photos"))


@pytest.fixture
def imports(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """An operator who takes a file in, with ``--json`` if he likes."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{tmp_path / 'gridward.db'}")
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))

    def types(path: Path, *words: str) -> Any:
        done = CliRunner().invoke(main, ["rescue", "import", str(path), *words])
        assert done.exit_code == 0, done.output
        return json.loads(done.output)[0] if words else done.output

    return types


def a_photographed_shop(li: RawDevice, *photos: dict[str, Any]) -> list[bytes]:
    """Return what Li recorded of a shop, its photos named."""
    told = {"name": "老王修车", "category": "repair"}
    return [li.mutation("create", "shop", SHOP, set=told, add={"photos": list(photos)})]


def packed(li: RawDevice, lines: list[bytes], path: Path, /, *files: tuple[bytes, bytes | None]) -> Path:
    """Write a package with *files*, each with its original where it is a copy."""
    entries = []
    for data, of in files:
        entry: dict[str, Any] = {"sha256": sha256(data), "records": [SHOP], "size": len(data), "state": "here"}
        entries.append(entry | ({"of": sha256(of)} if of else {}))
    zipped(li, lines, path, photos=entries)
    with zipfile.ZipFile(path, "a") as archive:
        for data, _ in files:
            archive.writestr(zipfile.ZipInfo(f"photos/{sha256(data)}"), data)
    return path


def test_photos_come_along_with_their_records(office: Office, imports: Callable[..., Any], tmp_path: Path) -> None:
    """The tablet is lost: its package brings the shop, the copy and the original; twice changes nothing."""
    li = office.device("li")
    lines = a_photographed_shop(li, named(ORIGINAL, COPY))
    path = packed(li, lines, tmp_path / "li.zip", (ORIGINAL, None), (COPY, ORIGINAL))
    for _ in range(2):
        said = imports(path)
        assert "2 张照片已核验入库" in said
        assert "保存该文件" not in said
    assert [lying(office, sha256(data)) for data in (ORIGINAL, COPY)] == [ORIGINAL, COPY]
    copy = row(office, sha256(COPY))
    assert copy
    assert (copy.state, copy.of, copy.device) == ("verified", sha256(ORIGINAL), li.id)
    # Had the tablet only been out of reach, it would hear that nothing is wanted of it.
    assert [told["state"] for told in Porter(li).plan(offer(SHOP, ORIGINAL))] == ["verified"]


def test_photos_of_records_that_are_not_in_stay_in_the_file(
    office: Office, imports: Callable[..., Any], tmp_path: Path
) -> None:
    """A revoked tablet's work lies in quarantine; when it is let in, the same file brings its photos."""
    li, wang = office.device("li"), office.device("wang")
    lines = a_photographed_shop(li, named(ORIGINAL))
    path = packed(li, lines, tmp_path / "li.zip", (ORIGINAL, None))
    office.revoke(li)
    told = imports(path, "--json")
    assert (told["photos"], told["photos_verified"], told["photos_waiting"]) == (1, 0, 1)
    assert "1 张照片的记录尚未入库" in imports(path)
    assert row(office, sha256(ORIGINAL)) is None
    wang.push(wang.mutation("create", "shop", SHOP, set={"name": "老王", "category": "repair"}))
    wang.push(wang.mutation("patch", "shop", SHOP, add={"photos": [named(ORIGINAL)]}))
    told = imports(path, "--json")
    assert (told["photos_verified"], told["photos_waiting"]) == (1, 0)
    assert lying(office, sha256(ORIGINAL)) == ORIGINAL


def test_one_bad_photo_keeps_no_other_out(office: Office, imports: Callable[..., Any], tmp_path: Path) -> None:
    """It is named with its reason, and the file is to be kept."""
    li = office.device("li")
    lines = a_photographed_shop(li, named(ORIGINAL), named(FILM))
    path = packed(li, lines, tmp_path / "li.zip", (FILM, None), (ORIGINAL, None))
    told = imports(path, "--json")
    assert told["photos_verified"] == 1
    assert [(one["sha256"], one["problem"]["code"]) for one in told["photos_refused"]] == [
        (sha256(FILM), "photo_kind_unknown")
    ]
    said = imports(path)
    assert "不是照片" in said
    assert "1 张照片、0 份草稿仍在文件里" in said


def test_a_depot_out_of_reach_leaves_the_photos_in_the_file(
    office: Office, imports: Callable[..., Any], tmp_path: Path
) -> None:
    """The records are in; the photos come with the next try."""
    li = office.device("li")
    path = packed(li, a_photographed_shop(li, named(ORIGINAL)), tmp_path / "li.zip", (ORIGINAL, None))
    (tmp_path / "photos").write_text("in the way")
    told = imports(path, "--json")
    assert (told["outcomes"], told["photos_verified"]) == ({"applied": 1}, 0)
    assert [one["problem"]["code"] for one in told["photos_refused"]] == ["storage_unavailable"]
    (tmp_path / "photos").unlink()
    assert imports(path, "--json")["photos_verified"] == 1
