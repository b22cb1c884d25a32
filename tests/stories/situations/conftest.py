"""One town for the stories of a file, on SQLite and on PostgreSQL: each playing has things of its own in it."""

from collections.abc import Iterator
from datetime import date

import pytest

from schemas.roles import Role
from server.usecases.manage_calendar import Said, add_campaign
from server.usecases.replay_history import replay_history
from tests.server.office import COMMUNITY, DISTRICT, GRID_7
from tests.stories.town import Town, town_at


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """
    A town in which nothing has happened yet.

    Beside the usual people Gao walks the seventh grid, Zheng shares Zhao's desk in the community, and Xu works for
    the urban department, Song for housing. It is campaign time, when every day is a duty day. When all stories are
    played, whatever stands in the records has to follow from the history.
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


@pytest.fixture(scope="module")
def town_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The same town for stories of one order of arrival, in which no database shows."""
    folder = tmp_path_factory.mktemp("town")
    with town_at(f"sqlite:///{folder / 'gridward.db'}", folder) as opened:
        yield _with_more_people(opened)
        _follows_from_the_history(opened)


def _with_more_people(town: Town) -> Town:
    town.hire("gao", "高伟", Role.GRID_WORKER, GRID_7)
    town.hire("zheng", "郑华", Role.COMMUNITY, COMMUNITY)
    town.hire("xu", "徐洋", Role.DEPARTMENT, DISTRICT, unit="dept_urban")
    town.hire("song", "宋岩", Role.DEPARTMENT, DISTRICT, unit="dept_housing")
    said = Said("创卫", "", town.now_ms)
    add_campaign(town.office.store, DISTRICT, "百日会战", date(2020, 7, 18), date(2021, 7, 17), said)
    return town


def _follows_from_the_history(town: Town) -> None:
    replayed = list(replay_history(town.office.store, DISTRICT))
    assert replayed
    assert not [difference for checked in replayed for difference in checked.differences]
