"""What every record type owes: a rule and a label for each field, and a way in."""

import re
from typing import Any

import pytest
from marshmallow import fields

from schemas import directory
from schemas.checks.page import FORMS
from schemas.fields import Phone
from schemas.gates import gate_of
from schemas.records import Fields, RecordType
from schemas.registry import TYPES
from tests.schemas.checks_made import clean

KINDS = sorted(TYPES.values(), key=lambda kind: kind.name)
HAN = re.compile("[\u4e00-\u9fff]")


def test_the_types_there_are() -> None:
    """The words on the wire."""
    assert {kind.name for kind in KINDS} == {
        *("street_check", "shop_check", "parking_check", "street_segment", "shop", "parking_area"),
        *("case", "area", "person", "cleaning_day", "turnout"),
        *("campaign", "milestone", "campaign_task", "pledge", "standard_item", "commendation", "accountability"),
        *("key_place", "compound", "recycling_station", "illegal_structure", "unit", "dispatch_rule", "holding"),
        *("order", "instruction", "sweep", "joint_action", "unit_report", "project"),
        *("notice", "rank_list", "day_report"),
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_says_how_it_is_settled_and_what_it_is_called(kind: RecordType) -> None:
    """Labels are Chinese all the way down into the parts."""
    schema = kind.schema()
    assert HAN.search(kind.title_zh)
    for name, field in schema.fields.items():
        assert field.metadata["rule"] is kind.rules.fields[name]
    assert [path for path, field in walk(kind.name, schema) if not HAN.search(field.metadata.get("label", ""))] == []


def walk(path: str, schema: Any) -> Any:
    """Yield every field of *schema* and of the parts inside, with its path."""
    for name, field in schema.fields.items():
        yield f"{path}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from walk(f"{path}.{name}", inner.schema)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_type_names_fields_it_has(kind: RecordType) -> None:
    """What lists sort by, what checks rely on, what tells two entries apart."""
    schema = kind.schema
    members = schema().fields.keys()
    named = {schema.subject_field, schema.time_field, schema.status_field} - {None}
    assert named | schema.reads.keys() | set(schema.unique.key if schema.unique else ()) <= members
    subjects = {"street_check": "street_segment", "shop_check": "shop", "parking_check": "parking_area"}
    if kind.name in subjects:
        assert set(schema.reads.values()) <= TYPES[subjects[kind.name]].schema().fields.keys()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.version)
def test_a_check_with_everything_touched_is_taken(form: Any) -> None:
    """On both paths alike."""
    assert judged(form.type, clean(form)) == set()
    draft = clean(form, target_draft={"name": "新开的店"})
    del draft["target_id"]
    assert judged(form.type, draft) == set()


POSITION = {"lat": 42.02, "lon": 121.67, "crs": "wgs84", "accuracy_m": 12}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.version)
@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"position": POSITION}, "_schema"),
        ({"no_fix_reason": None}, "_schema"),
        ({"target_draft": {"name": "新开的店"}}, "_schema"),
        ({"target_id": None}, "_schema"),
        ({"form_version": "none-1"}, "form_version"),
        ({"observed_at": "2020-02-30T08:00:00+08:00"}, "observed_at"),
        ({"items": {}}, "items"),
        ({"inspector_role": "mayor"}, "inspector_role"),
        ({"notes": {"Z1": None, "C1": {"remark": "字" * 61}, "H1": {"remark": "字" * 61}}}, "notes"),
    ],
)
def test_a_check_that_is_not_whole_is_refused(form: Any, change: Fields, where: str) -> None:
    """One of two, never both; every item of its form."""
    assert judged(form.type, clean(form) | change) == {where}


def test_a_place_instead_of_a_reason() -> None:
    """A position is taken as measured, in the system it was measured in."""
    check = clean(FORMS[0], position=POSITION)
    del check["no_fix_reason"]
    assert judged("street_check", check) == set()
    assert judged("street_check", check | {"position": POSITION | {"crs": None}}) == {"position"}


def judged(type_name: str, made: Fields) -> set[str]:
    """Return where marshmallow finds fault, having made sure that the fast path says the same."""
    gate = gate_of(TYPES[type_name])
    faults = gate.settable.validate(made)
    assert gate.fits_create(made) is (not faults)
    return set(map(str, faults))


SHOP = {"name": "老王修车", "category": "repair"}


