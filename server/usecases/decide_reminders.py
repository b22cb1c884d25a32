"""
Decide who is to be reminded of what 提醒判定, once for each matter and person; and preview it.

Reading is done before writing: what two processes decide at the same moment falls on the same keys, and an hour is
claimed in the very transaction that writes what it told. What the program stumbles over is left out and logged: it
holds up no other reminder, and no other case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from schemas import grid
from schemas.moments import instant
from schemas.wording import written
from server.core.clocks.calendar import DAY_MS, index_of, midnight
from server.core.reminding import deciding, steps
from server.core.reminding.deciding import Asking
from server.core.reminding.facts import Due, Matter, moment_period
from server.core.reminding.manners import Manners
from server.core.reminding.rules import Reminder
from server.core.reminding.standing import is_over
from server.storage.job_runs import WHOLE
from server.storage.reminders import Item
from server.storage.store import Store
from server.storage.unit_of_work import OurMistake, UnitOfWork, retrying
from server.usecases.find_matters import Finder, cases_now
from server.usecases.mistakes import Mistake
from server.usecases.one_by_one import MISTAKES
from server.usecases.read_reminders import read_manners, read_reminders, read_roster
from server.usecases.spare_others import note, spared

#: Under what an hour of a reminder is claimed, before its code.
CLAIM = "remind."
#: So many steps are taken in one transaction.
CHUNK = 500


@dataclass(slots=True)
class Decided:
    """How many items were made, by code; how many of them as a further step; how many were found to be over."""

    made: dict[str, int] = field(default_factory=dict)
    stepped: int = 0
    over: int = 0

    def add(self, dues: Iterable[Due]) -> None:
        """Count *dues*."""
        for due in dues:
            self.made[due.code] = self.made.get(due.code, 0) + 1


def decide_reminders(store: Store, district: str, now_ms: int) -> Decided:
    """Decide what everybody of *district* is to be reminded of at *now_ms*; running it again changes nothing."""
    decided = Decided()
    with store.work(district, writing=False) as work:
        at_hours, soon = _found(work, now_ms)
    for asking, told in at_hours:
        if retrying(partial(_put, store, district, told, now_ms, asking)):
            decided.add(told)
    if soon:
        retrying(partial(_put, store, district, soon, now_ms))
        decided.add(soon)
    while True:
        stepped, over, more = retrying(partial(_take_steps, store, district, now_ms))
        decided.stepped, decided.over = decided.stepped + stepped, decided.over + over
        if not more:
            return decided


def preview_reminders(work: UnitOfWork, now_ms: int, until_ms: int | None = None) -> list[Due]:
    """
    Return what would be decided from *now_ms* until *until_ms* (None: the end of the day), as things stand now.

    Nothing is written. What was decided already is left out, and so is what is paused.

    Args:
        work: For reading; needs no transaction.
        until_ms: A moment of the same day.
    """
    end_ms = midnight(index_of(now_ms)) + DAY_MS - 1
    until_ms = end_ms if until_ms is None else min(until_ms, end_ms)
    manners = read_manners(work)
    finders: dict[int, Finder] = {}

    def at(ms: int) -> Finder:
        return finders.setdefault(ms, Finder(work, ms, now_ms - manners.horizon_ms))

    def foretold(reminder: Reminder) -> list[Due]:
        asked = _asked(reminder, at(now_ms))
        come = [one for one in asked if deciding.come_due(one, manners, now_ms)][-1:]
        to_come = [one for one in asked if now_ms < one.at_ms <= until_ms]
        found = [
            matter
            for asking in _unclaimed(work, reminder, at(now_ms), come + to_come)
            for matter in at(max(now_ms, asking.at_ms)).at_hour(asking)
        ]
        found += at(until_ms).by_now(reminder) if reminder.soon else []
        return deciding.dues(reminder, found, at(now_ms).roster)

    return [due for found in spared(_going(work), foretold, work.district, "preview") for due in found]


def announce(store: Store, district: str, code: str, area: str, until_ms: int, now_ms: int) -> list[Due]:
    """
    Remind everybody in *area* of what the office announces under *code* (R16: the snow has stopped).

    Announced again for the same area and date it is the same, and nobody is told twice.

    Args:
        until_ms: By when it is to be done.

    Raises:
        Mistake: There is no such reminder, it is paused or is not the office's to announce, the area is not one of
            the district, the date is over, or the quiet hours end after it.
    """
    with store.work(district, writing=False) as work:
        reminder = _announced(work, code)
        if not grid.is_code(area) or not grid.lies_in(area, district) or grid.is_sealed(area):
            raise Mistake(f"区划代码 {area} 不在本区。", f"{area} is no area of this district.")
        if until_ms <= now_ms:
            raise Mistake("完成时限已过，请给出以后的时间。", "That time is over; name a later one.")
        if not reminder.critical and read_manners(work).awake_ms(now_ms) >= until_ms:
            raise Mistake(
                f"静默时段结束前就到时限，发不出去；请改时限，或把 {code} 设为紧急。",
                f"The quiet hours end after that time; name a later one, or make {code} critical.",
            )
        until = written(instant(until_ms))
        matter = Matter(moment_period(until_ms), area, area, {"area": area, "until": until})
        known = work.reminders.known(code, matter.period, [area])
        dues = [] if (matter.period, area) in known else deciding.dues(reminder, [matter], read_roster(work, now_ms))
    if dues:
        retrying(partial(_put, store, district, dues, now_ms))
    return dues


def _announced(work: UnitOfWork, code: str) -> Reminder:
    found = next((one for one in read_reminders(work) if one.code == code), None)
    if found is None or found.condition != "announced":
        raise Mistake(f"{code} 不是由办公室发布的提醒。", f"{code} is no reminder that the office announces.")
    if found.paused:
        raise Mistake(f"{code} 已暂停，请先恢复。", f"{code} is paused; resume it first.")
    return found


def _going(work: UnitOfWork) -> list[Reminder]:
    return [one for one in read_reminders(work) if not one.paused]


# -- finding -----------------------------------------------------------------------------------------


def _found(work: UnitOfWork, now_ms: int) -> tuple[list[tuple[Asking, list[Due]]], list[Due]]:
    """Return what each hour that has come tells, and what is told as soon as it holds."""
    manners = read_manners(work)
    finder = Finder(work, now_ms, now_ms - manners.horizon_ms)
    at_hours: list[tuple[Asking, list[Due]]] = []
    soon: list[Due] = []
    for reminder in _going(work):
        try:
            at_hours += _at_hours(work, reminder, finder, manners, now_ms)
            if reminder.soon and (matters := finder.by_now(reminder)):
                soon += deciding.dues(reminder, matters, finder.roster)
        except OurMistake:
            # The database answers nothing more in this transaction.
            raise
        except MISTAKES as error:
            note(error, work.district, f"reminder {reminder.code}")
    return at_hours, soon


def _at_hours(
    work: UnitOfWork, reminder: Reminder, finder: Finder, manners: Manners, now_ms: int
) -> list[tuple[Asking, list[Due]]]:
    """Return what the last hour of *reminder* that has come tells; nothing where somebody has claimed it."""
    come = [one for one in _asked(reminder, finder) if deciding.come_due(one, manners, now_ms)][-1:]
    return [
        (asking, deciding.dues(reminder, matters, finder.roster) if (matters := finder.at_hour(asking)) else [])
        for asking in _unclaimed(work, reminder, finder, come)
    ]


def _asked(reminder: Reminder, finder: Finder) -> list[Asking]:
    return list(deciding.hours(reminder, finder.calendar, finder.now_ms)) if reminder.at else []


def _unclaimed(work: UnitOfWork, reminder: Reminder, finder: Finder, wanted: Sequence[Asking]) -> list[Asking]:
    """Return those of *wanted* that nobody has claimed; before each lies the last hour that was told, or will be."""
    if not wanted:
        return []
    claimed = work.job_runs.whole(CLAIM + reminder.code, {one.at_ms for one in _asked(reminder, finder)})
    told = claimed | {one.at_ms for one in wanted}
    return [
        one._replace(before_ms=max((hour for hour in told if hour < one.at_ms), default=None))
        for one in wanted
        if one.at_ms not in claimed
    ]


# -- writing -----------------------------------------------------------------------------------------


def _put(store: Store, district: str, dues: Sequence[Due], now_ms: int, asking: Asking | None = None) -> bool:
    """Write *dues* but those that cannot be kept; return whether they were ours to write."""
    good = [due for due in dues if deciding.can_be_kept(due)]
    for code in {due.code for due in dues if not deciding.can_be_kept(due)}:
        note(ValueError(), district, f"reminder {code}")
    with store.work(district) as work:
        if asking is not None:
            claim = CLAIM + asking.reminder.code
            if not work.job_runs.claim(claim, asking.at_ms, WHOLE, now_ms):
                return False
        work.reminders.put([_item(due, now_ms) for due in good])
        work.commit()
    return True


def _take_steps(store: Store, district: str, now_ms: int) -> tuple[int, int, bool]:
    """Take the next steps that are due; return how many items came of it, how many were over, and whether to go on."""
    with store.work(district) as work:
        items = work.reminders.steps_due(now_ms, CHUNK)
        if not items:
            return 0, 0, False
        taking = _Taking(work, items, now_ms)
        taken = list(spared(items, taking.take, district, "step"))
        over = {item.key for item, further in taken if further is None}
        dues = {(due.code, due.period, due.target): due for _, further in taken for due in further or ()}
        work.reminders.end([item for item in items if item.key in over], now_ms)
        work.reminders.stepped([item for item in items if item.key not in over])
        work.reminders.put([_item(due, now_ms) for due in dues.values() if deciding.can_be_kept(due)])
        work.commit()
    return len(dues), len(over), len(items) == CHUNK


class _Taking:
    """The next steps of *items*: by what they are taken."""

    def __init__(self, work: UnitOfWork, items: Sequence[Item], now_ms: int) -> None:
        self._rules = {one.code: one for one in read_reminders(work)}
        self._cases = cases_now(work, {item.subject for item in items if item.subject})
        self._roster, self._heard = read_roster(work, now_ms), work.reminders.heard(items)
        self._manners, self._now_ms = read_manners(work), now_ms

    def take(self, item: Item) -> tuple[Item, list[Due] | None]:
        """Return *item* with what comes due in its next step; None: what it is about is over."""
        rule, case = self._rules.get(item.code), self._cases.get(item.subject or "")
        # Too old to be told is a step by when it was due, however long after the first word that is.
        if rule is None or is_over(rule, item.period, item.next_ms or item.made_ms, case, self._manners, self._now_ms):
            return item, None
        if rule.paused:
            return item, []
        matter = Matter(item.period, item.subject or "", case.grid if case is not None else item.grid)
        if case is not None:
            matter = matter._replace(person=case.owner, unit=case.lead)
        told = self._heard[item.code, item.period, item.subject or ""]
        return item, steps.next_dues(rule, due_of(item), matter, self._roster, told)


def due_of(item: Item) -> Due:
    """Return what *item* is due to tell."""
    return Due(
        item.code, item.period, item.target, item.person, item.subject, item.grid, item.step, item.critical, item.zh,
        item.en, item.next_ms,
    )  # fmt: skip


def _item(due: Due, now_ms: int) -> Item:
    return Item(
        due.code, due.period, due.target, due.person, due.subject, due.grid, due.step, due.critical, due.zh, due.en,
        now_ms,
    )  # fmt: skip
