"""
Send what waits 发送通知: one notice to each person whose turn it is, and word of it to channels.

What goes out, the notice's record, and what is queued for channels stand in one transaction: all of it, or nothing.
What cannot go out holds up nobody else, nor what else waits for the same person.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple

from server.core.importing.wanted import Wanted
from server.core.reminding import merging, steps
from server.core.reminding.facts import Case
from server.core.reminding.manners import Manners
from server.core.reminding.merging import Notice
from server.core.reminding.roster import Roster
from server.core.reminding.rules import Reminder
from server.core.reminding.standing import is_over
from server.storage.reminders import Item
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.decide_reminders import due_of
from server.usecases.find_matters import cases_now
from server.usecases.one_by_one import MISTAKES
from server.usecases.push_notices import push_notices
from server.usecases.read_reminders import read_manners, read_reminders, read_roster
from server.usecases.spare_others import note, sifted

#: So many people are sent theirs in one transaction: offices write into the same feeds.
CHUNK = 200


@dataclass(slots=True)
class Sent:
    """How many notices were made, how many items went out in them, how many were over before; how many could not go."""

    notices: int = 0
    items: int = 0
    over: int = 0
    unfit: int = 0

    def add(self, other: "Sent") -> None:
        """Count *other* in."""
        self.notices, self.items = self.notices + other.notices, self.items + other.items
        self.over, self.unfit = self.over + other.over, self.unfit + other.unfit


class _Unfit(ValueError):
    """A notice that its own record type does not take."""


class _Going(NamedTuple):
    """By what one round of sending goes: the reminders by code, the district's manners, and who may be told."""

    rules: Mapping[str, Reminder]
    manners: Manners
    roster: Roster


def send_notices(store: Store, district: str, now_ms: int) -> Sent:
    """Send everybody of *district* whose turn it is what waits for him; running it again sends nothing twice."""
    sent = Sent()
    going, after = None, ""
    while people := _waiting(store, district, after, now_ms):
        going = going or _read(store, district, now_ms)
        sent.add(_send(store, district, going, people, now_ms))
        after = people[-1]
    return sent


def _send(store: Store, district: str, going: _Going, people: Sequence[str], now_ms: int) -> Sent:
    """Send *people* theirs together; where the program stumbles over that, those at fault by themselves."""
    attempt = partial(_attempt, store, district, going, now_ms=now_ms)
    try:
        return retrying(partial(attempt, people))
    except MISTAKES:
        good, wrong = sifted(people, lambda some: retrying(partial(attempt, some, keep=False)))
    sent = retrying(partial(attempt, good)) if good else Sent()
    for person, _ in wrong:
        sent.add(_send_what_fits(store, district, going, person, now_ms))
    return sent


def _send_what_fits(store: Store, district: str, going: _Going, person: str, now_ms: int) -> Sent:
    """Send *person* what waits for him but for that over which the program stumbles."""
    attempt = partial(_attempt, store, district, going, [person], now_ms)
    with store.work(district, writing=False) as work:
        items = work.reminders.waiting([person])
    good, wrong = sifted(items, lambda some: retrying(partial(attempt, only={one.key for one in some}, keep=False)))
    for item, error in wrong:
        note(error, district, f"reminder {item.code}")
        if isinstance(error, _Unfit):
            # Waiting mends it not; what the program itself stumbled over waits until that is mended.
            retrying(partial(_end, store, district, item, now_ms))
    sent = retrying(partial(attempt, only={one.key for one in good})) if good else Sent()
    sent.unfit = len(wrong)
    return sent


def _end(store: Store, district: str, item: Item, now_ms: int) -> None:
    with store.work(district) as work:
        work.reminders.end([item], now_ms)
        work.commit()


def _waiting(store: Store, district: str, after: str, now_ms: int) -> list[str]:
    """Return the next people behind *after* for whom something waits that may go out now."""
    with store.work(district, writing=False) as work:
        # Nobody who waits for the morning keeps anybody busy all night.
        return work.reminders.people_waiting(after, CHUNK, critical=read_manners(work).quiet(now_ms))


def _read(store: Store, district: str, now_ms: int) -> _Going:
    with store.work(district, writing=False) as work:
        rules = {one.code: one for one in read_reminders(work)}
        return _Going(rules, read_manners(work), read_roster(work, now_ms))


