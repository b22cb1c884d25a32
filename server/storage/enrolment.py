"""
How devices come in and go 登记与停用: one-time codes, tokens, who may be spoken for by which device.

Codes and tokens are kept as hashes only: whoever reads the database learns none of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from server.storage.bulk import add_rows
from server.storage.tables import AdmittedRow, ContactRow, DeviceRow, EnrolCodeRow, PersonRow


class Listed(NamedTuple):
    """A device as an operator sees it: its people by name, when it was last heard of, its report as JSON."""

    id: str
    name: str
    people: tuple[str, ...]
    enrolled_ms: int
    revoked_ms: int | None
    last_ms: int | None
    report: str | None


class EnrolmentStore:
    """The enrolment of one district's devices, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def offer(self, code_hash: bytes, person: str, expires_ms: int) -> None:
        """Keep a one-time code for *person*."""
        row = {
            "district": self._district, "code_hash": code_hash, "person": person, "expires_ms": expires_ms,
            "used_ms": None,
        }  # fmt: skip
        self._connection.execute(insert(EnrolCodeRow).values(row))

    def use(self, code_hash: bytes, now_ms: int) -> str | None:
        """
        Use a code up and return the person it admits; None where it is unknown, used or expired.

        One statement: of two tablets that show the same code, one gets the person.
        """
        statement = (
            update(EnrolCodeRow)
            .where(
                EnrolCodeRow.district == self._district,
                EnrolCodeRow.code_hash == code_hash,
                EnrolCodeRow.used_ms.is_(None),
                EnrolCodeRow.expires_ms > now_ms,
            )
            .values(used_ms=now_ms)
            .returning(EnrolCodeRow.person)
        )
        found: str | None = self._connection.execute(statement).scalar()
        return found

    def forget(self, before_ms: int) -> int:
        """Delete the codes that expired before *before_ms*; return how many."""
        statement = delete(EnrolCodeRow).where(
            EnrolCodeRow.district == self._district, EnrolCodeRow.expires_ms < before_ms
        )
        return self._connection.execute(statement).rowcount

    def add(self, device: str, name: str, token_hash: bytes, now_ms: int) -> None:
        """Add a device."""
        row = {
            "district": self._district, "id": device, "name": name, "token_hash": token_hash,
            "enrolled_ms": now_ms, "revoked_ms": None,
        }  # fmt: skip
        self._connection.execute(insert(DeviceRow).values(row))

    def admit(self, device: str, people: Iterable[str], now_ms: int) -> None:
        """Let *device* speak for *people* too; harmless for those it speaks for already."""
        rows = [(self._district, device, person, now_ms) for person in people]
        add_rows(self._connection, AdmittedRow.__table__, rows)  # type: ignore[arg-type]

    def speaks_for(self, device: str) -> set[str]:
        """Return the ids of the people whom *device* speaks for."""
        statement = select(AdmittedRow.person)
        asked = statement.where(AdmittedRow.district == self._district, AdmittedRow.device == device)
        return set(self._connection.execute(asked).scalars())

    def named(self, device: str) -> str | None:
        """Return what *device* is called, or None where it is not known."""
        statement = select(DeviceRow.name).where(DeviceRow.district == self._district, DeviceRow.id == device)
        found: str | None = self._connection.execute(statement).scalar()
        return found

    def revoke(self, device: str, now_ms: int) -> None:
        """Stop a device; a second time changes nothing."""
        statement = update(DeviceRow).where(
            DeviceRow.district == self._district, DeviceRow.id == device, DeviceRow.revoked_ms.is_(None)
        )
        self._connection.execute(statement.values(revoked_ms=now_ms))

    def reinstate(self, device: str, token_hash: bytes) -> None:
        """Let a revoked device in again, under a new token; the old one stays worthless."""
        statement = update(DeviceRow).where(DeviceRow.district == self._district, DeviceRow.id == device)
        self._connection.execute(statement.values(revoked_ms=None, token_hash=token_hash))

    def listed(self) -> list[Listed]:
        """Return every device, the latest enrolled first."""
        contact = (ContactRow.district == DeviceRow.district) & (ContactRow.device == DeviceRow.id)
        statement = (
            select(DeviceRow, ContactRow.last_ms, ContactRow.report)
            .join(ContactRow, contact, isouter=True)
            .where(DeviceRow.district == self._district)
            .order_by(DeviceRow.enrolled_ms.desc(), DeviceRow.id)
        )
        people = self._people()
        return [
            Listed(r.id, r.name, tuple(people.get(r.id, ())), r.enrolled_ms, r.revoked_ms, r.last_ms, r.report)
            for r in self._connection.execute(statement)
        ]

    def _people(self) -> dict[str, list[str]]:
        person = (PersonRow.district == AdmittedRow.district) & (PersonRow.id == AdmittedRow.person)
        statement = (
            select(AdmittedRow.device, PersonRow.name)
            .join(PersonRow, person)
            .where(AdmittedRow.district == self._district)
            .order_by(AdmittedRow.since_ms, PersonRow.name)
        )
        people: dict[str, list[str]] = {}
        for device, name in self._connection.execute(statement):
            people.setdefault(device, []).append(name)
        return people
