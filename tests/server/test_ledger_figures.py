"""The ledger's figures are what a naive count over the records comes to, whatever is in it; the formulas by example."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.lights import LIGHTS, light_of
from schemas.moments import instant, ms_of
from schemas.workflow import CASE
from server.core.ledger_figures import Case, Period, Tally, in_time, rates, tally_of
from server.storage.ledger_lists import LedgerLists, Scope, Wanted
from server.usecases.at_the_desk import operators_desk
from server.usecases.ledger_figures import ledger_figures
from server.usecases.list_cases import Sought
from server.values import Origin, Record
from tests.server.clerks import DAY, HOUR, MORNING
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, Office, open_office, person_id

_MOMENTS = st.integers(-72, 72).map(lambda hours: instant(MORNING + hours * HOUR))
_WHERE = st.sampled_from([GRID_7, GRID_8, ELSEWHERE])


@st.composite
def ledgers(draw: st.DrawFn) -> list[Record]:
    """Return a handful of cases, each as odd as records may be."""
    return [_case(draw, number) for number in range(draw(st.integers(0, 8)))]


def _case(draw: st.DrawFn, number: int) -> Record:
    fields: dict[str, Any] = {
        "source": "check", "problem_class": "piling", "severity": "minor", "found_at": draw(_MOMENTS),
        "status": draw(st.sampled_from(sorted(CASE.states))),
    }  # fmt: skip
    for name in ("due_at", "yellow_at", "rectified_at", "closed_at"):
        if draw(st.booleans()):
            fields[name] = draw(_MOMENTS)
    if draw(st.booleans()):
        fields["lead"] = draw(st.sampled_from([STREET, "dept_urban"]))
    if draw(st.booleans()):
        fields["requests"] = [{"kind": "extension", "at": [1, 0], "by": person_id("li")}]
    fields["return_count"] = draw(st.integers(0, 3))
    acts = draw(st.lists(st.sampled_from(["submit", "return", "sign"]), max_size=4))
    by = {"by": person_id("li"), "from": "handling", "to": "handling"}
    fields["timeline"] = [{"act": act, "at": [place, 0], **by} for place, act in enumerate(acts)]
    where, stamp = draw(_WHERE), Stamp(MORNING, 0, "d")
    return Record(
        type="case", id=derived_id("figures", str(number)), grid=where, feed=where[:9], fields=fields,
        origin=Origin(stamp, person_id("li"), 1), at=stamp, by=person_id("li"), device="d", received_ms=MORNING,
        version=number + 1, born=1, void=draw(st.integers(0, 5)) == 0,
    )  # fmt: skip


@pytest.fixture
def empty(database_url: str) -> Iterator[Office]:
    """One office for many ledgers; each is written and taken back."""
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()


def test_the_figures_are_those_of_a_naive_count(empty: Office) -> None:
    """Counts by state, lights at any time of day, and the rates of any period, from SQL as from the records."""

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cases=ledgers(), now=st.integers(-72, 72), first=st.integers(-4, 4), days=st.integers(0, 5))
    def agree(cases: list[Record], now: int, first: int, days: int) -> None:
        now_ms = MORNING + now * HOUR
        day = instant(MORNING + first * DAY)[:10], instant(MORNING + (first + days) * DAY)[:10]
        with empty.store.work(DISTRICT) as work:
            work.records.write(cases)
            told = ledger_figures(work, operators_desk(work), Sought(), day, "lead", now_ms)
            lists = LedgerLists(work.connection, DISTRICT)
            red = lists.find(Wanted((Scope(DISTRICT),), now_ms, overdue=True, limit=99))
        standing = [case for case in cases if not case.void]
        by_state = {one.state: one.cases for one in told.counts.states}
        assert by_state == {state: sum(c.fields["status"] == state for c in standing) for state in CASE.states}
        lights = [light_of(case.fields, now_ms) for case in standing]
        assert told.counts.lights == {light: lights.count(light) for light in LIGHTS}
        assert {row.id for row in red} == {c.id for c, light in zip(standing, lights, strict=True) if light == "red"}
        assert told.counts.open == sum(c.fields["status"] not in CASE.final for c in standing)
        period = Period(ms_of(f"{day[0]}T00:00:00+08:00"), ms_of(f"{day[1]}T00:00:00+08:00") + DAY)
        assert told.rates == rates(tally_of([_plain(case) for case in cases], period))
        by_lead = {case.fields.get("lead", "") for case in cases}
        for group in told.groups:
            mine = [_plain(case) for case in cases if case.fields.get("lead", "") == group.code]
            assert group.rates == rates(tally_of(mine, period))
        assert {group.code for group in told.groups} <= by_lead

    agree()


def _plain(record: Record) -> Case:
    fields = record.fields

    def ms(name: str) -> int | None:
        return ms_of(fields[name]) if name in fields else None

    submits = sum(one["act"] == "submit" for one in fields["timeline"])
    return Case(fields["status"], record.void, ms("due_at"), ms("rectified_at"), ms("closed_at"),
                fields["return_count"], submits)  # fmt: skip


def test_the_formulas_by_example() -> None:
    """Of ten that had to be struck off two are deferred, six were, five in time; one of eight was done again."""
    told = rates(Tally(due=10, deferred=2, closed=6, on_time=5, returns=1, submits=8))
    assert (told.on_time_rate, told.closing_rate, told.rework_rate) == (0.625, 0.75, 0.125)
    nothing = rates(Tally())
    assert (nothing.on_time_rate, nothing.closing_rate, nothing.rework_rate) == (None, None, None)
    assert rates(Tally(due=2, deferred=2)).closing_rate is None


@pytest.mark.parametrize(
    ("case", "counted"),
    [
        (Case("closed", False, 50, 40, 60, 0, 1), True),  # due in the period
        (Case("closed", False, 5, 4, 8, 0, 1), False),  # due and struck off before
        (Case("closed", False, 5, 20, 30, 0, 1), True),  # due before, still open when it began
        (Case("handling", False, 5, None, None, 0, 0), True),  # the same, and open still
        (Case("handling", False, 100, None, None, 0, 0), False),  # due after
        (Case("refused", False, 50, None, None, 0, 0), False),
        (Case("merged", False, 50, None, None, 0, 0), False),
        (Case("closed", True, 50, 40, 60, 0, 1), False),  # entered by mistake
        (Case("rectified", False, None, 40, None, 0, 1), False),  # on the spot: no time was given
    ],
)
def test_which_cases_had_to_be_struck_off(case: Case, counted: bool) -> None:
    """The period goes from 10 to 100."""
    assert tally_of([case], Period(10, 100)).due == counted


def test_in_time_is_when_it_was_put_right_not_when_it_was_struck_off() -> None:
    """The handler does not answer for how long others take to look."""
    assert in_time(Case("closed", False, 50, 50, 90, 0, 1))
    assert not in_time(Case("closed", False, 50, 51, 52, 0, 1))
    assert not in_time(Case("closed", False, 50, None, 52, 0, 1))


def test_a_case_put_right_on_the_spot_was_submitted_once(office: Office) -> None:
    """So that returning it counts against one submission, not against none."""
    tablet = office.device("li")
    tablet.clock_ms = MORNING
    photos = [{"sha256": sign * 64, "role": role} for sign, role in (("a", "before"), ("b", "after"))]
    fields = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": instant(MORNING)}
    tablet.push(tablet.mutation("create", "case", derived_id("record", "spot"), set=fields | {"fixed_on_spot": True},
                                add={"photos": photos}))  # fmt: skip
    with office.store.engine.connect() as connection:
        assert connection.execute(text("SELECT submits, status FROM ledger_row")).one() == (1, "rectified")
