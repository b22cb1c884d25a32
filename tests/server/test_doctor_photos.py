"""What the doctor says of the photo store: that it works, or what an operator has to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.commands import main
from server.storage.depot import Depot, DepotFull, DepotTrouble, Lying
from server.storage.depot.folder import FolderDepot, Room
from server.storage.depot.memory import MemoryDepot
from server.usecases.examine_depot import examine_depot
from tests.s3 import LocalS3

GIB = 1024**3


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Result]:
    """The doctor, at a server that is ready."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{tmp_path}/gridward.db")
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    begun = CliRunner().invoke(main, ["init", "--district", "210902", "--name", "海州区"])
    assert begun.exit_code == 0, begun.output
    return lambda: CliRunner().invoke(main, ["doctor"])


def levels(depot: Depot) -> list[str]:
    """Return how it looks."""
    return [finding.level for finding in examine_depot(depot, "0badcafe")]


def test_a_folder_that_works(doctor: Callable[[], Result], tmp_path: Path) -> None:
    """It says where the photos lie and how much room there is, and leaves nothing behind."""
    said = doctor()
    assert said.exit_code == 0, said.output
    assert f"照片库 Photo store: {tmp_path / 'photos'}" in said.output
    assert "✓ 照片库可以存、取、列、删" in said.output
    assert "are free on the disk" in said.output
    assert not [file for file in (tmp_path / "photos").rglob("*") if file.is_file()]


def test_a_bucket_that_works(doctor: Callable[[], Result], s3: LocalS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same over S3; nothing that is said holds a key."""
    prefix = s3.new_prefix()
    monkeypatch.setenv("GRIDWARD_PHOTOS", f"s3://{s3.bucket}/{prefix}")
    monkeypatch.setenv("GRIDWARD_S3_ENDPOINT", s3.url)
    said = doctor()
    assert said.exit_code == 0, said.output
    assert f"s3://{s3.bucket}/{prefix}" in said.output
    assert s3.keys.secret not in said.output
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-typing-error")
    said = doctor()
    assert said.exit_code == 1
    assert "SignatureDoesNotMatch" in said.output
    assert "a-typing-error" not in said.output


def test_a_folder_that_is_none(doctor: Callable[[], Result], tmp_path: Path) -> None:
    """A file stands in its way: bad, in two languages, without a trace."""
    (tmp_path / "photos").write_text("a file")
    said = doctor()
    assert said.exit_code == 1
    assert "✗ 照片库不能用" in said.output
    assert "docs/photo-store.md" in said.output


def test_a_setting_that_means_nothing(doctor: Callable[[], Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command says so before it does anything."""
    monkeypatch.setenv("GRIDWARD_PHOTOS", "s3:/photos")
    for line in (["doctor"], ["serve"], ["people", "list"]):
        said = CliRunner().invoke(main, line)
        assert said.exit_code == 1
        assert "GRIDWARD_PHOTOS=s3:/photos" in said.output
        assert "Traceback" not in said.output


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [(500, 1000, "good"), (60, 1000, "good"), (40, 1000, "look"), (9, 100, "look"), (9, 15, "good"), (1, 15, "look")],
)
def test_little_room_is_worth_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, total: int, level: str
) -> None:
    """In GiB: before the disk is full, not after."""
    monkeypatch.setattr(FolderDepot, "room", lambda _: Room(free * GIB, total * GIB))
    assert levels(FolderDepot(tmp_path)) == ["good", level]


class Forgetful(MemoryDepot):
    """It takes everything and lists nothing."""

    def lying(self, prefix: str) -> Iterator[Lying]:
        return iter(())


class Mangling(MemoryDepot):
    """It gives back something else."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return iter([b"?" * (self.size(key) or 0)])


class Broken(MemoryDepot):
    """It takes nothing."""

    def __init__(self, trouble: DepotTrouble) -> None:
        super().__init__()
        self._trouble = trouble

    def put(self, key: str, source: bytes | Path) -> None:
        raise self._trouble


@pytest.mark.parametrize(
    ("depot", "told"),
    [
        (Forgetful(), "读不回来"),
        (Mangling(), "读不回来"),
        (Broken(DepotFull("No space left on device")), "已满"),
        (Broken(DepotTrouble("put: AccessDenied, HTTP 403")), "AccessDenied"),
    ],
)
def test_a_store_that_cannot_be_trusted_is_bad(depot: MemoryDepot, told: str) -> None:
    """Whatever it says itself; and what was put to try it is taken away again."""
    [finding] = examine_depot(depot, "0badcafe")
    assert finding.level == "bad"
    assert told in finding.zh
    assert list(MemoryDepot.lying(depot, "")) == []
