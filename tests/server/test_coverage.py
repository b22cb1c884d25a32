"""横向到边、纵向到底: what nobody answers for is found; a case goes along when its grid gets another holder."""

import time
from datetime import date
from typing import Any

import pytest

from schemas.directory import area_id
from schemas.ids import derived_id
from schemas.moments import instant
from schemas.roles import Role
from server.core.importing.wanted import Wanted
from server.core.responsibility import Coverage
from server.usecases.bring_in import bring_in
from server.usecases.coverage_gaps import coverage_gaps
from server.usecases.hand_over import hand_over
from server.usecases.manage_holdings import set_holding
from server.usecases.manage_people import end_grants, grant_role, stop_person
from server.usecases.manage_units import set_unit
from server.usecases.mistakes import Mistake
from server.usecases.verify_history import verify_history
from server.values import Grant
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, GRID_8, STREET, Office, person_id

#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000
HOUR = 3_600_000
NOBODYS_GRID = COMMUNITY + "009"
SEGMENT = derived_id("segment", "1")
BOTH = {"territorial_unit": STREET, "functional_unit": "dept_housing"}


def area(code: str, name: str, level: str) -> Wanted:
    """Return an area of the directory."""
    return Wanted("area", area_id(code), code, {"code": code, "name": name, "level": level})


def segment(number: int, grid: str = GRID_7, **fields: Any) -> Wanted:
    """Return a stretch of street."""
    code = f"L{number:05d}"
    said = {"code": code, "name": f"和平路{number}段", "kind": "branch", "road_grade": 2}
    return Wanted("street_segment", derived_id("segment", str(number)), grid, said | fields, code=code)


def gaps(office: Office, where: str = DISTRICT, limit: int | None = None) -> Coverage:
    """Return what nobody answers for."""
    with office.store.work(DISTRICT, writing=False) as work:
        return coverage_gaps(work, where, MORNING, limit)


def told(found: Coverage) -> dict[str, tuple[str, ...]]:
    """Return what is lacking, by what people call the thing."""
    return {gap.name: gap.lacks for gap in found.gaps}


def test_where_everybody_has_his_place_nothing_is_lacking(office: Office) -> None:
    """Feng leads grid 7, Sun walks grid 8 alone, Zhao has the community and Qian the street."""
    areas = [area(STREET, "五龙街道", "street"), area(COMMUNITY, "一社区", "community"), area(GRID_7, "七网格", "grid")]
    bring_in(office.store, DISTRICT, [*areas, area(GRID_8, "八网格", "grid"), segment(1, **BOTH)], 1)
    assert gaps(office) == Coverage(DISTRICT, "2020-07-18", 5, {}, [])


def test_a_grid_without_anybody_is_named_once_with_what_lies_in_it(office: Office) -> None:
    """Not every shop in it; but a place that somebody holds by name is not without a holder."""
    bring_in(office.store, DISTRICT, [area(NOBODYS_GRID, "九网格", "grid")], 1)
    bring_in(office.store, DISTRICT, [segment(n, NOBODYS_GRID, **BOTH) for n in (1, 2, 3)], 1)
    set_holding(office.store, DISTRICT, "L00001", "李明", "segment_head", date(2020, 7, 1), None, MORNING)
    [gap] = gaps(office).gaps
    assert (gap.name, gap.lacks, gap.inside) == ("九网格", ("holder",), 2)


def test_places_without_units_are_listed(office: Office) -> None:
    """The street follows from where a place lies; its department has to be entered. What is gone is left out."""
    wanted = [segment(1), segment(2, DISTRICT), segment(3, status="removed"), segment(4, valid_to="2020-07-17")]
    bring_in(office.store, DISTRICT, wanted, 1)
    found = gaps(office)
    assert told(found) == {
        "和平路1段": ("functional_unit",),
        "和平路2段": ("territorial_unit", "functional_unit", "holder"),
    }
    assert found.counts == {"functional_unit": 2, "holder": 1, "territorial_unit": 1}
    assert told(gaps(office, GRID_8)) == {}
    short = gaps(office, limit=1)
    assert (len(short.gaps), short.more, short.counts) == (1, True, found.counts)


