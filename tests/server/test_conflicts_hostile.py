"""Whatever is asked of the desk: never a 500, never a trace, nothing written, and each slip told by its name."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.mutations import CHOICES
from tests.postgres import LocalPostgres
from tests.server.clerks import (
    SECOND,
    SHOP,
    Clerk,
    Clock,
    clerk,
    code,
    dispute_over_the_name,
    fields,
    rows,
)
from tests.server.office import Office, open_office, person_id


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    opened = open_office(database_url, Clock())
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def zhao(office: Office) -> Clerk:
    """Somebody of the community, with one dispute on the desk."""
    dispute_over_the_name(office)
    return clerk(office, "zhao")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def unmoved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clerk]:
    """Zhao at one desk for whatever is refused: none of it may leave anything behind, so all may meet the same."""
    if request.param == "postgres":
        server: LocalPostgres = request.getfixturevalue("postgres")
        url = server.new_database()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('office') / 'gridward.db'}"
    office = open_office(url, Clock())
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    before, item = rows(office), zhao.only()
    yield zhao
    assert (rows(office), zhao.only()) == (before, item)
    office.store.engine.dispose()


QUERIES = {
    "limit=0": "limit",
    "limit=201": "limit",
    "limit=-1": "limit",
    "limit=1e2": "limit",
    "limit=٣": "limit",
    "limit=99999999999999999999999": "limit",
    "limit=": "limit",
    "limit=1&limit=2": "limit",
    "older_than_h=-1": "older_than_h",
    "older_than_h=100001": "older_than_h",
    "older_than_h=zwei": "older_than_h",
    "state=closed": "state",
    "state=open&state=all": "state",
    "kind=person&kind=strange": "kind.1",
    "kind=": "kind.0",
    "type=shops": "type",
    "type=%00": "type",
    "person=zhao": "person",
    "person=%27%20OR%201=1": "person",
    f"person={person_id('li').upper()}": "person",
    f"person={person_id('li')}%0a": "person",
    "area=21090": "area",
    "area=二一〇九": "area",
    "area=210902%25": "area",
    "area=2109020050030071": "area",
    "after=x": "after",
    "after=%00": "after",
    f"after={'a' * 121}": "after",
    "after=MTU5NTAzMDQwMDAwMC54": "after",
    "aera=210902": "aera",
    "%ff=1": "%FF",
}


@pytest.mark.parametrize(("query", "member"), QUERIES.items(), ids=QUERIES)
def test_a_slip_in_the_query_is_told_by_its_name(unmoved: Clerk, query: str, member: str) -> None:
    answer = unmoved.ask(f"?{query}")
    assert (answer.status_code, code(answer)) == (400, "invalid_request")
    errors = answer.get_json()["errors"]
    assert list(errors) == [member]
    assert all(one["zh"] and one["en"] for one in errors[member])


BODIES = {
    "no choice": ({}, "choice"),
    "an unknown choice": ({"choice": "delete"}, "choice"),
    "another address's choice": ({"choice": "reopen"}, "choice"),
    "a choice for another kind": ({"choice": "merge"}, "choice"),
    "none of the candidates": ({"choice": "choose", "candidate": 2}, "candidate"),
    "no candidate": ({"choice": "choose"}, "candidate"),
    "a negative candidate": ({"choice": "choose", "candidate": -1}, "candidate"),
    "true for a candidate": ({"choice": "choose", "candidate": True}, "candidate"),
    "half a candidate": ({"choice": "choose", "candidate": 0.5}, "candidate"),
    "a value that is no candidate": ({"choice": "choose", "value": "别的"}, "value"),
    "nothing by hand": ({"choice": "hand"}, "value"),
    "null for a name": ({"choice": "hand", "value": None}, "value"),
    "a number for a name": ({"choice": "hand", "value": 7}, "value"),
    "an object for a name": ({"choice": "hand", "value": {"name": "x"}}, "value"),
    "an empty name": ({"choice": "hand", "value": ""}, "value"),
    "a long name": ({"choice": "hand", "value": "长" * 61}, "value"),
    "NUL in a name": ({"choice": "hand", "value": "王\0记"}, "value"),
    "half a character": (b'{"choice":"hand","value":"\\ud800"}', "record"),
    "a long reason": ({"choice": "both", "reason": "因" * 301}, "reason"),
    "NUL in a reason": ({"choice": "both", "reason": "\0"}, "reason"),
    "a version below zero": ({"choice": "both", "version": -1}, "version"),
    "a version beyond numbers": ({"choice": "both", "version": 1 << 60}, "version"),
    "a person's name": ({"choice": "both", "person": "赵敏"}, "person"),
    "what nobody knows": ({"choice": "both", "force": True}, "force"),
    "a list": ([], "record"),
    "a word": ("both", "record"),
}


@pytest.mark.parametrize(("body", "member"), BODIES.values(), ids=BODIES)
def test_a_slip_in_a_settlement_is_told_by_its_name(unmoved: Clerk, body: Any, member: str) -> None:
    """And nothing was written, neither to the history nor to the quarantine."""
    before, item = rows(unmoved.device.office), unmoved.only()
    answer = unmoved.ask(f"/{item['id']}/settle", body)
    assert (answer.status_code, code(answer)) == (400, "invalid_request"), answer.get_json()
    assert list(answer.get_json()["errors"]) == [member]
    assert rows(unmoved.device.office) == before
    assert unmoved.only() == item


UNREADABLE = {
    "no JSON": (b"{", {}, 400),
    "deep brackets": (b"[" * 9_000, {}, 400),
    "deep objects": (b'{"a":' * 2_000, {}, 400),
    "too much": (b'{"choice":"hand","value":"' + b"x" * 16_384 + b'"}', {}, 413),
    "no JSON's type": (b"{}", {"Content-Type": "text/plain"}, 415),
    "an unknown packing": (b"{}", {"Content-Encoding": "br"}, 415),
    "no gzip": (b"{}", {"Content-Encoding": "gzip"}, 400),
}


@pytest.mark.parametrize(("body", "headers", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_read(unmoved: Clerk, body: bytes, headers: dict[str, str], status: int) -> None:
    for address in ("settle", "reopen"):
        answer = unmoved.ask(f"/{unmoved.only()['id']}/{address}", body, **headers)
        assert answer.status_code == status, answer.get_json()
        assert code(answer)


def test_a_deep_value_is_refused(zhao: Clerk, office: Office) -> None:
    before = rows(office)
    deep = json.dumps({"choice": "hand", "value": None}).replace("null", "[" * 500 + "]" * 500).encode()
    assert code(zhao.ask(f"/{zhao.only()['id']}/settle", deep)) == "invalid_request"
    assert rows(office) == before


ADDRESSES = ("x", "%00", SECOND, SHOP.upper(), "..", "1' OR '1'='1", "%F0%9F%91%8D", "a" * 5_000)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_id_that_nobody_gave(unmoved: Clerk, address: str) -> None:
    for answer in (unmoved.ask(f"/{address}"), unmoved.ask(f"/{address}/settle", {"choice": "seen"})):
        assert (answer.status_code, answer.get_json()["code"]) in ((404, "conflict_unknown"), (404, "not_found"))


def test_only_who_may_call(zhao: Clerk, office: Office) -> None:
    """No token, one of another district, one that was taken away, a person who was stopped."""
    conflict = zhao.only()["id"]
    calls = [("", None), (f"/{conflict}", None), (f"/{conflict}/settle", {"choice": "both"}),
             (f"/{conflict}/reopen", {})]  # fmt: skip
    elsewhere = "210903." + zhao.device.token.partition(".")[2]
    for path, body in calls:
        for token in ("", "Bearer ", f"Bearer {elsewhere}", zhao.device.token, "Bearer ٢١٠٩٠٢.x"):
            answer = zhao.ask(path, body, Authorization=token.encode().decode("latin-1"))
            assert (answer.status_code, code(answer)) == (401, "not_enrolled")
    office.stop("zhao")
    assert zhao.list() == []
    assert code(zhao.ask(f"/{conflict}/settle", {"choice": "both"})) in ("conflict_unknown", "person_stopped")
    office.revoke(zhao.device)
    for path, body in calls:
        answer = zhao.ask(path, body)
        assert (answer.status_code, code(answer)) == (403, "device_revoked")


def test_a_stopped_person_settles_nothing_on_a_shared_computer(zhao: Clerk, office: Office) -> None:
    shared = clerk(office, "zhao", "qian")
    item = shared.only()
    office.stop("zhao")
    assert [one["people"] for one in shared.only()["choices"]] == [[person_id("qian")]] * 3
    assert code(shared.try_to_settle(item, "both", person=person_id("zhao"))) == "person_stopped"
    shared.settle(item, "both", person=person_id("qian"))


def test_whoever_may_not_settle_writes_nothing(zhao: Clerk, office: Office) -> None:
    before, item = rows(office), zhao.only()
    refused = {
        who: code(clerk(office, who).try_to_settle(item, "both")) for who in ("li", "feng", "dong", "zhou", "lu")
    }
    assert refused == dict.fromkeys(refused, "not_allowed")
    assert rows(office) == before
    assert fields(office)["name"] == "王记修车行"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = {
    "choice": st.sampled_from([*CHOICES, "x"]) | ANYTHING,
    "candidate": st.integers(-1, 3) | ANYTHING,
    "value": st.sampled_from(["王记修车行", "老王汽修", "另一个"]) | ANYTHING,
    "version": st.integers(0, 9) | ANYTHING,
    "reason": st.text(max_size=20) | ANYTHING,
    "person": st.sampled_from([person_id("zhao"), person_id("li")]) | ANYTHING,
    "into": st.sampled_from([SHOP, SECOND]) | ANYTHING,
    "more": ANYTHING,
}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(body=st.fixed_dictionaries({}, optional=MEMBERS), address=st.sampled_from(["settle", "settle", "reopen"]))
def test_nothing_breaks_the_desk(zhao: Clerk, office: Office, body: Any, address: str) -> None:
    """Settled or refused: what is answered is told, and the dispute can still be read."""
    try:
        data = json.dumps(body).encode()
    except ValueError:
        return
    conflict = zhao.only("?state=all&kind=person")["id"]
    answer = zhao.ask(f"/{conflict}/{address}", data)
    assert answer.status_code in (200, 400, 403, 404, 409), answer.get_data(as_text=True)
    assert zhao.show(conflict)["conflict"]["record"]["id"] == SHOP
    assert office.refused(zhao.device.id) == []
