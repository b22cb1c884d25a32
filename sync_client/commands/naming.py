"""
Finding the record a person means, and how moments and roles stand on the screen 称呼.
"""

import re

from schemas.numbers import number_of
from schemas.roles import Role
from schemas.wording import english
from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.errors import NoSuchRecord
from sync_client.labels import NotUnderstood
from sync_client.times import moment
from sync_client.values import Person, Record

_LEAST = 4
_NUMBER = re.compile(r"(?:XC|WT)-[0-9]{4,8}-[0-9]{3}-0*([0-9]{1,9})", re.IGNORECASE)
_BY_TAIL = "SELECT id FROM record WHERE id LIKE '%' || ? LIMIT 2"
_BY_CODE = "SELECT id FROM record WHERE json_extract(fields, '$.code') = ? AND void = 0 LIMIT 2"
_BORN = "SELECT id FROM record WHERE born = ?"


def record_called(client: FieldClient, text: str) -> Record:
    """
    Return the record that *text* names: by its id, the end of it, the register's own code, or its number 单号.

    Raises:
        NoSuchRecord: There is none.
        NotUnderstood: There are several.
    """
    wanted = text.strip()
    if client.holds(wanted):
        return client.read(wanted)
    database = client.database
    tail = wanted.lower() if set(wanted.lower()) <= set("0123456789abcdef-") and len(wanted) >= _LEAST else None
    found = database.all(_BY_TAIL, (tail,)) if tail else []
    found = found or database.all(_BY_CODE, (wanted,)) or _numbered(client, database, wanted)
    if not found:
        raise NoSuchRecord(wanted)
    if len(found) > 1:
        raise NotUnderstood(f"“{wanted}”对应多条记录，请写得更完整。", f"'{wanted}' names several; write more of it.")
    return client.read(found[0][0])


def _numbered(client: FieldClient, database: Database, text: str) -> list[tuple[str]]:
    """Return the id of the record that goes by a number: it is reckoned, so whoever has its last digits is asked."""
    typed = _NUMBER.fullmatch(text)
    if typed is None:
        return []
    asked = [client.read(id_) for (id_,) in database.all(_BORN, (int(typed[1]),))]
    return [(one.id,) for one in asked if number_of(one.type, one.grid, one.born, one.fields) == text.upper()]


def when(stamp: tuple[int, int]) -> str:
    """Return the moment of a stamp."""
    return moment(stamp[0])


def roles_of(person: Person, lang: str = "zh") -> str:
    """Return a person's roles with their areas."""
    held = [f"{_role(each.role, lang)} {each.area}" for each in person.roles]
    return ", ".join(held) or "—"


def _role(role: str, lang: str) -> str:
    return english(role) if lang == "en" or role not in set(Role) else Role(role).zh
