"""Checks as a tablet makes them: everything touched, nothing found, then whatever the story needs."""

from hashlib import sha256
from typing import Any

import msgspec

from schemas.checks.forms import Form
from schemas.checks.parking import PARKING_1
from schemas.checks.shop import SHOP_1
from schemas.checks.street import STREET_1
from schemas.records import Consequence, Fields
from schemas.registry import TYPES

LI = "0197c000-0000-7000-8000-000000000001"
TARGET = "0197c000-0000-7000-8000-000000000002"
CHECK = "0197c000-0000-7000-8000-0000000000cc"
GRID = "210902005003007"
JULY = "2020-07-18T08:15:30+08:00"
JANUARY = "2021-01-12T10:00:00+08:00"

_CLEAN = {"count": 0, "m2": 0, "level": "none", "yes": False}
_OWN: dict[str, Fields] = {
    "street_check": {"road_grade": 2, "sample_length_m": 100, "sample_width_m": 12},
    "shop_check": {"has_green": True},
    "parking_check": {"kind": "sidewalk", "motor_total": 40, "nonmotor_total": 80},
}


def clean(form: Form, items: Fields | None = None, **fields: Any) -> Fields:
    """Return a check made with *form* that found nothing but *items*, not yet completed."""
    found: Fields = {item.code: _clean_value(item.kind) for item in form.items}
    made = {
        "inspector_id": LI,
        "inspector_role": "grid_worker",
        "target_id": TARGET,
        "mode": "routine",
        "observed_at": JULY,
        "no_fix_reason": "indoors",
        "form_version": form.version,
        "items": found | (items or {}),
    }
    return made | _OWN[form.type] | fields


def street(items: Fields | None = None, **fields: Any) -> Fields:
    """Return a street check of grade 2, 100 m by 12 m, completed."""
    return completed("street_check", clean(STREET_1, items, **fields))


def shop(items: Fields | None = None, **fields: Any) -> Fields:
    """Return a check of a shop with greenery in July, completed."""
    return completed("shop_check", clean(SHOP_1, items, **fields))


def parking(items: Fields | None = None, **fields: Any) -> Fields:
    """Return a check of a sidewalk with 40 cars and 80 bicycles, completed."""
    return completed("parking_check", clean(PARKING_1, items, **fields))


def completed(type_name: str, fields: Fields) -> Fields:
    """Return *fields* with what follows from them."""
    TYPES[type_name].complete(fields)
    return fields


def cases(type_name: str, fields: Fields, check: str = CHECK) -> list[Consequence]:
    """Return the cases that the check opens."""
    return TYPES[type_name].consequences(check, GRID, fields)


def opened(type_name: str, fields: Fields) -> dict[str, str]:
    """Return the classes of the cases the check opens, each with its severity."""
    return {case.fields["problem_class"]: case.fields["severity"] for case in cases(type_name, fields)}


def missing(fields: Fields) -> set[tuple[str | None, str]]:
    """Return the photos still missing."""
    return {(photo["item"], photo["role"]) for photo in fields["missing_photos"]}


def photo(role: str, item: str | None = None) -> Fields:
    """Return a photo with a name of its own."""
    return {"sha256": sha256(f"{role} {item}".encode()).hexdigest(), "item": item, "role": role}


def _clean_value(kind: str) -> Any:
    return {"piles": 0, "m2": 0} if kind == "piles" else _CLEAN[kind]


def mutation_of_every_check() -> list[bytes]:
    """Return one good creation of each kind of check, as bytes on the wire."""
    return [
        msgspec.json.encode(
            {"n": n, "op": "create", "type": form.type, "id": CHECK, "grid": GRID, "at": [n, 0], "by": LI,
             "schema": TYPES[form.type].schema.schema_version, "set": clean(form),
             "add": {"photos": [{"sha256": "ab" * 32, "role": "overview"}], "remark": ["已劝导"]}}
        )
        for n, form in enumerate((STREET_1, SHOP_1, PARKING_1), 1)
    ]  # fmt: skip
