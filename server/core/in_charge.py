"""
Whose case it is 承办: who works for a unit that answers for it.

A unit is a place (a street, a community, a grid: whoever works there works for it) or a department of the
district, for which only those act whose grant names it.
"""

from schemas import grid
from schemas.machines import Fields, Step, WhyNot
from schemas.roles import Role
from server.values import Grant, Person

#: They walk every grid of their area themselves; an office does not do the work of those below it.
_ON_FOOT = frozenset({Role.GRID_WORKER, Role.GRID_LEADER})
_GIVING_OUT = frozenset({"dispatch", "reassign"})


def works_for(person: Person, role: Role, unit: str, at_ms: int) -> bool:
    """Say whether *person* acted for *unit* as *role* at the moment *at_ms*."""
    return any(
        grant.role is role
        and grant.holds_at(at_ms)
        and (grant.unit == unit or (grid.is_code(unit) and _works_in(grant, unit)))
        for grant in person.grants
    )


def _works_in(grant: Grant, place: str) -> bool:
    """Say whether whoever holds *grant* works at *place*: within it, or on foot in an area that it is part of."""
    return grid.lies_in(grant.area, place) or (grant.role in _ON_FOOT and grid.lies_in(place, grant.area))


def not_in_charge(known: Step, fields: Fields, person: Person, role: Role, at_ms: int) -> WhyNot | None:
    """
    Return why *person* may not do the act *known*, which is for those who answer for the case, or None.

    Whoever answered for it until it was given to another unit (rule ``reassign_wins``) has merely come late;
    whoever never did has no right to it.
    """
    if not known.by_holder:
        return None
    if any(works_for(person, role, unit, at_ms) for unit in units_of(fields)):
        return None
    if any(works_for(person, role, unit, at_ms) for unit in _were_in_charge(fields)):
        if fields.get("lead") is None:
            return WhyNot("reassigned", "已回退，待重新派遣", "the case was sent back and waits to be given out again")
        return WhyNot("reassigned", "已改派其他单位", "the case was given to another unit")
    return WhyNot("not_in_charge", f"只有承办单位能{known.zh}", f"only the unit in charge may {known.en}")


def _were_in_charge(fields: Fields) -> set[str]:
    """Return every unit that a dispatch ever named, whether it led or assisted."""
    given = [one.get("details", {}) for one in fields.get("timeline", ()) if one["act"] in _GIVING_OUT]
    named = {str(unit) for details in given for unit in [details.get("lead"), *(details.get("assist") or ())] if unit}
    return named | {str(one["unit"]) for one in fields.get("leads", ())}


def units_of(fields: Fields) -> list[str]:
    """Return the units that answer for a case, the lead first."""
    lead = fields.get("lead")
    return [*([lead] if lead else ()), *fields.get("assist", ())]
