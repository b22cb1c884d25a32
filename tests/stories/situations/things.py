"""What the stories are about: shops, streets and parking areas, and the checks made of them, every item answered."""

from typing import Any

from sync_client.client import FieldClient
from sync_client.values import Record
from tests.benchmarks.checks import PARKING_ITEMS, SHOP_ITEMS, STREET_ITEMS
from tests.server.office import GRID_7, PEOPLE, person_id
from tests.stories.situations.play import Scene

_SHOP = dict.fromkeys(SHOP_ITEMS, 0) | {"H4": 0, "H5": None, "O1": False, "G1": None, "G2": None, "G3": None}
_STREET = dict.fromkeys(STREET_ITEMS, 0) | {"A5": 0, "A6": 0, "B1": "none", "E1": {"piles": 0, "m2": 0}}
_PARKING = dict.fromkeys(PARKING_ITEMS, 0) | {"N4": False, "C1": False, "F2": False}


def make(scene: Scene, tablet: FieldClient, called: str, type_name: str, /, **fields: Any) -> str:
    """Make a record on *tablet* and call it *called*; return its id."""
    return scene.called(called, tablet.create(type_name, grid=GRID_7, **fields))


def shop(scene: Scene, tablet: FieldClient, called: str = "店", /, **fields: Any) -> str:
    """Register a shop."""
    known = {"name": "无名店", "category": "repair", "status": "open", "has_green": False}
    return make(scene, tablet, called, "shop", **(known | fields))


def old_shop(scene: Scene, *readers: str, called: str = "店", **fields: Any) -> str:
    """Let there be a shop that Gao, a grid worker, registered two days ago and everybody knows."""
    [gao] = scene.tablets("gao")
    one = shop(scene, gao, called, **fields)
    grow_old(scene, *readers)
    return one


def grow_old(scene: Scene, *readers: str) -> None:
    """Let everybody learn what there is, and two days pass."""
    scene.tablets(*readers)
    scene.meet("gao", *readers)
    scene.later(days=2)


def check_shop(scene: Scene, who: str, about: str, called: str = "检查", /, **fields: Any) -> str:
    """Let somebody check the three guarantees of a shop; ``items`` are those that differ from none found."""
    return _check(
        scene, who, called, "shop_check", about, fields, _SHOP,
        {"form_version": "shop-1", "has_green": False, "category": "repair"},
    )  # fmt: skip


def check_street(scene: Scene, who: str, about: str, called: str = "检查", /, **fields: Any) -> str:
    """Let somebody check a street."""
    return _check(
        scene, who, called, "street_check", about, fields, _STREET,
        {"form_version": "street-1", "road_grade": 2, "sample_length_m": 100, "sample_width_m": 9},
    )  # fmt: skip


def check_parking(scene: Scene, who: str, about: str, called: str = "检查", /, **fields: Any) -> str:
    """Let somebody count vehicles."""
    return _check(
        scene, who, called, "parking_check", about, fields, _PARKING,
        {"form_version": "parking-1", "kind": "sidewalk", "motor_total": 0, "nonmotor_total": 0},
    )  # fmt: skip


def _check(
    scene: Scene, who: str, called: str, type_name: str, about: str, given: dict[str, Any], items: dict[str, Any],
    form: dict[str, Any],
) -> str:  # fmt: skip
    [tablet] = scene.tablets(who)
    add = {word: given.pop(word) for word in ("photos", "remark") if word in given}
    common = {
        "inspector_id": person_id(who), "inspector_role": given.pop("role", None) or PEOPLE[who][1].value,
        "target_id": about, "mode": "routine", "observed_at": scene.moment(), "no_fix_reason": "no_signal",
        "items": items | given.pop("items", {}),
    }  # fmt: skip
    return make(scene, tablet, called, type_name, set=common | form | given, add=add)


def case(scene: Scene, who: str, called: str = "问题", /, **fields: Any) -> str:
    """Let somebody report a problem by itself."""
    [tablet] = scene.tablets(who)
    add = {word: fields.pop(word) for word in ("photos", "remark") if word in fields}
    known = {
        "source": "self", "problem_class": "exposed_garbage", "severity": "minor", "found_at": scene.moment(),
        "description": "暴露垃圾一堆", "functional_unit": "dept_urban",
    }  # fmt: skip
    return make(scene, tablet, called, "case", set=known | fields, add=add)


def opened_by(scene: Scene, who: str, check: str, called: str = "问题") -> Record:
    """Return the one case that a check opened, and call it *called*."""
    [tablet] = scene.tablets(who)
    [found] = tablet.find("case", where={"check_id": check}).records
    scene.called(called, found)
    return found
