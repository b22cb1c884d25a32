"""One town for the stories of a file, on SQLite and on PostgreSQL: each playing has things of its own in it."""

from collections.abc import Iterator

import pytest

from schemas.roles import Role
from server.usecases.replay_history import replay_history
from tests.server.office import COMMUNITY, DISTRICT, GRID_7
from tests.stories.town import Town, town_at


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """
    A town in which nothing has happened yet.

    Beside the usual people Gao walks the seventh grid, and Zheng shares Zhao's desk in the community. When all
    stories are played, whatever stands in the records has to follow from the history.
    """
    folder = tmp_path_factory.mktemp("town")
    if request.param == "sqlite":
        with town_at(f"sqlite:///{folder / 'gridward.db'}", folder) as opened:
            yield _with_more_people(opened)
            _follows_from_the_history(opened)
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.new_database()
    with town_at(url, folder) as opened:
        yield _with_more_people(opened)
        _follows_from_the_history(opened)
    postgres.drop_database(url)


def _with_more_people(town: Town) -> Town:
    town.hire("gao", "高伟", Role.GRID_WORKER, GRID_7)
    town.hire("zheng", "郑华", Role.COMMUNITY, COMMUNITY)
    return town


def _follows_from_the_history(town: Town) -> None:
    replayed = list(replay_history(town.office.store, DISTRICT))
    assert replayed
    assert not [difference for checked in replayed for difference in checked.differences]
