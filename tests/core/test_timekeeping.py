"""What the acts on a case make of the time it is allowed, from its dispatch on."""

from datetime import date
from typing import Any

import pytest

from schemas.machines import Doing, Fields, written
from schemas.moments import instant, ms_of
from schemas.mutations import Act
from schemas.roles import Role
from schemas.workflow import CASE
from server.core.clocks.calendar import Calendar, Official
from server.core.timekeeping import Timekeeping, term_of

QIAN = "8a2dde25-7bf4-5f5f-b167-0547854aa8bf"
#: A Saturday in July, ten in the morning: no campaign, so no duty day.
SATURDAY = "2020-07-18T10:00:00+08:00"
MONDAY = "2020-07-20T09:00:00+08:00"


def case(**fields: Any) -> Fields:
    """Return a case that was accepted: piles in front of a shop, four work hours."""
    return {"source": "check", "problem_class": "piling", "severity": "minor", "status": "accepted"} | fields


class Office:
    """Somebody at the office doing one act after another on one case."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields

    def does(self, name: str, at: str, role: Role = Role.STREET, reason: str | None = None, **details: Any) -> Fields:
        times = Timekeeping(CALENDAR, (), ms_of(at))
        doing = Doing(Act(name, reason=reason, details=details), QIAN, role, (ms_of(at), 0))
        known, before = CASE.acts[name], dict(self.fields)
        assert times.hinders(known, before, doing) is None
        for field, value in written(known, before, doing, "status", self.fields["status"]).items():
            self._write(field, value)
        if known.clock is not None:
            for field, value in times.reckon(known.clock, before, self.fields, doing).items():
                self._write(field, value)
        return self.fields

    def why_not(self, name: str, at: str, received: str | None = None, role: Role = Role.STREET, **details: Any) -> str:
        times = Timekeeping(CALENDAR, (), ms_of(received or at))
        doing = Doing(Act(name, reason="因雨", details=details), QIAN, role, (ms_of(at), 0))
        why = times.hinders(CASE.acts[name], self.fields, doing)
        return why.code if why else ""

    def _write(self, field: str, value: Any) -> None:
        if value is None:
            self.fields.pop(field, None)
        else:
            self.fields[field] = value


#: The holidays of autumn 2020, with the two days they were paid for.
CALENDAR = Calendar(
    Official(
        years=frozenset({2020}),
        off=frozenset(date(2020, 10, day) for day in (1, 2, 5, 6, 7, 8)),
        make_up=frozenset({date(2020, 9, 27), date(2020, 10, 10)}),
    )
)


def at_work(clock: str, day: str = "2020-07-20") -> str:
    return f"{day}T{clock}:00+08:00"


def test_the_clock_starts_at_dispatch() -> None:
    """Given out on Monday at nine, piles have to be gone by one; at noon the light turns yellow."""
    fields = Office(case()).does("dispatch", MONDAY, lead="210902005")
    assert fields["due_at"] == at_work("13:00")
    assert fields["yellow_at"] == at_work("12:00")


def test_given_out_on_a_day_of_rest() -> None:
    """The clock begins on Monday at eight."""
    assert Office(case()).does("dispatch", SATURDAY, lead="210902005")["due_at"] == at_work("12:00")


def test_the_test_vector_of_the_holidays() -> None:
    """Two work days from Wednesday 30 September: Saturday 10 October, a make-up day, at half past five."""
    office = Office(case(problem_class="rubble_soil", variant="soil", severity="major"))
    assert office.does("dispatch", "2020-09-30T16:00:00+08:00", lead="dept_urban")["due_at"] == (
        "2020-10-10T17:30:00+08:00"
    )


def test_an_order_names_the_date() -> None:
    fields = Office(case()).does("dispatch", MONDAY, lead="dept_urban", due_at=at_work("17:00", "2020-07-24"))
    assert fields["due_at"] == at_work("17:00", "2020-07-24")


def test_reassigned_the_clock_begins_anew() -> None:
    """What the wrong unit used is not charged to the right one."""
    office = Office(case())
    office.does("dispatch", MONDAY, lead="210902005")
    assert office.does("reassign", at_work("12:30"), lead="dept_urban")["due_at"] == at_work("16:30")


def test_sent_back_nobody_is_late() -> None:
    office = Office(case())
    office.does("dispatch", MONDAY, lead="210902005")
    assert "due_at" not in office.does("send_back", at_work("10:00"), suggested="dept_urban")
    assert office.does("dispatch", at_work("15:00"), lead="dept_urban")["due_at"] == at_work("09:00", "2020-07-21")


def test_sending_back_has_two_hours() -> None:
    office = Office(case())
    office.does("dispatch", MONDAY, lead="210902005")
    assert office.why_not("send_back", at_work("11:00")) == ""
    assert office.why_not("send_back", at_work("11:01")) == "too_late_to_send_back"


def test_returned_it_has_half_the_time() -> None:
    """Also the second time: half of the original, not a quarter."""
    office = Office(case())
    for act, clock in (("dispatch", "09:00"), ("sign", "09:10"), ("submit", "10:00"), ("return", "10:30")):
        fields = office.does(act, at_work(clock), lead="210902005", measure="已清")
    assert fields["due_at"] == at_work("12:30")
    office.does("submit", at_work("11:00"), measure="已清")
    assert office.does("return", at_work("11:30"))["due_at"] == at_work("13:30")


def test_more_time_is_asked_for_in_time() -> None:
    """The first extension is at most one limit more; asked for too late, or for too long, it is not to be had."""
    office = Office(case())
    office.does("dispatch", MONDAY, lead="210902005")
    assert office.why_not("ask_extension", at_work("13:01"), until=at_work("17:00")) == "asked_after_due"
    # Asked for at noon and sent the next morning, it was in time; two days later nobody believes it any more.
    later = at_work("09:00", "2020-07-21"), at_work("14:00", "2020-07-22")
    assert office.why_not("ask_extension", at_work("12:00"), later[0], until=at_work("17:00")) == ""
    assert office.why_not("ask_extension", at_work("12:00"), later[1], until=at_work("17:00")) == "asked_after_due"
    assert office.why_not("ask_extension", at_work("12:00"), until=at_work("18:00")) == "too_long"
    office.does("ask_extension", at_work("12:00"), until=at_work("16:00"), role=Role.GRID_LEADER)
    assert office.why_not("grant_extension", at_work("14:00"), until=at_work("17:01")) == "too_long"
    fields = office.does("grant_extension", at_work("14:00"), until=at_work("17:00"))
    assert fields["due_at"] == at_work("17:00")
    office.does("ask_extension", at_work("16:00"), until=at_work("12:00", "2020-07-21"))
    assert office.why_not("grant_extension", at_work("16:30")) == "office_grants"
    fields = office.does("grant_extension", at_work("16:30"), role=Role.DISTRICT_OFFICE)
    assert fields["due_at"] == at_work("12:00", "2020-07-21")


def test_engineering_takes_what_it_takes() -> None:
    """More than one limit, but the district office grants it from the beginning."""
    office = Office(case(cause="facility"))
    office.does("dispatch", MONDAY, lead="dept_housing")
    office.does("ask_extension", at_work("12:00"), until=at_work("17:00", "2020-08-20"))
    assert office.why_not("grant_extension", at_work("12:30")) == "office_grants"
    fields = office.does("grant_extension", at_work("12:30"), role=Role.DISTRICT_OFFICE)
    assert fields["due_at"] == at_work("17:00", "2020-08-20")


def test_what_is_deferred_goes_on_with_what_was_left() -> None:
    """Two of four hours used; resumed in August, two are left."""
    office = Office(case())
    office.does("dispatch", MONDAY, lead="210902005")
    office.does("sign", at_work("09:30"))
    office.does("ask_deferral", at_work("10:00"), review_on="2020-08-10", reason="待改造")
    office.does("grant_deferral", at_work("11:00"), role=Role.DISTRICT_OFFICE)
    fields = office.does("resume", at_work("08:00", "2020-08-10"), role=Role.DISTRICT_OFFICE)
    assert fields["due_at"] == at_work("10:00", "2020-08-10")


def test_graver_it_has_half_the_time_from_its_start() -> None:
    """And where a person named the date, that stays."""
    office = Office(case())
    before = dict(office.does("dispatch", MONDAY, lead="210902005"))
    times = Timekeeping(CALENDAR, (), ms_of(MONDAY))
    assert times.regraded(before, before | {"severity": "major"})["due_at"] == at_work("11:00")
    assert times.regraded(before, before) == {}
    named = dict(office.does("set_due", at_work("10:00"), due_at=at_work("17:00")))
    assert times.regraded(named, named | {"severity": "major"}) == {}


@pytest.mark.parametrize("known", ["piling", "a_class_of_tomorrow"])
def test_a_class_not_known_here_has_the_time_of_others(known: str) -> None:
    fields = Office(case(problem_class=known)).does("dispatch", MONDAY, lead="210902005")
    assert ms_of(fields["due_at"]) > ms_of(MONDAY)
    term = term_of(fields)
    assert term is not None
    assert instant(term.due_ms) == fields["due_at"]


def test_the_days_are_what_they_were_said_to_be() -> None:
    assert CALENDAR.is_working_day(date(2020, 10, 10))
    assert not CALENDAR.is_working_day(date(2020, 10, 1))
