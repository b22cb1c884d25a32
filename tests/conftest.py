"""What every test may ask for: an empty database, on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import LocalPostgres, PostgresMissing


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
