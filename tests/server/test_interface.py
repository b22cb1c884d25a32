"""The server does what its interface document says: what it is sent, and what it answers, in shape and status."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.server.office import RawDevice, open_office

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
]


@pytest.fixture(scope="module")
def li(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawDevice]:
    """Li's tablet, in an office of its own."""
    path: Path = tmp_path_factory.mktemp("office") / "gridward.db"
    office = open_office(f"sqlite:///{path}")
    yield office.device("li")
    office.store.engine.dispose()


_FEW = 3
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
LONG = [
    pytest.param(mode, name, 25, marks=pytest.mark.long) for mode in (POSITIVE, NEGATIVE) for name in ("li", "chen")
]


@pytest.mark.parametrize(("mode", "name", "examples"), [(POSITIVE, "chen", _FEW), (NEGATIVE, "li", _FEW), *LONG])
def test_every_call_keeps_to_the_document(
    li: RawDevice, mode: schemathesis.GenerationMode, name: str, examples: int
) -> None:
    """With a token and without, a worker's and the district office's, with what the document allows and does not."""
    device = li if name == "li" else li.office.device(name)
    document = schemathesis.openapi.from_wsgi("/docs/openapi.json", li.office.app)
    statuses: set[tuple[str, int]] = set()
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        cases = found.ok().as_strategy(generation_mode=mode)

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=cases)
        def keeps_to_it(case: schemathesis.Case[Any]) -> None:
            # The test client does not unpack what it asked to be packed.
            plain = {"Accept-Encoding": "identity"} | (
                {"Content-Type": "application/json"} if case.method == "POST" else {}
            )
            known = plain | {"Authorization": f"Bearer {device.token}"}
            for headers in (plain, known):
                answer = case.call_and_validate(checks=CHECKS, headers=headers)
                statuses.add((case.path, answer.status_code))
            if mode.is_positive and isinstance(case.body, dict) and "protocol" in case.body:
                # Of a thousand allowed versions chance seldom draws the one that is spoken.
                case.body["protocol"] = 1
                answer = case.call_and_validate(checks=CHECKS, headers=known)
                statuses.add((case.path, answer.status_code))

        keeps_to_it()
    assert ("/v1/sync", 401) in statuses
    if mode.is_positive or examples > _FEW:
        # What is not allowed is often refused at the door; few draws may never come past it.
        assert ("/v1/sync", 200 if mode.is_positive else 400) in statuses


def test_the_document_is_whole(li: RawDevice) -> None:
    """Every shape it speaks of is there, and every refusal is a problem."""
    told = li.office.app.test_client().get("/docs/openapi.json").get_json()
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(told)))
    assert {"Mutation", "Outcome", "Problem", "SyncRequest", "SyncResponse", "WireRecord"} <= named
    assert {"ConflictPage", "Dossier", "Settlement", "Settle", "Reopen"} <= named
    assert named <= told["components"]["schemas"].keys()
    for path, calls in told["paths"].items():
        # What is common to all calls of an address stands beside them, as a list.
        for call in (call for call in calls.values() if isinstance(call, dict)):
            answers = call["responses"]
            assert "default" not in answers, path
            assert all("application/problem+json" in answers[code]["content"] for code in answers if code >= "400")


def test_snapshots_are_promised_without_a_pace(li: RawDevice) -> None:
    """A tablet fetches its parts one after the other as fast as its line goes; only digests have a pace."""
    paths = li.office.app.test_client().get("/docs/openapi.json").get_json()["paths"]
    paced = {path for path, calls in paths.items() for call in calls.values() if "429" in json.dumps(call)}
    assert "/v1/digest" in paced
    assert not [path for path in paced if path.startswith("/v1/snapshots")]


def test_the_page_for_people_explains_its_star(li: RawDevice) -> None:
    """On a tablet nobody can hover over a sign to learn what it means."""
    page = li.office.app.test_client().get("/docs").get_data(as_text=True)
    assert "带 <b>*</b> 的必填" in page
    assert "/v1/conflicts/{conflict}/settle" in page
