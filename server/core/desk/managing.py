"""
Who manages what goes out by itself 提醒与渠道的权限: the district's office its words, operations its technical ways.

Pure.
"""

from collections.abc import Iterable

from schemas import grid
from schemas.problems import Refusal, Words
from schemas.roles import Role
from server.values import Person

#: Who changes what reminders say, and reads whom they tell.
BUSINESS = frozenset({Role.DISTRICT_OFFICE})
#: Who opens and closes channels.
TECHNICAL = frozenset({Role.OPS})
EITHER = BUSINESS | TECHNICAL


def holds(person: Person, roles: Iterable[Role], district: str, now_ms: int) -> bool:
    """Say whether *person* holds one of *roles* over the whole of *district* at the moment *now_ms*."""
    wanted = frozenset(roles)
    return person.stopped_ms is None and any(
        grant.role in wanted and grant.holds_at(now_ms) and grid.lies_in(district, grant.area)
        for grant in person.grants
    )


def check_managing(people: Iterable[Person], roles: Iterable[Role], district: str, now_ms: int) -> None:
    """
    Make sure that one of *people* holds one of *roles*.

    Raises:
        Refusal: ``not_yours_to_manage``.
    """
    wanted = sorted(roles)
    if not any(holds(person, wanted, district, now_ms) for person in people):
        zh, en = "、".join(role.zh for role in wanted), " or ".join(role.en for role in wanted)
        raise Refusal("not_yours_to_manage", roles=Words(zh, en))
