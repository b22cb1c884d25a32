"""
The quarantine 隔离区: what could not be accepted, word for word; and what waits for something.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from schemas import wire
from server.storage.bulk import add_rows, upsert_rows
from server.storage.history import Settled
from server.storage.tables import held as held_table
from server.storage.tables import quarantine as table


class Refused(NamedTuple):
    """One refused payload, with the problem as it was told (JSON text)."""

    id: str
    device: str
    install: str
    n: int
    received_ms: int
    record: str | None
    code: str
    problem: str
    payload: bytes


class Held(NamedTuple):
    """One mutation that waits for the record ``waits_for``."""

    device: str
    install: str
    n: int
    waits_for: str
    since_ms: int


class QuarantineStore:
    """The quarantine of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._postgres = connection.dialect.name == "postgresql"
        self._mark = "%s" if self._postgres else "?"

    def keep(self, refused: Sequence[Refused]) -> None:
        """Keep payloads that were refused; one kept already under its id is left as it is."""
        add_rows(self._connection, table, [(self._district, *row) for row in refused])

    def settled(self, device: str, install: str, numbers: Iterable[int]) -> dict[int, Settled]:
        """Return those of *numbers* that were refused before; a reused number never stands for the first."""
        wanted = sorted(numbers)
        if not wanted:
            return {}
        m = self._mark
        sql = (
            f"SELECT n, payload, problem FROM quarantine WHERE district = {m} AND device = {m} AND install = {m} "
            f"AND n >= {m} AND n <= {m} AND code <> 'number_reused'"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, install, wanted[0], wanted[-1]))
        return {row[0]: Settled(row[0], "rejected", None, None, bytes(row[1]), problem=row[2]) for row in rows}

    def refused_ids(self, device: str, records: Iterable[str]) -> set[str]:
        """Return which of *records* this device tried to create and was refused."""
        wanted = list(set(records))
        if not wanted:
            return set()
        m = self._mark
        sql = (
            f"SELECT record, payload FROM quarantine WHERE district = {m} AND device = {m} "
            # What collided with something else may well come again under a number of its own.
            "AND code NOT IN ('record_exists', 'number_reused') AND record "
        )
        if self._postgres:
            rows = self._connection.exec_driver_sql(sql + "= ANY(%s)", (self._district, device, wanted))
        else:
            listed = wire.encode(wanted).decode()
            rows = self._connection.exec_driver_sql(
                sql + "IN (SELECT value FROM json_each(?))", (self._district, device, listed)
            )
        return {row[0] for row in rows if wire.decode_json(bytes(row[1]))["op"] == "create"}

    def hold(self, waiting: Sequence[Held]) -> None:
        """Note mutations that wait."""
        upsert_rows(self._connection, held_table, [(self._district, *row) for row in waiting])

    def release(self, device: str, install: str, numbers: Iterable[int]) -> None:
        """Forget that *numbers* waited: they are settled now."""
        m = self._mark
        sql = f"DELETE FROM held WHERE district = {m} AND device = {m} AND install = {m} AND n = {m}"
        rows = [(self._district, device, install, n) for n in numbers]
        if rows:
            self._connection.exec_driver_sql(sql, rows)

    def waiting(self, device: str, install: str) -> dict[int, Held]:
        """Return what of this install still waits."""
        m = self._mark
        sql = (
            f"SELECT device, install, n, waits_for, since_ms FROM held "
            f"WHERE district = {m} AND device = {m} AND install = {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, install))
        return {row[2]: Held(*row) for row in rows}

    def count(self) -> int:
        """Return how many payloads are kept."""
        sql = f"SELECT count(*) FROM quarantine WHERE district = {self._mark}"
        return int(self._connection.exec_driver_sql(sql, (self._district,)).scalar_one())

    def latest(self, limit: int) -> list[Refused]:
        """Return the last *limit* payloads, the latest first."""
        return self._refused("", (), limit)

    def found(self, beginning: str) -> list[Refused]:
        """Return the payloads whose id begins with *beginning* (hexadecimal and dashes)."""
        # "~" sorts behind everything that stands in an id.
        return self._refused(f" AND id >= {self._mark} AND id < {self._mark}", (beginning, beginning + "~"), 2)

    def _refused(self, condition: str, values: tuple[str, ...], limit: int) -> list[Refused]:
        names = ", ".join(f'"{name}"' for name in Refused._fields)
        sql = (
            f"SELECT {names} FROM quarantine WHERE district = {self._mark}{condition} "
            f"ORDER BY received_ms DESC, id LIMIT {self._mark}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *values, limit))
        return [Refused(*row)._replace(payload=bytes(row[-1])) for row in rows]
