"""
Who answers for what, and what nobody answers for 责任到人、责任空白.

Pure. A grid is answered for by one person: its grid leader 网格长, else its only grid worker, else the leader of
the community it lies in. A place in it (a street segment, a shop) by whoever holds it by name, else by whoever
answers for the grid. A case by its owner, as long as he works for a unit that answers for it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from schemas import grid
from schemas.grid import Level
from schemas.records import Fields
from schemas.roles import Role
from schemas.units import holds_on, territory_of
from server.core.in_charge import units_of
from server.values import Person, Record

#: What may be lacking 责任空白.
LACKS = {
    "territorial_unit": "没有属地责任单位",
    "functional_unit": "没有属事责任部门",
    "holder": "没有责任人",
    "single_holder": "责任人不唯一",
    "lead": "没有主办单位",
    "owner": "没有责任人",
    "owner_gone": "责任人已不负责",
}
#: The states of a case in which somebody has to answer for it.
ANSWERED_FOR = frozenset({"dispatched", "handling", "rectified", "verified", "deferred"})
#: What a register says of something that is no longer there.
_GONE = frozenset({"removed", "closed", "demolished"})
#: Who is asked for, for an area of each level; of the roles of a grid the first that somebody has.
_ANSWERING: Mapping[Level, tuple[Role, ...]] = {
    Level.GRID: (Role.GRID_LEADER, Role.GRID_WORKER),
    Level.COMMUNITY: (Role.COMMUNITY,),
    Level.STREET: (Role.STREET,),
}
#: Whoever works at a place answers for its cases; a department's people only for those of their unit.
_AT_PLACES = frozenset({Role.GRID_WORKER, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE})


class Posts:
    """Who holds which role where, and acts for which unit, at one moment."""

    def __init__(self, people: Iterable[Person], at_ms: int) -> None:
        self._at: dict[tuple[Role, str], set[str]] = defaultdict(set)
        self._for: dict[str, set[str]] = defaultdict(set)
        self._areas: dict[str, set[str]] = defaultdict(set)
        for person in people:
            for grant in person.grants if person.stopped_ms is None else ():
                if grant.holds_at(at_ms):
                    self._at[grant.role, grant.area].add(person.id)
                    if grant.role in _AT_PLACES:
                        self._areas[person.id].add(grant.area)
                    if grant.unit is not None:
                        self._for[grant.unit].add(person.id)

    def holders(self, place: str) -> tuple[str, ...]:
        """Return who answers for the area *place* (a street, community or grid), sorted; one, if all is well."""
        level = grid.level_of(place)
        for role in _ANSWERING.get(level, ()):
            if found := self._at.get((role, place)):
                return tuple(sorted(found))
        above = grid.parent_of(place) if level is Level.GRID else None
        return tuple(sorted(self._at.get((Role.GRID_LEADER, above), ()))) if above else ()

    def answers(self, person: str, place: str, fields: Fields) -> bool:
        """Say whether *person* still answers for a case at *place*: works there, or acts for one of its units."""
        areas = self._areas.get(person)
        if areas and grid.lies_in_any(place, tuple(areas)):
            return True
        return any(person in self._for.get(unit, ()) for unit in units_of(fields))

    def new_owner(self, place: str, fields: Fields) -> str | None:
        """
        Return who should own a case at *place* whose owner no longer answers for it; None where that is not clear.

        Where a department leads it is whoever alone acts for it, else whoever answers for the grid.
        """
        lead = fields.get("lead")
        if lead is not None and not grid.is_code(lead):
            found: Sequence[str] = sorted(self._for.get(lead, ()))
        else:
            found = self.holders(place) if grid.is_code(place) else ()
        return found[0] if len(found) == 1 else None


class Gap(Struct, frozen=True):
    """
    One thing that lacks somebody.

    Attributes:
        lacks: What it lacks; keys of ``LACKS``.
        type: The record's type; ``area`` for an area.
        id: The record's id; of an area nobody has brought in, its code.
        name: What it is called.
        code: Its own number or code, where it has one.
        grid: Where it lies.
        people: The names of those who hold it, where it is more than one, or of the owner who is gone.
        inside: Of a grid, how many places in it nobody else answers for either.
    """

    lacks: tuple[str, ...]
    type: str
    id: str
    name: str
    code: str | None
    grid: str
    people: tuple[str, ...] = ()
    inside: int = 0


class Coverage(Struct, frozen=True):
    """
    What nobody answers for in an area 责任空白.

    Attributes:
        area, day: Where, and when.
        looked_at: How many areas, places and open cases were looked at.
        counts: How many lack what, by the keys of ``LACKS``.
        gaps: All of them, or the first; areas first, then by place.
        more: Whether some were left out.
    """

    area: str
    day: str
    looked_at: int
    counts: dict[str, int]
    gaps: list[Gap]
    more: bool = False


@dataclass(frozen=True, slots=True)
class OpenCase:
    """As much of an open case as says who answers for it; ``name`` is its number."""

    id: str
    grid: str
    name: str
    fields: Fields


def coverage(
    area: str,
    day: str,
    posts: Posts,
    areas: Iterable[Fields],
    registers: Iterable[Record],
    holdings: Iterable[Fields],
    cases: Iterable[OpenCase],
    names: Mapping[str, str],
) -> Coverage:
    """
    Return what nobody answers for in *area* on *day*.

    Args:
        areas: The fields of the areas that are known.
        registers: Segments, shops, parking areas, key places; those that are no longer there are left out.
        holdings: The fields of the holdings of these.
        cases: The open cases.
        names: What people are called, by id.
    """
    looking = _Looking(day, posts, names)
    known = {str(one["code"]): str(one["name"]) for one in areas}
    living = [record for record in registers if _is_there(record, day)]
    named = _named(holdings, day)
    empty = Counter(r.grid for r in living if r.id not in named and not looking.holders(r.grid))
    places = {code for code in (*known, *(r.grid for r in living)) if len(code) > Level.DISTRICT}
    found = [gap for code in sorted(places) if (gap := looking.at_area(code, known, empty[code])) is not None]
    found += [gap for record in living if (gap := looking.at_place(record, named.get(record.id, ()))) is not None]
    open_cases = list(cases)
    found += [gap for case in open_cases if (gap := looking.at_case(case)) is not None]
    counts = Counter(lack for gap in found for lack in gap.lacks)
    found.sort(key=lambda gap: (gap.type != "area", gap.grid, gap.type, gap.name, gap.id))
    return Coverage(area, day, len(places) + len(living) + len(open_cases), dict(sorted(counts.items())), found)


class _Looking:
    def __init__(self, day: str, posts: Posts, names: Mapping[str, str]) -> None:
        self._day, self._posts, self._names = day, posts, names
        self._held: dict[str, tuple[str, ...]] = {}

    def holders(self, place: str) -> tuple[str, ...]:
        if place not in self._held:
            self._held[place] = self._posts.holders(place)
        return self._held[place]

    def at_area(self, code: str, known: Mapping[str, str], inside: int) -> Gap | None:
        held = self.holders(code)
        # Several may work in a street office or a community; a grid has one who answers for it.
        many = len(held) > 1 and len(code) == Level.GRID
        if held and not many:
            return None
        lacks = ("single_holder",) if many else ("holder",)
        return Gap(lacks, "area", code, known.get(code, code), code, code, self._called(held), inside)

    def at_place(self, record: Record, named: Sequence[str]) -> Gap | None:
        fields, lacks = record.fields, []
        if not fields.get("territorial_unit") and territory_of(record.grid) is None:
            lacks.append("territorial_unit")
        if not fields.get("functional_unit"):
            lacks.append("functional_unit")
        if len(named) > 1:
            lacks.append("single_holder")
        # What lies in a grid without anybody is told with the grid.
        if not named and len(record.grid) <= Level.DISTRICT:
            lacks.append("holder")
        if not lacks:
            return None
        called, code = str(fields.get("name") or record.id), fields.get("code")
        people = self._called(named) if len(named) > 1 else ()
        return Gap(tuple(lacks), record.type, record.id, called, code, record.grid, people)

    def at_case(self, case: OpenCase) -> Gap | None:
        if case.fields.get("status") not in ANSWERED_FOR:
            return None
        lead, owner = case.fields.get("lead"), case.fields.get("owner_person")
        lacks = ["lead"] if not lead else []
        if not owner:
            lacks.append("owner")
        elif not self._posts.answers(owner, case.grid, case.fields):
            lacks.append("owner_gone")
        if not lacks:
            return None
        people = self._called([owner]) if owner and "owner_gone" in lacks else ()
        return Gap(tuple(lacks), "case", case.id, case.name, None, case.grid, people)

    def _called(self, people: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(self._names.get(one, one) for one in people))


def _is_there(record: Record, day: str) -> bool:
    fields = record.fields
    merged = fields.get("merged_into") is not None
    return not record.void and not merged and fields.get("status") not in _GONE and holds_on(fields, day)


def _named(holdings: Iterable[Fields], day: str) -> dict[str, tuple[str, ...]]:
    """Return who holds each place by name on *day*."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in holdings:
        if holds_on(one, day):
            found[str(one["target_id"])].add(str(one["person"]))
    return {target: tuple(sorted(people)) for target, people in found.items()}


def in_words(gap: Gap) -> dict[str, Any]:
    """Return *gap* with what it lacks in Chinese, for a list."""
    return {"lacks": "、".join(dict.fromkeys(LACKS[lack] for lack in gap.lacks)), "people": "、".join(gap.people)}


def lines_of(gaps: Iterable[Gap]) -> Iterator[dict[str, Any]]:
    """Yield *gaps* as rows of a list for people."""
    for gap in gaps:
        yield {"type": gap.type, "name": gap.name, "code": gap.code, "grid": gap.grid, "inside": gap.inside or ""} | (
            in_words(gap)
        )
