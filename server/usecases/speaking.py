"""
Who says what about whom 措辞: the names that sentences about one push need, read once.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from schemas import telling, wire
from schemas.numbers import number_of
from schemas.telling import About
from server.core.between import redirects
from server.core.between.effects import Effects
from server.core.taken import Taken
from server.storage.conflicts import Conflict
from server.storage.unit_of_work import UnitOfWork
from server.values import Record


class Speaker:
    """
    Words decisions about the records of one push.

    Args:
        known: The disputes that the push names or ends; their people are told.
        now_ms: When it is said: what happened on another day is told with its day.
    """

    def __init__(
        self, work: UnitOfWork, rows: list[Taken], effects: Effects, known: Iterable[Conflict], now_ms: int
    ) -> None:
        decisions = [d for row in rows for d in row.decisions] + [raised.decision for raised in effects.raised]
        people = {person for decision in decisions for person in decision.authors()}
        people |= {person for conflict in known for person in wire.decode_json(conflict.people)}
        if people:
            people |= {row.author.person.id for row in rows}
        self._names: Mapping[str, str] = work.people.names(people) if people else {}
        self._get = effects.get
        self._now_ms = now_ms

    def sentence(self, decision: Mapping[str, Any], about: Record) -> tuple[str, str]:
        """Return what *decision*, as it is told, says about the record *about*, in Chinese and in English."""
        spoken = self._about(about)
        if decision["rule"] == redirects.RULE:
            # It goes by the name of what it was about, and that has just become another.
            spoken = dataclasses.replace(spoken, name=None)
        return telling.sentence(decision, spoken)

    def settled(self, settled: Mapping[str, Any], name: str, about: Record) -> tuple[str, str]:
        """Return that a dispute over the field *name* of *about* was settled, in Chinese and in English."""
        return telling.settled_sentence(settled, self._about(about), name)

    def _about(self, record: Record) -> About:
        return About(record.type, self._name_of(record), self._called, self._now_ms)

    def _called(self, some_id: str) -> str | None:
        record = self._get(some_id)
        return self._names.get(some_id) or (self._name_of(record) if record else None)

    def _name_of(self, record: Record) -> str | None:
        """Return what people call *record*: its own name, its subject's, or its number."""
        subject = self._get(str(record.fields.get("target_id"))) if "inspector_id" in record.fields else None
        named = subject or record
        name = named.fields.get("name")
        return str(name) if name else number_of(record.type, record.grid, record.born, record.fields)
