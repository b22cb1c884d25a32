"""What may come in: Li's tablet writes about a tree, and every mistake is named in both languages."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import upcasts, validation
from schemas.explain import errors_of_fields, errors_of_value
from schemas.gates import gate_of
from schemas.mutations import MAX_MUTATION_BYTES, Mutation
from schemas.problems import Refusal
from schemas.records import TYPES
from tests.schemas.samples import LI, PHOTO, TREE, TREES
from tests.schemas.values import odd, odd_members

SPECIES = {"species": "国槐", "health": "good", "observed_at": "2020-07-18T08:15:30+08:00"}


@pytest.fixture(autouse=True)
def _trees_are_known() -> Iterator[None]:
    TYPES[TREES.name] = TREES
    yield
    del TYPES[TREES.name]


def written(op: str = "patch", **parts: Any) -> bytes:
    """Return the JSON of a mutation by Li about the tree."""
    mutation = {
        "n": 7, "op": op, "type": "street_tree", "id": TREE, "grid": "210902005003007",
        "at": [1594796400000, 3], "by": LI, "schema": 2,
    } | parts  # fmt: skip
    return json.dumps(mutation).encode()


def refusal_of(raw: bytes) -> Refusal:
    """Return the refusal that *raw* meets."""
    with pytest.raises(Refusal) as refused:
        validation.validate(raw)
    return refused.value


def test_a_tree_is_planted() -> None:
    photo = {"sha256": PHOTO, "slot": "near", "lens": "a newer tablet's word"}
    raw = written("create", set=SPECIES | {"lat": 42.0, "lng": 121.6, "sap_flow": 3}, add={"photos": [photo]})
    mutation, kind = validation.validate(raw)
    assert kind is TREES
    assert mutation.set["sap_flow"] == 3
    assert mutation.add == {"photos": [photo]}


def test_what_is_written_here_is_what_is_taken_there() -> None:
    mutation, _ = validation.validate(written(set={"girth_cm": 31}, add={"remarks": ["已浇水"]}))
    assert validation.validate(validation.write_mutation(mutation))[0] == mutation


@pytest.mark.parametrize("value", ["\x00", "\ud800", float("nan"), 61, True])
def test_a_tablet_hears_of_a_mistake_before_anything_is_kept(value: Any) -> None:
    mutation = msgspec.convert(json.loads(written()), Mutation)
    height = msgspec.structs.replace(mutation, set={"height_m": value})
    with pytest.raises(Refusal) as refused:
        validation.write_mutation(height)
    assert refused.value.errors is not None
    assert refused.value.errors.keys() == {"height_m"}


@pytest.mark.parametrize(
    ("op", "parts", "code", "paths"),
    [
        ("create", {"set": SPECIES, "base": 3}, "malformed_mutation", {"base"}),
        ("create", {"set": SPECIES, "remove": {"birds": ["喜鹊"]}}, "malformed_mutation", {"remove"}),
        ("create", {"set": {"species": "国槐"}}, "invalid_fields", {"health", "observed_at"}),
        ("create", {"set": SPECIES | {"plaque_on": None}}, None, set()),
        ("patch", {"set": {"species": None}}, "invalid_fields", {"species"}),
        ("patch", {"set": {"items": {"A1": 6, "B9": 1}}}, "invalid_fields", {"items.A1", "items.B9"}),
        ("patch", {"set": {"owner": {"since": "2020-02-30"}}}, "invalid_fields", {"owner.name", "owner.since"}),
        ("patch", {"set": {"pruned_on": ["2020-02-03", "now"]}}, "invalid_fields", {"pruned_on.1"}),
        ("patch", {"set": {"height_m": 3.14}}, "invalid_fields", {"height_m"}),
        ("patch", {"set": {"plaque_no": "T\u0661\u0662"}}, "invalid_fields", {"plaque_no"}),
        ("patch", {"set": {"value": 3}}, "field_is_derived", None),
        ("patch", {"share": {"value": 3}}, "field_is_derived", None),
        ("patch", {"set": {"photos": []}}, "wrong_verb", None),
        ("patch", {"set": {"state": "felled"}}, "wrong_verb", None),
        ("patch", {"set": {"lat+lng": {}}}, "wrong_verb", None),
        ("patch", {"add": {"species": ["国槐"]}}, "wrong_verb", None),
        ("patch", {"add": {"sap_flow": [1]}}, "wrong_verb", None),
        ("patch", {"remove": {"remarks": ["已浇水"]}}, "wrong_verb", None),
        ("patch", {"share": {"girth_cm": 3}}, "wrong_verb", None),
        ("patch", {"set": {"lat": 42.0}}, "together_incomplete", None),
        ("patch", {"add": {"photos": [{"slot": "near"}]}}, "invalid_fields", {"photos.0.sha256"}),
        ("patch", {"add": {"birds": ["喜鹊", ""]}}, "invalid_fields", {"birds.1"}),
        ("patch", {"add": {"birds": ["喜鹊"] * 6}}, "invalid_fields", {"birds"}),
        ("patch", {"add": {"remarks": [{"text": "已浇水"}]}}, "invalid_fields", {"remarks.0"}),
        ("patch", {"add": {"remarks": ["浇" * 21]}}, "invalid_fields", {"remarks.0"}),
        ("patch", {"remove": {"photos": ["near.jpg"]}}, "invalid_fields", {"photos.0"}),
        ("patch", {"remove": {"photos": [PHOTO]}}, None, set()),
        ("patch", {"share": {"water_t": 9.5}}, "invalid_fields", {"water_t"}),
        ("patch", {"share": {"water_t": 9}}, None, set()),
        ("patch", {"act": {"name": "fell"}}, "malformed_mutation", {"act"}),
        ("act", {}, "malformed_mutation", {"act"}),
        ("act", {"act": {"name": "fell"}}, None, set()),
        ("act", {"act": {"name": "fell"}, "set": {"girth_cm": 3}}, "malformed_mutation", {"set"}),
        ("void", {}, None, set()),
        ("void", {"act": {"name": "fell"}}, "malformed_mutation", {"act"}),
        ("patch", {"type": "lamp"}, "unknown_type", None),
        ("patch", {"set": {"species": "\x00"}}, "invalid_fields", {"species"}),
        ("patch", {"set": {"new": {"deep": ["\ud800"]}}}, "invalid_fields", {"new.deep.0"}),
        ("patch", {"set": {"species": "\ud800"}}, "invalid_fields", {"species"}),
        ("patch", {"set": {"new\x00": 1}}, "invalid_fields", {"new\ufffd"}),
        ("patch", {"set": {"species": "\\u0000"}}, None, set()),
        ("act", {"act": {"name": "fell", "reason": "\x00"}}, "malformed_mutation", {"act.reason"}),
        ("patch", {"by": "李"}, "malformed_mutation", {"by"}),
        ("patch", {"at": [1, 70000]}, "malformed_mutation", {"at.1"}),
        ("fell", {}, "malformed_mutation", {"op"}),
    ],
)  # fmt: skip
def test_what_may_be_written(op: str, parts: dict[str, Any], code: str | None, paths: set[str] | None) -> None:
    if code is None:
        validation.validate(written(op, **parts))
        return
    refused = refusal_of(written(op, **parts))
    assert refused.code == code
    assert (None if refused.errors is None else set(refused.errors)) == paths
    for found in (refused.errors or {}).values():
        assert all(error["code"] and error["zh"] and error["en"] for error in found)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff", b'{"n": NaN}', b'{"n": 1e400}', b'{"n":' + b"9" * 5_000 + b"}",
        b"[" * 30_000 + b"]" * 30_000, b'{"n":7,"set":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, b'{"a\x00":1}',
        written(set={"new": 1e99}).replace(b"1e+99", b"1e999"),
    ],
)  # fmt: skip
def test_what_is_no_json_we_could_keep_is_refused_and_never_breaks_anything(raw: bytes) -> None:
    assert refusal_of(raw).code == "malformed_mutation"
    validation.peek_number(raw)


def test_a_pit_of_lists_is_refused_at_the_same_depth_wherever_it_is_read() -> None:
    def nested(levels: int) -> Any:
        return [nested(levels - 1)] if levels else 0

    validation.validate(written(set={"new": nested(validation.MAX_DEPTH - 2)}))
    assert refusal_of(written(set={"new": nested(validation.MAX_DEPTH - 1)})).code == "malformed_mutation"
    validation.validate(written(set={"new": [[]] * 200}))


def test_a_mutation_may_be_large_but_not_larger_than_allowed() -> None:
    room = MAX_MUTATION_BYTES - len(written(set={"new": ""}))
    validation.validate(written(set={"new": "x" * room}))
    assert refusal_of(written(set={"new": "x" * (room + 1)})).code == "record_too_large"


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (written(), 7),
        (written(type=3), 7),
        (written(set={"new": "\ud800"}), 7),
        (b'{"op":"patch","set":{"n":3,"new":"\\ud800"},"n":7}', 7),
        (b'{"n":7,"set":' + b"[" * 9_000, 7),
        (b'{ "n" : 7 , broken', 7),
        (b'{"n":7.5,"x":"\\ud800"}', None),
        (b'{"n":7', 7),
        (b'{"n":"7"}', None),
        (b'{"n":0}', None),
        (b'{"n":true}', None),
        (b'{"n":9999999999999999}', None),
        (b'{"set":{"n":7}}', None),
        (b"[7]", None),
        (b"", None),
    ],
)
def test_the_number_is_found_if_it_can_be(raw: bytes, number: int | None) -> None:
    assert validation.peek_number(raw) == number
    if raw:
        assert validation.peek_number(msgspec.Raw(raw)) == number


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_break_reading(raw: bytes) -> None:
    validation.peek_number(raw)
    assert refusal_of(raw).code == "malformed_mutation"


def test_what_an_old_tablet_wrote_is_read_in_todays_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    def girth_in_centimetres(fields: dict[str, Any]) -> dict[str, Any]:
        return {"girth_cm": fields.pop("girth_mm") // 10} | fields if "girth_mm" in fields else fields

    monkeypatch.setitem(upcasts.STEPS, ("street_tree", 1), girth_in_centimetres)
    mutation, _ = validation.validate(written(set={"girth_mm": 310}, schema=1))
    assert (mutation.set, mutation.schema) == ({"girth_cm": 31}, 2)
    newer, _ = validation.validate(written(set={"girth_mm": 310}, schema=3))
    assert (newer.set, newer.schema) == ({"girth_mm": 310}, 3)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutation_is_refused_exactly_when_the_definitions_say_so(data: st.DataObject) -> None:
    gate = gate_of(TREES)
    op = data.draw(st.sampled_from(["create", "patch"]))
    fields = data.draw(odd_members(gate.settable))
    photos = data.draw(st.lists(odd(gate.elements["photos"].field), max_size=2))
    raw = written(op, set=fields, add={"photos": photos})
    definitely_wrong = errors_of_fields(gate.settable, fields, partial=op == "patch")
    for photo in photos:
        definitely_wrong |= errors_of_value(gate.elements["photos"].field, photo)
    refused = _refusal_or_none(raw)
    if refused is None:
        assert not definitely_wrong
    elif refused.code == "invalid_fields":
        assert definitely_wrong or "exact" in str(refused.errors)
    else:  # a name no field may have, a value JSON has not, or half a position
        others = {"malformed_mutation", "together_incomplete", "wrong_verb", "field_is_derived"}
        assert refused.code in others


def _refusal_or_none(raw: bytes) -> Refusal | None:
    try:
        validation.validate(raw)
    except Refusal as refused:
        return refused
    return None
