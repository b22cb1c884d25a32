"""
What records and people are called on the screen, and finding the one a person means 称呼.
"""

from typing import Any

from schemas.fields import Id
from schemas.registry import TYPES
from schemas.roles import Role
from sync_client.client import FieldClient
from sync_client.commands.session import Session
from sync_client.errors import NoSuchRecord
from sync_client.labels import NotUnderstood, english, fields_of, title_of, words_of
from sync_client.times import moment, written
from sync_client.values import Person, Record

#: So many signs of an id tell records apart on a screen; ids begin with their time, so the end is used.
SHORT = 8
_LEAST = 4
_BY_TAIL = "SELECT id FROM record WHERE id LIKE '%' || ? LIMIT 2"
_BY_CODE = "SELECT id FROM record WHERE json_extract(fields, '$.code') = ? AND void = 0 LIMIT 2"


def short(record_id: str) -> str:
    """Return the end of an id."""
    return record_id[-SHORT:]


def record_called(session: Session, client: FieldClient, text: str) -> Record:
    """
    Return the record that *text* names: by its id, the end of it, or the register's own code.

    Raises:
        NoSuchRecord: There is none.
        NotUnderstood: There are several.
    """
    wanted = text.strip()
    if client.holds(wanted):
        return client.read(wanted)
    with session.database() as database:
        tail = wanted.lower() if set(wanted.lower()) <= set("0123456789abcdef-") and len(wanted) >= _LEAST else None
        found = database.all(_BY_TAIL, (tail,)) if tail else []
        found = found or database.all(_BY_CODE, (wanted,))
    if not found:
        raise NoSuchRecord(wanted)
    if len(found) > 1:
        raise NotUnderstood(f"“{wanted}”对应多条记录，请写得更完整。", f"'{wanted}' names several; write more of it.")
    return client.read(found[0][0])


class Names:
    """What the records and people of one tablet are called; looked up once each."""

    def __init__(self, client: FieldClient, lang: str = "zh") -> None:
        self._client = client
        self._lang = lang
        self._people = {person.id: person.name for person in client.people()}
        self._known: dict[str, str] = {}

    def person(self, person_id: str) -> str:
        """Return a person's name; the end of the id where the tablet does not know it."""
        return self._people.get(person_id) or self.of_id(person_id)

    def of_id(self, record_id: str) -> str:
        """Return what the record *record_id* is called."""
        if record_id not in self._known:
            try:
                self._known[record_id] = self.of(self._client.read(record_id))
            except NoSuchRecord:
                self._known[record_id] = short(record_id)
        return self._known[record_id]

    def of(self, record: Record) -> str:
        """Return what *record* is called: its name, or what it is about and when."""
        if record.get("name"):
            return str(record["name"])
        if record.type == "case":
            return str(record.get("description") or word(record, "problem_class"))
        about = (record.get("target_draft") or {}).get("name") or self.subject(record)
        time = written(str(record.get("observed_at") or ""))
        return " ".join(part for part in (about, time) if part) or f"{title_of(record.type)} {short(record.id)}"

    def subject(self, record: Record) -> str:
        """Return what the record that *record* is about is called, or nothing."""
        known = TYPES.get(record.type)
        about = record.get(known.schema.subject_field) if known and known.schema.subject_field else None
        return self.of_id(about) if about else ""

    def value(self, record: Record, name: str) -> str:
        """Return a field's value as a person reads it, ids as names and points with one decimal."""
        value, field = record.get(name), fields_of(record.type).get(name)
        if isinstance(field, Id) and isinstance(value, str):
            return self.person(value)
        return points(value) if name == "score" else words_of(field, value, self._lang)


def word(record: Record, name: str, lang: str = "zh") -> str:
    """Return a field's value in words."""
    return words_of(fields_of(record.type).get(name), record.get(name), lang)


def brief(label: str) -> str:
    """Return a label without what stands in brackets, for the head of a column."""
    return label.partition("（")[0]


def points(tenths: Any) -> str:
    """Return a score kept in tenths of a point as ``98.0``."""
    return f"{tenths / 10:.1f}" if isinstance(tenths, int) else "—"


def when(stamp: tuple[int, int]) -> str:
    """Return the moment of a stamp."""
    return moment(stamp[0])


def roles_of(person: Person, lang: str = "zh") -> str:
    """Return a person's roles with their areas."""
    held = [f"{_role(each.role, lang)} {each.area}" for each in person.roles]
    return ", ".join(held) or "—"


def _role(role: str, lang: str) -> str:
    return english(role) if lang == "en" or role not in set(Role) else Role(role).zh
