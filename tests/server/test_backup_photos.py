"""A backup takes the photos along: shared by a hard link where it can be, held against their hashes on the way back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from schemas.ids import derived_id
from server.commands import main
from server.settings import own_environment
from server.storage.depot import keys
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from server.storage.photo_tables import redaction
from server.storage.postgres_tools import Tools
from server.storage.store import Store
from server.usecases.back_up import Manifest, back_up
from server.usecases.check_photos import check_photos
from server.usecases.mistakes import Mistake
from server.usecases.photos_in_backups import PutBack, listed_in
from server.usecases.restore_backup import Restored, check_backup, restore_backup
from tests.postgres import find_binaries
from tests.server.album import jpeg, plan, scene, send, sha256, shop, shop_id
from tests.server.clerks import Clock
from tests.server.office import DISTRICT, Office, open_office

SENT, COPIED, ORIGINAL, WAITING = (jpeg(scene(name)) for name in ("sent", "copied", "original", "waiting"))
PUBLISHED = derived_id("redaction")


@pytest.fixture
def tools(database_url: str) -> Tools:
    """Where the tools of the database are."""
    return Tools(None if database_url.startswith("sqlite") else find_binaries(), own_environment())


@pytest.fixture(name="office")
def office_in_a_folder(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office whose photos lie in a folder: one came, of one only the copy, one is still expected."""
    opened = open_office(database_url, Clock())
    opened.app.extensions["gridward.depot"] = FolderDepot(tmp_path / "depot")
    li = opened.device("li")
    li.push(shop(li, "甲", SENT, WAITING), shop(li, "乙", ORIGINAL, copy=sha256(COPIED)))
    assert send(li, shop_id("甲"), SENT) + send(li, shop_id("乙"), COPIED, of=ORIGINAL) == ["verified", "verified"]
    plan(li, shop_id("甲"), WAITING)
    _publish(opened, tmp_path)
    yield opened
    opened.store.engine.dispose()


def _publish(office: Office, tmp_path: Path) -> None:
    row = {"district": DISTRICT, "id": PUBLISHED, "photo": sha256(SENT), "record": shop_id("甲"), "boxes": "[]",
           "by": PUBLISHED, "device": PUBLISHED, "at_ms": 1, "sha256": sha256(b"public"), "size": 6}  # fmt: skip
    with office.store.engine.begin() as connection:
        connection.execute(redaction.insert(), row)
    FolderDepot(tmp_path / "depot").put(keys.published(DISTRICT, PUBLISHED), b"public")


def backed_up(office: Office, tmp_path: Path, tools: Tools, name: str = "noon", shared: str | None = None) -> Manifest:
    """Back everything up into ``backups/name``."""
    photos = tmp_path / shared if shared else None
    return back_up(office.store, tmp_path / "backups" / name, 1, tools, FolderDepot(tmp_path / "depot"), photos)


def put_back(office: Office, tmp_path: Path, tools: Tools, to: str = "depot", photos: str | None = None) -> Restored:
    """Restore the backup over the office, its photos into the folder *to*."""
    office.store.engine.dispose()
    store = Store(create_engine(office.store.engine.url))
    elsewhere = tmp_path / photos if photos else None
    folder = tmp_path / "backups" / "noon"
    try:
        return restore_backup(store, folder, 2, tools, FolderDepot(tmp_path / to), elsewhere, replace=True)
    finally:
        store.engine.dispose()