def test_two_holders_are_one_too_many(office: Office) -> None:
    """责任主体唯一: two workers and no leader, or two heads of one segment."""
    bring_in(office.store, DISTRICT, [segment(1, GRID_8, **BOTH)], 1)
    grant_role(office.store, DISTRICT, "王芳", Grant(Role.GRID_WORKER, GRID_8, 1, None), 1)
    [gap] = gaps(office).gaps
    assert (gap.code, gap.lacks, gap.people) == (GRID_8, ("single_holder",), ("孙强", "王芳"))
    grant_role(office.store, DISTRICT, "赵敏", Grant(Role.GRID_LEADER, GRID_8, 1, None), 1)
    assert gaps(office).gaps == []
    qian = office.device("qian")
    for name in ("li", "wang"):
        said = {"target_id": SEGMENT, "person": person_id(name), "role": "segment_head", "valid_from": "2020-07-01"}
        [outcome] = qian.push(qian.mutation("create", "holding", derived_id(name), grid=GRID_8, set=said))
        assert outcome.outcome == "applied"
    assert told(gaps(office)) == {"和平路1段": ("single_holder",)}


def test_whoever_follows_ends_whoever_was_before(office: Office) -> None:
    """Wang takes the segment over from Li; there is no day with two heads, and none without."""
    bring_in(office.store, DISTRICT, [segment(1, **BOTH)], 1)
    set_holding(office.store, DISTRICT, "L00001", "李明", "segment_head", date(2020, 7, 1), None, MORNING)
    set_holding(office.store, DISTRICT, "L00001", "王芳", "segment_head", date(2020, 7, 18), None, MORNING)
    with office.store.work(DISTRICT, writing=False) as work:
        held = {h.fields["person"]: h.fields.get("valid_to") for h in work.records.of_types(["holding"])}
    assert held == {person_id("li"): "2020-07-17", person_id("wang"): None}
    for target, person in (("L99999", "李明"), ("L00001", "没有这个人"), ("\x00", "李明")):
        with pytest.raises(Mistake):
            set_holding(office.store, DISTRICT, target, person, "holder", date(2020, 7, 1), None, MORNING)
    with pytest.raises(Mistake):
        set_holding(office.store, DISTRICT, "L00001", "李明", "holder", date(2020, 7, 2), date(2020, 7, 1), MORNING)


def test_a_worker_may_not_name_himself(office: Office) -> None:
    """Whoever answers for a place is named by those who lead."""
    li = office.device("li")
    said = {"target_id": SEGMENT, "person": person_id("li"), "role": "holder", "valid_from": "2020-07-01"}
    [outcome] = li.push(li.mutation("create", "holding", derived_id("h"), set=said))
    assert outcome.outcome == "rejected"


def dispatched(office: Office, number: int, lead: str, owner: str | None) -> str:
    """Let Li report a problem, and Qian give it to *lead* and to *owner*."""
    case = derived_id("case", str(number))
    li, qian = office.device("li"), office.device("qian")
    li.clock_ms = qian.clock_ms = MORNING
    found = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": instant(MORNING)}
    li.push(li.mutation("create", "case", case, set=found))
    qian.pull()
    details = {"lead": lead} | ({"owner": person_id(owner)} if owner else {})
    outcomes = qian.push(
        qian.mutation("act", "case", case, base=1, act={"name": "accept"}),
        qian.mutation("act", "case", case, base=1, act={"name": "dispatch", "details": details}),
    )
    assert {one.outcome for one in outcomes} <= {"applied", "merged"}
    return case


def owner_of(office: Office, case: str) -> Any:
    """Return who answers for a case now."""
    record = office.record(case)
    assert record is not None
    return record.fields.get("owner_person")


