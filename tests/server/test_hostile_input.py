"""
One mutation that is not as it should be, between two that are: the two are taken, the one is kept word for word.

Each is pushed three times, as a tablet does that lost the answer: the answer stays the same, and what
was refused lies in quarantine once.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.ids import derived_id
from schemas.mutations import MAX_MS, MAX_N
from schemas.wire import Outcome
from tests.postgres import LocalPostgres
from tests.server.office import ELSEWHERE, GRID_7, GRID_8, Office, RawDevice, open_office, person_id

SHOP = {"name": "老王修车", "category": "repair"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for the whole table; every case is another device with records of its own."""
    path: Path = tmp_path_factory.mktemp("office") / "gridward.db"
    url = f"sqlite:///{path}"
    if request.param == "postgres":
        postgres: LocalPostgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    opened = open_office(url)
    yield opened
    opened.store.engine.dispose()


def shop_id(device: RawDevice, number: int) -> str:
    return derived_id("hostile-shop", device.id, str(number))


def plain(device: RawDevice, number: int) -> dict[str, Any]:
    """Return a good creation of a shop, as an object, under the device's next number."""
    raw = device.mutation("create", "shop", shop_id(device, number), set=dict(SHOP))
    body: dict[str, Any] = msgspec.json.decode(raw)
    return body


def but(**changes: Any) -> Callable[[RawDevice], bytes]:
    """Return a maker of a good creation with members changed; None leaves one out."""

    def make(device: RawDevice) -> bytes:
        return msgspec.json.encode({k: v for k, v in (plain(device, 2) | changes).items() if v is not None})

    return make


def holding(**changes: Any) -> Callable[[RawDevice], bytes]:
    """Return a maker of a creation with fields changed."""
    return but(set=SHOP | changes)


def spelled(before: str, after: str) -> Callable[[RawDevice], bytes]:
    """Return a maker of a creation with *before* replaced in its text: for what no encoder writes."""

    def make(device: RawDevice) -> bytes:
        text = msgspec.json.encode(plain(device, 2)).decode()
        assert before in text
        return text.replace(before, after).encode()

    return make


def changing(op: str, **parts: Any) -> Callable[[RawDevice], bytes]:
    """Return a maker of a mutation of the first of the two good shops."""
    return lambda device: device.mutation(op, "shop", shop_id(device, 1), **parts)


def bare(text: str) -> Callable[[RawDevice], bytes]:
    """Return a maker of JSON that is no mutation at all; it has no number."""
    return lambda _: text.encode()


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


