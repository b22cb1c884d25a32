"""The records of a campaign: what each takes, what it refuses, and how two people's words become one."""

from typing import Any

import pytest

from schemas import campaigns, wire
from schemas.activities import missing_photos
from schemas.fold import fold
from schemas.gates import gate_of
from schemas.mutations import Mutation
from schemas.places import CompoundSchema
from schemas.registry import TYPES
from tests.schemas.campaign_samples import ADD, CASE, DAY, SET, SHOP
from tests.schemas.test_registry import judged, walk

PHOTO = "3f" * 32
OTHER = "4f" * 32


@pytest.mark.parametrize("type_name", SET)
def test_one_of_each_is_taken(type_name: str) -> None:
    """What a clerk fills in, and what he adds to lists; fields of a newer version stay."""
    assert judged(type_name, SET[type_name] | {"of_a_newer_version": [1]}) == set()
    gate = gate_of(TYPES[type_name])
    for name, elements in ADD.get(type_name, {}).items():
        assert gate.elements[name].errors_of(elements, name) == {}
        assert gate.elements[name].fits_each(elements)


@pytest.mark.parametrize("type_name", SET)
def test_nothing_required_may_be_missing(type_name: str) -> None:
    """A task without a date, praise without grounds: found in the very field."""
    fields = TYPES[type_name].schema().fields
    for name in [name for name in SET[type_name] if fields[name].required]:
        without = {key: value for key, value in SET[type_name].items() if key != name}
        assert name in judged(type_name, without), name


@pytest.mark.parametrize(
    ("type_name", "change", "where"),
    [
        ("campaign", {"end_on": "2020-07-13"}, "_schema"),
        ("campaign", {"start_on": "2020-02-30"}, "start_on"),
        ("campaign_task", {"unit": "卫健局"}, "unit"),
        ("campaign_task", {"unit": "dept-health"}, "unit"),
        ("campaign_task", {"unit": "2109"}, "unit"),
        ("pledge", {"unit": None}, "_schema"),
        ("pledge", {"kind": "shop_letter"}, "_schema"),
        ("pledge", {"kept": {"kept": False}}, "kept"),
        ("commendation", {"unit": None}, "_schema"),
        ("accountability", {"grounds": ""}, "grounds"),
        ("illegal_structure", {"area_m2": 24.55}, "area_m2"),
        ("illegal_structure", {"status": "sold"}, "status"),
        ("illegal_structure", {"deadlines": {"stop_by": "下周"}}, "deadlines"),
        ("key_place", {"patrol_per_day": 0}, "patrol_per_day"),
        ("compound", {"has_property_mgmt": "有"}, "has_property_mgmt"),
        ("project", {"fund": "lottery"}, "fund"),
        ("unit_report", {"found": -1}, "found"),
    ],
)
def test_what_is_not_well_written(type_name: str, change: dict[str, Any], where: str) -> None:
    assert judged(type_name, SET[type_name] | change) == {where}


def test_a_letter_is_a_shops_and_a_pledge_a_units() -> None:
    letter = SET["pledge"] | {"kind": "shop_letter", "unit": None, "shop_id": SHOP}
    assert judged("pledge", letter) == set()


@pytest.mark.parametrize(
    ("type_name", "field", "rule"),
    [
        ("campaign_task", "due_on", "authority+latest"), ("campaign_task", "status", "escalate"),
        ("campaign_task", "steps", "union"), ("compound", "has_property_mgmt", "authority+person"),
        ("compound", "name", "authority+person"), ("illegal_structure", "status", "authority+person"),
        ("recycling_station", "last_cleared_on", "latest"), ("order", "replies", "append"),
        ("order", "order_no", "derived"), ("instruction", "replies", "append"), ("turnout", "cadre", "share"),
        ("turnout", "signed_in", "union"), ("pledge", "kept", "authority+latest"), ("campaign", "titles", "union"),
        ("standard_item", "evidence", "union"), ("sweep", "units", "union"),
    ],
)  # fmt: skip
def test_how_contests_are_settled(type_name: str, field: str, rule: str) -> None:
    """The office's word where it is the office's; sets are joined; counts are shared; states are a person's."""
    known = TYPES[type_name].rules.of(field)
    inner = getattr(known, "inner", None)
    assert known.name + (f"+{inner.name}" if inner else "") == rule


