"""
Covert findings under embargo 暗访封存: they lie at a sealed place of the district until they are released.

Whoever records one says until when, nothing else: tablet and office find the sealed place by themselves, and
the record remembers where it belongs.
"""

from schemas import grid
from schemas.records import Fields
from schemas.roles import Role

UNTIL, BELONGS = "embargo_until", "real_grid"
COVERT = "covert"
#: The types that can be sealed: checks, and cases.
SEALABLE = frozenset({"street_check", "shop_check", "parking_check", "case"})
#: Who reads what is sealed: whoever inspects, and the district's office and leaders. A department may be the
#: inspected unit as much as a street.
UNSEALING = frozenset({Role.DISTRICT_OFFICE, Role.INSPECTOR, Role.LEADING_GROUP})


def reads_sealed(role: Role, area: str) -> bool:
    """Say whether whoever holds *role* in *area* reads what is sealed in its district, and may seal."""
    return role in UNSEALING and len(area) <= grid.Level.DISTRICT


def is_covert(fields: Fields) -> bool:
    """Say whether a check that is sealed is a covert one; one that is not sealed may be any."""
    return fields.get(UNTIL) is None or fields.get("mode") == COVERT


def sealed(type_name: str, place: str, fields: Fields) -> tuple[str, Fields]:
    """
    Return where a new record is to lie, and what it says of that: at *place*, unless it is under an embargo.

    Args:
        place: Where it belongs, a code of district level or below.
        fields: What is said of the record.
    """
    whole = grid.is_code(place) and len(place) >= grid.Level.DISTRICT
    if type_name not in SEALABLE or fields.get(UNTIL) is None or not whole or grid.is_sealed(place):
        return place, {}
    return grid.sealed_place(place), {BELONGS: fields.get(BELONGS) or place}
