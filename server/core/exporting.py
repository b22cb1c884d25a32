"""
Who may take the ledger out of the office, and with whole telephone numbers 台账导出权限. Pure.

A grid worker and a grid leader read their cases on the tablet and take no list along; operators see no business data.
The leading group takes the ledger with telephone numbers masked.
"""

import dataclasses

from schemas import grid
from schemas.problems import Refusal, Words
from schemas.records import Fields
from schemas.roles import Role
from server.core.desk.reach import Reach, reach_of, reads
from server.values import Person

EXPORTING = (
    Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.DEPARTMENT, Role.INSPECTOR, Role.LEADING_GROUP,
)  # fmt: skip
#: Of those who take it, who sees telephone numbers whole.
WHOLE_NUMBERS = frozenset(EXPORTING) - {Role.LEADING_GROUP}


def exporter(person: Person, now_ms: int) -> Person:
    """
    Return *person* with those of his grants only under which he may take the ledger out of the office.

    Raises:
        Refusal: ``not_allowed`` where there is none.
    """
    held = tuple(grant for grant in person.grants if grant.role in EXPORTING and grant.holds_at(now_ms))
    if not held:
        zh, en = "、".join(role.zh for role in EXPORTING), ", ".join(role.en for role in EXPORTING)
        raise Refusal("not_allowed", what=Words(f"导出台账（须为{zh}）", f"export the ledger (that is for: {en})"))
    return dataclasses.replace(person, grants=held)


def of_whole_numbers(person: Person, now_ms: int) -> tuple[Reach, ...]:
    """Return for which cases *person* sees telephone numbers whole."""
    held = tuple(grant for grant in person.grants if grant.role in WHOLE_NUMBERS)
    return reach_of([dataclasses.replace(person, grants=held)], now_ms)


def sees_whole(reach: tuple[Reach, ...], place: str, fields: Fields) -> bool:
    """Say whether telephone numbers of a case at *place* are seen whole, by ``of_whole_numbers``."""
    return reads(reach, place, fields)


def widest(person: Person) -> tuple[Role, str, str | None]:
    """Return role, area and department of the widest of the grants of *person*, of several the weightiest."""
    best = min(person.grants, key=lambda grant: (len(grant.area), -grant.role.rank))
    return best.role, best.area, best.unit


def lies_at(place: str, fields: Fields) -> str:
    """Return where a case that lies at *place* really is: of a sealed one 封存 where it belongs, if that is known."""
    return str(fields.get("real_grid") or place) if grid.is_sealed(place) else place