NAME = '"name":"老王修车"'
REFUSED: dict[str, tuple[Callable[[RawDevice], bytes], str]] = {
    # -- no mutation
    "null": (bare("null"), "malformed_mutation"),
    "a list": (bare("[1]"), "malformed_mutation"),
    "a text": (bare('"create"'), "malformed_mutation"),
    "an empty object": (bare("{}"), "malformed_mutation"),
    "number 0": (but(n=0), "malformed_mutation"),
    "number -1": (but(n=-1), "malformed_mutation"),
    "number as text": (but(n="2"), "malformed_mutation"),
    "number and a half": (but(n=1.5), "malformed_mutation"),
    "number past all": (but(n=MAX_N + 1), "malformed_mutation"),
    "no operation": (but(op=None), "malformed_mutation"),
    "an unknown operation": (but(op="delete"), "malformed_mutation"),
    "no type": (but(type=None), "malformed_mutation"),
    "a type of 41 letters": (but(type="x" * 41), "malformed_mutation"),
    "an id that is a number": (but(id=7), "malformed_mutation"),
    "an id in capitals": (but(id="0197F3A0-0000-7000-8000-0000000000A1"), "malformed_mutation"),
    "an id with a line end": (but(id="0197f3a0-0000-7000-8000-0000000000a\n"), "malformed_mutation"),
    "an id with NUL": (but(id="0197f3a0-0000-7000-8000-0000000000a\0"), "malformed_mutation"),
    "a code of 7 digits": (but(grid="2109020"), "malformed_mutation"),
    "a code of other digits": (but(grid="２１０９０２"), "malformed_mutation"),
    "a city's code": (but(grid="2109"), "malformed_mutation"),
    "a stamp without counter": (but(at=[1]), "malformed_mutation"),
    "a stamp below time": (but(at=[-1, 0]), "malformed_mutation"),
    "a stamp past time": (but(at=[MAX_MS + 1, 0]), "malformed_mutation"),
    "a counter past all": (but(at=[1, 65536]), "malformed_mutation"),
    "a person without name": (but(by=""), "malformed_mutation"),
    "an unknown role": (but(role="emperor"), "malformed_mutation"),
    "an unknown member": (but(colour="red"), "malformed_mutation"),
    "a member with a lone surrogate": (spelled('"op"', '"\\udc00":1,"op"'), "malformed_mutation"),
    "fields as a list": (but(set=[1]), "malformed_mutation"),
    "a field without name": (holding(**{"": 1}), "malformed_mutation"),
    "a field with a long name": (holding(**{"x" * 81: 1}), "malformed_mutation"),
    "a share of nothing": (but(share={"waste": "much"}), "malformed_mutation"),
    "nested too deep": (spelled(NAME, f'{NAME},"new":{nested(40)}'), "malformed_mutation"),
    "a number beyond all": (spelled(NAME, f'{NAME},"new":1e999'), "malformed_mutation"),
    "a number of 5,000 digits": (spelled(NAME, f'{NAME},"new":1{"0" * 5_000}'), "malformed_mutation"),
    "a create with a base": (but(base=3), "malformed_mutation"),
    "a create that removes": (but(remove={"photos": []}), "malformed_mutation"),
    "a create with an act": (but(act={"name": "accept"}), "malformed_mutation"),
    "an act without one": (changing("act"), "malformed_mutation"),
    "a void with fields": (changing("void", set={"name": "x"}), "malformed_mutation"),
    # -- fields
    "an unknown type": (but(type="circus"), "unknown_type"),
    "a name with NUL": (holding(name="a\0b"), "invalid_fields"),
    "an unknown field with NUL": (holding(new=["a", {"b": "\0"}]), "invalid_fields"),
    "a field named NUL": (holding(**{"\0": 1}), "invalid_fields"),
    "a name with a lone surrogate": (spelled(NAME, '"name":"\\ud800"'), "invalid_fields"),
    "a field named by a lone surrogate": (spelled(NAME, f'{NAME},"\\ud800":1'), "malformed_mutation"),
    "a name of 61 characters": (holding(name="店" * 61), "invalid_fields"),
    "a name that is a number": (holding(name=7), "invalid_fields"),
    "a name that is null": (holding(name=None), "invalid_fields"),
    "no name": (but(set={"category": "repair"}), "invalid_fields"),
    "no telephone": (holding(operator_phone="call me"), "invalid_fields"),
    "yes as 1": (holding(has_green=1), "invalid_fields"),
    "a day that is none": (holding(valid_from="2020-02-30"), "invalid_fields"),
    "metres beyond all": (holding(frontage_m=1 << 64), "invalid_fields"),
    "a place off the globe": (holding(position={"lat": 91, "lon": 0, "crs": "wgs84"}), "invalid_fields"),
    "a megabyte of name": (holding(name="x" * 1_000_000), "record_too_large"),
    "a photo by set": (holding(photos=[]), "wrong_verb"),
    "a name by add": (but(add={"name": ["x"]}), "wrong_verb"),
    "an unknown field by add": (but(add={"new": ["x"]}), "wrong_verb"),
    "an unknown share": (but(share={"new": 1}), "wrong_verb"),
    "a photo of no name": (but(add={"photos": [{"role": "near"}]}), "invalid_fields"),
    "no photo at all": (but(add={"photos": [7]}), "invalid_fields"),
    "a remark too long": (but(add={"remark": ["x" * 201]}), "invalid_fields"),
    "too many remarks": (but(add={"remark": ["x"] * 501}), "invalid_fields"),
    "an act on a shop": (changing("act", act={"name": "accept"}), "not_allowed"),
    # -- people and places
    "nobody we know": (but(by=derived_id("nobody")), "not_admitted_person"),
    "somebody not on this device": (but(by=person_id("wang")), "not_admitted_person"),
    "a role one does not hold": (but(role="street"), "not_allowed"),
    "the next grid": (but(grid=GRID_8), "outside_area"),
    "another street": (but(grid=ELSEWHERE), "outside_area"),
    "the whole street": (but(grid=GRID_7[:9]), "outside_area"),
    "another district": (but(grid="110101001001001"), "outside_area"),
    "a void by a walker": (changing("void"), "not_allowed"),
    # -- what is there already
    "an id used before": (lambda d: but(id=shop_id(d, 1))(d), "record_exists"),
    "another type's id": (lambda d: d.mutation("patch", "parking_area", shop_id(d, 1)), "wrong_record_type"),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED)
