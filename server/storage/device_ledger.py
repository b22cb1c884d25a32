"""
The device ledger read at a glance 设备台账: every device with its last contact, its people, what is not here yet.

Narrow statements over whole tables, by their indexes: a district has some thousand devices, and a list of them must
not take longer than a click.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Connection

from schemas.roles import Role
from server.values import Grant

#: At most so many of a device's latest mutations are looked through for gaps in their numbers.
LATEST = 5_000


class DeviceRow(Struct, frozen=True, gc=False):
    """
    A device and its last contact, as in ``devices.Contact``; ``settled`` is how far the install it spoke for is.

    ``people`` and whoever may see it are read apart.
    """

    id: str
    name: str
    enrolled_ms: int
    revoked_ms: int | None
    last_ms: int | None
    report: str | None
    offset_ms: int | None
    last_n: int | None
    install: str | None
    settled: int


class Holder(NamedTuple):
    """Somebody a device speaks for, with what he holds, held or will hold."""

    id: str
    name: str
    stopped_ms: int | None
    grants: tuple[Grant, ...]


class Expected(NamedTuple):
    """Photos of which a file was planned and is not here whole: how many, and since when the oldest."""

    photos: int
    oldest_ms: int


class Spoken(NamedTuple):
    """One mutation as the history has it: in which feed, of which record, its words."""

    feed: str
    record: str
    payload: str


class DeviceLedger:
    """
    What is known of the devices of one district, within one transaction.

    Every method takes the id of one device, or None for all of them.
    """

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = "%s" if connection.dialect.name == "postgresql" else "?"

    def rows(self, device: str | None = None) -> list[DeviceRow]:
        """Return the devices, the latest enrolled first."""
        sql = (
            "SELECT d.id, d.name, d.enrolled_ms, d.revoked_ms, c.last_ms, c.report, c.offset_ms, c.last_n, "
            "c.install, COALESCE(i.settled, 0) FROM device d "
            "LEFT JOIN contact c ON c.district = d.district AND c.device = d.id "
            "LEFT JOIN install i ON i.district = d.district AND i.device = d.id AND i.install = c.install "
            "WHERE d.district = ? {one} ORDER BY d.enrolled_ms DESC, d.id"
        )
        return [DeviceRow(*row) for row in self._asked(sql, "d.id", device)]

    def settled(self, device: str, install: str) -> int:
        """Return how far one install of a device is settled."""
        sql = "SELECT settled FROM install WHERE district = ? AND device = ? AND install = ?"
        found = self._run(sql, (self._district, device, install)).scalar_one_or_none()
        return int(found or 0)

    def holders(self, device: str | None = None) -> dict[str, list[Holder]]:
        """Return the people of the devices, by device, those admitted first first."""
        sql = (
            "SELECT p.id, p.name, p.stopped_ms, g.role, g.area, g.from_ms, g.to_ms, g.unit FROM person p "
            "LEFT JOIN grant_ g ON g.district = p.district AND g.person = p.id WHERE p.district = ?"
        )
        values: tuple[str, ...] = (self._district,)
        if device is not None:
            sql += " AND p.id IN (SELECT person FROM admitted WHERE district = ? AND device = ?)"
            values += (self._district, device)
        people: dict[str, Holder] = {}
        for row in self._run(sql, values).all():
            before = people.get(row[0])
            people[row[0]] = Holder(row[0], row[1], row[2], (*(before.grants if before else ()), *_grant_in(row)))
        sql = "SELECT a.device, a.person FROM admitted a WHERE a.district = ? {one} ORDER BY a.since_ms, a.person"
        found: dict[str, list[Holder]] = {}
        for name, person in self._asked(sql, "a.device", device):
            found.setdefault(name, []).append(people[person])
        return found

    def beyond(self, device: str | None = None) -> dict[str, int]:
        """Return how many numbers are here already though they lie beyond what is settled, by device."""
        sql = (
            "SELECT c.device, count(DISTINCT f.n) FROM contact c "
            "JOIN install i ON i.district = c.district AND i.device = c.device AND i.install = c.install "
            "JOIN {filed} f ON f.district = c.district AND f.device = c.device AND f.install = c.install "
            "AND f.n > i.settled AND f.n <= c.last_n "
            "WHERE c.district = ? AND c.last_n > i.settled {one} GROUP BY c.device"
        )
        found: dict[str, int] = {}
        for filed in ("history", "quarantine"):
            for name, count in self._asked(sql.replace("{filed}", filed), "c.device", device):
                found[name] = found.get(name, 0) + count
        return found

    def held(self, device: str | None = None) -> dict[str, int]:
        """Return how many mutations are here and wait for a record that is not, by device 等待中."""
        sql = "SELECT device, count(*) FROM held WHERE district = ? {one} GROUP BY device"
        return {row[0]: row[1] for row in self._asked(sql, "device", device)}

    def expected(self, device: str | None = None) -> dict[str, Expected]:
        """Return the photos that were planned and are not here whole, by the device that planned them last."""
        sql = (
            'SELECT device, count(DISTINCT "of"), min(planned_ms) FROM photo '
            "WHERE district = ? AND state = 'expected' {one} GROUP BY device"
        )
        return {name: Expected(count, since) for name, count, since in self._asked(sql, "device", device)}

    def numbers(self, device: str, install: str, after: int) -> set[int]:
        """Return the numbers greater than *after* that are filed of one install, in the history or in quarantine."""
        sql = " UNION ".join(
            f"SELECT n FROM {table} WHERE district = ? AND device = ? AND install = ? AND n > ?"
            for table in ("history", "quarantine")
        )
        return set(self._run(sql, (self._district, device, install, after) * 2).scalars())

    def held_numbers(self, device: str, install: str) -> set[int]:
        """Return the numbers of one install that are here and wait for a record that is not."""
        sql = "SELECT n FROM held WHERE district = ? AND device = ? AND install = ?"
        return set(self._run(sql, (self._district, device, install)).scalars())

    def speaking_of_photos(self, device: str, install: str, most: int = LATEST) -> list[Spoken]:
        """Return those of the latest mutations of one install that speak of photos, the latest first."""
        sql = (
            "SELECT feed, record, payload FROM (SELECT feed, record, payload FROM history WHERE district = ? "
            "AND device = ? AND install = ? ORDER BY n DESC LIMIT ?) latest WHERE payload LIKE ?"
        )
        found = self._run(sql, (self._district, device, install, most, '%"sha256"%'))
        return [Spoken(*row) for row in found]

    def arrived(self, sha256s: Iterable[str]) -> set[str]:
        """Return which of the files *sha256s* are here whole, or ended: refused, expired, collected."""
        names = sorted(set(sha256s))
        found: set[str] = set()
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ", ".join("?" * len(part))
            sql = f"SELECT sha256 FROM photo WHERE district = ? AND sha256 IN ({marks}) AND state <> 'expected'"
            found.update(self._run(sql, (self._district, *part)).scalars())
        return found

    def _asked(self, sql: str, column: str, device: str | None) -> Sequence[Any]:
        one = "" if device is None else f"AND {column} = ?"
        values = (self._district,) if device is None else (self._district, device)
        rows: Sequence[Any] = self._run(sql.replace("{one}", one), values).all()
        return rows

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        if self._mark != "?":
            sql = sql.replace("?", self._mark)
        return self._connection.exec_driver_sql(sql, values)


def _grant_in(row: Any) -> tuple[Grant, ...]:
    return () if row[3] is None else (Grant(Role(row[3]), row[4], row[5], row[6], row[7]),)
