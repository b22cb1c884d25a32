"""The office, running, for every test of the server that asks."""

from collections.abc import Iterator

import pytest
from flask import Flask

from server.storage.store import Store
from tests.server.empty_office import empty_office, store_of
from tests.server.office import Office, open_office


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The server of Haizhou on an empty database, on SQLite and on PostgreSQL."""
    with empty_office(database_url) as running:
        yield running


@pytest.fixture
def store(app: Flask) -> Store:
    """Its store."""
    return store_of(app)


@pytest.fixture(name="office")
def furnished_office(database_url: str) -> Iterator[Office]:
    """An office with people and no records, to which devices speak the wire by hand."""
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()