def test_one_bad_mutation_between_two_good(office: Office, make: Callable[[RawDevice], bytes], code: str) -> None:
    li = office.device("li")
    first, bad, last = encoded(plain(li, 1)), make(li), encoded(plain(li, 3))
    answers = [by_number(li.push(first, bad, last)) for _ in range(3)]

    outcomes = answers[0]
    assert answers == [outcomes] * 3
    good = {number_of(first), number_of(last)}
    assert {n: o.outcome for n, o in outcomes.items()} == dict.fromkeys(outcomes, "rejected") | dict.fromkeys(
        good, "applied"
    )
    [refused] = [o for n, o in outcomes.items() if n not in good]
    assert refused.problem is not None
    assert refused.problem["code"] == code
    assert not refused.problem["message_zh"].isascii()
    assert refused.problem["message_en"]
    [(_, kept_as, payload)] = office.refused(li.id)
    assert kept_as == code
    assert same(payload, bad)
    assert [payload for _, _, payload in office.taken(li.id)] == [first, last] or b"\\u" in bad


def test_what_a_newer_tablet_knows_is_kept_and_handed_on(office: Office) -> None:
    """A field, and a part of a field, that this server has never heard of."""
    li, wang = office.device("li"), office.device("wang")
    strange = {"new": {"deep": [1, 2.5, None, True, "新", 1 << 63]}, "a+b": 1, "clock_offset": "x", "late acts": []}
    position = {"lat": 42.0, "lon": 121.6, "crs": "wgs84", "height_m": 170.5}
    li.push(encoded(plain(li, 1) | {"set": SHOP | strange | {"position": position}}))
    fields = wang.pull()[shop_id(li, 1)]["fields"]
    assert {name: fields[name] for name in strange} == strange
    assert fields["position"] == position

    base = wang.shown[shop_id(li, 1)]["version"]
    [edited] = wang.push(wang.mutation("patch", "shop", shop_id(li, 1), base=base, set={"a+b": 2, "b": 3, "+": 4}))
    assert edited.outcome == "applied"
    [again] = li.push(li.mutation("patch", "shop", shop_id(li, 1), set={"a+b": {"a": 5}}))
    assert again.outcome == "merged"
    seen = wang.pull()[shop_id(li, 1)]["fields"]
    assert (seen["a+b"], seen["b"], seen["+"]) == (2 if wang.clock_ms > li.clock_ms else {"a": 5}, 3, 4)


def test_a_name_given_twice_is_the_last_one(office: Office) -> None:
    """JSON does not say what a doubled name means; the payload keeps both."""
    li = office.device("li")
    doubled = spelled(NAME, f'{NAME},"name":"王记修车行"')(li)
    [outcome] = li.push(doubled)
    assert outcome.outcome == "applied"
    record = office.record(shop_id(li, 2))
    assert record is not None
    assert record.fields["name"] == "王记修车行"
    assert office.taken(li.id) == [("first", 1, doubled)]


def test_one_number_twice_in_a_push(office: Office) -> None:
    """The same payload is one; another payload is kept beside the first."""
    li = office.device("li")
    first = encoded(plain(li, 1))
    other = encoded(plain(li, 2) | {"n": 1})
    third = encoded(plain(li, 3) | {"n": 1, "set": SHOP | {"has_green": True}})
    for _ in range(3):
        outcomes = li.push(first, first, other, third)
        assert [o.outcome for o in outcomes] == ["applied", "rejected", "rejected"]
    assert office.taken(li.id) == [("first", 1, first)]
    assert sorted(office.refused(li.id)) == sorted([(1, "number_reused", other), (1, "number_reused", third)])


