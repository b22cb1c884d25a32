"""
Devices 设备: found by their token, with the people they speak for; their installs and last contact.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas.ids import derived_id
from schemas.roles import Role
from server.values import Grant, Person

#: The install under which a device's people write at the office's desk; no tablet's journal.
DESK = "desk"


class Device(NamedTuple):
    """A device that showed its token, and whom it speaks for."""

    id: str
    district: str
    name: str
    people: dict[str, Person]
    revoked: bool
    #: Which history the server holds, and the key its cursors are signed with.
    epoch: str
    cursor_key: bytes
    #: How far the install it speaks for is settled, and whose hand that is, where it is not the device's own.
    settled: int = 0
    writer: str | None = None

    @property
    def hand(self) -> str:
        """Whose work counts as this install's own."""
        return self.writer or self.id


class Install(NamedTuple):
    """
    One journal of a device 安装: how far it is settled, and whose hand its edits count as.

    ``writer`` is None for a device's first install, whose hand is the device's own.
    """

    settled: int
    writer: str | None


class Contact(NamedTuple):
    """
    When a device was heard of, its report, and how far it had read each feed.

    ``report`` and ``cursors`` (numbers by feed) are JSON text; None where nothing was said. ``offset_ms`` is by how
    much the clock it went by was behind the office's, ``last_n`` the greatest number in its journal of ``install``.
    """

    device: str
    last_ms: int
    report: str | None
    cursors: str | None = None
    offset_ms: int | None = None
    last_n: int | None = None
    install: str | None = None

    def over(self, before: "Contact") -> "Contact":
        """Return this contact, the later one, with what the one *before* said and this one does not."""
        same = self.install in (None, before.install)
        return Contact(
            self.device, self.last_ms, self.report or before.report, self.cursors or before.cursors,
            before.offset_ms if self.offset_ms is None else self.offset_ms,
            before.last_n if self.last_n is None and same else self.last_n, self.install or before.install,
        )  # fmt: skip


