"""
The calendar and the clocks once more, slow and plain: the announcements as they were printed, time minute by minute.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone

HERE = timezone(timedelta(hours=8))
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

#: Each year's announcement: stretches of holidays (both ends included), then Saturdays and Sundays with work.
ANNOUNCED: dict[int, tuple[str, str]] = {
    2019: ("1.1-1.1 2.4-2.10 4.5-4.7 5.1-5.4 6.7-6.9 9.13-9.15 10.1-10.7", "2.2 2.3 4.28 5.5 9.29 10.12"),
    # The Spring Festival's holiday was made longer by three days that January: 1 February was no make-up day any more.
    2020: ("1.1-1.1 1.24-2.2 4.4-4.6 5.1-5.5 6.25-6.27 10.1-10.8", "1.19 4.26 5.9 6.28 9.27 10.10"),
    2021: ("1.1-1.3 2.11-2.17 4.3-4.5 5.1-5.5 6.12-6.14 9.19-9.21 10.1-10.7", "2.7 2.20 4.25 5.8 9.18 9.26 10.9"),
    2022: ("1.1-1.3 1.31-2.6 4.3-4.5 4.30-5.4 6.3-6.5 9.10-9.12 10.1-10.7", "1.29 1.30 4.2 4.24 5.7 10.8 10.9"),
    2023: ("1.1-1.2 1.21-1.27 4.5-4.5 4.29-5.3 6.22-6.24 9.29-10.6 12.30-12.31", "1.28 1.29 4.23 5.6 6.25 10.7 10.8"),
    2024: ("1.1-1.1 2.10-2.17 4.4-4.6 5.1-5.5 6.8-6.10 9.15-9.17 10.1-10.7", "2.4 2.18 4.7 4.28 5.11 9.14 9.29 10.12"),
    2025: ("1.1-1.1 1.28-2.4 4.4-4.6 5.1-5.5 5.31-6.2 10.1-10.8", "1.26 2.8 4.27 9.28 10.11"),
    2026: ("1.1-1.3 2.15-2.23 4.4-4.6 5.1-5.5 6.19-6.21 9.25-9.27 10.1-10.7", "1.4 2.14 2.28 5.9 9.20 10.10"),
}


def _on(year: int, text: str) -> date:
    month, day = map(int, text.split("."))
    return date(year, month, day)


def _stretch(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


HOLIDAYS = {
    day
    for year, (stretches, _) in ANNOUNCED.items()
    for stretch in stretches.split()
    for day in _stretch(*(_on(year, end) for end in stretch.split("-")))
}
MAKE_UP = {_on(year, text) for year, (_, days) in ANNOUNCED.items() for text in days.split()}


class Oracle:
    """What a patient clerk finds out with a printed calendar and a watch."""

    def __init__(self, words: dict[date, str], campaigns: list[tuple[date, date]]) -> None:
        self.words, self.campaigns = words, campaigns

    def works(self, day: date) -> bool:
        """Say whether it is an official working day."""
        if day in self.words:
            return self.words[day] == "work"
        if day in MAKE_UP:
            return True
        return day not in HOLIDAYS and day.isoweekday() <= 5

    def on_duty(self, day: date) -> bool:
        """Say whether people are on duty."""
        if self.words.get(day) == "stop":
            return False
        return self.works(day) or any(first <= day <= last for first, last in self.campaigns)

    def runs(self, clock: str, minute: datetime) -> bool:
        """Say whether the clock runs during the minute that begins now."""
        if clock == "urgent_hour":
            return True
        day = self.works(minute.date()) if clock == "work_day" else self.on_duty(minute.date())
        return day and time(8) <= minute.time() < time(18)

    def due(self, clock: str, start: datetime, amount: float) -> datetime:
        """Return when it is due, going on minute by minute, or day by day."""
        now = start
        while not self.runs(clock, now):
            now += MINUTE
        if clock != "work_day":
            left = round(amount * 60)
            while left:
                left -= self.runs(clock, now)
                now += MINUTE
            return now
        day, halves = now.date(), round(amount * 2)
        while halves > 0:
            day += DAY
            halves -= 2 * self.works(day)
        return datetime.combine(day, time(12) if halves < 0 else time(17, 30), HERE)

    def minutes(self, clock: str, start: datetime, end: datetime) -> int:
        """Return for how many minutes the clock runs between two moments."""
        found, now = 0, start
        while now < end:
            found += self.runs(clock, now)
            now += MINUTE
        return found

    def days_overdue(self, due: datetime, now: datetime) -> int:
        """Return how many half past fives of working days have passed since the day on which it was due."""
        found, day = 0, due.date() + DAY
        while datetime.combine(day, time(17, 30), HERE) <= now:
            found += self.works(day)
            day += DAY
        return found
