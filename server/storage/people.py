"""
People, what they may do where, and the districts themselves 人员与授权.

Written by operators and imports, a few rows at a time; the sync path reads them through ``devices``.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, or_, select, update

from schemas.roles import Role
from server.storage.bulk import mark, one_of
from server.storage.tables import Deployment, GrantRow, PersonRow
from server.values import Grant


class Account(NamedTuple):
    """
    Somebody who works in the district.

    ``code`` is the staff number an import knows him by; ``stopped_ms`` is when the account was stopped.
    """

    id: str
    name: str
    title: str = ""
    unit: str = ""
    phone: str | None = None
    code: str | None = None
    stopped_ms: int | None = None


class Held(NamedTuple):
    """A grant and who holds it."""

    id: str
    person: str
    grant: Grant


class PeopleStore:
    """The people of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def begin(self, epoch: str, cursor_key: bytes, name: str) -> None:
        """Make the district known to this database."""
        row = {"district": self._district, "epoch": epoch, "cursor_key": cursor_key, "name": name}
        self._connection.execute(insert(Deployment).values(row))

    def all(self) -> list[Account]:
        """Return everybody, by name."""
        return self._accounts(PersonRow.id == PersonRow.id)

    def named(self, text: str) -> list[Account]:
        """Return whoever has *text* as id, staff number or name."""
        return self._accounts(or_(PersonRow.id == text, PersonRow.code == text, PersonRow.name == text))

    def by_codes(self, codes: Iterable[str]) -> dict[str, Account]:
        """Return the people with one of these staff numbers, by number."""
        found = self._accounts(PersonRow.code.in_(list(codes)))
        return {account.code: account for account in found if account.code is not None}

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those of *ids* that are people, by id."""
        condition, wanted = one_of(self._connection, ids)
        sql = f"SELECT id, name FROM person WHERE district = {mark(self._connection)} AND id {condition}"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(sql, (self._district, wanted))}

    def add(self, accounts: Iterable[Account]) -> None:
        """Add people."""
        rows = [{"district": self._district, **account._asdict()} for account in accounts]
        if rows:
            self._connection.execute(insert(PersonRow), rows)

    def change(self, account: Account) -> None:
        """Write everything of *account* but its id."""
        values = account._asdict()
        statement = update(PersonRow).where(PersonRow.district == self._district, PersonRow.id == values.pop("id"))
        self._connection.execute(statement.values(values))

    def held(self, person: str | None = None) -> list[Held]:
        """Return every grant of *person* (None: of everybody), past ones too, oldest first."""
        statement = (
            select(
                GrantRow.id,
                GrantRow.person,
                GrantRow.role,
                GrantRow.area,
                GrantRow.from_ms,
                GrantRow.to_ms,
                GrantRow.unit,
            )
            .where(GrantRow.district == self._district)
            .order_by(GrantRow.from_ms, GrantRow.id)
        )
        if person is not None:
            statement = statement.where(GrantRow.person == person)
        return [
            Held(r.id, r.person, Grant(Role(r.role), r.area, r.from_ms, r.to_ms, r.unit))
            for r in self._connection.execute(statement)
        ]

    def grant(self, held: Iterable[Held]) -> None:
        """Add grants."""
        rows = [{"district": self._district, "id": h.id, "person": h.person, **h.grant._asdict()} for h in held]
        if rows:
            self._connection.execute(insert(GrantRow), rows)

    def end(self, grant: str, to_ms: int | None) -> None:
        """Let a grant end at *to_ms*."""
        statement = update(GrantRow).where(GrantRow.district == self._district, GrantRow.id == grant)
        self._connection.execute(statement.values(to_ms=to_ms))

    def assign(self, grant: str, unit: str) -> None:
        """Note for which *unit* whoever holds a grant acts."""
        statement = update(GrantRow).where(GrantRow.district == self._district, GrantRow.id == grant)
        self._connection.execute(statement.values(unit=unit))

    def _accounts(self, condition: Any) -> list[Account]:
        columns = [getattr(PersonRow, name) for name in Account._fields]
        statement = select(*columns).where(PersonRow.district == self._district, condition)
        rows = self._connection.execute(statement.order_by(PersonRow.name, PersonRow.id))
        return [Account(*row) for row in rows]