def test_no_clause_of_a_standard_has_a_place() -> None:
    """Only our own short words are kept of a standard; a number would be taken for the text itself."""
    fields = TYPES["standard_item"].schema().fields
    assert not {name for name in fields if "clause" in name or name in ("code", "number", "article")}


def test_nobody_is_judged_by_a_formula() -> None:
    """Praise and blame follow from no other record, have no derived field, and never lack their grounds."""
    for name in ("commendation", "accountability"):
        kind = TYPES[name]
        assert not kind.has_consequences
        assert "derived" not in {rule.name for rule in kind.rules.fields.values()}
        assert kind.schema().fields["grounds"].required
    brings = {kind.name for kind in TYPES.values() if kind.has_consequences}
    assert brings <= {"street_check", "shop_check", "parking_check", "case"}


def test_every_place_has_both_units_and_its_time() -> None:
    """Territorial and functional responsibility, and validity by dates."""
    for name in ("key_place", "compound", "recycling_station", "illegal_structure"):
        fields = TYPES[name].schema().fields
        assert {"territorial_unit", "functional_unit", "valid_from", "valid_to", "merged_into"} <= fields.keys()


def test_two_names_for_one_gate_are_shown_to_a_person() -> None:
    """Near and alike is worth a question; far away, or called otherwise, is not."""
    likeness = CompoundSchema.likeness
    assert likeness is not None
    one, other = {"name": "新华小区"}, {"name": "新华小区（一期）"}
    assert likeness.alike(one, other, 12) == likeness.alike(other, one, 12) == "near_and_alike"
    assert likeness.alike(one, other, 80) is None
    assert likeness.alike(one, {"name": "红旗家园"}, 12) is None
    assert likeness.alike(one, other, None) is None


@pytest.mark.parametrize(
    ("spots", "photos", "missing"),
    [
        ([], [], [(None, "before"), (None, "after")]),
        ([], [("随便哪里", "before")], [(None, "after")]),
        (["东门"], [("东门", "before"), ("东门", "after")], []),
        (["东门", "西门"], [("东门", "before"), ("西门", "after")], [("东门", "after"), ("西门", "before")]),
        (["东门"], [(None, "before"), (None, "after")], [("东门", "before"), ("东门", "after")]),
        (["东门"], [("东门", "near")], [("东门", "before"), ("东门", "after")]),
    ],
)  # fmt: skip
def test_a_cleaning_day_shows_each_spot_before_and_after(spots: Any, photos: Any, missing: Any) -> None:
    day = {"spots": spots, "photos": [{"sha256": PHOTO, "item": item, "role": role} for item, role in photos]}
    assert [(one["item"], one["role"]) for one in missing_photos(day)] == missing
    assert missing_photos({}) == [{"item": None, "role": "before"}, {"item": None, "role": "after"}]


def test_of_two_versions_of_a_step_the_done_one_shows() -> None:
    """Done beats not done, then the earlier date: the smaller of two elements, as sets are shown."""
    done = {"name": "清理", "due_on": "2020-07-19", "done_on": "2020-07-18"}
    early, late = {"name": "清理", "due_on": "2020-07-17"}, {"name": "清理", "due_on": "2020-07-20"}
    assert sorted([late, early, done], key=wire.canonical) == [done, early, late]
    assert set(campaigns.StepSchema().fields) == {"name", "due_on", "done_on"}


def test_a_turnout_counts_each_hand_once() -> None:
    """Two devices each say how many cadres came: both stand, and one corrected himself."""
    fields: dict[str, Any] = {"activity_id": DAY, "unit": "dept_health"}
    kind = TYPES["turnout"]
    for device, n, amount in (("tablet 1", 1, 5), ("tablet 2", 1, 3), ("tablet 1", 2, 6)):
        said = Mutation(n=n, op="patch", type="turnout", id=DAY, grid="210902005", at=(n, 0), by=CASE, base=0,
                        share={"cadre": amount})  # fmt: skip
        fold(kind, fields, said, device)
    assert sorted(fields["cadre"].values()) == [3, 6]


def test_labels_are_told_apart_within_a_record() -> None:
    """A clerk types a label instead of a field's name: no two fields of one record may share it."""
    for name in SET:
        labels = [field.metadata["label"] for _, field in walk(name, TYPES[name].schema()) if _.count(".") == 1]
        assert len(labels) == len(set(labels)), name
