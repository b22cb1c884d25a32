"""Whatever is sent to the ledger's addresses, it is answered with a problem that says what to do, never a 500."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.ids import derived_id
from tests.server.clerks import code, good
from tests.server.ledger_desk import CASE, at_the_ledger, report
from tests.server.office import Office, open_office

_PARAMETERS = (
    *("area", "state", "light", "class", "severity", "source", "lead", "owner", "found_from", "due_to", "overdue"),
    *("returned", "void", "q", "sort", "limit", "after", "person", "first", "last", "by", "unknown"),
)
_VALUES = st.sampled_from(
    ["", "0", "-1", "210902", "9" * 40, "true", "found", "\0", "%", "'; --", "2020-02-30", "🀄", CASE]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just(CASE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Qian at the ledger, with one case in it."""
    office = open_office(f"sqlite:///{tmp_path_factory.mktemp('office') / 'gridward.db'}")
    report(office)
    yield at_the_ledger(office, "qian")
    office.store.engine.dispose()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    path=st.sampled_from(
        ["", "/counts", "/figures", f"/{CASE}", f"/{CASE}/next-acts", "/x", f"/{derived_id('a', 'b')}"]
    ),
    asked=st.lists(st.tuples(st.sampled_from(_PARAMETERS), _VALUES), max_size=3),
)
def test_no_question_breaks_it(clerk: Any, path: str, asked: list[tuple[str, str]]) -> None:
    """Parameters that mean nothing, or the wrong thing."""
    client = clerk.device.office.app.test_client()
    headers = {"Authorization": f"Bearer {clerk.device.token}"}
    answer = client.get(f"/v1/cases{path}", query_string=asked, headers=headers)
    assert answer.status_code in (200, 400, 403, 404), (path, asked, answer.data)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    path=st.sampled_from([f"/{CASE}/acts", "/dispatch", "/x/acts"]),
    body=st.dictionaries(
        st.sampled_from(
            ["act", "reason", "evidence", "into", "details", "version", "role", "cases", "lead", "person", "x"]
        ),
        _JSON | st.sampled_from(["accept", "dispatch", "merge", [{"id": CASE}], {"lead": "210902005"}]),
        max_size=5,
    ),
)
def test_no_order_breaks_it(clerk: Any, path: str, body: dict[str, Any]) -> None:
    """Bodies that mean nothing, or the wrong thing; whatever is refused is told in both languages."""
    answer = clerk.ask(path, body)
    assert answer.status_code in (200, 400, 403, 404, 409, 422), (path, body, answer.data)
    if answer.status_code != 200:
        assert code(answer)


def test_a_page_goes_on_only_from_a_page(office: Office) -> None:
    """An ``after`` that somebody made up is refused, whatever it looks like inside."""
    report(office)
    qian = at_the_ledger(office, "qian")
    made_up: list[Any] = [["found", "x", CASE], ["found", 1 << 70, CASE], ["found", 1, "x"], ["due", 1, CASE], [], {}]
    for inside in [*made_up, None]:
        made = base64.urlsafe_b64encode(json.dumps(inside).encode()).decode().rstrip("=")
        assert code(qian.ask(f"?after={made}")) == "invalid_request"
    page = good(qian.ask("?sort=found&limit=1"))
    assert page["after"] is None


def test_without_a_token_nothing_is_told(office: Office) -> None:
    """Neither the list nor that there is anything."""
    report(office)
    client = office.app.test_client()
    for path in ("", "/counts", f"/{CASE}"):
        assert client.get(f"/v1/cases{path}").status_code == 401
    assert client.post(f"/v1/cases/{CASE}/acts", json={"act": "accept"}).status_code == 401


def test_details_that_mean_nothing_are_named(office: Office) -> None:
    """A lead that is none, a detail nobody asked for, a date that is none: each by its name, and nothing written."""
    report(office)
    qian = at_the_ledger(office, "qian")
    qian.do("accept")
    told = qian.try_to("dispatch", details={"lead": "210902005", "due_at": "bald", "colour": "red"})
    assert code(told) == "invalid_request"
    assert set(told.get_json()["errors"]) == {"details.due_at", "details.colour"}
    assert code(qian.try_to("dispatch", details={})) == "act_incomplete"
    assert len(qian.show()["timeline"]) == 1
    many = {"cases": [{"id": CASE}] * 101}
    assert code(qian.ask("/dispatch", many)) == "invalid_request"
    assert good(qian.ask("/dispatch", {"cases": []}))["cases"] == []
