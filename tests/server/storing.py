"""The stores used by hand: records as the core hands them over, and what the database was asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, event

from schemas.clock import Stamp
from schemas.ids import derived_id
from server.storage.store import Store
from server.values import Origin, Record, moment
from tests.server.empty_office import GRID_7, HAIZHOU, HEBEI

NOON = 1_594_796_400_000
LI, WANG, QIAN = (derived_id("storing", name) for name in ("li", "wang", "qian"))
TABLET, OTHER_TABLET = derived_id("storing", "tablet"), derived_id("storing", "other tablet")


def record(
    name: str, type_: str = "shop", /, *, at: int = 0, by: str = LI, tablet: str = TABLET, **fields: Any
) -> Record:
    """Return a new record, made by a grid worker *at* milliseconds past noon; its id follows from its name."""
    stamp = Stamp(NOON + at, 0, tablet)
    return Record(
        type=type_, id=id_of(name), grid=GRID_7, feed=HEBEI, fields=fields, origin=Origin(stamp, by, 1),
        at=moment(stamp), by=by, device=tablet, rank=1, received_ms=NOON,
    )  # fmt: skip


def id_of(name: str) -> str:
    """Return the id of the record called *name*."""
    return derived_id("stored", name)


def write(store: Store, *records: Record, commit: bool = True) -> None:
    """Give *records* their numbers and write them."""
    with store.work(HAIZHOU) as work:
        head = work.feeds.take(HEBEI, len(records))
        for number, one in enumerate(records, head.seq + 1):
            one.version = number
            one.born = one.born or number
        work.records.write(records)
        if commit:
            work.commit()


def read(store: Store, name: str) -> Record:
    """Return the record called *name*."""
    with store.work(HAIZHOU, writing=False) as work:
        return work.records.get([id_of(name)])[id_of(name)]


def change(store: Store, name: str, /, **fields: Any) -> Record:
    """Write *fields* into a record, a minute later, as a colleague with another tablet."""
    found = read(store, name)
    found.fields |= fields
    found.at = Stamp(found.at.ms + 60_000, 0)
    found.by, found.device, found.rank = WANG, OTHER_TABLET, 2
    write(store, found)
    return found


def as_stored(one: Record) -> Record:
    """Return *one* without what only memory knows of it."""
    return msgspec.structs.replace(one, stored_before=True, changed=False, overtaken=False, size=0)


@contextmanager
def listening(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that the database is asked, each with its values, while the block lasts."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        heard.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(store.engine, "before_cursor_execute", hear)


def plan_of(connection: Connection, statement: str, values: Any) -> str:
    """Return how the database would carry out *statement*."""
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {statement}", values))
