"""
The directory that travels to every tablet 目录: who is who, and who holds which area.

Derived from the people and their grants as they stand at one moment; telephones are not in it.
"""

from collections.abc import Iterable, Mapping, Sequence

from schemas.directory import area_id
from schemas.records import Fields
from schemas.roles import Role
from server.core.importing.wanted import Wanted
from server.values import Grant

#: Roles that answer for an area; the others only work or look there.
HOLDING = frozenset({Role.GRID_WORKER, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET})
MOST_HOLDERS = 40


def person_entry(district: str, person: str, said: Fields, grants: Iterable[Grant], now_ms: int) -> Wanted:
    """
    Return what tablets are to know of *person*, his weightiest role of the moment beside *said*.

    It lies at the district's own code, so whoever sees anything of the district sees the name.
    """
    roles = [grant.role for grant in grants if grant.holds_at(now_ms)]
    role = max(roles, key=lambda held: held.rank).value if roles else None
    return Wanted("person", person, district, {**said, "role": role})


def holders_of(grants: Mapping[str, Sequence[Grant]], names: Mapping[str, str], now_ms: int) -> dict[str, list[str]]:
    """
    Return who holds each area that any of *grants* was ever about, by name, sorted.

    Args:
        grants: By person; of whoever was stopped, none.
        names: By person.
    """
    holders: dict[str, set[str]] = {}
    for person, held in grants.items():
        for grant in held:
            of_area = holders.setdefault(grant.area, set())
            if grant.role in HOLDING and grant.holds_at(now_ms) and person in names:
                of_area.add(names[person])
    return {area: sorted(of_area)[:MOST_HOLDERS] for area, of_area in holders.items()}


def area_entry(area: str, place: str, holders: Sequence[str]) -> Wanted:
    """Return the area *area*, held by *holders*; what else it says is not touched."""
    return Wanted("area", area_id(area), place, {}, sets={"holders": holders})
