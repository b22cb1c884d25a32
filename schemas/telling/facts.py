"""
What a decision says beside its values 事由, and how a dispute ended.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from schemas.records import TYPES
from schemas.telling.candidates import MOST_OTHERS, Weighed
from schemas.telling.saying import ms_of
from schemas.telling.sentences import REASON
from schemas.telling.words import About, Words, missing, whole
from schemas.wording import fields_of, lasting, members_of

#: What a reason may end with; the sentence has an end of its own.
_STOPS = "。．.；;！! \n"


class Told(Weighed):
    """A decision in words."""

    def name(self) -> str:
        """Return what the record is called, in quotation marks."""
        return self._speech.record(self._facts.get("name") or self._about.name)

    def other_name(self) -> str:
        """Return what the other of a pair is called."""
        return self._speech.record(self._facts.get("other_name"))

    def from_name(self) -> str:
        """Return what went into another record."""
        return self._speech.record(self._facts.get("from_name"))

    def to_name(self) -> str:
        """Return what it went into."""
        return self._speech.record(self._facts.get("to_name"))

    def into_name(self) -> str:
        """Return the main case."""
        return self._speech.record(self._facts.get("into_name"))

    def first_reporter(self) -> str:
        """Return who reported the main case."""
        return self._speech.person(self._facts.get("first_reporter"))

    def apart(self) -> str:
        """Return how far apart two records lie; nothing where that is not known."""
        metres = whole(self._facts.get("apart_m"))
        return "" if metres is None else self._speech.pick((f"相距 {metres} 米，", f"{metres} m apart, "))

    def day(self) -> str:
        """Return the day on which it was."""
        try:
            return self._speech.day(date.fromisoformat(self._facts.get("day", "")))
        except (TypeError, ValueError):
            return missing()

    def counted(self) -> str:
        """Return the score that counts for the day."""
        return self._speech.score(self._fact("counted_score"))

    def counted_by(self) -> str:
        """Return whose that is."""
        return self._speech.person(self._fact("counted_by"))

    def most(self) -> str:
        """Return the greatest number counted that day."""
        return str(whole(self._fact("most")) or 0)

    def whose(self) -> str:
        """Return who counted it."""
        return self._speech.person(self._fact("whose"))

    def seen_at(self) -> str:
        """Return when it was seen."""
        return self._speech.written(self._fact("seen_at")) or missing()

    def taken_at(self) -> str:
        """Return when the photo was taken."""
        return self._speech.written(self._fact("taken_at")) or missing()

    def state(self) -> str:
        """Return the state of the workflow, whatever field it is about."""
        kind = TYPES.get(self._about.type)
        return self._speech.value((kind.workflow_field if kind else None) or "", self._fact("state"))

    def why(self) -> str:
        """Return what stood in the way of an act."""
        said = self._speech.pick((self._fact("why_zh"), self._fact("why_en")))
        return self._speech.plain(None, said) if said else missing()

    def grid(self) -> str:
        """Return the grid's code."""
        return self._speech.name(self._fact("grid")) or missing()

    def from_person(self) -> str:
        """Return who answered for it until now."""
        return self._speech.person(self._fact("from"))

    def to_person(self) -> str:
        """Return who answers for it from now on."""
        return self._speech.person(self._fact("to"))

    def reason(self) -> str:
        """Return why an inspector gave another score."""
        value = self._shown.value
        given = value.get("reason") if isinstance(value, Mapping) else None
        return self._speech.plain(None, given.rstrip(_STOPS)) if isinstance(given, str) and given.strip() else missing()

    def claimed(self) -> str:
        """Return the time that a wrong clock showed."""
        return self._speech.written(self._fact("claimed")) or missing()

    def filed(self) -> str:
        """Return the time as it was corrected."""
        claimed, by_s = ms_of(self._fact("claimed")), whole(self._fact("by_s"))
        if claimed is None or by_s is None:
            return missing()
        return self._speech.moment(claimed + by_s * 1000) or missing()

    def wrong(self) -> str:
        """Return by how much the clock was wrong, and which way."""
        by_s = whole(self._fact("by_s")) or 0
        zh, en = lasting(by_s * 1000)
        return self._speech.pick((f"快了 {zh}", f"{en} fast") if by_s < 0 else (f"慢了 {zh}", f"{en} slow"))

    def changes(self) -> str:
        """Return what a correction proposed, field by field."""
        proposed, now = self._first.value, self._shown.value
        if not isinstance(proposed, Mapping) or not proposed:
            missing()
        before = now if isinstance(now, Mapping) else {}
        said = [change for name, value in proposed.items() for change in self._changed(name, before.get(name), value)]
        more = self._speech.pick((f"等 {len(said)} 处", f"and others, {len(said)} in all"))
        return self._listed([*said[:MOST_OTHERS], *([more] if len(said) > MOST_OTHERS else [])]) or missing()

    def _changed(self, name: Any, now: Any, value: Any) -> list[str]:
        """Return what would change in one field; of an object, member by member."""
        fields = fields_of(self._about.type)
        label, field = self._speech.label(str(name)), fields.get(name) if isinstance(name, str) else None
        rule = field.metadata.get("rule") if field is not None else None
        if isinstance(value, list) and rule is not None and rule.verb == "add":
            return [self._speech.pick((f"{label}删除 {len(value)} 项", f"{len(value)} of {label} removed"))]
        if not isinstance(now, Mapping) or not isinstance(value, Mapping):
            return [self._from_to(label, field, now, value)]
        parts = members_of(self._about.type, name) if field is not None else {}
        changed = [part for part in value if value[part] != now.get(part)]
        said = ((self._speech.member(parts.get(part), str(part)), parts.get(part), part) for part in changed)
        return [self._from_to(called, part_field, now.get(part), value[part]) for called, part_field, part in said]

    def _from_to(self, label: str, field: Any, now: Any, value: Any) -> str:
        return f"{label} {self._speech.plain(field, now)}→{self._speech.plain(field, value)}"

    def _fact(self, name: str) -> Any:
        found = self._facts.get(name)
        return found if found is not None else missing()


class Settled(Words):
    """How a dispute ended, in words."""

    def __init__(self, settlement: Mapping[str, Any], about: About, field: Any, lang: str) -> None:
        self._settlement = settlement
        at = whole(settlement.get("at_ms"))
        super().__init__(about, lang, field, [at] if at else [])

    def by(self) -> str:
        """Return who settled it, and when."""
        return self._signed(self._speech.person(self._settlement.get("by")), self._settlement.get("at_ms"))

    def value(self) -> str:
        """Return what the field says now."""
        if "value" not in self._settlement:
            missing()
        return self._speech.value(self._field, self._settlement["value"])

    def other(self) -> str:
        """Return what the other record of a pair is called."""
        return self._speech.record_of(self._field)

    def reason(self) -> str:
        """Return why, as a sentence of its own; nothing where no reason was given."""
        given = self._settlement.get("reason")
        if not isinstance(given, str) or not given.strip():
            return ""
        return self._speech.pick(REASON).format(reason=self._speech.plain(None, given.rstrip(_STOPS)))
