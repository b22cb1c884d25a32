"""The bodies of a sync: runs of outcomes, and one way of writing a record down."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire import (
    FINAL,
    FeedPage,
    Outcome,
    ServerInfo,
    SyncResponse,
    WireRecord,
    canonical,
    decode_json,
    decode_record,
    decode_request,
    decode_response,
    each,
    encode,
    runs,
)

STREET, DISTRICT = "210902005", "210902"

outcomes = st.lists(
    st.tuples(
        st.sampled_from(["applied", "applied", "applied", "merged", "noop", "held", "rejected"]),
        st.sampled_from([STREET, STREET, DISTRICT, None]),
        st.sampled_from([None, 100, 101, 102, 200]),
        st.sampled_from([None, None, None, [{"field": "name"}]]),
        st.integers(1, 2),
    ),
    max_size=12,
)


def numbered(drawn: list[tuple[Any, ...]]) -> list[Outcome]:
    """Return outcomes with rising numbers, versions often counting up as well."""
    made, n = [], 0
    for what, feed, version, decisions, step in drawn:
        n += step
        made.append(Outcome(n, what, feed=feed, version=version and version + n, decisions=decisions))
    return made


@given(outcomes.map(numbered))
def test_runs_are_taken_apart_into_exactly_what_was_put_together(row: list[Outcome]) -> None:
    before = encode(row)
    packed = runs(row)
    assert list(each(packed)) == row
    assert encode(row) == before
    assert list(each(msgspec.json.decode(encode(packed), type=list[Outcome]))) == row


def test_a_clean_push_of_five_hundred_is_answered_by_one_line() -> None:
    row = [Outcome(n, "applied", feed=STREET, version=1_000 + n) for n in range(1, 501)]
    assert runs(row) == [Outcome(1, "applied", count=500, feed=STREET, version=1_001)]
    assert len(encode(runs(row))) < 100


@pytest.mark.parametrize(
    "second",
    [
        Outcome(3, "applied", feed=STREET, version=11),
        Outcome(2, "merged", feed=STREET, version=11),
        Outcome(2, "applied", feed=DISTRICT, version=11),
        Outcome(2, "applied", feed=STREET, version=12),
        Outcome(2, "applied", feed=STREET),
        Outcome(2, "applied", feed=STREET, version=11, decisions=[{"field": "name"}]),
        Outcome(2, "applied", feed=STREET, version=11, problem={"code": "busy"}),
        Outcome(2, "applied", feed=STREET, version=11, waits_for="0197f3a0"),
    ],
)
def test_what_does_not_simply_count_on_stands_alone(second: Outcome) -> None:
    assert len(runs([Outcome(1, "applied", feed=STREET, version=10), second])) == 2


@pytest.mark.parametrize("outcome", ["applied", "merged", "noop", "conflict", "rejected", "held", "retry"])
def test_only_what_is_settled_may_leave_the_outbox(outcome: str) -> None:
    assert Outcome(1, outcome).final == (outcome in FINAL) == (outcome not in {"held", "retry"})


def test_one_mutation_that_makes_no_sense_does_not_spoil_the_envelope() -> None:
    asked = decode_request(b'{"protocol":1,"install":"a","mutations":[{"n":1},"nonsense",3,null,{"n":2}]}')
    assert [bytes(raw) for raw in asked.mutations] == [b'{"n":1}', b'"nonsense"', b"3", b"null", b'{"n":2}']


@pytest.mark.parametrize(
    "body",
    [
        {}, {"protocol": 1}, {"protocol": "1", "install": "a"}, {"protocol": 1, "install": ""},
        {"protocol": 1, "install": "a", "mutations": [{}] * 501}, {"protocol": 1, "install": "a", "limit": 2001},
        {"protocol": 1, "install": "a", "cursors": {"2109": "x"}}, {"protocol": 1, "install": "a", "now": -1},
        {"protocol": 1, "install": "a", "cursors": {"210902\n": "x"}}, {"protocol": 1.5, "install": "a"},
        {"protocol": 1, "install": "a", "report": {"waiting": "3"}}, [], None, {"protocol": 1, "install": "desk"},
    ],
)  # fmt: skip
def test_an_envelope_out_of_shape_is_refused(body: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_request(json.dumps(body).encode())


def test_an_idle_request_and_its_answer_are_small() -> None:
    answer = SyncResponse(ServerInfo("3f9a", 1_594_796_400_000), feeds={STREET: FeedPage("c" * 60)})
    assert len(encode(answer)) < 220
    assert decode_response(encode(answer)) == answer


members = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.booleans(), max_size=6)


@given(st.data())
def test_equal_records_are_equal_bytes(data: st.DataObject) -> None:
    fields = data.draw(members)
    other = dict(data.draw(st.permutations(list(fields.items()))))
    assert canonical({"a": fields}) == canonical({"a": other})
    assert decode_json(canonical(fields)) == fields


def test_a_record_travels_with_its_fields_untouched() -> None:
    fields = msgspec.Raw(b'{"name":"\\u738b\\u4fee\\u8f66","b":1.50}')
    record = WireRecord("shop", "id", STREET, 12, (1, 2), "li", fields)
    assert bytes(decode_record(encode(record)).fields) == bytes(fields)