def _attempt(
    store: Store, district: str, going: _Going, people: Sequence[str], now_ms: int,
    only: Collection[tuple[str, str, str]] | None = None, *, keep: bool = True,
) -> Sent:  # fmt: skip
    """Send *people* what waits for them, or *only* that, by its keys; without *keep* all of it is undone."""
    with store.work(district) as work:
        sent = _Sending(work, going, now_ms).send(people, only)
        if keep and (sent.items or sent.over):
            work.commit()
    return sent


class _Sending:
    """One transaction's worth of notices."""

    def __init__(self, work: UnitOfWork, going: _Going, now_ms: int) -> None:
        self._work, self._now_ms = work, now_ms
        self._rules, self._manners, self._roster = going

    def send(self, people: Sequence[str], only: Collection[tuple[str, str, str]] | None = None) -> Sent:
        """Send *people* what waits for them, or *only* that, by its keys."""
        waiting = [one for one in self._work.reminders.waiting(people) if only is None or one.key in only]
        cases = cases_now(self._work, {item.subject for item in waiting if item.subject})
        over = [item for item in waiting if self._is_over(item, cases)]
        gone = {item.key for item in over}
        going = self._going([item for item in waiting if item.key not in gone], cases)
        self._work.reminders.end(over, self._now_ms)
        if going:
            self._write(going, cases)
        return Sent(len(going), sum(len(items) for _, items in going), len(over))

    def _write(self, going: Sequence[tuple[Notice, list[Item]]], cases: Mapping[str, Case]) -> None:
        notices, numbers = [notice for notice, _ in going], _numbers(cases)
        items = [item for _, of_notice in going for item in of_notice]
        # Before anything is marked as sent: what others heard already is told to no group again.
        push_notices(self._work, notices, items, self._rules, numbers, self._manners, self._now_ms)
        self._work.reminders.sent([self._sent(notice, item) for notice, of_notice in going for item in of_notice])
        # Last, for numbers are taken in it.
        filed = bring_in_within(self._work, [_wanted(notice) for notice in notices], self._now_ms)
        if any(one.fate == "wrong" for one in filed):
            raise _Unfit

    def _is_over(self, item: Item, cases: Mapping[str, Case]) -> bool:
        nobody = self._roster.home(item.person) is None
        rule = self._rules.get(item.code)
        case = cases.get(item.subject or "")
        return nobody or is_over(rule, item.period, item.made_ms, case, self._manners, self._now_ms)

    def _going(self, waiting: Iterable[Item], cases: Mapping[str, Case]) -> list[tuple[Notice, list[Item]]]:
        """Return the notices to be made, each beside what goes out in it."""
        unpaused = [item for item in waiting if not self._rules[item.code].paused]
        by_person = {person: list(items) for person, items in groupby(sorted(unpaused, key=_whose), key=_whose)}
        apart_ms = self._manners.between_min * 60_000
        last = self._work.reminders.last_sent(by_person, self._now_ms - apart_ms, self._now_ms + apart_ms)
        numbers = _numbers(cases)
        found = []
        for person, items in by_person.items():
            dues = [due_of(item)._replace(grid=self._roster.home(person) or item.grid) for item in items]
            ready = merging.ready(dues, last.get(person), self._manners, self._now_ms)
            if ready:
                notice = merging.notice_of(
                    self._work.district, ready, self._rules, numbers, self._manners, self._now_ms
                )
                keys = {(one.code, one.period, one.target) for one in notice.items}
                found.append((notice, [item for item in items if item.key in keys]))
        return found

    def _sent(self, notice: Notice, item: Item) -> Item:
        next_ms = steps.next_step_ms(self._rules[item.code], item.step, self._now_ms)
        return item._replace(notice=notice.id, sent_ms=self._now_ms, next_ms=next_ms)


def _whose(item: Item) -> str:
    return item.person


def _numbers(cases: Mapping[str, Case]) -> dict[str, str]:
    return {id_: case.case_no for id_, case in cases.items() if case.case_no}


def _wanted(notice: Notice) -> Wanted:
    return Wanted("notice", notice.id, notice.grid, notice.fields)
