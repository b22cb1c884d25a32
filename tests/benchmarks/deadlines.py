"""
What reckoning deadlines anew costs 时限重算: 200,000 cases after a day of the calendar has changed, due and yellow.

The floor is what no reckoning can do without: for each case, finding the day it was dispatched on and looking three
numbers up.
"""

import random
import time
from collections.abc import Callable
from datetime import date

from schemas.cases import Limit
from schemas.lights import light
from server.core.clocks.calendar import Calendar, Campaign, Days, index_of
from server.core.clocks.deadlines import Term, begin, escalation, reckoned_anew
from server.core.clocks.limits import STANDARD
from server.usecases.official_days import official_days
from tests.benchmarks.figures import Figure
from tests.postgres import LocalPostgres

CASES, RUNS = 200_000, 3
#: 2020-07-14 00:00 here, and a hundred days.
_FIRST_MS, _SPAN_MS = 1_594_656_000_000, 100 * 24 * 3_600_000
_BATTLE = Campaign("百日会战", date(2020, 7, 14), date(2020, 10, 21))


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the seconds that all cases take together; no database is asked."""
    before = Calendar(official_days(), campaigns=[_BATTLE])
    after = _after_a_typhoon()
    terms = _terms(before)
    starts = [term.start_ms for term in terms]
    floor = _least_s(lambda: [_look_up(after.working, start) for start in starts])
    laying = _least_s(_after_a_typhoon)
    anew = _least_s(lambda: [reckoned_anew(after, term) for term in terms])
    now = _FIRST_MS + _SPAN_MS // 2
    lights = _least_s(lambda: [light(now, term.yellow_ms, term.due_ms) for term in terms])
    levels = _least_s(lambda: [escalation(after, now, term.due_ms, 0) for term in terms])
    return [
        Figure(f"find the day of {CASES:,} cases (the floor)", f"{floor:.2f} s"),
        Figure("lay the calendar out, once", f"{laying * 1e3:.1f} ms", "≤ 50 ms", laying <= 0.05),
        Figure("due and yellow of all, anew", f"{anew:.2f} s, {anew / floor:.1f} × floor", "≤ 5 s", anew <= 5),
        Figure("the lights of all", f"{lights:.2f} s, {lights / floor:.1f} × floor", "≤ 5 s", lights <= 5),
        Figure("the levels of all", f"{levels:.2f} s, {levels / floor:.1f} × floor"),
    ]


def _after_a_typhoon() -> Calendar:
    return Calendar(official_days(), {date(2020, 8, 6): "stop"}, [_BATTLE])


def _terms(calendar: Calendar) -> list[Term]:
    dice = random.Random(6)
    limits: list[Limit] = [row.limit for row in STANDARD]
    return [begin(calendar, dice.choice(limits), _FIRST_MS + dice.randrange(_SPAN_MS)) for _ in range(CASES)]


def _look_up(days: Days, ms: int) -> int:
    index = index_of(ms)
    return days.nth[days.before[index]] if days.flags[index] else 0


def _least_s(action: Callable[[], object]) -> float:
    """Return the least time *action* took, in seconds: what others on the machine add is not ours."""
    least = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        least = min(least, time.perf_counter() - start)
    return least
