"""
Whom a reminder tells 提醒对象: who holds which role where, and acts for which unit, at one moment.

Who is stopped, or whose grants have ended, is told nothing. A notice lies where its person works most closely: at the
smallest area of what he holds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from schemas import grid
from schemas.grid import Level
from schemas.roles import Role
from server.core.reminding.facts import Matter
from server.core.views import BLIND
from server.values import Grant, Person

#: Who verifies what was put right, the nearest first.
_VERIFYING = (Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE)
#: Who answers for a place of each level.
_HOLDING: Mapping[int, tuple[Role, ...]] = {
    Level.GRID: (Role.GRID_LEADER, Role.GRID_WORKER),
    Level.COMMUNITY: (Role.COMMUNITY, Role.GRID_LEADER),
    Level.STREET: (Role.STREET,),
    Level.DISTRICT: (Role.DISTRICT_OFFICE,),
}
Ids = tuple[str, ...]


class Roster:
    """
    Who may be told what.

    Args:
        people: Everybody of the district.
        heads: Who answers for a unit, by its code 单位负责人; where somebody was named.
        district: Its six digits.
        at_ms: The moment.
    """

    def __init__(self, people: Iterable[Person], heads: Mapping[str, str], district: str, at_ms: int) -> None:
        self._homes: dict[str, str] = {}
        self._at: dict[tuple[Role, str], list[str]] = defaultdict(list)
        self._for: dict[str, list[str]] = defaultdict(list)
        self._heads, self._district = heads, district
        for person in people:
            held = _held(person, at_ms)
            if held:
                self._homes[person.id] = _home(held, district)
                self._enter(person.id, held)

    def _enter(self, person: str, held: Iterable[Grant]) -> None:
        for grant in held:
            area = grant.area if len(grant.area) >= Level.DISTRICT else self._district
            self._at[grant.role, area].append(person)
            if grant.unit is not None:
                self._for[grant.unit].append(person)

    def home(self, person: str) -> str | None:
        """Return where a notice to *person* lies; None where nothing is to be sent to him."""
        return self._homes.get(person)

    def told(self, audience: str, matter: Matter) -> Ids:
        """Return whom a reminder for *audience* tells of *matter*, each once."""
        return tuple(dict.fromkeys(one for one in _FINDING[audience](self, matter) if one in self._homes))

    def person(self, matter: Matter) -> Ids:
        """Whom it concerns himself."""
        return (matter.person,) if matter.person is not None and matter.person in self._homes else ()

    def workers(self, matter: Matter) -> Ids:
        """Whoever walks the grid."""
        return self._nearest((Role.GRID_WORKER, Role.GRID_LEADER), matter.place, least=Level.COMMUNITY)

    def lead(self, matter: Matter) -> Ids:
        """The owner, else the head or the people of the unit, else the street."""
        return self.person(matter) or self.head(matter)

    def head(self, matter: Matter) -> Ids:
        """The head of the unit, else its people, else the street's."""
        return (self._unit(matter.unit) if matter.unit is not None else ()) or self.street(matter)

    def lead_and_head(self, matter: Matter) -> Ids:
        """Both."""
        return (*self.lead(matter), *self.head(matter))

    def verifiers(self, matter: Matter) -> Ids:
        """Whoever verifies there, the nearest office of which somebody is not the one who put it right."""
        return self._nearest(_VERIFYING, matter.place, but=matter.person)

    def street(self, matter: Matter) -> Ids:
        """The street's office; of what belongs to no street, or to one without anybody, the district's."""
        place = matter.place
        found = self._at.get((Role.STREET, place[: Level.STREET]), ()) if len(place) >= Level.STREET else ()
        return tuple(found) or self.district_office(matter)

    def district_office(self, _matter: Matter) -> Ids:
        """The district's office."""
        return tuple(self._at.get((Role.DISTRICT_OFFICE, self._district), ()))

    def unit(self, matter: Matter) -> Ids:
        """The head or the people of the unit; nobody else."""
        return self._unit(matter.unit) if matter.unit is not None else ()

    def leaders_and_street(self, matter: Matter) -> Ids:
        """Every grid leader in the area, and the offices of its streets."""
        wanted = (Role.GRID_LEADER, Role.STREET)
        inside = [
            one
            for (role, area), people in sorted(self._at.items())
            if role in wanted and grid.lies_in(area, matter.place)
            for one in people
        ]
        return tuple(inside) or self.street(matter)

    def _unit(self, unit: str) -> Ids:
        head = self._heads.get(unit)
        if head in self._homes and head is not None:
            return (head,)
        if not grid.is_code(unit):
            return tuple(self._for.get(unit, ()))
        # Several grids often have one leader, who holds their community.
        least = Level.COMMUNITY if len(unit) == Level.GRID else Level(len(unit))
        return self._nearest(_HOLDING.get(len(unit), ()), unit, least=least)

    def _nearest(self, roles: Iterable[Role], place: str, least: Level = Level.DISTRICT, but: str | None = None) -> Ids:
        """
        Return who holds the first of *roles* that somebody holds at *place*, or above it up to the level *least*.

        Args:
            but: Who does not count.
        """
        levels = [int(level) for level in sorted(Level, reverse=True) if least <= level <= len(place)]
        for role in roles:
            for level in levels:
                found = tuple(one for one in self._at.get((role, place[:level]), ()) if one != but)
                if found:
                    return found
        return ()


def _held(person: Person, at_ms: int) -> list[Grant]:
    if person.stopped_ms is not None:
        return []
    return [
        one for one in person.grants if one.holds_at(at_ms) and one.role not in BLIND and not grid.is_sealed(one.area)
    ]


def _home(held: Iterable[Grant], district: str) -> str:
    # Above the district, or what is no code of it at all: nothing could lie there.
    inside = (one.area for one in held if grid.is_code(one.area) and grid.lies_in(one.area, district))
    return min(inside, key=lambda area: (-len(area), area), default=district)


_FINDING: Mapping[str, Callable[[Roster, Matter], Ids]] = {
    "person": Roster.person,
    "workers": Roster.workers,
    "lead": Roster.lead,
    "head": Roster.head,
    "lead_and_head": Roster.lead_and_head,
    "verifiers": Roster.verifiers,
    "street": Roster.street,
    "district_office": Roster.district_office,
    "unit": Roster.unit,
    "leaders_and_street": Roster.leaders_and_street,
}
