"""
Who may do what with a red and black list 榜单权限.

A street drafts its own lists, inspectors and the district's office any; the district's office alone signs.
"""

from collections.abc import Iterable

from schemas.records import Fields
from schemas.roles import Role
from server.core.admission import holds
from server.values import Person

DRAFTING = (Role.STREET, Role.INSPECTOR, Role.DISTRICT_OFFICE)
SIGNING = (Role.DISTRICT_OFFICE,)
#: Whoever answers for a street or a community speaks for it, and for the shops and segments that lie there.
OBJECTING = (Role.COMMUNITY, Role.STREET)


def may_draft(person: Person, group: str, now_ms: int) -> bool:
    """Say whether *person* may let the list of *group* be drafted, opened, or taken back while it is a draft."""
    return any(holds(person, role, group, now_ms) for role in DRAFTING)


def may_sign(person: Person, group: str, now_ms: int) -> bool:
    """Say whether *person* may issue the list of *group*, or take it back once it is open."""
    return any(holds(person, role, group, now_ms) for role in SIGNING)


def may_object(person: Person, row: Fields, now_ms: int) -> bool:
    """Say whether *person* speaks for what a *row* is about."""
    place = row.get("grid")
    return place is not None and any(holds(person, role, place, now_ms) for role in OBJECTING)


def may(people: Iterable[Person], fields: Fields, now_ms: int) -> list[str]:
    """Return what *people* may do with a list as it stands: open, object, sign, withdraw."""
    status, group = fields["status"], fields["group"]
    found = set()
    for person in people:
        drafting, signing = may_draft(person, group, now_ms), may_sign(person, group, now_ms)
        if status == "draft" and drafting:
            found |= {"open", "withdraw"}
        if status == "open" and signing:
            found |= {"sign", "withdraw"}
        if status == "open" and any(may_object(person, row, now_ms) for row in fields.get("rows", ())):
            found.add("object")
    return sorted(found)
