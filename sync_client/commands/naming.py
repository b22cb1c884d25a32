"""
Finding the record a person means, and how moments and roles stand on the screen 称呼.
"""

import re

from schemas.fields import UUID_PATTERN, Id
from schemas.numbers import NUMBER_FIELDS, as_given, number_of
from schemas.roles import Role
from schemas.units import named_department
from schemas.wording import english
from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.errors import NoSuchRecord
from sync_client.labels import NotUnderstood
from sync_client.times import moment
from sync_client.values import Person, Record

_LEAST = 4
_ID = re.compile(UUID_PATTERN)
_OLD_NUMBER = re.compile(r"(?:XC|WT)-[0-9]{4,8}-[0-9]{3}-0*([0-9]{1,9})", re.IGNORECASE)
_BY_TAIL = "SELECT id FROM record WHERE id LIKE '%' || ? LIMIT 2"
_BY_CODE = "SELECT id FROM record WHERE json_extract(fields, '$.code') = ? AND void = 0 LIMIT 2"
_BY_NAME = "SELECT id FROM record WHERE json_extract(fields, '$.name') = ? AND void = 0 LIMIT 2"
_AREA = """SELECT json_extract(fields, '$.code') FROM record
    WHERE type IN ('area', 'unit') AND json_extract(fields, '$.name') = ? AND void = 0 LIMIT 2"""
_BORN = "SELECT id FROM record WHERE born = ?"
_DIGITS = frozenset("0123456789")
_NUMBERED = sorted(set(NUMBER_FIELDS.values()))
_IS_ONE = " OR ".join(f"json_extract(fields, '$.{name}') = ?" for name in _NUMBERED)
_BY_NUMBER = f"SELECT id FROM record WHERE {_IS_ONE} LIMIT 2"  # noqa: S608  # names of ours


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


def id_called(client: FieldClient, text: str) -> str:
    """
    Return the id that *text* means where a field names another record or a person: as ``record_called``, or by name.

    An id that this tablet does not hold is taken as it is: the office may know it.

    Raises:
        NoSuchRecord: Nothing is called so.
        NotUnderstood: Several are.
    """
    wanted = text.strip()
    if _ID.fullmatch(wanted):
        return wanted
    found = client.database.all(_BY_NAME, (wanted,))
    if len(found) > 1:
        raise NotUnderstood(f"“{wanted}”不止一个，请写编号。", f"Several are called '{wanted}'; give the ID.")
    return str(found[0][0]) if found else record_called(client, wanted).id


def meant(client: FieldClient, field: object, text: str) -> str:
    """
    Return what *field* holds for what a person calls *text*: an id, a place's code or a department's key.

    Raises:
        NoSuchRecord, NotUnderstood: As ``id_called``.
    """
    return id_called(client, text) if isinstance(field, Id) else _unit_called(client, text)


def _unit_called(client: FieldClient, text: str) -> str:
    """Return the code or key of the unit called *text*; what no unit is called is left to the field to refuse."""
    department = named_department(text.strip())
    if department is not None:
        return department
    found = client.database.all(_AREA, (text.strip(),))
    if len(found) > 1:
        raise NotUnderstood(f"“{text}”不止一个，请写代码。", f"Several are called '{text}'; give the code.")
    return str(found[0][0]) if found else text.strip()


def _numbered(client: FieldClient, database: Database, text: str) -> list[tuple[str]]:
    """Return the ids of the records that go by a number; an old one is reckoned: whoever has its digits is asked."""
    typed = _OLD_NUMBER.fullmatch(text)
    number = as_given(text)
    given = database.all(_BY_NUMBER, (number,) * len(_NUMBERED)) if set(number) & _DIGITS else []
    if given or typed is None:
        return given
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
