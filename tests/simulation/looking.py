"""
How a town is looked at 查看: one tablet's file after an event, and the lists that checks are kept in.

A check is given the town and what it is about, and yields what it finds wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from schemas.problems import Refusal
from server.core import cursors
from server.core.views import View
from tests.simulation.files import HeldRow, HistoryRow, ServerRecord, TabletFile
from tests.simulation.oracle import Memory
from tests.simulation.tablets import Tablet
from tests.simulation.world import World

Wrong = Iterator[str]
_NAME = 64


@dataclass(frozen=True)
class Look:
    """One tablet, looked at after an event."""

    tablet: Tablet
    before: Memory
    file: TabletFile

    @cached_property
    def here(self) -> dict[str, bytes]:
        """The photo files that lie beside the tablet's, by name; what is not done yet is none of them."""
        named = {name.rpartition("/")[2]: data for name, data in self.tablet.photos().items()}
        return {name: data for name, data in named.items() if len(name) == _NAME}


TabletCheck = Callable[[World, Look], Wrong]
ServerCheck = Callable[[World, list[HistoryRow]], Wrong]
QuietCheck = Callable[[World, list[Look]], Wrong]
OF_TABLETS: dict[str, TabletCheck] = {}
OF_SERVER: dict[str, ServerCheck] = {}
WHEN_QUIET: dict[str, QuietCheck] = {}
WHEN_SENT: dict[str, QuietCheck] = {}


def of_tablets(check: TabletCheck) -> TabletCheck:
    """Let *check* be made of every tablet that an event touched."""
    OF_TABLETS[check.__name__] = check
    return check


def of_server(check: ServerCheck) -> ServerCheck:
    """Let *check* be made of what the server wrote since the last one."""
    OF_SERVER[check.__name__] = check
    return check


def when_quiet(check: QuietCheck) -> QuietCheck:
    """Let *check* be made when everybody has heard everything."""
    WHEN_QUIET[check.__name__] = check
    return check


def when_sent(check: QuietCheck) -> QuietCheck:
    """Let *check* be made when everybody has sent the photos, too."""
    WHEN_SENT[check.__name__] = check
    return check


def view_of(world: World, device: str) -> View:
    """Return what the people of *device* may read now, from the grants alone."""
    office = world.oracle.office
    areas = {
        area
        for person in office.admitted.get(device, ())
        if person not in office.stopped
        for role, area, start, end in office.grants.get(person, ())
        if role not in ("ops", "public") and start <= world.now_ms and (end is None or world.now_ms < end)
    }
    return View(tuple(sorted(a for a in areas if not any(a != b and a.startswith(b) for b in areas))))


def cursors_of(world: World, file: TabletFile) -> dict[str, cursors.Cursor]:
    found = {}
    for feed, row in file.cursors.items():
        if row.cursor is not None:
            try:
                found[feed] = cursors.unseal(world.oracle.office.cursor_key, file.device or "", feed, row.cursor)
            except Refusal:
                continue
    return found


def read_to_of(world: World, file: TabletFile) -> dict[str, tuple[int, int]]:
    return {feed: (file.cursors[feed].generation, c.version) for feed, c in cursors_of(world, file).items()}


def came(file: TabletFile, record: ServerRecord) -> Wrong:
    held = file.records.get(record.id)
    if held is None:
        yield f"{record.type} {record.id} of {record.version} is missing"
    elif held.version != record.version:
        yield f"{record.type} {record.id} is {record.version}, the tablet has {held.version}"
    elif not held.waiting and not _same(held, record):
        yield f"{record.type} {record.id} of {record.version} is {record.fields}, the tablet has {held.fields}"


def _same(held: HeldRow, record: ServerRecord) -> bool:
    one = (held.type, held.grid, held.feed, held.version, held.void, held.by, held.fields)
    return one == (record.type, record.grid, record.feed, record.version, record.void, record.by, record.fields)
