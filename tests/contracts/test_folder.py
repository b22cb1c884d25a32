"""What only a folder has to promise: to the disk, to other programs, and against what lies about in it."""

import errno
import os
import random
import shutil
import stat
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.storage.depot import DepotFull, DepotTrouble, keys
from server.storage.depot.folder import FolderDepot
from tests.contracts.depots import DISTRICT, MIB, OTHER, SHA, a_file, photo

DAY_S = 24 * 3600


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the photos lie; not yet there."""
    return tmp_path / "data" / "photos"


@pytest.fixture
def depot(root: Path) -> FolderDepot:
    """The depot in it."""
    return FolderDepot(root)


def arriving(root: Path) -> list[Path]:
    """Return the files that are still on their way."""
    return list((root / ".arriving").iterdir())


def test_a_key_is_a_path(depot: FolderDepot, root: Path) -> None:
    """An operator finds a photo by its hash, and nobody else on the machine may look."""
    depot.put(keys.whole(DISTRICT, SHA), b"photo")
    place = root / DISTRICT / "photos" / SHA[:2] / SHA
    assert place.read_bytes() == b"photo"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    for above in (place.parent, root / DISTRICT, root / ".arriving"):
        assert stat.S_IMODE(above.stat().st_mode) == 0o700


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, DepotFull), (errno.EDQUOT, DepotFull), (5, DepotTrouble)])
def test_what_cannot_be_written_is_not_there(
    depot: FolderDepot, root: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[DepotTrouble]
) -> None:
    """The disk is full or breaks before the bytes are on it: what was there stays, and nothing is left behind."""
    key, new = photo(), photo()
    depot.put(key, b"before")

    def broken(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", broken)
    for one in (key, new):
        with pytest.raises(kind) as told:
            depot.put(one, b"after")
        assert type(told.value) is kind
        assert str(root) not in str(told.value)
    monkeypatch.undo()
    assert [lying.key for lying in depot.lying("")] == [key]
    assert b"".join(depot.read(key)) == b"before"
    assert arriving(root) == []


@pytest.fixture
def done(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed to the disk from here on, by its place below the folder's parent, and when names are given."""
    found: list[str] = []
    sync, name = os.fsync, Path.replace

    def synced(number: int) -> None:
        found.append(Path(os.readlink(f"/proc/self/fd/{number}")).relative_to(root.parent).as_posix())  # noqa: PTH115
        sync(number)

    def given(self: Path, target: Path) -> Path:
        found.append("named")
        return name(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", given)
    return found


def test_what_was_put_is_on_the_disk_before_it_has_its_name(depot: FolderDepot, done: list[str]) -> None:
    """First the bytes, then the name, then the folders in which names stand, up to where the first one stands."""
    depot.put(keys.whole(DISTRICT, SHA), b"photo")
    shard = f"photos/{DISTRICT}/photos/{SHA[:2]}"
    assert done[0].startswith("photos/.arriving/")
    assert done[1:] == ["named", shard, f"photos/{DISTRICT}/photos", f"photos/{DISTRICT}", "photos", "."]


def test_a_folder_that_stands_is_flushed_for_what_is_new_in_it(root: Path, done: list[str]) -> None:
    """The folders above are flushed once by every process, for whoever made them may not have come so far."""
    shard, beside = f"photos/{DISTRICT}/photos/{SHA[:2]}", keys.whole(DISTRICT, SHA[:2] + OTHER[2:])
    for depot in (FolderDepot(root), FolderDepot(root)):
        depot.put(keys.whole(DISTRICT, SHA), b"photo")
        assert done[-1] == "."
        done.clear()
        depot.put(beside, b"photo")
        assert done[1:] == ["named", shard]
        depot.delete([keys.whole(DISTRICT, SHA), beside])
        depot.put(beside, b"photo")
        assert done[-2:] == ["named", shard]
        done.clear()


def test_a_folder_that_was_taken_away_by_hand_is_new(root: Path, depot: FolderDepot, done: list[str]) -> None:
    """It was flushed before, and another one has its name now."""
    depot.put(keys.whole(DISTRICT, SHA), b"photo")
    shutil.rmtree(root / DISTRICT)
    done.clear()
    depot.put(keys.whole(DISTRICT, SHA), b"photo")
    shard = f"photos/{DISTRICT}/photos/{SHA[:2]}"
    assert done[1:] == ["named", shard, f"photos/{DISTRICT}/photos", f"photos/{DISTRICT}", "photos", "."]


def test_a_part_waits_for_no_disk(depot: FolderDepot, done: list[str]) -> None:
    """What a power failure takes of the parts is sent again; the file they make up is flushed for itself."""
    depot.put(keys.part(DISTRICT, SHA, 0), b"part")
    assert done == ["named"]


def test_nobody_may_look_above_the_folder(
    depot: FolderDepot, root: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator made it for us where nothing else is ours: what is put there is put all the same."""
    opened = os.open

    def refused(place: Path, *how: int) -> int:
        if place == root.parent:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(place, *how)

    monkeypatch.setattr(os, "open", refused)
    depot.put(keys.whole(DISTRICT, SHA), b"photo")
    assert done[-1] == "photos"


def test_a_killed_writer_leaves_nothing_that_counts(root: Path) -> None:
    """What it wrote so far is never listed; when it is a day old it goes."""
    now = time.time()
    clock = iter([now, now + 60, now + 2 * 3600])
    depot = FolderDepot(root, lambda: next(clock))
    depot.put(photo(), b"x")
    old, young = root / ".arriving" / "old", root / ".arriving" / "young"
    for left, age in ((old, DAY_S - 3600), (young, 0)):
        left.write_bytes(b"half a pho")
        os.utime(left, (now - age, now - age))
    assert len(list(depot.lying(""))) == 1
    depot.put(photo(), b"x")
    assert set(arriving(root)) == {old, young}
    depot.put(photo(), b"x")
    assert arriving(root) == [young]


def test_what_is_not_ours_is_not_listed(depot: FolderDepot, root: Path) -> None:
    """Windows, macOS and operators leave their own files about."""
    key = photo()
    depot.put(key, b"x")
    for strange in ("Thumbs.db", ".DS_Store", "lost+found", "说明.txt", "a b"):
        (root / strange).write_text("not ours")
        (root / DISTRICT / strange).write_text("not ours")
    os.mkfifo(root / DISTRICT / "pipe")
    assert [lying.key for lying in depot.lying("")] == [key]


def test_a_link_inside_is_trouble(depot: FolderDepot, root: Path, tmp_path: Path) -> None:
    """Listed one way and read another, photos would seem to be gone; and what lies elsewhere is not ours."""
    elsewhere = tmp_path / "elsewhere"
    secret = a_file(elsewhere / "photos" / SHA[:2], b"secret")
    secret.rename(secret.with_name(SHA))
    root.mkdir(parents=True)
    (root / DISTRICT).symlink_to(elsewhere)
    key = keys.whole(DISTRICT, SHA)
    verbs: list[Callable[[], object]] = [
        lambda: depot.put(key, b"x"),
        lambda: depot.read(key),
        lambda: depot.size(key),
        lambda: depot.delete([key]),
        lambda: list(depot.lying("")),
        lambda: list(depot.lying(f"{DISTRICT}/photos/")),
    ]
    for verb in verbs:
        with pytest.raises(DepotTrouble, match="link"):
            verb()
    assert (elsewhere / "photos" / SHA[:2] / SHA).read_bytes() == b"secret"


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Photos often lie on a disk of their own."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "photos").symlink_to(tmp_path / "disk")
    depot = FolderDepot(tmp_path / "photos")
    key = photo()
    depot.put(key, b"x")
    assert [lying.key for lying in depot.lying("")] == [key]
    assert (tmp_path / "disk" / key).is_file()


def test_only_the_folder_of_the_prefix_is_walked(depot: FolderDepot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo's parts are looked for at every plan; a million photos beside them must not be."""
    for key in (keys.part(DISTRICT, SHA, 0), keys.part(DISTRICT, OTHER, 0), keys.whole(DISTRICT, SHA)):
        depot.put(key, b"x")
    walked: list[str] = []
    scan = os.scandir

    def scanned(place: Path) -> Iterator[os.DirEntry[str]]:
        walked.append(place.name)
        return scan(place)

    monkeypatch.setattr(os, "scandir", scanned)
    assert len(list(depot.lying(keys.parts(DISTRICT, SHA)))) == 1
    assert walked == [SHA]
    walked.clear()
    assert next(iter(depot.lying(""))).key == keys.part(DISTRICT, SHA, 0)
    assert OTHER not in walked


def test_a_folder_without_parts_goes(depot: FolderDepot, root: Path) -> None:
    """Every photo has one; after years there would be a million empty ones. Those of whole photos are few, and stay."""
    for key in (keys.part(DISTRICT, SHA, 0), keys.part(DISTRICT, OTHER, 0), keys.whole(DISTRICT, SHA)):
        depot.put(key, b"x")
    depot.delete([keys.part(DISTRICT, SHA, 0), keys.whole(DISTRICT, SHA)])
    assert [place.name for place in (root / DISTRICT / "parts").iterdir()] == [OTHER]
    assert [place.name for place in (root / DISTRICT / "photos").iterdir()] == [SHA[:2]]


def test_a_folder_that_goes_while_something_comes(
    depot: FolderDepot, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deletes the last part in it between its making and the new part's name: it is made again."""
    name = Path.replace
    removed: list[Path] = []

    def named(self: Path, target: Path) -> Path:
        if not removed:
            target.parent.rmdir()
            removed.append(target.parent)
        return name(self, target)

    monkeypatch.setattr(Path, "replace", named)
    depot.put(keys.part(DISTRICT, SHA, 0), b"x")
    assert removed
    assert [lying.key for lying in depot.lying("")] == [keys.part(DISTRICT, SHA, 0)]
    assert arriving(root) == []


def test_a_file_is_copied_piece_by_piece(depot: FolderDepot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large an original is, little of it is in memory."""

    source = a_file(tmp_path, random.Random(1).randbytes(8 * MIB))
    key = photo()
    tracemalloc.start()
    try:
        depot.put(key, source)
        assert sum(map(len, depot.read(key))) == 8 * MIB
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MIB


def test_what_is_being_read_may_be_replaced_or_deleted(depot: FolderDepot) -> None:
    """Whoever began reading reads to the end what he began with."""
    key = photo()
    depot.put(key, bytes(MIB))
    reading = depot.read(key)
    next(reading)
    depot.put(key, b"other")
    depot.delete([key])
    assert set(b"".join(reading)) == {0}


def test_room_is_told_before_the_folder_is_there(depot: FolderDepot) -> None:
    """As much as the disk has."""
    room = depot.room()
    assert 0 < room.free <= room.total


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    """A wrong setting is trouble with a reason, not a traceback, and the file stays."""
    (tmp_path / "photos").write_text("a file")
    depot = FolderDepot(tmp_path / "photos")
    with pytest.raises(DepotTrouble):
        depot.put(photo(), b"x")
    assert (tmp_path / "photos").read_text() == "a file"
