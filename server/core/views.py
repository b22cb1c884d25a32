"""
Which part of the feeds one device may see 视图: the areas of its people, and what lies above them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas import grid
from schemas.grid import Level
from schemas.roles import Role
from schemas.sealing import reads_sealed
from server.values import Grant, Person, Seen

#: Roles that read no business data on a tablet: ops see metadata only, the public its own reports.
BLIND = frozenset({Role.OPS, Role.PUBLIC})


@dataclass(frozen=True)
class View:
    """
    The areas a device reads, none inside another, sorted.

    Seen is whatever lies in one of them, and whatever stands at a code above one of them (the names
    of the community, the notices of the district). Of what is sealed only whoever is ``trusted`` sees anything.
    """

    areas: tuple[str, ...]
    trusted: bool = False

    @cached_property
    def above(self) -> frozenset[str]:
        """The codes above the areas, down from the district."""
        return frozenset(area[:length] for area in self.areas for length in grid.Level if 6 <= length < len(area))

    @cached_property
    def mark(self) -> bytes:
        """Four bytes that change when the view does; part of every cursor."""
        # A view of a whole district that is trusted with what is sealed counts as the plain one.
        narrowed = not self.trusted and any(len(area) < Level.STREET for area in self.areas)
        return hashlib.sha256((",".join(self.areas) + "-" * narrowed).encode()).digest()[:4]

    def feeds(self, known: Iterable[str]) -> list[str]:
        """Return the feeds that hold something for this view, or may some day: of *known*, and its own."""
        own = {grid.feed_of(area) for area in self.areas if len(area) >= grid.Level.DISTRICT}
        own = {feed for feed in own if not self.hides(feed)}
        return sorted(own | {feed for feed in known if self.reads(feed)})

    def reads(self, feed: str) -> bool:
        """Say whether anything in *feed* may be seen."""
        if self.hides(feed):
            return False
        return any(grid.lies_in(feed, area) or grid.lies_in(area, feed) for area in self.areas)

    def hides(self, code: str) -> bool:
        """Say whether nothing at *code* may be seen, nor that there is anything, because it is sealed."""
        return not self.trusted and grid.is_sealed(code)

    def part_of(self, feed: str) -> Seen | None:
        """Return which part of *feed* is seen, or None where all of it is."""
        if self.hides(feed):
            return Seen((), frozenset())
        if grid.lies_in_any(feed, self.areas):
            return None
        return Seen(tuple(area for area in self.areas if grid.lies_in(area, feed)), self.above)

    def sees(self, code: str) -> bool:
        """Say whether a record at *code* is seen."""
        return not self.hides(code) and (grid.lies_in_any(code, self.areas) or code in self.above)


def view_of(people: Iterable[Person], now_ms: int) -> View:
    """Return what a device shows that is shared by *people*: all that one of them may read now."""
    held = [
        grant
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.holds_at(now_ms) and grant.role not in BLIND
    ]
    trusted = any(is_trusted(grant) for grant in held)
    return View(grid.outermost(frozenset(grant.area for grant in held)), trusted)


def is_trusted(grant: Grant) -> bool:
    """Say whether whoever holds *grant* reads what is sealed in its district."""
    return reads_sealed(grant.role, grant.area)
