"""
Find what there is to remind of 提醒事实汇集: read narrowly, put together by ``server.core.reminding``.

Nothing here loads more cases whole than there is something new to say of.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from schemas import grid, wire
from schemas.moments import day_of
from schemas.progress import Countdown, countdown
from server.core.clocks import waiting
from server.core.clocks.calendar import DAY_MS, HOUR_MS, Calendar
from server.core.clocks.working import due
from server.core.reminding import of_cases, of_days, reporters
from server.core.reminding.deciding import Asking
from server.core.reminding.facts import Case, Matter, Ripe, Unsent, moment_period
from server.core.reminding.roster import Roster
from server.core.reminding.rules import CONDITIONS, Reminder
from server.storage.reminder_facts import CaseFact
from server.storage.unit_of_work import UnitOfWork
from server.usecases.campaign_progress import belongings, campaigns
from server.usecases.know_devices import unsent_people
from server.usecases.name_units import unit_names
from server.usecases.patrol_plan import plans
from server.usecases.read_calendar import read_calendar
from server.usecases.read_reminders import read_roster
from server.usecases.spare_others import spared


class Finder:
    """
    What there is to remind of in the district of *work* at *now_ms*; what several reminders need is read once.

    Args:
        work: For reading; needs no transaction.
        since_ms: What happened before is not told any more.
    """

    def __init__(self, work: UnitOfWork, now_ms: int, since_ms: int) -> None:
        self._work, self.now_ms, self._since_ms = work, now_ms, since_ms
        self._read: dict[str, list[Case]] = {}

    @cached_property
    def calendar(self) -> Calendar:
        """The district's calendar."""
        return read_calendar(self._work)

    @cached_property
    def roster(self) -> Roster:
        """Who may be told."""
        return read_roster(self._work, self.now_ms)

    def at_hour(self, asking: Asking) -> list[Matter]:
        """Return what a reminder with an hour tells at that hour."""
        return _AT_HOUR[asking.reminder.condition](self, asking)

    def by_now(self, reminder: Reminder) -> list[Matter]:
        """Return what *reminder* tells as soon as it holds, and nobody was told yet."""
        return _BY_NOW[reminder.condition](self, reminder)

    # -- cases ---------------------------------------------------------------------------------------

    def of_cases(self, reminder: Reminder) -> list[Matter]:
        """Return the cases for which the reminder's condition holds."""
        condition = reminder.condition
        found = of_cases.ripe(condition, self._cases(_FACTS[condition]), self.calendar, self.now_ms)
        if condition == "returned":
            return self._matters(condition, self._unknown(reminder.code, "", found), self._since_ms)
        return self._matters(condition, self._unknown(reminder.code, moment_period(self._since_ms), found))

    def escalated(self, reminder: Reminder) -> list[Matter]:
        """Return the cases that reached level 2 or 3; of one that reached both, the third."""
        reached = self._work.reminder_facts.reached(self._since_ms)
        found: dict[tuple[str, str], Ripe] = {}
        for one in sorted(reached, key=lambda one: one.level):
            words = {"why": (one.why_zh, one.why_en), "proposal": of_cases.PROPOSALS[one.level]}
            ripe = Ripe(moment_period(one.noticed_ms), _case(one.case), words)
            found[ripe.period, ripe.case.id] = ripe
        fresh = self._unknown(reminder.code, moment_period(self._since_ms), found.values())
        names = unit_names(self._work, {one.case.lead for one in fresh if one.case.lead})
        called = [
            one._replace(words={**one.words, "unit": (zh, zh)})
            for one in fresh
            for zh in [names.get(one.case.lead or "", one.case.lead or "")]
        ]
        return self._matters(reminder.condition, called)

    def unverified(self, asking: Asking) -> list[Matter]:
        """Return what waits to be verified, for each verifier."""
        # Four work hours are at least four hours.
        facts = self._work.reminder_facts.put_right(self.now_ms - 4 * HOUR_MS)
        waits = [
            of_days.Waiting(case.grid, case.owner, since, due(self.calendar, since, of_cases.VERIFIED_IN))
            for case in map(_case, facts)
            if of_cases.waits_for_verifier(case, self.calendar, self.now_ms)
            and (since := case.rectified_ms) is not None
        ]
        return self._counted(asking, waits)

    def not_struck_off(self, asking: Asking) -> list[Matter]:
        """Return what was verified and is not struck off, for each street."""
        cases = (
            waiting.Case(one.id, self._striking(one.grid, one.times.source), one.received_ms, one.times)
            for batch in self._work.case_clocks.in_states(("verified",), self._work.district)
            for one in batch
            if not grid.is_sealed(one.grid)
        )
        late = waiting.overdue_steps(self.calendar, cases, self.now_ms)
        return self._counted(asking, [of_days.Waiting(one.grid, None, one.since_ms, one.due_ms) for one in late])

    def _striking(self, place: str, source: str) -> str:
        """Return where whoever strikes a case off sits: what was found from above is not the street's to end."""
        return self._work.district if source in _FROM_ABOVE else place

    def _counted(self, asking: Asking, waits: Iterable[of_days.Waiting]) -> list[Matter]:
        return of_days.grouped(
            self.roster, asking.reminder.audience, waits, asking.period, asking.before_ms, self.now_ms
        )

    def _cases(self, kind: str) -> list[Case]:
        if kind not in self._read:
            facts = self._work.reminder_facts
            asked: Mapping[str, Callable[[], list[CaseFact]]] = {
                "dispatched": lambda: facts.dispatched(self._since_ms),
                "turned": lambda: facts.turned(self._since_ms, self.now_ms),
                "returned": lambda: facts.returned(self._since_ms),
            }
            self._read[kind] = [_case(one) for one in asked[kind]()]
        return self._read[kind]

    def _unknown(self, code: str, since: str, found: Iterable[Ripe]) -> list[Ripe]:
        """Return those of *found* of which nobody was told."""
        fresh = list(found)
        if not fresh:
            return []
        # Periods that are no moments are not found by when they were.
        subjects = None if since else [one.case.id for one in fresh]
        known = self._work.reminders.known(code, since, subjects)
        return [one for one in fresh if (one.period, one.case.id) not in known]

    def _matters(self, condition: str, found: Sequence[Ripe], returned_after: int | None = None) -> list[Matter]:
        times = self._work.case_clocks.of([one.case.id for one in found])

        def told(one: Ripe) -> Matter | None:
            known = times[one.case.id]
            if returned_after is not None and (of_cases.returned_ms(known) or 0) <= returned_after:
                return None
            return of_cases.matter(condition, one, known, self.calendar, self.now_ms)

        known = (one for one in found if one.case.id in times)
        return [one for one in spared(known, told, self._work.district, condition) if one is not None]

    # -- days ----------------------------------------------------------------------------------------

    def patrols(self, asking: Asking) -> list[Matter]:
        """Return what each grid has to walk today, or has left."""
        planned = plans(self._work, day_of(asking.at_ms), self.now_ms)
        names = unit_names(self._work, planned)
        unfinished = asking.reminder.condition == "patrol_unfinished"
        return of_days.patrols(planned, names, asking.period, unfinished=unfinished)

    def unsent_today(self, asking: Asking) -> list[Matter]:
        """Return who has not uploaded everything."""
        return of_days.unsent(self._unsent, asking.period, self.now_ms)

    def unsent_old(self, reminder: Reminder) -> list[Matter]:
        """Return who has had something to upload for a day."""
        # What has waited since long before reminders were on, or since before a standstill, is told by the hour alone.
        old_ms = self._since_ms - of_days.OLD_MS
        found = of_days.unsent([one for one in self._unsent if one.oldest_ms > old_ms], None, self.now_ms)
        known = self._work.reminders.known(reminder.code, moment_period(old_ms)) if found else set()
        return [one for one in found if (one.period, one.subject) not in known]

    @cached_property
    def _unsent(self) -> list[Unsent]:
        """Who has not uploaded everything, whatever the number of his tablets."""
        found: dict[str, Unsent] = {}
        for one in unsent_people(self._work, self.now_ms):
            since_ms = one.last_ms if one.since_ms is None else one.since_ms
            other = found.get(one.person, Unsent(one.person, self._work.district, 0, 0, since_ms))
            records, photos = other.records + one.records, other.photos + one.photos
            found[one.person] = Unsent(one.person, other.place, records, photos, min(other.oldest_ms, since_ms))
        return list(found.values())

    def milestones(self, asking: Asking) -> list[Matter]:
        """Return what each unit has left to do before each milestone that is near, or over."""
        day = day_of(asking.at_ms)
        counted: list[tuple[str, Countdown]] = []
        for campaign in campaigns(self._work):
            if (campaign.fields.get("end_on") or day) >= day and not grid.is_sealed(campaign.grid):
                known = belongings(self._work, campaign)
                tasks = known.of("campaign_task")
                counted += [(one.grid, countdown(one, tasks, day)) for one in known.of("milestone")]
        names = unit_names(self._work, {unit for _, one in counted for unit in one.unfinished})
        return of_days.milestones(counted, names, asking.period)

    def cleaning_days(self, asking: Asking) -> list[Matter]:
        """Return the cleaning days of tomorrow."""
        tomorrow = day_of(asking.at_ms + DAY_MS)
        days = [
            one
            for one in self._work.records.of_types(("cleaning_day",))
            if one.fields.get("held_on") == tomorrow and not one.void and not grid.is_sealed(one.grid)
        ]
        turnouts = self._work.records.about([one.id for one in days], 0, lock=False).values() if days else ()
        units: dict[str, list[str]] = {one.id: [] for one in days}
        for turnout in turnouts:
            if turnout.type == "turnout" and not turnout.void:
                units[str(turnout.fields["activity_id"])].append(str(turnout.fields["unit"]))
        return of_days.cleaning_days(((one.id, one.grid, one.fields, units[one.id]) for one in days), asking.period)

    # -- people --------------------------------------------------------------------------------------

    def told(self, reminder: Reminder) -> list[Matter]:
        """Return what people are told of decisions about what they wrote."""
        rows = [
            (one, of_days.telling_period(one.at_ms, one.feed, one.version, one.part))
            for one in self._work.reminder_facts.told(self._since_ms)
        ]
        known = {period for period, _ in self._work.reminders.known(reminder.code, moment_period(self._since_ms))}
        fresh = [
            (row.person, row.feed, period, wire.decode_json(row.body)) for row, period in rows if period not in known
        ]
        return [
            one
            for found in spared(fresh, lambda row: of_days.tellings([row]), self._work.district, "told")
            for one in found
        ]

    def reporters(self, reminder: Reminder) -> list[Matter]:
        """Return the reporters who wait for an answer; who they are is not told."""
        found = self._work.reminder_facts.reported(self._since_ms)
        ripe = [Ripe(reporters.outcome_of(one.case.status), _case(one.case)) for one in found]
        fresh = self._unknown(reminder.code, "", ripe)
        times = self._work.case_clocks.of([one.case.id for one in fresh])
        known = (one for one in fresh if one.case.id in times)
        return list(
            spared(known, lambda one: reporters.answer(one, times[one.case.id]), self._work.district, "reporter_waits")
        )

    def nothing(self, _asked: object) -> list[Matter]:
        """Nothing: the office announces it."""
        return []


