"""Each depot the contract is for, empty."""

from pathlib import Path

import pytest

from server.storage.depot import Depot
from server.storage.depot.bucket import Place, S3Depot
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from tests.s3 import LocalS3


@pytest.fixture
def bucket(s3: LocalS3) -> Place:
    """A bucket in which nothing lies under our prefix."""
    return Place(s3.bucket, s3.new_prefix(), s3.url, s3.url, addressing="path")


@pytest.fixture(params=["folder", "memory", "s3"])
def depot(request: pytest.FixtureRequest, tmp_path: Path) -> Depot:
    """An empty depot: the test runs with a folder, with the double and with S3."""
    if request.param == "folder":
        return FolderDepot(tmp_path / "photos")
    if request.param == "memory":
        return MemoryDepot()
    place: Place = request.getfixturevalue("bucket")
    return S3Depot(place)
