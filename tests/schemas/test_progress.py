"""How far things are on a day: late, counted down, kept, answered."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import progress
from schemas.moments import ms_of

DUE = "2020-07-20"


def task(id_: str = "t", **said: Any) -> Any:
    """Return a task of the street Hebei, due on the 20th."""
    fields = {"unit": "210902005", "what": "清理楼道", "due_on": DUE} | said
    return SimpleNamespace(id=id_, fields=fields)


def milestone(due_on: str = DUE) -> Any:
    """Return the milestone of the 20th."""
    return SimpleNamespace(id="m", fields={"name": "全部完成", "due_on": due_on})


def rechecked(*looks: tuple[str, str]) -> list[dict[str, str]]:
    """Return re-checks: day and result."""
    return [{"on": on, "result": result} for on, result in looks]


@pytest.mark.parametrize(
    ("said", "day", "standing"),
    [
        ({}, DUE, "not_started"), ({}, "2020-07-21", "late"), ({"status": "under_way"}, DUE, "under_way"),
        ({"status": "under_way"}, "2020-07-21", "late"), ({"status": "done"}, "2020-09-01", "done"),
        ({"status": "done", "rechecks": rechecked(("2020-07-18", "slipped"))}, DUE, "slipped"),
        ({"status": "done", "rechecks": rechecked(("2020-07-18", "slipped"))}, "2020-07-21", "late"),
        ({"status": "done", "done_on": "2020-07-19", "rechecks": rechecked(("2020-07-18", "slipped"))}, DUE, "done"),
        ({"status": "done", "done_on": "2020-07-18", "rechecks": rechecked(("2020-07-18", "slipped"))}, DUE, "slipped"),
        ({"status": "done", "rechecks": rechecked(("2020-07-18", "slipped"), ("2020-07-19", "holds"))}, DUE, "done"),
        ({"status": "done", "rechecks": rechecked(("2020-07-19", "not_done"), ("2020-07-16", "holds"))}, DUE,
         "slipped"),
        ({"status": "under_way", "rechecks": rechecked(("2020-07-18", "holds"))}, DUE, "under_way"),
    ],
)  # fmt: skip
def test_where_a_task_stands(said: dict[str, Any], day: str, standing: str) -> None:
    """Due on a day is late from the next one; a finished one stays finished as long as its re-checks say so."""
    assert progress.standing(task(**said).fields, day) == standing


def test_the_late_list_begins_with_the_longest_overdue() -> None:
    """With the step that is due next, so that whoever calls knows what to ask for."""
    steps = [
        {"name": "清理", "due_on": "2020-07-18"},
        {"name": "动员", "due_on": "2020-07-15", "done_on": "2020-07-15"},
        {"name": "验收", "due_on": "2020-07-20"},
    ]
    tasks = [task("a", steps=steps), task("b", due_on="2020-07-10"), task("c", due_on="2020-08-01"),
             task("d", status="done")]  # fmt: skip
    late = progress.late_tasks(tasks, "2020-07-22")
    assert [(one.id, one.days, one.step) for one in late] == [("b", 12, None), ("a", 2, "清理")]
    assert [step["name"] for step in progress.late_steps(tasks[0].fields, "2020-07-19")] == ["清理"]


def test_a_milestone_counts_down_and_turns_red() -> None:
    """Its own tasks, and those without one that are due by then; red only where something is left."""
    tasks = [
        task("own", milestone_id="m", due_on="2020-08-30"),
        task("by then", unit="dept_housing"),
        task("done", status="done"),
        task("later", due_on="2020-07-21"),
        task("another's", milestone_id="n"),
    ]
    before = progress.countdown(milestone(), tasks, "2020-07-13")
    assert (before.days, before.red, before.reminds) == (7, False, True)
    assert dict(before.unfinished) == {"210902005": 1, "dept_housing": 1}
    assert dict(before.finished) == {"210902005": 1}
    after = progress.countdown(milestone(), tasks, "2020-07-21")
    assert (after.days, after.red, after.reminds) == (-1, True, True)
    assert not progress.countdown(milestone(), [tasks[2]], "2020-07-21").red


@pytest.mark.parametrize(
    ("day", "reminds"),
    [("2020-07-12", False), ("2020-07-13", True), ("2020-07-17", True), ("2020-07-18", False), ("2020-07-19", True),
     ("2020-07-20", True), ("2020-07-21", True), ("2020-08-30", True)],
)  # fmt: skip
def test_people_are_reminded_seven_three_one_and_daily(day: str, reminds: bool) -> None:
    assert progress.countdown(milestone(), [task()], day).reminds is reminds
    assert not progress.countdown(milestone(), [task(status="done")], day).reminds


def test_only_a_judgement_counts_for_a_pledge() -> None:
    """Two kept, one not, one nobody has judged: two of three."""
    said: list[dict[str, Any]] = [
        {"kept": {"kept": True}},
        {"kept": {"kept": False}},
        {"kept": None},
        {"kept": {"kept": True}},
        {},
    ]
    rate = progress.pledge_rate(said)
    assert (rate.kept, rate.broken, rate.open) == (2, 1, 2)
    assert rate.rate == pytest.approx(2 / 3)
    assert progress.pledge_rate([{}]).rate is None


def replied(*moments: str) -> dict[str, Any]:
    """Return an order due on the 20th with replies at *moments*."""
    return {"reply_due": DUE, "replies": [{"at": [ms_of(moment), 0], "text": "已办"} for moment in moments]}


@pytest.mark.parametrize(
    ("moments", "day", "answered"),
    [
        ((), DUE, "waiting"), ((), "2020-07-21", "overdue"), (("2020-07-20T23:59:59+08:00",), "2020-07-25", "in_time"),
        (("2020-07-21T00:00:00+08:00",), "2020-07-25", "late"),
        # 15:59 in London is the last minute of the day here.
        (("2020-07-20T15:59:00+00:00",), "2020-07-25", "in_time"),
        (("2020-07-22T09:00:00+08:00", "2020-07-19T09:00:00+08:00"), "2020-07-25", "in_time"),
    ],
)  # fmt: skip
def test_the_first_reply_counts_by_its_stamp(moments: tuple[str, ...], day: str, answered: str) -> None:
    assert progress.answer(replied(*moments), day) == answered


def test_a_sweep_knows_who_found_what_and_who_is_missing() -> None:
    """None found is an answer; two reports of one unit add up."""
    sweep = {"units": ["210902005", "210902006", "dept_urban"], "due_on": DUE}
    reports = [{"unit": "210902005", "found": 2}, {"unit": "210902005", "found": 1}, {"unit": "dept_urban", "found": 0}]
    state = progress.sweep_state(sweep, reports, "2020-07-21")
    assert dict(state.found) == {"210902005": 3, "dept_urban": 0}
    assert (state.missing, state.overdue, state.total) == (("210902006",), True, 3)
    assert not progress.sweep_state(sweep, reports, DUE).overdue


days = st.dates(date(2020, 7, 1), date(2020, 9, 1)).map(date.isoformat)


@given(
    status=st.sampled_from([None, "not_started", "under_way", "done"]),
    done_on=st.none() | days,
    looks=st.lists(
        st.tuples(days, st.sampled_from(["holds", "slipped", "not_done"])), max_size=4, unique_by=lambda look: look[0]
    ),
    day=days,
)
def test_a_task_is_late_just_when_it_is_over_and_not_finished(
    status: str | None, done_on: str | None, looks: list[tuple[str, str]], day: str
) -> None:
    """And once late it stays late until somebody does something: no standing changes for the better by waiting."""
    one = task(status=status, done_on=done_on, rechecks=rechecked(*looks)).fields
    late = progress.standing(one, day) == "late"
    assert late == (day > DUE and not progress.is_finished(one))
    tomorrow = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    assert not late or progress.standing(one, tomorrow) == "late"
