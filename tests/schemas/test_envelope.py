"""The envelope of a push: both ways of reading agree, and one spoilt mutation spoils nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given

from schemas import envelope, validation
from schemas.explain import errors_of_fields, unstorable
from schemas.problems import Refusal
from schemas.wire import decode_request
from tests.schemas.values import odd_members

DEFINITION = envelope.SyncRequestSchema()


def refusal_of(body: bytes) -> Refusal:
    """Return the refusal that *body* meets."""
    with pytest.raises(Refusal) as refused:
        envelope.read_request(body)
    return refused.value


@given(odd_members(DEFINITION))
def test_msgspec_reads_exactly_what_the_definition_takes(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    if unstorable(value) or "NaN" in text or "Infinity" in text:
        return
    try:
        decode_request(text.encode())
        read = True
    except ValueError:
        read = False
    assert read == (not errors_of_fields(DEFINITION, value, partial=False))


def test_a_lone_surrogate_in_one_mutation_is_that_mutations_fault_alone() -> None:
    good, spoilt = {"n": 1}, {"n": 2, "set": {"name": "\ud800"}}
    body = json.dumps({"protocol": 1, "install": "a", "now": 5, "mutations": [good, spoilt]}).encode()
    asked = envelope.read_request(body)
    assert [json.loads(bytes(raw)) for raw in asked.mutations] == [good, spoilt]
    assert (asked.protocol, asked.install, asked.now) == (1, "a", 5)
    assert [validation.peek_number(raw) for raw in asked.mutations] == [1, 2]


@pytest.mark.parametrize(
    ("envelope_", "paths"),
    [
        ({}, {"protocol", "install"}),
        ({"protocol": 1, "install": "\x00"}, {"install"}),
        ({"protocol": 1, "install": "\ud800"}, {"install"}),
        ({"protocol": 1, "install": "a", "report": {"app": "\x00"}}, {"report.app"}),
        ({"protocol": 1, "install": "a", "cursors": {"210902005\n": "x"}}, {"cursors.210902005\n"}),
        ({"protocol": 1, "install": "a", "limit": 2_001, "now": True}, {"limit", "now"}),
        ({"protocol": 1, "install": "a", "mutations": [{}] * 501}, {"mutations"}),
    ],
)
def test_what_is_wrong_with_an_envelope_is_named(envelope_: dict[str, Any], paths: set[str]) -> None:
    refused = refusal_of(json.dumps(envelope_).encode())
    assert refused.code == "invalid_request"
    assert refused.errors is not None
    assert refused.errors.keys() == paths


def test_nul_inside_a_mutation_is_not_the_envelopes_fault() -> None:
    body = json.dumps({"protocol": 1, "install": "a", "mutations": [{"n": 1, "x": "\x00"}]}).encode()
    assert len(envelope.read_request(body).mutations) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[" * 90_000, b'{"protocol":NaN}', b"\xff"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert refusal_of(body).code == "malformed_body"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"3"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert refusal_of(body).code in {"invalid_request", "malformed_body"}