def test_open_cases_go_to_the_new_holder_and_both_are_told(office: Office) -> None:
    """Li leaves grid 7, and Feng, who leads it, gets what Li had in hand; a second round finds nothing to do."""
    grid_7_case = dispatched(office, 1, STREET, "li")
    assert hand_over(office.store, DISTRICT, MORNING) == (0, 0)
    end_grants(office.store, DISTRICT, "李明", None, None, MORNING + 1, MORNING + 1)
    # Feng leads grid 7.
    assert hand_over(office.store, DISTRICT, MORNING + HOUR) == (1, 0)
    assert owner_of(office, grid_7_case) == person_id("feng")
    assert hand_over(office.store, DISTRICT, MORNING + HOUR) == (0, 0)

    with office.store.work(DISTRICT, writing=False) as work:
        entries = work.history.of_all_feeds(grid_7_case)
        assert "holder_changed" in (entries[-1].decisions or "")
        assert told_about(work, grid_7_case) == {person_id("li"), person_id("feng")}
    assert [one.broken for one in verify_history(office.store, DISTRICT)] == [None, None]


def told_about(work: Any, case: str) -> set[str]:
    """Return who was told that a case has another owner."""
    rows = work.connection.exec_driver_sql("SELECT person, body FROM telling").all()
    return {person for person, body in rows if case in body and "holder_changed" in body}


def test_a_departments_case_stays_with_the_department(office: Office) -> None:
    """Its only other person takes over; while there is none, or there are several, the report names the case."""
    urban = Grant(Role.DEPARTMENT, DISTRICT, 0, None, "dept_urban")
    grant_role(office.store, DISTRICT, "董军", urban, 1)
    case = dispatched(office, 1, "dept_urban", "dong")
    assert gaps(office).gaps == []
    stop_person(office.store, DISTRICT, "董军", MORNING)
    assert hand_over(office.store, DISTRICT, MORNING) == (0, 1)
    [gap] = gaps(office).gaps
    assert (gap.type, gap.lacks, gap.people) == ("case", ("owner_gone",), ("董军",))
    grant_role(office.store, DISTRICT, "吴静", urban._replace(from_ms=MORNING), MORNING)
    assert hand_over(office.store, DISTRICT, MORNING) == (1, 0)
    assert owner_of(office, case) == person_id("wu")


def test_a_case_that_nobody_owns_is_found(office: Office) -> None:
    """It was given to a street, and to nobody there."""
    dispatched(office, 1, STREET, None)
    assert [gap.lacks for gap in gaps(office).gaps] == [("owner",)]


def test_the_report_is_read_by_those_who_lead(office: Office) -> None:
    """Qian reads her street, not the next; Li none of it; nonsense is a problem."""
    bring_in(office.store, DISTRICT, [segment(1)], 1)
    set_unit(office.store, DISTRICT, {"code": "unit_sweeping_1", "name": "环卫一队"}, 1)
    client = office.app.test_client()

    def asked(who: str, query: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {tokens[who].token}"}
        answer = client.get(f"/v1/coverage-gaps{query}", headers=headers)
        return answer.status_code, answer.json

    tokens = {name: office.device(name) for name in ("qian", "li", "chen")}
    status, body = asked("qian")
    assert (status, body["area"], body["counts"]) == (200, STREET, {"functional_unit": 1})
    assert asked("chen", f"?area={GRID_8}")[1]["gaps"] == []
    assert asked("qian", "?area=210902006")[1]["code"] == "outside_area"
    assert asked("qian", "?area=2109020055")[0] == 400
    assert asked("qian", "?limit=0")[0] == 400
    assert asked("qian", "?nonsense=1")[0] == 400
    assert asked("li")[0] == 403
    assert client.get("/v1/coverage-gaps").status_code == 401


def test_a_whole_district_is_looked_over_quickly(office: Office) -> None:
    """Twenty thousand places in the middle of everything else; two thousand here, within a second."""
    bring_in(office.store, DISTRICT, [segment(n, **(BOTH if n % 2 else {})) for n in range(2_000)], 1)
    began = time.perf_counter()
    found = gaps(office)
    assert time.perf_counter() - began < 1
    assert found.counts == {"functional_unit": 1_000}
