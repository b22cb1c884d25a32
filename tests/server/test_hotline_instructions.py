"""Calls to the hotline become cases without the caller; what leaders wrote waits for a reply, and is counted."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from schemas.directory import area_id
from schemas.ids import derived_id
from server.core.importing.wanted import Wanted
from server.storage.tables import Base
from server.usecases.bring_in import bring_in
from tests.server.office import DISTRICT, GRID_7, STREET, Office, RawDevice, open_office

NOON = 1_595_044_800_000
CALLED = "2020-07-18T09:12:00+08:00"
NUMBER = "13841815678"


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """A district with a street in its directory, on a Saturday noon."""
    opened = open_office(database_url, lambda: NOON)
    area = {"code": STREET, "name": "河北街道", "level": "street"}
    bring_in(opened.store, DISTRICT, [Wanted("area", area_id(STREET), DISTRICT, area)], NOON)
    yield opened
    opened.store.engine.dispose()


def post(office: Office, who: str, path: str, **given: Any) -> Any:
    told = {"Authorization": f"Bearer {office.device(who).token}", "Content-Type": "application/json"}
    return office.app.test_client().post(path, data=msgspec.json.encode(given), headers=told)


def get(office: Office, who: str, path: str) -> Any:
    told = {"Authorization": f"Bearer {office.device(who).token}"}
    return office.app.test_client().get(path, headers=told)


def call(office: Office, who: str = "qian", **more: Any) -> Any:
    given = {
        "at": CALLED,
        "number": NUMBER,
        "grid": STREET,
        "place": "五一路8号",
        "text": "夜间烧烤占道，电话13841815678",
    }
    return post(office, who, "/v1/hotline/calls", **(given | more))


def test_a_call_becomes_a_case_with_its_number_masked(office: Office) -> None:
    """The case tells when and a masked number; the whole one stands in one table, seen by the office alone."""
    answered = call(office)
    assert answered.status_code == 201, answered.json
    case = office.record(answered.json["case"])
    assert case is not None
    assert (case.fields["source"], case.fields["source_no"]) == ("hotline", "138****5678")
    assert (case.fields["found_at"], case.grid) == (CALLED, STREET)
    with office.store.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = str(connection.execute(select(table)).all())
            assert (NUMBER in rows) == (table.name == "reporter"), table.name
    path = f"/v1/public-reports/{case.id}/reporter"
    assert post(office, "qian", path, why="回访").json["contact"] == NUMBER
    assert post(office, "li", path, why="回访").status_code == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"at": "2020-07-18"}, "at"),
    ({"at": "2019-07-18T09:12:00+08:00"}, "at"),
    ({"at": "2020-07-19T09:12:00+08:00"}, "at"),
    ({"number": "1384181567"}, "number"),
    ({"grid": "2109020"}, "grid"),
    ({"text": ""}, "text"),
    ({"text": "字" * 301}, "text"),
    ({"problem_class": "noise"}, "problem_class"),
    ({"source": "national"}, "source"),
]


def test_what_is_wrong_with_a_call_is_said(office: Office) -> None:
    """By the name of the field; whoever is of no office there takes down no call."""
    for given, field in WRONG:
        answered = call(office, **given)
        assert answered.status_code == 400, (given, answered.json)
        assert field in answered.json["errors"], answered.json
    assert call(office, "chen", grid="210902099").json["errors"]["grid"]
    assert call(office, "qian", grid="210902006").json["code"] == "outside_area"
    for who in ("li", "zhao", "zhou", "dong"):
        assert call(office, who).json["code"] == "outside_area", who
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.records.of_types({"case"}) == []


def act(office: Office, device: RawDevice, case: str, **told: Any) -> None:
    stands = office.record(case)
    assert stands is not None
    device.clock_ms = NOON + stands.version
    body = {"evidence": [], "details": {}} | told
    [outcome] = device.push(device.mutation("act", "case", case, base=stands.version, act=body))
    assert outcome.outcome in ("applied", "merged"), outcome.problem


def test_a_leaders_instruction_waits_until_it_is_answered(office: Office) -> None:
    """A case that begins with one; the days left; gone from the list once the street has replied."""
    lu, case = office.device("lu"), derived_id("case", "leader")
    lu.clock_ms = NOON
    fields = {"source": "leader", "problem_class": "other", "severity": "major", "found_at": CALLED}
    [made] = lu.push(lu.mutation("create", "case", case, set=fields))
    assert made.outcome == "applied", made.problem
    act(office, lu, case, name="instruct", reason="本周内报结果", details={"reply_by": "2020-07-20"})
    act(office, lu, case, name="instruct", reason="举一反三", details={"reply_by": "2020-07-17"})
    listed = get(office, "qian", "/v1/instructions").json["instructions"]
    assert [(one["text"], one["days_left"], one["by"]) for one in listed] == [
        ("举一反三", -1, "陆明"), ("本周内报结果", 2, "陆明"),
    ]  # fmt: skip
    act(office, office.device("qian"), case, name="reply", reason="已清理，照片附后")
    [left] = get(office, "qian", "/v1/instructions").json["instructions"]
    assert left["text"] == "举一反三"
    office.posted("qian", "210902006")
    assert get(office, "qian", "/v1/instructions").json["instructions"] == []
    assert left["grid"] == GRID_7
