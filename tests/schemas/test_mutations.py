"""The mutation as msgspec reads it and as marshmallow defines it are one shape."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from schemas.explain import errors_of_fields, unstorable
from schemas.mutations import Mutation, MutationSchema, decode_mutation
from schemas.wire import encode
from tests.schemas.samples import LI, PHOTO, TREE
from tests.schemas.values import good_members, odd_members

DEFINITION = MutationSchema()
THOROUGH = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def planted(**changes: Any) -> dict[str, Any]:
    """Return what Li's tablet sends when he plants a tree."""
    return {
        "n": 1, "op": "create", "type": "street_tree", "id": TREE, "grid": "210902005003007",
        "at": [1594796400000, 3], "by": LI, "set": {"species": "国槐"},
    } | changes  # fmt: skip


def is_read(value: Any) -> bool:
    """Say whether msgspec reads *value* as a mutation."""
    try:
        decode_mutation(json.dumps(value).encode())
    except (ValueError, RecursionError):
        return False
    return True


@THOROUGH
@given(odd_members(DEFINITION))
def test_msgspec_reads_exactly_what_the_definition_takes(value: dict[str, Any]) -> None:
    if not unstorable(value) and "NaN" not in (text := json.dumps(value)) and "Infinity" not in text:
        assert is_read(value) == (not errors_of_fields(DEFINITION, value, partial=False))


@THOROUGH
@given(good_members(DEFINITION))
def test_a_mutation_is_written_as_it_was_read(value: dict[str, Any]) -> None:
    mutation = decode_mutation(json.dumps(value).encode())
    assert decode_mutation(encode(mutation)) == mutation


@pytest.mark.parametrize("amount", [3, 3.0, 0.5])
def test_a_share_keeps_its_own_way_of_writing_so_that_both_sides_store_the_same_bytes(amount: float) -> None:
    mutation = decode_mutation(json.dumps(planted(share={"water_t": amount})).encode())
    assert encode(mutation.share["water_t"]) == json.dumps(amount).encode()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("n", 0), ("n", 1.0), ("n", True), ("n", 2**53), ("n", None), ("op", "delete"), ("id", TREE.upper()),
        ("id", f"{TREE[:-1]}\n"), ("grid", "2109"), ("grid", "210902\n"), ("at", [1, 65536]), ("at", [1]),
        ("at", [-1, 0]), ("base", -1), ("role", "king"), ("group", [0, 2]), ("share", {"water_t": True}),
        ("share", {"water_t": 10**400}), ("remove", {"photos": [3]}), ("set", {"": 1}), ("set", []),
        ("act", {"reason": "没有名字"}), ("act", {"name": "fell", "evidence": ["near.jpg"]}), ("increment", {}),
    ],
)  # fmt: skip
def test_both_refuse(member: str, value: Any) -> None:
    assert not is_read(planted(**{member: value}))
    assert errors_of_fields(DEFINITION, planted(**{member: value}), partial=False)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("group", None), ("group", [1, 2]), ("role", None), ("role", "grid_worker"), ("act", None),
        ("set", {"new_field": None}), ("add", {"new_set": [None]}), ("grid", "210902"),
        ("act", {"name": "fell", "evidence": [PHOTO], "reason": None}),
    ],
)  # fmt: skip
def test_both_take(member: str, value: Any) -> None:
    assert is_read(planted(**{member: value}))
    assert not errors_of_fields(DEFINITION, planted(**{member: value}), partial=False)


def test_what_is_left_out_is_not_written() -> None:
    mutation = msgspec.convert(planted(), Mutation)
    assert json.loads(encode(mutation)) == planted()