@pytest.mark.parametrize(
    ("type_name", "made"),
    [
        ("shop", SHOP | {"uscc": "91210902MA0XYZ123K", "operator_phone": "0418-3309188", "code": "HB-0017"}),
        ("street_segment", {"name": "解放大街", "kind": "arterial", "road_grade": 1, "width_m": 24.5}),
        ("parking_area", {"name": "站前停车场", "kind": "off_street", "motor_capacity": 120}),
        ("area", {"code": "210902005", "name": "河北街道", "level": "street", "parent": "210902"}),
        ("person", {"name": "单晓红", "name_pinyin": "shan xiaohong", "title": "网格员", "role": "grid_worker"}),
        ("case", {"source": "public", "problem_class": "piling", "severity": "minor",
                  "found_at": "2020-07-18T09:00:00+08:00", "description": "楼道堆物"}),
    ],
)  # fmt: skip
def test_plain_records_are_taken(type_name: str, made: Fields) -> None:
    """One of each kind, as an office would write it; fields of a newer version stay."""
    assert judged(type_name, made | {"of_a_newer_version": [1]}) == set()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"uscc": "9121"}, "uscc"),
        ({"uscc": "91210902ma0xyz123k"}, "uscc"),
        ({"operator_phone": "12345678901"}, "operator_phone"),
        ({"status": "sold"}, "status"),
        ({"name": ""}, "name"),
        ({"letter_signed_on": "2020-02-30"}, "letter_signed_on"),
        ({"territorial_unit": "2109020"}, "territorial_unit"),
        ({"segment_id": "no id"}, "segment_id"),
    ],
)
def test_a_shop_that_is_not_well_written(change: Fields, where: str) -> None:
    """Each fault is found in its field."""
    assert judged("shop", SHOP | change) == {where}


@pytest.mark.parametrize(
    ("typed", "good"),
    [
        ("13841812345", True), ("138 4181 2345", True), ("138-4181-2345", True), ("+8613841812345", True),
        ("+86 138 4181 2345", True), ("8613841812345", True), ("008613841812345", True), ("0418-3309188", True),
        ("04183309188", True), ("(0418)3309188", True), ("024-22334455-801", True), ("010 6553 1234", True),
        ("+86-418-3309188", True), ("3309188", False), ("12841812345", False), ("1384181234", False),
        ("138418123456", False), ("13841812345 ", False), ("１３８４１８１２３４５", False), ("0418-33o9188", False),
        ("13841812345\n", False), ("", False),
    ],
)  # fmt: skip
def test_telephone_numbers(typed: str, good: bool) -> None:
    """Kept as typed, if it is one at all."""
    assert judged("shop", SHOP | {"operator_phone": typed}) == (set() if good else {"operator_phone"})
    if good:
        assert Phone().deserialize(typed) == typed


def test_nobody_carries_telephones_about() -> None:
    """What every tablet holds of a person has no number in it, and of a vehicle no plate."""
    everything = {path for kind in KINDS for path, _ in walk(kind.name, kind.schema())}
    assert {path for path in everything if "phone" in path} == {"shop.operator_phone"}
    assert not {path for path in everything if "plate_no" in path or "id_number" in path}


def test_an_area_has_the_id_its_code_gives_it() -> None:
    """Two devices that add one street office add the same record."""
    assert directory.area_id("210902005") == directory.area_id("210902005")
    assert directory.area_id("210902005") != directory.area_id("210902006")


@pytest.mark.parametrize(
    ("type_name", "field", "rule"),
    [
        ("shop", "name", "authority+person"), ("shop", "status", "authority+person"),
        ("shop", "operator_phone", "authority+latest"), ("shop", "photos", "union"), ("shop", "remark", "append"),
        ("street_segment", "road_grade", "authority+latest"), ("parking_area", "name", "authority+person"),
        ("shop_check", "observed_at", "first"), ("shop_check", "target_id", "first"), ("shop_check", "items", "latest"),
        ("shop_check", "score", "derived"), ("shop_check", "score_revision", "authority+latest"),
        ("case", "status", "workflow"), ("case", "severity", "escalate"), ("case", "photos", "union"),
    ],
)  # fmt: skip
def test_how_contests_are_settled(type_name: str, field: str, rule: str) -> None:
    """The rules that people were promised."""
    known = TYPES[type_name].rules.of(field)
    inner = getattr(known, "inner", None)
    assert known.name + (f"+{inner.name}" if inner else "") == rule