def kept_files(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder of photos."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


ALL_KEPT = {
    keys.whole(DISTRICT, sha256(SENT)): SENT,
    keys.whole(DISTRICT, sha256(COPIED)): COPIED,
    keys.published(DISTRICT, PUBLISHED): b"public",
}


def test_photos_come_back_with_the_office(office: Office, tmp_path: Path, tools: Tools) -> None:
    """Whole files and publications are kept, parts and thumbnails are not; every byte comes back."""
    FolderDepot(tmp_path / "depot").put(keys.derived(DISTRICT, "thumb", sha256(SENT)), b"small")
    manifest = backed_up(office, tmp_path, tools)
    kept = tmp_path / "backups" / "noon" / "photos"
    assert kept_files(kept) == ALL_KEPT
    assert manifest.kept
    assert (manifest.kept.files, manifest.kept.size) == (3, sum(map(len, ALL_KEPT.values())))
    place = keys.whole(DISTRICT, sha256(SENT))
    assert (kept / place).samefile(tmp_path / "depot" / place)
    assert put_back(office, tmp_path, tools, to="new machine").photos == PutBack(3, 0, 0, 0)
    assert kept_files(tmp_path / "new machine") == ALL_KEPT
    assert put_back(office, tmp_path, tools, to="new machine").photos == PutBack(0, 3, 0, 0)


def test_the_list_says_how_each_stands(office: Office, tmp_path: Path, tools: Tools) -> None:
    backed_up(office, tmp_path, tools)
    lines = (tmp_path / "backups" / "noon" / "photos.txt").read_text().splitlines()
    told = {name: (size, state) for name, size, _, state in (line.split("\t") for line in lines)}
    assert told == {
        sha256(SENT): (str(len(SENT)), "verified"),
        sha256(ORIGINAL): ("-", "copy"),
        sha256(WAITING): (str(len(WAITING)), "expected"),
    }


def test_many_backups_share_one_folder(office: Office, tmp_path: Path, tools: Tools) -> None:
    """What is there already is not copied again, and a backup knows where its photos are, or is told."""
    backed_up(office, tmp_path, tools, shared="all photos")
    first = (tmp_path / "all photos" / keys.whole(DISTRICT, sha256(SENT))).stat()
    again = backed_up(office, tmp_path, tools, "evening", shared="all photos")
    assert (tmp_path / "all photos" / keys.whole(DISTRICT, sha256(SENT))).stat().st_ctime_ns == first.st_ctime_ns
    assert again.kept
    assert (again.kept.files, again.kept.folder) == (3, str(tmp_path / "all photos"))
    assert not (tmp_path / "backups" / "noon" / "photos").exists()
    check_backup(tmp_path / "backups" / "noon")
    (tmp_path / "all photos").rename(tmp_path / "moved")
    with pytest.raises(Mistake, match="--photos"):
        put_back(office, tmp_path, tools, to="new machine")
    assert put_back(office, tmp_path, tools, to="new machine", photos="moved").photos == PutBack(3, 0, 0, 0)


def test_a_damaged_photo_is_told_and_the_rest_comes_back(office: Office, tmp_path: Path, tools: Tools) -> None:
    """Its row says verified, its bytes are not there: reading back finds it, and tablets are asked anew."""
    backed_up(office, tmp_path, tools)
    kept = tmp_path / "backups" / "noon" / "photos"
    torn, lost = (kept / keys.whole(DISTRICT, sha256(photo)) for photo in (SENT, COPIED))
    torn.unlink()
    torn.write_bytes(SENT[:-1] + b"?")
    lost.unlink()
    with pytest.raises(Mistake, match="2 个照片文件"):
        check_backup(tmp_path / "backups" / "noon")
    assert put_back(office, tmp_path, tools, to="new machine").photos == PutBack(1, 0, 1, 1)
    store, depot = Store(create_engine(office.store.engine.url)), FolderDepot(tmp_path / "new machine")
    found = check_photos(store, depot, DISTRICT, 3, mark=True)
    assert sorted(found.asked_again) == sorted([sha256(SENT), sha256(COPIED)])
    store.engine.dispose()


def test_what_the_depot_has_lost_does_not_stop_the_backup(office: Office, tmp_path: Path, tools: Tools) -> None:
    (tmp_path / "depot" / keys.whole(DISTRICT, sha256(SENT))).unlink()
    manifest = backed_up(office, tmp_path, tools)
    assert manifest.kept
    assert (manifest.kept.files, manifest.kept.missing) == (2, 1)
    check_backup(tmp_path / "backups" / "noon")


def test_from_a_bucket_there_is_the_list_alone(office: Office, tmp_path: Path, tools: Tools) -> None:
    folder = tmp_path / "backups" / "noon"
    assert back_up(office.store, folder, 1, tools, MemoryDepot()).kept is None
    assert "photo-files.txt" not in {file.name for file in folder.iterdir()}
    assert (folder / "photos.txt").read_text().count("\n") == 3
    check_backup(folder)
    assert put_back(office, tmp_path, tools, to="new machine").photos is None


def test_a_list_that_leads_out_of_the_folder_is_not_followed(office: Office, tmp_path: Path, tools: Tools) -> None:
    """Whoever changes the list has to change the manifest too; and even then no path but ours is read."""
    backed_up(office, tmp_path, tools)
    listed = tmp_path / "backups" / "noon" / "photo-files.txt"
    listed.write_text(f"../../secret\t{'ab' * 32}\t6\n")
    with pytest.raises(Mistake, match=r"photo-files\.txt"):
        check_backup(tmp_path / "backups" / "noon")
    with pytest.raises(Mistake, match=r"photo-files\.txt"):
        list(listed_in(tmp_path / "backups" / "noon"))


@pytest.fixture
def operator(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools) -> Office:
    """An operator at the server's own terminal."""
    url = office.store.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "depot"))
    if tools.folder:
        monkeypatch.setenv("GRIDWARD_PG_BIN", str(tools.folder))
    return office


def run(*words: str, code: int = 0) -> Result:
    """Type a command that ends with *code*."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


def test_the_doctor_notices_that_the_photos_are_not_there(operator: Office, tmp_path: Path) -> None:
    """Their disk is not mounted: the empty folder works as well as any, and that is not enough."""
    told = run("doctor").output
    assert "个照片文件，都完好" in told
    (tmp_path / "depot").rename(tmp_path / "unmounted")
    told = run("doctor", code=1).output
    assert "✓ 照片库可以存、取、列、删" in told
    assert "照片盘挂好了吗" in told
    assert "gridward-server restored" not in run("photos", "verify", code=1).output
    assert "gridward-server restored" in run("photos", "verify", "--mark", code=1).output


def test_at_the_terminal(operator: Office, tmp_path: Path) -> None:
    """Status, a backup with photos, a check of it, reading back, collecting, and what is refused."""
    told = json.loads(run("photos", "status", "--json").output)
    assert {(one["state"], one["kind"], one["files"]) for one in told} == {
        ("verified", "original", 1), ("verified", "copy", 1), ("expected", "original", 1),
    }  # fmt: skip
    folder = str(tmp_path / "backups" / "now")
    assert "照片文件 Files of photos: 3" in run("backup", folder).output
    assert "备份完好" in run("restore", folder, "--check").output
    operator.store.engine.dispose()
    assert "照片恢复 Photos put back: 0；原已在 there already: 3" in run("restore", folder, "--replace").output
    assert "完好 sound: 2" in run("photos", "verify").output
    (tmp_path / "depot" / keys.whole(DISTRICT, sha256(SENT))).unlink()
    assert sha256(SENT) in run("photos", "verify", code=1).output
    assert "没有删除" in run("photos", "collect", "--dry-run").output
    assert "没有设定保存期限" in run("photos", "retain", code=1).output
    assert json.loads(run("photos", "retain", "--all-days", "1", "--dry-run", "--json").output)
    assert json.loads(run("photos", "matches", "--json").output) == []
    refused = run("photos", "settle", "x", "fine", "--as", "钱伟", "--reason", "看过", code=1)
    assert "没有这条重复照片" in refused.output
