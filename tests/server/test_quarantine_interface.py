"""The quarantine desk does what the interface document says, also to somebody who may use it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from schemas.ids import derived_id
from tests.server.office import open_office
from tests.server.quarantine_desk import QuarantineDesk, desk
from tests.server.test_interface import CHECKS, NEGATIVE, POSITIVE

SHOP = derived_id("record", "shop")


@pytest.fixture(scope="module")
def chen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuarantineDesk]:
    """The district's clerk, and three refusals: of a good shop, of a bad one, of what cannot be read."""
    path: Path = tmp_path_factory.mktemp("office") / "gridward.db"
    office = open_office(f"sqlite:///{path}")
    li = office.device("li")
    office.stop("li", 50_000)
    shop = {"name": "老王修车", "category": "repair"}
    li.push(
        li.mutation("create", "shop", SHOP, set=shop),
        li.mutation("create", "shop", derived_id("record", "bad"), set=shop | {"category": "magic"}),
        b'{"n":3,"op":"dance"}',
    )
    yield desk(office, "chen")
    office.store.engine.dispose()


@pytest.mark.parametrize("mode", [POSITIVE, NEGATIVE])
def test_every_call_keeps_to_the_document(chen: QuarantineDesk, mode: schemathesis.GenerationMode) -> None:
    """With ids that are there, and with whatever the document allows and does not."""
    document = schemathesis.openapi.from_wsgi("/docs/openapi.json", chen.device.office.app)
    headers = {"Accept-Encoding": "identity", "Authorization": f"Bearer {chen.device.token}"}
    ids = [item["id"] for item in chen.list("?state=all")]
    statuses: set[tuple[str, int]] = set()
    for found in document.include(path_regex="^/v1/quarantine").get_all_operations():
        assert isinstance(found, Ok)
        cases = found.ok().as_strategy(generation_mode=mode)

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=cases)
        def keeps_to_it(case: schemathesis.Case[Any]) -> None:
            told = headers | ({"Content-Type": "application/json"} if case.method == "POST" else {})
            answers = [case.call_and_validate(checks=CHECKS, headers=told)]
            if mode.is_positive and "refused" in case.path_parameters:
                for known in ids:
                    case.path_parameters["refused"] = known
                    answers.append(case.call_and_validate(checks=CHECKS, headers=told))
            statuses.update((case.path, answer.status_code) for answer in answers)

        keeps_to_it()
    if mode.is_positive:
        assert {(path, 200) for path, _ in statuses} <= statuses
