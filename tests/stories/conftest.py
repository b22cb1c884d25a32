"""A town on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Town, town_at


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town in which nothing has happened yet."""
    with town_at(database_url, tmp_path) as opened:
        yield opened
