"""
How far each series of numbers has been given out 编号, and what a district's numbers begin with.

A series' row is locked by whoever takes of it and stays so until the commit, as a feed's is: so there is no gap,
a rollback gives everything back, and of two at once the second waits. All series are taken in the order of
their names, and after all feeds: nobody waits in a ring.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas import wire
from schemas.directory import area_id
from schemas.numbers import NUMBER_FIELDS
from server.storage.bulk import mark, one_of
from server.storage.ledger_tables import number_letters as letters_table


class Range(NamedTuple):
    """Consecutive numbers of one series, the first of them, and the mark they carry."""

    first: int
    mark: str


class Spoken(NamedTuple):
    """What the numbers of a district begin with, since somebody said so."""

    cases: str
    orders: str
    reason: str
    by: str
    at_ms: int


class NumberStore:
    """The series of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def take(self, series: str, count: int, mark_anew: Callable[[], str]) -> Range:
        """
        Take *count* numbers of *series*; the caller commits soon afterwards, nothing slow in between.

        Args:
            mark_anew: Returns the mark of the series where this is its first number.
        """
        m = self._mark
        sql = (
            f"UPDATE number_series SET last = last + {m} WHERE district = {m} AND series = {m} "
            'RETURNING last, "mark"'
        )  # fmt: skip
        values = (count, self._district, series)
        row = self._connection.exec_driver_sql(sql, values).one_or_none()
        if row is None:
            begin = (
                'INSERT INTO number_series (district, series, "mark", last) '
                f"VALUES ({m}, {m}, {m}, 0) ON CONFLICT DO NOTHING"
            )
            self._connection.exec_driver_sql(begin, (self._district, series, mark_anew()))
            row = self._connection.exec_driver_sql(sql, values).one()
        return Range(row[0] - count + 1, row[1])

    def former(self, series: str) -> dict[str, int]:
        """Return how far *series* was known to be whenever its history was lost, by the mark it had then."""
        m = self._mark
        sql = f'SELECT "mark", last FROM number_former WHERE district = {m} AND series = {m}'
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(sql, (self._district, series))}

    def take_back(self, numbers: Mapping[str, str]) -> set[str]:
        """Give *numbers* of a lost history back to their records; return those that no other record has again."""
        m = self._mark
        sql = f"INSERT INTO number_returned VALUES ({m}, {m}, {m}) ON CONFLICT DO NOTHING"
        return {
            number
            for number, record in sorted(numbers.items())
            if self._connection.exec_driver_sql(sql, (self._district, number, record)).rowcount
        }

    def begin_anew(self, marked: str) -> None:
        """Let every series begin once more, its numbers marked: of each, more may have been given than is known."""
        m = self._mark
        keep = (
            'INSERT INTO number_former (district, series, "mark", last) '
            f'SELECT district, series, "mark", last FROM number_series WHERE district = {m} ON CONFLICT DO NOTHING'
        )  # fmt: skip
        self._connection.exec_driver_sql(keep, (self._district,))
        sql = f'UPDATE number_series SET last = 0, "mark" = {m} WHERE district = {m}'
        self._connection.exec_driver_sql(sql, (marked, self._district))

    def all(self) -> dict[str, Range]:
        """Return how far every series is: its last number and its mark, by series."""
        sql = f'SELECT series, last, "mark" FROM number_series WHERE district = {self._mark} ORDER BY series'
        rows = self._connection.exec_driver_sql(sql, (self._district,))
        return {series: Range(last, marked) for series, last, marked in rows}

    def holders(self, number: str) -> list[tuple[str, str, str, bool]]:
        """Return id, type, grid and void of what goes by *number*; no index knows it, every record is looked at."""
        m, place = self._mark, "strpos" if self._connection.dialect.name == "postgresql" else "instr"
        names = sorted(set(NUMBER_FIELDS.values()))
        each = " OR ".join(f"{place}(fields, {m}) > 0" for _ in names)
        sql = f"SELECT id, type, grid, void FROM record WHERE district = {m} AND ({each}) ORDER BY id"
        held = [f'"{name}":{wire.canonical(number).decode()}' for name in names]
        rows = self._connection.exec_driver_sql(sql, (self._district, *held))
        return [(id_, type_name, grid, bool(void)) for id_, type_name, grid, void in rows]

    # -- what they are made of ------------------------------------------------------------------------

    def district_name(self) -> str:
        """Return what the district is called."""
        sql = f"SELECT name FROM deployment WHERE district = {self._mark}"
        return str(self._connection.exec_driver_sql(sql, (self._district,)).scalar() or "")

    def area_names(self, codes: Collection[str]) -> dict[str, str]:
        """Return what the areas *codes* are called; one that nobody has named is left out."""
        if not codes:
            return {}
        condition, wanted = one_of(self._connection, [area_id(code) for code in codes])
        sql = f"SELECT fields FROM record WHERE district = {self._mark} AND id {condition} AND NOT void"
        found = self._connection.exec_driver_sql(sql, (self._district, wanted))
        areas: list[dict[str, Any]] = [wire.decode_json(fields) for (fields,) in found]
        return {str(area["code"]): str(area["name"]) for area in areas if area.get("code") and area.get("name")}

    def said(self) -> list[Spoken]:
        """Return what somebody said the numbers begin with, as it was said; nothing for the default."""
        columns = [letters_table.c[name] for name in Spoken._fields]
        asked = select(*columns).where(letters_table.c.district == self._district).order_by(letters_table.c.n)
        return [Spoken(*row) for row in self._connection.execute(asked)]

    def say(self, spoken: Spoken) -> None:
        """Let the numbers of the district begin as *spoken* says from now on."""
        last = select(func.max(letters_table.c.n)).where(letters_table.c.district == self._district)
        n = (self._connection.execute(last).scalar() or 0) + 1
        row = {"district": self._district, "n": n, **spoken._asdict()}
        self._connection.execute(insert(letters_table).values(row))
