"""The reference for other languages is current, and takes what the server takes."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from schemas import export
from schemas.gates import gate_of
from schemas.mutations import MutationSchema
from schemas.problems import KINDS
from schemas.records import RecordType
from schemas.registry import TYPES
from schemas.wire import Outcome, ServerInfo, SyncResponse, encode
from tests.schemas.samples import PHOTO, TREES
from tests.schemas.values import good_members

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
FILES = export.files(TYPES)


def judge(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator of *schema*, formats included."""
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def read(path: str) -> dict[str, Any]:
    """Return one generated file."""
    page: dict[str, Any] = json.loads(FILES[path])
    return page


def test_the_reference_is_current() -> None:
    there = {str(path.relative_to(REFERENCE)): path.read_bytes() for path in REFERENCE.rglob("*") if path.is_file()}
    assert there == FILES, "run: make docs"


@pytest.mark.parametrize("kind", [TREES, *TYPES.values()], ids=lambda kind: kind.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_a_form_was_made_for_is_in_its_json_schema(kind: RecordType, data: st.DataObject) -> None:
    gate = gate_of(kind)
    written = data.draw(good_members(gate.settable))
    if gate.fits_create(written) and all(g <= written.keys() or g.isdisjoint(written) for g in gate.groups):
        _judge_of(kind.name).validate({"set": written})


@cache
def _judge_of(name: str) -> Draft202012Validator:
    return judge(export.record_schema(TREES if name == TREES.name else TYPES[name]))


TREE = {"species": "国槐", "health": "good", "observed_at": "2020-07-18T08:15:30+08:00"}


@pytest.mark.parametrize(
    ("parts", "good"),
    [
        ({"set": TREE}, True),
        ({"set": TREE | {"plaque_on": None, "sap_flow": {"new": 1}}}, True),
        ({"set": TREE, "add": {"photos": [{"sha256": PHOTO, "slot": "near"}], "remarks": ["已浇水"]}}, True),
        ({"set": TREE, "share": {"water_t": 3}}, True),
        ({}, False),
        ({"set": TREE | {"health": "fine"}}, False),
        ({"set": TREE | {"species": None}}, False),
        ({"set": TREE | {"planted_on": "2021-02-30"}}, False),
        ({"set": TREE | {"girth_cm": 3.5}}, False),
        ({"set": TREE | {"lat": 42.0}}, False),
        ({"set": TREE | {"value": 3}}, False),
        ({"set": TREE | {"photos": []}}, False),
        ({"set": TREE, "add": {"photos": [{"slot": "near"}]}}, False),
        ({"set": TREE, "add": {"species": ["国槐"]}}, False),
        ({"set": TREE, "share": {"water_t": 10}}, False),
        ({"set": TREE | {"items": {"Z1": 1}}}, False),
        ({"set": TREE | {"owner": {}}}, False),
    ],
)
def test_a_tree_by_its_json_schema(parts: dict[str, Any], good: bool) -> None:
    assert _judge_of(TREES.name).is_valid(parts) == good


MUTATION = judge(read("mutation.schema.json"))


@given(good_members(MutationSchema()))
def test_mutations_are_in_the_json_schema_of_mutations(value: dict[str, Any]) -> None:
    MUTATION.validate(value)


def test_requests_and_answers_are_in_theirs() -> None:
    request = {"protocol": 1, "install": "a", "mutations": [{"n": 1}], "cursors": {"210902005": "c"}}
    judge(read("sync_request.schema.json")).validate(request)
    assert not judge(read("sync_request.schema.json")).is_valid(request | {"cursors": {"2109": "c"}})
    answer = SyncResponse(ServerInfo("3f9a", 1), outcomes=[Outcome(1, "applied", count=3, version=7)])
    judge(read("sync_response.schema.json")).validate(json.loads(encode(answer)))


def test_every_field_says_how_a_contest_over_it_is_settled() -> None:
    rules = read("rules.json")
    for kind in TYPES.values():
        stored = read(f"records/{kind.name}.schema.json")["$defs"]["fields"]["properties"]
        for name in kind.schema().fields:
            assert stored[name]["x-gridward-rule"] == rules[kind.name][name]
            assert stored[name]["title"], f"{kind.name}.{name} has no Chinese label"


def test_a_rule_over_another_shows_what_it_stands_on() -> None:
    species = export.rules_of(TREES)["species"]
    assert species["name"] == "authority"
    assert species["params"]["inner"]["name"] == "person"
    assert species["params"]["inner"]["params"] == {"window_ms": 86_400_000, "settler": 3}
    assert export.rules_of(TREES)["lat+lng"]["params"]["fields"] == ("lat", "lng")


def test_every_problem_is_there_in_both_languages() -> None:
    told = read("problems.json")
    assert told.keys() == KINDS.keys()
    assert all(kind["zh"] and kind["en"] and kind["status"] for kind in told.values())