@pytest.mark.parametrize(("before", "now"), [(1, True), (0, False), (1, 1.0), ("1", 1)])
def test_a_number_used_again_for_nearly_the_same(office: Office, before: object, now: object) -> None:
    """Yes is not one, although a computer may say so."""
    li = office.device("li")
    first = encoded(plain(li, 1) | {"set": SHOP | {"new": before}})
    second = first.replace(f'"new":{json.dumps(before)}'.encode(), f'"new":{json.dumps(now)}'.encode())
    assert second != first
    li.push(first)
    [outcome] = li.push(second)
    assert outcome.problem is not None
    assert outcome.problem["code"] == "number_reused"
    assert office.refused(li.id) == [(1, "number_reused", second)]


def test_the_same_payload_spelled_otherwise_is_the_same(office: Office) -> None:
    li = office.device("li")
    first = encoded(plain(li, 1))
    li.push(first)
    [outcome] = li.push(json.dumps(json.loads(first), indent=1).encode())
    assert outcome.outcome == "applied"
    assert office.refused(li.id) == []


def test_five_hundred_are_taken_in_one_push(office: Office) -> None:
    li = office.device("li")
    outcomes = li.push(*(encoded(plain(li, number)) for number in range(500)))
    assert [o.outcome for o in outcomes] == ["applied"] * 500


def encoded(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


def number_of(raw: bytes) -> int:
    number: int = msgspec.json.decode(raw)["n"]
    return number


def by_number(outcomes: list[Outcome]) -> dict[int, Outcome]:
    return {outcome.n: outcome for outcome in outcomes}


def same(kept: bytes, sent: bytes) -> bool:
    """Say whether *kept* is *sent*, word for word; an envelope with lone surrogates had to be written anew."""
    return kept == sent or (b"\\u" in sent and json.loads(kept) == json.loads(sent))


# -- any node of a good push may be anything ----------------------------------------------------------

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=12)
    | st.sampled_from(["\0", "210902", "create", "x" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from nodes(inner, (*path, place))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], by)
    return copy


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_node_may_be_anything(office: Office, data: st.DataObject) -> None:
    """The server answers with outcomes or with a problem, and never breaks."""
    li = office.device("li")
    photo = {"sha256": "3f" * 32, "role": "near", "taken_at": "2020-07-18T08:15:30+08:00"}
    body: Any = {
        "protocol": 1,
        "install": "first",
        "cursors": {},
        "limit": 10,
        "now": 1_600_000_000_000,
        "last": 2,
        "report": {"waiting": 1, "app": "tablet 1"},
        "mutations": [
            plain(li, 1)
            | {"add": {"photos": [photo], "remark": ["已劝导"]}, "base": 0, "role": "grid_worker", "schema": 1},
            msgspec.json.decode(
                li.mutation("patch", "shop", shop_id(li, 1), set={"name": "王记"}, remove={"photos": ["3f" * 32]})
            ),
            msgspec.json.decode(
                li.mutation("act", "case", shop_id(li, 9), act={"name": "accept", "evidence": [], "reason": None})
            ),
        ],
    }
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(nodes(body))))
        body = replaced(body, path, data.draw(ANYTHING))
    response = li.post(json.dumps(body).encode())
    assert response.status_code in (200, 400), response.get_data(as_text=True)
    if response.status_code == 400:
        assert response.get_json()["code"] in ("invalid_request", "malformed_body", "invalid_cursor")


def test_a_mistake_of_ours_does_not_pass_for_a_busy_server(office: Office) -> None:
    """What no waiting mends is told as broken, with an incident to name, and may be tried again."""
    li = office.device("li")
    raw = li.mutation("create", "shop", shop_id(li, 1), set=SHOP)
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE telling RENAME TO telling_away")
    answer = li.post({"protocol": 1, "install": "first", "mutations": [msgspec.Raw(raw)]})
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], problem["retryable"]) in (
        (500, "internal_error", True),
        (503, "busy", True),  # SQLite does not tell the two apart
    )
    assert (problem["code"] == "internal_error") == (office.store.engine.dialect.name == "postgresql")
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE telling_away RENAME TO telling")
    [outcome] = li.push(raw)
    assert outcome.outcome == "applied"
