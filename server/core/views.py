"""
Which part of the feeds one device may see 视图: the areas of its people, and what lies above them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas import grid
from schemas.roles import Role
from server.values import Person, Seen

#: Roles that read no business data on a tablet: ops see metadata only, the public its own reports.
_BLIND = frozenset({Role.OPS, Role.PUBLIC})


@dataclass(frozen=True)
class View:
    """
    The areas a device reads, none inside another, sorted.

    Seen is whatever lies in one of them, and whatever stands at a code above one of them (the names
    of the community, the notices of the district).
    """

    areas: tuple[str, ...]

    @cached_property
    def above(self) -> frozenset[str]:
        """The codes above the areas, down from the district."""
        return frozenset(area[:length] for area in self.areas for length in grid.Level if 6 <= length < len(area))

    @cached_property
    def mark(self) -> bytes:
        """Four bytes that change when the view does; part of every cursor."""
        return hashlib.sha256(",".join(self.areas).encode()).digest()[:4]

    def feeds(self, known: Iterable[str]) -> list[str]:
        """Return the feeds that hold something for this view, or may some day: of *known*, and its own."""
        own = {grid.feed_of(area) for area in self.areas if len(area) >= grid.Level.DISTRICT}
        return sorted(own | {feed for feed in known if self.reads(feed)})

    def reads(self, feed: str) -> bool:
        """Say whether anything in *feed* may be seen."""
        return any(grid.lies_in(feed, area) or grid.lies_in(area, feed) for area in self.areas)

    def part_of(self, feed: str) -> Seen | None:
        """Return which part of *feed* is seen, or None where all of it is."""
        if grid.lies_in_any(feed, self.areas):
            return None
        return Seen(tuple(area for area in self.areas if grid.lies_in(area, feed)), self.above)

    def sees(self, code: str) -> bool:
        """Say whether a record at *code* is seen."""
        return grid.lies_in_any(code, self.areas) or code in self.above


def view_of(people: Iterable[Person], now_ms: int) -> View:
    """Return what a device shows that is shared by *people*: all that one of them may read now."""
    areas = {
        grant.area
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.holds_at(now_ms) and grant.role not in _BLIND
    }
    return View(grid.outermost(frozenset(areas)))
