"""An office that moves its photos to another store: all arrive, byte for byte, and a second run is short."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.storage.depot import Depot, DepotTrouble, keys
from server.storage.depot.bucket import Place, S3Depot
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from server.usecases.move_depot import move_depot
from tests.contracts.depots import DISTRICT, OTHER, SHA

DRAWN = random.Random(5)


@pytest.fixture
def folder(tmp_path: Path) -> FolderDepot:
    """Photos of every kind, and a part on its way."""
    depot = FolderDepot(tmp_path / "photos")
    for data in (DRAWN.randbytes(DRAWN.randrange(200_000)) for _ in range(4)):
        depot.put(keys.whole(DISTRICT, hashlib.sha256(data).hexdigest()), data)
    for key in (
        keys.part(DISTRICT, SHA, 0),
        keys.derived(DISTRICT, "thumb", OTHER),
        keys.published(DISTRICT, "01890a5d-ac96-774b-bcce-b302099a8057"),
    ):
        depot.put(key, DRAWN.randbytes(DRAWN.randrange(200_000)))
    return depot


def all_of(depot: Depot) -> dict[str, bytes]:
    """Return everything that lies there."""
    return {lying.key: b"".join(depot.read(lying.key)) for lying in depot.lying("")}


def what(source: Depot, target: Depot, *, again: bool = False) -> list[str]:
    """Return what became of each object."""
    return [moved.what for moved in move_depot(source, target, again=again)]


def test_from_a_folder_to_a_bucket_and_back(folder: FolderDepot, bucket: Place, tmp_path: Path) -> None:
    """All of it, and the second time nothing."""
    office = S3Depot(bucket)
    assert what(folder, office) == ["copied"] * 7
    assert all_of(office) == all_of(folder)
    assert what(folder, office) == what(folder, office, again=True) == ["there"] * 7

    back = FolderDepot(tmp_path / "back")
    assert what(office, back) == ["copied"] * 7
    assert all_of(back) == all_of(folder)


def test_what_came_meanwhile_is_copied_by_the_next_run(folder: FolderDepot) -> None:
    """And what was deleted here stays there: taking away is another command's work."""
    target = MemoryDepot()
    first, *_, last = (moved.key for moved in move_depot(folder, target))
    new = keys.whole(DISTRICT, hashlib.sha256(b"new").hexdigest())
    folder.put(new, b"new")
    folder.delete([last])
    assert sorted(what(folder, target)) == ["copied", *["there"] * 6]
    assert target.size(first) is not None
    assert target.size(last) is not None
    assert b"".join(target.read(new)) == b"new"


def test_a_run_that_breaks_off_goes_on_where_it_was(folder: FolderDepot) -> None:
    """What was copied stays."""

    class Small(MemoryDepot):
        room = 3

        def put(self, key: str, source: bytes | Path) -> None:
            if not self.room:
                raise DepotTrouble("full")
            self.room -= 1
            super().put(key, source)

    target = Small()
    with pytest.raises(DepotTrouble):
        what(folder, target)
    target.room = 100
    assert what(folder, target) == ["there"] * 3 + ["copied"] * 4
    assert all_of(target) == all_of(folder)


def test_what_is_not_the_same_there_is_found(folder: FolderDepot) -> None:
    """Another size at once, the same size when all is read again; both are put right."""
    target = MemoryDepot()
    what(folder, target)
    one, other, *_ = all_of(folder)
    target.put(one, b"shorter")
    target.put(other, bytes(folder.size(other) or 0))
    assert what(folder, target).count("copied") == 1
    assert all_of(target) != all_of(folder)
    assert what(folder, target, again=True).count("copied") == 1
    assert all_of(target) == all_of(folder)


def test_a_store_that_changes_bytes_gets_nothing(folder: FolderDepot) -> None:
    """What was read back is something else: it is said, and does not stay."""

    class Mangling(MemoryDepot):
        def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
            return (bytes(len(piece)) for piece in super().read(key, start, stop))

    target = Mangling()
    assert set(what(folder, target)) == {"differs"}
    assert list(target.lying("")) == []


def test_a_photo_deleted_meanwhile_is_no_error(folder: FolderDepot) -> None:
    """Housekeeping goes on beside it."""
    source, target = MemoryDepot(), MemoryDepot()
    what(folder, source)
    moving = move_depot(source, target)  # this depot lists what there was at the beginning
    first = next(moving)
    source.delete([lying.key for lying in source.lying("") if lying.key != first.key])
    assert [moved.what for moved in moving] == ["gone"] * 6
    assert [lying.key for lying in target.lying("")] == [first.key]


def test_what_is_damaged_here_stays_here(folder: FolderDepot) -> None:
    """Carried along it would pass for moved; at the new place it is missed, and asked for again."""
    target, rotten = MemoryDepot(), keys.whole(DISTRICT, SHA)
    folder.put(rotten, b"not what it is called")
    assert [moved.key for moved in move_depot(folder, target) if moved.what == "damaged"] == [rotten]
    assert all_of(target) == {key: data for key, data in all_of(folder).items() if key != rotten}


def test_a_dry_run_copies_nothing(folder: FolderDepot) -> None:
    """It says what would be copied: all of it, or what is not there yet."""
    target = MemoryDepot()
    first = next(move_depot(folder, target))
    told = list(move_depot(folder, target, dry_run=True))
    assert [moved.what for moved in told] == ["there", *["copied"] * 6]
    assert {moved.key: moved.size for moved in told} == {key: len(data) for key, data in all_of(folder).items()}
    assert [lying.key for lying in target.lying("")] == [first.key]
