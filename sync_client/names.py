"""
What records and people are called 称呼, as far as one tablet knows them.
"""

from typing import Protocol

from schemas.directory import area_id
from schemas.fields import Id, Many, Place, Unit
from schemas.fold import total_of
from schemas.grid import Level
from schemas.registry import TYPES
from schemas.rules import Share
from schemas.units import departments, name_of, unit_id
from schemas.wording import english, fields_of, points, title_of, words_of, written
from sync_client.errors import NoSuchRecord
from sync_client.values import Person, Record

#: So many signs of an id tell records apart on a screen; ids begin with their time, so the end is used.
SHORT = 8


#: Records without a name are called by what they say.
_SPOKEN = ("what", "wording", "theme", "directive", "grounds", "text")
_SPOKEN_LENGTH = 30


class Tablet(Protocol):
    """Whoever can be asked for records and people."""

    def read(self, record: Record | str) -> Record:
        """Return a record; raises ``NoSuchRecord`` where it is not held."""

    def people(self) -> list[Person]:
        """Return everybody admitted."""


def short(record_id: str) -> str:
    """Return the end of an id."""
    return record_id[-SHORT:]


class Names:
    """What the records and people of one tablet are called; looked up once each."""

    def __init__(self, tablet: Tablet, lang: str = "zh") -> None:
        self._tablet = tablet
        self._lang = lang
        self._people = {person.id: person.name for person in tablet.people()}
        self._known: dict[str, str] = {}

    def person(self, person_id: str) -> str:
        """Return a person's name; the end of the id where the tablet does not know it."""
        return self._people.get(person_id) or self.of_id(person_id)

    def known(self, record_id: str) -> str | None:
        """Return what a person or record is called, or None where the tablet does not know it."""
        name = self.person(record_id)
        return None if name == short(record_id) else name

    def of_id(self, record_id: str) -> str:
        """Return what the record *record_id* is called."""
        if record_id not in self._known:
            try:
                self._known[record_id] = self.of(self._tablet.read(record_id))
            except NoSuchRecord:
                self._known[record_id] = short(record_id)
        return self._known[record_id]

    def record(self, record_id: str) -> Record:
        """
        Return the record *record_id*.

        Raises:
            NoSuchRecord: The tablet does not hold it.
        """
        return self._tablet.read(record_id)

    def of(self, record: Record) -> str:
        """Return what *record* is called: its name, or what it is about and when."""
        if record.get("name"):
            return str(record["name"])
        spoken = next((record.get(name) for name in _SPOKEN if record.get(name)), None)
        if spoken and record.type != "case":
            return str(spoken)[:_SPOKEN_LENGTH]
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

    def called(self, field: object, value: str, grid: str = "") -> str:
        """Return what the person, record, unit or place is called that *value*, of *field* of a record, names."""
        if isinstance(field, Id):
            return self.person(value)
        if value in departments() and self._lang == "en":
            return english(value)
        known = (unit_id(grid[: Level.DISTRICT], value), area_id(value))
        name = next((name for one in known if (name := self.of_id(one)) != short(one)), None)
        return name or name_of(value, {})

    def value(self, record: Record, name: str) -> str:
        """Return a field's value as a person reads it, ids as names and points with one decimal."""
        value, field = record.get(name), fields_of(record.type).get(name)
        if isinstance(field, (Id, Unit, Place)) and isinstance(value, str):
            return self.called(field, value, record.grid)
        if isinstance(field, Many) and isinstance(field.inner, (Id, Unit, Place)) and value:
            return ("; " if self._lang == "en" else "；").join(
                self.called(field.inner, one, record.grid) for one in value
            )
        if isinstance(value, dict) and _is_shared(record.type, name):
            return f"{total_of(value):.10g}"
        return points(value) if name == "score" else words_of(field, value, self._lang)


def _is_shared(type_name: str, name: str) -> bool:
    known = TYPES.get(type_name)
    return known is not None and isinstance(known.rules.of(name), Share)


def word(record: Record, name: str, lang: str = "zh") -> str:
    """Return a field's value in words."""
    return words_of(fields_of(record.type).get(name), record.get(name), lang)
