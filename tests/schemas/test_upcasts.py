"""What old tablets wrote, read as if written today."""

import copy

from schemas.checks.shop import SHOP_1
from schemas.records import Fields
from schemas.registry import TYPES
from schemas.upcasts import STEPS, upcast
from tests.schemas.checks_made import clean
from tests.schemas.test_registry import judged

OLD_ITEMS = [
    {"code": "H1", "count": 3, "remark": "烟蒂"},
    {"code": "H4", "value": 0.5},
    {"code": "H5", "count": 0},
    {"code": "G1", "not_applicable": True, "count": 2},
    {"code": "O1", "count": 1},
]


def test_a_list_of_items_becomes_items_by_code() -> None:
    """Counts, areas, yes and no, what did not apply, and what was said beside an item."""
    assert upcast("shop_check", 1, {"items": OLD_ITEMS, "mode": "routine"}) == {
        "items": {"H1": 3, "H4": 0.5, "H5": False, "G1": None, "O1": True},
        "notes": {"H1": {"remark": "烟蒂"}},
        "mode": "routine",
    }


def test_a_whole_check_of_an_old_tablet_is_taken() -> None:
    """Nothing in it is lost on the way."""
    today = clean(SHOP_1, {"H1": 5, "O1": True})
    old = today | {"items": [{"code": code, "count": int(value)} for code, value in today["items"].items()]}
    assert upcast("shop_check", 1, old) == today
    assert judged("shop_check", upcast("shop_check", 1, old)) == set()


def test_what_was_written_is_not_touched() -> None:
    """The mutation stays as it stands in the journal."""
    written: Fields = {"items": copy.deepcopy(OLD_ITEMS)}
    upcast("shop_check", 1, written)
    assert written == {"items": OLD_ITEMS}


def test_what_needs_no_step_passes_unchanged() -> None:
    """Today's shape, a newer tablet's, another type's, a patch without items, and what nobody can read."""
    for fields in ({"items": {"H1": 1}}, {"mode": "self"}, {"items": "H1"}, {"items": [{"count": 1}]}, {}):
        assert upcast("shop_check", 1, fields) == fields
    for type_name, version in (("shop_check", 2), ("shop_check", 99), ("shop", 1), ("unheard_of", 1)):
        assert upcast(type_name, version, {"items": OLD_ITEMS}) == {"items": OLD_ITEMS}


def test_steps_lead_up_to_today() -> None:
    """From each old version there is a way to the newest, and not beyond."""
    for kind in TYPES.values():
        versions = [version for name, version in STEPS if name == kind.name]
        assert sorted(versions) == list(range(1, kind.schema.schema_version))