class DeviceStore:
    """The devices of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._postgres = connection.dialect.name == "postgresql"
        self._mark = "%s" if self._postgres else "?"

    def by_token(self, token_hash: bytes, install: str = "") -> Device | None:
        """Return the device whose token hashes to *token_hash*, with its people, their grants, its install."""
        return self._found("token_hash", token_hash, install)

    def by_id(self, device: str, install: str = "") -> Device | None:
        """Return the device called *device*, as ``by_token`` does."""
        return self._found("id", device, install)

    def token_hash(self, device: str) -> bytes | None:
        """Return what is kept of the token of *device*; None where there is no such device."""
        m = self._mark
        sql = f"SELECT token_hash FROM device WHERE district = {m} AND id = {m}"
        found = self._connection.exec_driver_sql(sql, (self._district, device)).scalar_one_or_none()
        return None if found is None else bytes(found)

    def _found(self, column: str, value: str | bytes, install: str) -> Device | None:
        m = self._mark
        sql = (
            "SELECT d.id, d.name, d.revoked_ms, p.id, p.name, p.stopped_ms, g.role, g.area, g.from_ms, "
            "g.to_ms, i.settled, e.epoch, e.cursor_key, i.writer, g.unit "
            "FROM device d JOIN deployment e ON e.district = d.district "
            "LEFT JOIN admitted a ON a.district = d.district AND a.device = d.id "
            "LEFT JOIN person p ON p.district = d.district AND p.id = a.person "
            "LEFT JOIN grant_ g ON g.district = d.district AND g.person = p.id "
            f"LEFT JOIN install i ON i.district = d.district AND i.device = d.id AND i.install = {m} "
            f"WHERE d.district = {m} AND d.{column} = {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (install, self._district, value)).all()
        if not rows:
            return None
        first = rows[0]
        writer = first[13] if first[10] is not None else self._writer(first[0], install)
        return Device(
            first[0], self._district, first[1], _people(rows), first[2] is not None,
            first[11], bytes(first[12]), first[10] or 0, writer,
        )  # fmt: skip

    def lock_install(self, device: str, install: str) -> Install:
        """Lock one install, so that its own repetitions queue here, and return it; it begins where it is new."""
        m = self._mark
        sql = (
            f"UPDATE install SET settled = settled WHERE district = {m} AND device = {m} AND install = {m} "
            "RETURNING settled, writer"
        )
        found = self._connection.exec_driver_sql(sql, (self._district, device, install)).one_or_none()
        return Install(*found) if found is not None else self._begin(device, install)

    def _begin(self, device: str, install: str) -> Install:
        m = self._mark
        if self._postgres:
            # Two first pushes at once must not both take themselves for the device's first install.
            lock = f"SELECT 1 FROM device WHERE district = {m} AND id = {m} FOR UPDATE"
            self._connection.exec_driver_sql(lock, (self._district, device))
        sql = (
            f"INSERT INTO install (district, device, install, settled, writer) VALUES ({m}, {m}, {m}, 0, {m}) "
            "ON CONFLICT (district, device, install) DO UPDATE SET settled = install.settled "
            "RETURNING settled, writer"
        )
        values = (self._district, device, install, self._writer(device, install))
        return Install(*self._connection.exec_driver_sql(sql, values).one())

    def _writer(self, device: str, install: str) -> str | None:
        """Return whose hand a new *install* will be: the device's own, unless the device has had one before."""
        m = self._mark
        sql = (
            f"SELECT 1 FROM install WHERE district = {m} AND device = {m} AND install <> {m} AND install <> {m} LIMIT 1"
        )
        values = (self._district, device, install, DESK)
        before = install != DESK and self._connection.exec_driver_sql(sql, values).one_or_none()
        return derived_id("writer", device, install) if before else None

    def writers(self) -> dict[tuple[str, str], str]:
        """Return whose hand each install counts as, by device and install, where it is not the device's own."""
        sql = f"SELECT device, install, writer FROM install WHERE district = {self._mark} AND writer IS NOT NULL"
        return {(row[0], row[1]): row[2] for row in self._connection.exec_driver_sql(sql, (self._district,))}

    def settle(self, device: str, install: str, upto: int) -> None:
        """Note that everything of the install up to *upto* has its outcome."""
        m = self._mark
        sql = f"UPDATE install SET settled = {m} WHERE district = {m} AND device = {m} AND install = {m}"
        self._connection.exec_driver_sql(sql, (upto, self._district, device, install))

    def note_contacts(self, contacts: Iterable[Contact]) -> None:
        """
        Store when devices were last heard of.

        A device tells its report when it changed, to whichever process answers: no report leaves the
        one before, and an older contact does not push a newer one back.
        """
        m = self._mark
        newer = "excluded.last_ms >= contact.last_ms"
        told = [f"{name} = {_newer_of(name, newer)}" for name in ("report", "cursors", "offset_ms", "install")]
        # A number means nothing without the install it counts in.
        other = f"CASE WHEN {newer} THEN excluded.last_n ELSE contact.last_n END"
        own = _newer_of("last_n", newer)
        told.append(f"last_n = CASE WHEN excluded.install <> contact.install THEN {other} ELSE {own} END")
        sql = (
            "INSERT INTO contact (district, device, last_ms, report, cursors, offset_ms, last_n, install) "
            f"VALUES ({', '.join([m] * 8)}) ON CONFLICT (district, device) DO UPDATE SET "
            f"last_ms = CASE WHEN {newer} THEN excluded.last_ms ELSE contact.last_ms END, {', '.join(told)}"
        )
        rows = [(self._district, *row) for row in contacts]
        if rows:
            self._connection.exec_driver_sql(sql, rows)

    def living(self, since_ms: int) -> list[Contact]:
        """Return the devices that are not revoked and were heard of at *since_ms* or later."""
        m = self._mark
        sql = (
            "SELECT c.device, c.last_ms, c.report, c.cursors FROM contact c "
            "JOIN device d ON d.district = c.district AND d.id = c.device "
            f"WHERE c.district = {m} AND c.last_ms >= {m} AND d.revoked_ms IS NULL"
        )
        return [Contact(*row) for row in self._connection.exec_driver_sql(sql, (self._district, since_ms))]


def _newer_of(column: str, newer: str) -> str:
    """Return what a column becomes: the newer word of both; an older one only where there is none yet."""
    return (
        f"CASE WHEN {newer} THEN COALESCE(excluded.{column}, contact.{column}) "
        f"ELSE COALESCE(contact.{column}, excluded.{column}) END"
    )


def _people(rows: Iterable[Any]) -> dict[str, Person]:
    """Return the people of joined rows, one row a grant."""
    people: dict[str, Person] = {}
    for row in rows:
        if row[3] is not None:
            before = people.get(row[3])
            grants = before.grants if before else ()
            if row[6] is not None:
                grants = (*grants, Grant(Role(row[6]), row[7], row[8], row[9], row[14]))
            people[row[3]] = Person(row[3], row[4], grants, row[5])
    return people
