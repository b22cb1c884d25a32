"""What every test may ask for: an empty database, on SQLite and on a real PostgreSQL, and an S3 server."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import LocalPostgres, PostgresMissing
from tests.s3 import LocalS3, S3Missing

#: A folder that lies in memory, and the bytes that must be free in it.
_IN_MEMORY, _ENOUGH = Path("/dev/shm"), 4 << 30  # noqa: S108


def pytest_configure() -> None:
    """
    Put what tests write into memory where there is enough, and keep what is compiled.

    Both hold for the programs that tests start, too. What a killed process had written is there afterwards as on
    a disk; what a power cut leaves, no test can see anyway.
    """
    if "TMPDIR" not in os.environ and _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _ENOUGH:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_IN_MEMORY)
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


#: What is said at a terminal, and which word wins, is no question to the database: each of these runs on SQLite
#: every time, and on PostgreSQL when the long tests are asked for. Storage, feeds, races and stories run on both.
_ONCE = ("_commands.py", "/situations/", "test_a_day.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the second run of what does not depend on the database for the long tests."""
    for item in items:
        if item.get_closest_marker("postgres") and any(part in item.nodeid for part in _ONCE):
            item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Let nothing that stays until the end, eight thousand tests among it, be looked through for garbage again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    """One PostgreSQL for all the tests of this process; it starts when the first of them asks."""
    server = LocalPostgres(durable=False)
    try:
        server.start()
    except PostgresMissing as missing:
        pytest.skip(f"no PostgreSQL: {missing}")
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: LocalPostgres) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database that only this test knows."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy URL of an empty database: the test runs twice, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gridward.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[LocalS3]:
    """One S3 server for all the tests of this process; it starts when the first of them asks."""
    server = LocalS3()
    try:
        server.start()
    except S3Missing as missing:
        pytest.skip(f"no S3 server: {missing}")
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> LocalS3:
    """The S3 server; boto3 finds its keys in the environment, as it does for an operator."""
    for name, value in s3_server.keys.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server
