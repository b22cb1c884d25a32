"""
Devices 设备: found by their token, with the people they speak for; their installs and last contact.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas.roles import Role
from server.values import Grant, Person


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
    #: How far the install it speaks for is settled.
    settled: int = 0


class Contact(NamedTuple):
    """When a device was heard of, and its report as JSON text."""

    device: str
    last_ms: int
    report: str | None


class DeviceStore:
    """The devices of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._postgres = connection.dialect.name == "postgresql"
        self._mark = "%s" if self._postgres else "?"

    def by_token(self, token_hash: bytes, install: str = "") -> Device | None:
        """Return the device whose token hashes to *token_hash*, with its people, their grants, its install."""
        m = self._mark
        sql = (
            "SELECT d.id, d.name, d.revoked_ms, p.id, p.name, p.stopped_ms, g.role, g.area, g.from_ms, "
            "g.to_ms, i.settled, e.epoch, e.cursor_key "
            "FROM device d JOIN deployment e ON e.district = d.district "
            "LEFT JOIN admitted a ON a.district = d.district AND a.device = d.id "
            "LEFT JOIN person p ON p.district = d.district AND p.id = a.person "
            "LEFT JOIN grant_ g ON g.district = d.district AND g.person = p.id "
            f"LEFT JOIN install i ON i.district = d.district AND i.device = d.id AND i.install = {m} "
            f"WHERE d.district = {m} AND d.token_hash = {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (install, self._district, token_hash)).all()
        if not rows:
            return None
        first = rows[0]
        return Device(
            first[0], self._district, first[1], _people(rows), first[2] is not None,
            first[11], bytes(first[12]), first[10] or 0,
        )  # fmt: skip

    def lock_install(self, device: str, install: str) -> int:
        """Lock one install, so that its own repetitions queue here; return how far it is settled."""
        m = self._mark
        sql = (
            f"INSERT INTO install (district, device, install, settled) VALUES ({m}, {m}, {m}, 0) "
            "ON CONFLICT (district, device, install) DO UPDATE SET settled = install.settled RETURNING settled"
        )
        return int(self._connection.exec_driver_sql(sql, (self._district, device, install)).scalar_one())

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
        sql = (
            f"INSERT INTO contact (district, device, last_ms, report) VALUES ({m}, {m}, {m}, {m}) "
            "ON CONFLICT (district, device) DO UPDATE SET "
            "last_ms = CASE WHEN excluded.last_ms > contact.last_ms THEN excluded.last_ms ELSE contact.last_ms END, "
            "report = CASE WHEN excluded.report IS NULL OR excluded.last_ms < contact.last_ms "
            "THEN COALESCE(contact.report, excluded.report) ELSE excluded.report END"
        )
        rows = [(self._district, *row) for row in contacts]
        if rows:
            self._connection.exec_driver_sql(sql, rows)


def _people(rows: Iterable[Any]) -> dict[str, Person]:
    """Return the people of joined rows, one row a grant."""
    people: dict[str, Person] = {}
    for row in rows:
        if row[3] is not None:
            before = people.get(row[3])
            grants = before.grants if before else ()
            if row[6] is not None:
                grants = (*grants, Grant(Role(row[6]), row[7], row[8], row[9]))
            people[row[3]] = Person(row[3], row[4], grants, row[5])
    return people
