"""Who was kept waiting inside the office, which on-spot cases are looked at again, which deferrals come up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import derived_id
from schemas.moments import BEIJING
from server.core.clocks.calendar import Calendar, Official
from server.core.clocks.deadlines import GRACE_MS, escalation
from server.core.clocks.escalating import Standing, causes
from server.core.clocks.waiting import Case, due_reviews, in_sample, overdue_steps
from server.values import CaseTimes

CALENDAR = Calendar(Official())
GRID = "210902005003007"
FOUND = "2020-07-20T09:00:00+08:00"  # a Monday


def ms(text: str) -> int:
    """Return a moment here in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


def case(status: str, *acts: tuple[str, str, str, str], name: str = "1", **fields: Any) -> Case:
    """Return a case in *status* that came in on Monday at 09:05; its acts as name, moment, from, to."""
    said: Mapping[str, Any] = {
        "status": status, "problem_class": "exposed_garbage", "severity": "minor", "source": "check", "found_at": FOUND,
        "timeline": [{"act": a, "at": [ms(at), 0], "by": "x", "from": f, "to": t} for a, at, f, t in acts],
    }  # fmt: skip
    return Case(
        derived_id("case", name),
        GRID,
        ms("2020-07-20 09:05"),
        msgspec.json.decode(msgspec.json.encode({**said, **fields}), type=CaseTimes),
    )


ACCEPTED = ("accept", "2020-07-20 10:00", "reported", "accepted")
GIVEN_OUT = ("dispatch", "2020-07-20 10:30", "accepted", "dispatched")
ASKED = ("instruct", "2020-07-20 15:00", "dispatched", "dispatched")


@pytest.mark.parametrize(
    ("waiting", "step", "due"),
    [
        (case("reported"), "accept", "2020-07-20 11:05"),
        (case("accepted", ACCEPTED), "dispatch", "2020-07-20 11:00"),
        (case("dispatched", ACCEPTED, GIVEN_OUT, lead="dept_urban"), "sign_for", "2020-07-20 11:30"),
        (case("dispatched", ACCEPTED, GIVEN_OUT, ASKED), "sign_for", "2020-07-20 11:30"),
        (case("rectified", dispatched_at=FOUND), "verify", "2020-07-21 17:30"),
        (case("rectified", fixed_on_spot=True, severity="major"), "verify_on_spot", "2020-07-21 17:30"),
        (case("verified"), "strike_off", "2020-07-21 17:30"),
    ],
)
def test_each_step_has_its_time(waiting: Case, step: str, due: str) -> None:
    """Not a minute before it is due; from then on with how late it is. Acts that move nothing start nothing anew."""
    assert overdue_steps(CALENDAR, [waiting], ms(due)) == []
    [late] = overdue_steps(CALENDAR, [waiting], ms(due) + 7_200_000)
    assert (late.step, late.due_ms, late.unit) == (step, ms(due), waiting.times.lead)


@pytest.mark.parametrize("status", ["handling", "deferred", "closed", "refused", "merged"])
def test_whoever_waits_for_nobody_inside(status: str) -> None:
    assert overdue_steps(CALENDAR, [case(status)], ms("2021-01-01 12:00")) == []


def test_the_longest_waits_stand_first() -> None:
    cases = [case("reported", name="late"), case("accepted", ACCEPTED, name="later")]
    found = overdue_steps(CALENDAR, cases, ms("2020-07-20 16:00"))
    assert [one.step for one in found] == ["dispatch", "accept"]
    assert [one.zh for one in found] == ["超期5小时", "超期4小时"]


def test_more_than_a_fifth_of_what_was_fixed_on_the_spot_is_looked_at() -> None:
    """All of the grave ones; of the others always the same, about one in four, and never below a fifth of many."""
    ids = [derived_id("on the spot", str(number)) for number in range(2_000)]
    chosen = {one for one in ids if in_sample(one, "minor")}
    assert chosen == {one for one in reversed(ids) if in_sample(one, "minor")}
    assert 0.2 < len(chosen) / len(ids) < 0.3
    assert all(in_sample(one, severity) for one in ids for severity in ("major", "critical"))


def test_what_is_not_in_the_sample_keeps_nobody_waiting() -> None:
    cases = [case("rectified", fixed_on_spot=True, name=str(number)) for number in range(100)]
    found = overdue_steps(CALENDAR, cases, ms("2020-07-30 12:00"))
    assert {one.id for one in found} == {one.id for one in cases if in_sample(one.id, "minor")}
    assert 0 < len(found) < len(cases)


def test_deferrals_come_up_on_their_day() -> None:
    """The oldest first; not the day before; one taken up again is no deferral."""
    early, late = (case("deferred", name=day, review_on=day, project="翻修") for day in ("2020-08-19", "2020-08-20"))
    others = [case("handling", name="x", review_on="2020-08-01"), case("deferred", name="y")]
    assert [one.id for one in due_reviews([late, early, *others], ms("2020-08-19 00:00"))] == [early.id]
    found = due_reviews([late, early, *others], ms("2020-08-21 09:00"))
    assert [(one.review_on, one.days) for one in found] == [("2020-08-19", 2), ("2020-08-20", 1)]


@given(st.integers(0, 40 * 24 * 3600), st.integers(0, 20 * 24 * 3600), st.integers(0, 4))
def test_levels_agree_with_the_ladder(due_s: int, later_s: int, returns: int) -> None:
    """The highest level is the ladder's, but that of time the higher ones wait for the grace; none skips one."""
    due_ms = ms("2020-07-01 00:00") + due_s * 1000
    now_ms = due_ms + later_s * 1000
    found = causes(CALENDAR, now_ms, Standing("handling", False, due_ms, returns))
    ladder = escalation(CALENDAR, now_ms, due_ms, returns)
    if now_ms <= due_ms + GRACE_MS:
        ladder = max(min(1, ladder), escalation(CALENDAR, now_ms, None, returns))
    assert max(found, default=0) == ladder
    assert all(cause.since_ms is None or due_ms <= cause.since_ms <= now_ms for cause in found.values())
    assert causes(CALENDAR, now_ms, Standing("deferred", False, due_ms, returns)) == {}
    assert causes(CALENDAR, now_ms, Standing("handling", True, due_ms, returns)) == {}
