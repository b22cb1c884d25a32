"""The fast path and the definition give the same answer, whatever is sent."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import INCLUDE, Schema, fields, validate

import schemas.registry  # noqa: F401  # fills TYPES
from schemas.derived import NotDerivable, type_of
from schemas.explain import errors_of_fields, errors_of_value, unstorable
from schemas.fields import Choice, Day, Many, Part, Text, Whole
from schemas.gates import gate_of
from schemas.records import TYPES, RecordSchema, RecordType, describe
from schemas.rules import LATEST, settled_by, union
from tests.schemas.samples import TREES, OwnerSchema
from tests.schemas.values import good, good_members, odd, odd_members

KINDS = [TREES, *TYPES.values()]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
THOROUGH = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@EVERY_KIND
@THOROUGH
@given(data=st.data())
def test_a_record_fits_the_fast_path_exactly_when_it_fits_the_definition(kind: RecordType, data: st.DataObject) -> None:
    gate = gate_of(kind)
    fields_ = data.draw(odd_members(gate.settable))
    # Text that cannot be stored never gets here: reading refuses it, known field or not.
    if not unstorable(fields_):
        assert gate.fits_create(fields_) == (not errors_of_fields(gate.settable, fields_, partial=False))
        assert gate.fits_patch(fields_) == (not errors_of_fields(gate.settable, fields_, partial=True))


@EVERY_KIND
@THOROUGH
@given(data=st.data())
def test_an_entry_fits_the_fast_path_exactly_when_it_fits_the_definition(kind: RecordType, data: st.DataObject) -> None:
    gate = gate_of(kind)
    entries = [*gate.elements.values(), *gate.shares.values()]
    if not entries:
        return
    entry = data.draw(st.sampled_from(entries))
    value = data.draw(odd(entry.field) | good(entry.field))
    if not unstorable(value):
        assert entry.fits_each([value]) == (not errors_of_value(entry.field, value))


@THOROUGH
@given(st.data())
def test_what_a_tree_was_made_for_is_taken(data: st.DataObject) -> None:
    gate = gate_of(TREES)
    tree = data.draw(good_members(gate.settable))
    assert gate.fits_patch(tree)


def test_a_plaque_must_not_be_older_than_the_tree_but_a_patch_may_bring_it_alone() -> None:
    gate = gate_of(TREES)
    tree = {"species": "国槐", "health": "good", "observed_at": "2020-07-18T08:15:30+08:00"}
    late = tree | {"planted_on": "2020-03-12", "plaque_on": "2019-03-12"}
    assert gate.fits_create(tree | {"planted_on": "2020-03-12", "plaque_on": "2021-03-12"})
    assert not gate.fits_create(late)
    assert gate.fits_patch({"plaque_on": "2019-03-12"})
    errors = errors_of_fields(gate.settable, late, partial=False)
    assert errors == {"record": [{"code": "exact", "zh": "挂牌早于种植", "en": "has a plaque older than the tree"}]}


def test_a_part_must_be_whole_even_in_a_patch() -> None:
    gate = gate_of(TREES)
    assert gate.fits_patch({"owner": {"name": "园林处"}})
    assert not gate.fits_patch({"owner": {"since": "2020-03-12"}})
    assert errors_of_fields(gate.settable, {"owner": {}}, partial=True).keys() == {"owner.name"}


def test_what_the_fast_path_does_not_know_is_taken_unread() -> None:
    gate = gate_of(TREES)
    assert gate.fits_patch({"sap_flow": {"deeply": ["new"]}, "owner": {"name": "园林处", "phone": 3}})


def _checked_by_a_stranger() -> Whole:
    field = Whole(0, 5)
    field.validators.append(validate.Equal(3))
    return field


STRANGE: dict[str, fields.Field[Any]] = {
    "lenient text": fields.String(),
    "lenient number": fields.Integer(),
    "a default": Text(1, 5, load_default="x"),
    "another name in JSON": Whole(0, 5, data_key="other"),
    "a part that drops what it does not know": Part(type("Closed", (Schema,), {"name": Text(1, 5)})),
    "a list in disguise": Part(OwnerSchema, many=True),
    "a check of marshmallow's own": _checked_by_a_stranger(),
}


@pytest.mark.parametrize("field", STRANGE.values(), ids=STRANGE)
def test_a_field_the_fast_path_cannot_follow_is_refused_while_importing(field: fields.Field[Any]) -> None:
    with pytest.raises(NotDerivable):
        type_of(field)


def test_elements_of_a_set_must_bring_the_name_they_are_told_apart_by() -> None:
    class Box(Schema):
        class Meta:
            unknown = INCLUDE

        code = Choice(("a", "b"))

    class Boxes(RecordSchema):
        type_name = "boxes"
        boxes = Many(Part(Box), 5, metadata=settled_by(union("code")))

    class Days(RecordSchema):
        type_name = "days"
        days = Day(metadata=settled_by(union()))

    class Fine(RecordSchema):
        type_name = "fine"
        days = Many(Day(), 3, metadata=settled_by(LATEST))

    assert gate_of(describe(Fine)).fits_patch({"days": ["2020-07-18"]})
    for schema in (Boxes, Days):
        with pytest.raises(NotDerivable):
            gate_of(describe(schema))


def test_errors_can_be_told_whatever_the_value_holds() -> None:
    errors = unstorable({"a\x00": "\ud800", "list": ["fine", "\x00"]})
    assert errors.keys() == {"a�", "list.1"}
    json.dumps(errors, ensure_ascii=False).encode()