def cases_now(work: UnitOfWork, ids: Iterable[str]) -> dict[str, Case]:
    """Return those of the cases *ids* of which anybody may be told, as they are now, by id."""
    return {id_: _case(fact) for id_, fact in work.reminder_facts.of(ids).items()}


def _case(fact: CaseFact) -> Case:
    return Case(**fact._asdict())


#: Whose findings take two signatures of the district to be ended.
_FROM_ABOVE = frozenset({"district_inspection", "city", "province", "national"})
_FACTS = {
    "dispatched": "dispatched", "unsigned": "dispatched", "yellow": "turned", "red": "turned", "returned": "returned",
}  # fmt: skip
_AT_HOUR: Mapping[str, Callable[[Finder, Asking], list[Matter]]] = {
    "patrol_today": Finder.patrols,
    "patrol_unfinished": Finder.patrols,
    "unsent": Finder.unsent_today,
    "unverified": Finder.unverified,
    "not_struck_off": Finder.not_struck_off,
    "milestone": Finder.milestones,
    "cleaning_tomorrow": Finder.cleaning_days,
}
_BY_NOW: Mapping[str, Callable[[Finder, Reminder], list[Matter]]] = {
    **dict.fromkeys(_FACTS, Finder.of_cases),
    "escalated": Finder.escalated,
    "unsent": Finder.unsent_old,
    "told": Finder.told,
    "reporter_waits": Finder.reporters,
    "announced": Finder.nothing,
}
if missing := CONDITIONS.keys() - _AT_HOUR.keys() - _BY_NOW.keys():
    raise LookupError(f"nothing finds {', '.join(sorted(missing))}")
