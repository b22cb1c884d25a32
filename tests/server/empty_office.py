"""An office on its first day: a migrated database with the district Haizhou in it, and nobody yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from schemas import wire
from schemas.records import Fields
from server.app import create_app
from server.settings import Settings
from server.storage import migrate
from server.storage.people import Account
from server.storage.store import Store
from server.usecases.begin_district import begin_district
from tests.templates import begin_with

HAIZHOU = "210902"
HEBEI = "210902005"
COMMUNITY = "210902005003"
GRID_7 = "210902005003007"
#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE

LI = Account("", "李伟", title="网格员", unit="河北街道", phone="13904180000", code="W001")
WANG = Account("", "王芳", title="网格长", unit="河北街道", code="W002")


def store_of(app: Flask) -> Store:
    """Return the store behind *app*."""
    store: Store = app.extensions["gridward"]
    return store


@contextmanager
def empty_office(database_url: str) -> Iterator[Flask]:
    """Run the server of Haizhou on an empty database, from ``with`` to the end of the block."""
    begin_with(migrate.upgrade, database_url)
    app = create_app(Settings(database_url=database_url))
    store = store_of(app)
    begin_district(store, HAIZHOU, "海州区")
    yield app
    store.engine.dispose()


def records(store: Store, type_name: str) -> dict[str, Fields]:
    """Return the fields of every record of one type that is not void, by id."""
    with store.work(HAIZHOU, writing=False) as work:
        found: dict[str, Fields] = {}
        for feed, head in work.feeds.heads().items():
            rows = work.feeds.read(feed, None, 0, head, 1_000_000, None)
            found |= {r.id: wire.decode_json(r.fields) for r in rows if r.type == type_name and not r.void}
    return found


def heads(store: Store) -> dict[str, int]:
    """Return the last number of every feed: unchanged where nothing was written."""
    with store.work(HAIZHOU, writing=False) as work:
        return work.feeds.heads()
