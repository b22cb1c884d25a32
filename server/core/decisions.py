"""
What was decided when edits met 裁定: kept with the history, told to the people concerned.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas import wire
from schemas.ids import derived_id
from schemas.records import Fields
from schemas.rules import ORDERED, Candidate, Rule, Settled, certainty

#: The kinds of dispute 争议: a person must choose; a lower rank's value or a proposal the owner may
#: accept; two records that may be one thing; something to be seen, nothing to choose; settled by rule.
PERSON, SUGGESTION, DUPLICATE, NOTICE, DECIDED = "person", "suggestion", "duplicate", "notice", "decided"
#: The rule by which a record gets the number people know it by.
OFFICE_NUMBERS = "office_numbers"
KINDS = (PERSON, SUGGESTION, DUPLICATE, NOTICE, DECIDED)


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What a rule decided for one field.

    Attributes:
        field, rule, reason: What was settled, by which rule, and why that way; codes, stable.
        outcome: ``kept`` (the newcomer's value is shown), ``set_aside`` (another's is shown), ``open`` (a
            person decides) or ``noted`` (nothing was contested, but somebody should know).
        candidates: Everyone's value, so that a losing one can always be found.
        aside: Values that became suggestions.
        standing: What stands beside the winner until somebody settles it; a superseded candidate does not.
        certain: ``ordered`` or ``clock_uncertain``; see ``schemas.rules.certainty``.
        notice: Whether it waits in the office's list to be seen, where nothing has to be chosen.
        sets: Fields the server itself wrote beside the mutation's own.
        facts: What a sentence about it needs beside the candidates (a name, a day, a reason given).
        hearers: People to be told, beside the authors of the candidates.
        tells: Exactly who is told, where it is not all of these.
        silent: Whether it only stands in the history: what the office reckoned, to be replayed.
        slot: Under which name the dispute is listed, where another may stand over the same field.
    """

    field: str
    rule: str
    reason: str
    outcome: str
    winner: Candidate
    candidates: tuple[Candidate, ...]
    aside: tuple[Candidate, ...] = ()
    standing: tuple[Candidate, ...] = ()
    certain: str = ORDERED
    notice: bool = False
    sets: Fields = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hearers: tuple[str, ...] = ()
    tells: tuple[str, ...] | None = None
    slot: str = ""
    silent: bool = False

    @property
    def kind(self) -> str:
        """Which kind of dispute stands in the office's list for it, open or settled."""
        if self.outcome == "open":
            return PERSON
        if self.aside:
            return SUGGESTION
        return NOTICE if self.notice else DECIDED

    @property
    def listed_as(self) -> str:
        """The name under which the dispute stands in the office's list; mostly the field's."""
        return self.slot or self.field

    def told(self, number: int = 0) -> dict[str, Any]:
        """
        Return the decision as it travels to the author's device and stands in the history.

        Args:
            number: The history number just taken; candidates still in hand stand under it.
        """
        return self._told_with(self.candidates, number)

    def disputed(self, number: int = 0) -> dict[str, Any]:
        """Return the decision as it waits for a person: with what stands, whoever came last."""
        return self._told_with(self.standing, number)

    def authors(self) -> set[str]:
        """Return everybody whose value it is about, and who else is to be told."""
        return {c.by for c in self.candidates} | set(self.hearers)

    def listeners(self) -> set[str]:
        """Return everybody who is to be told."""
        return self.authors() if self.tells is None else set(self.tells)

    def _told_with(self, candidates: tuple[Candidate, ...], number: int) -> dict[str, Any]:
        written = {
            "field": self.field,
            "rule": self.rule,
            "reason": self.reason,
            "outcome": self.outcome,
            "certainty": self.certain,
            "kept": told_candidate(self.winner, number),
            "others": [told_candidate(c, number) for c in candidates if c is not self.winner],
        }
        beside: dict[str, Any] = {"sets": dict(self.sets), "facts": dict(self.facts), "silent": self.silent}
        return written | {name: value for name, value in beside.items() if value}


def decide(name: str, rule: Rule, new: Candidate, settled: Settled, candidates: tuple[Candidate, ...]) -> Decision:
    """Return the decision that *settled* amounts to, seen from the newcomer *new*."""
    if settled.open:
        outcome = "open"
    elif settled.winner is new:
        outcome = "kept"
    else:
        outcome = "set_aside"
    return Decision(
        name, rule.name, settled.reason, outcome, settled.winner, candidates, settled.aside,
        settled.standing or settled.kept, certainty(settled, candidates),
    )  # fmt: skip


def told_candidate(candidate: Candidate, number: int = 0) -> dict[str, Any]:
    """Return a candidate as it is told: its value, whose, when, of what weight, and where in the history."""
    return {
        "value": candidate.value,
        "by": candidate.by,
        "at": [candidate.stamp.ms, candidate.stamp.counter],
        "rank": candidate.rank,
        "version": candidate.version or number,
    }


def note(name: str, rule: str, reason: str, kept: Candidate, *others: Candidate, **beside: Any) -> Decision:
    """Return a decision about what nobody contested, but somebody should know; *beside*: its other members."""
    return Decision(name, rule, reason, "noted", kept, (kept, *others), standing=(kept, *others), **beside)


def numbered(name: str, number: str) -> dict[str, Any]:
    """Return how it stands in the history that a record was given its number, in the field *name*; never told."""
    return {"field": name, "rule": OFFICE_NUMBERS, "reason": "numbered", "sets": {name: number}, "silent": True}


def numbered_alone(name: str, number: str) -> str:
    """Return the same as canonical JSON, where nothing else was decided: it is written for every check."""
    sets = f'{{"{name}":{wire.canonical(number).decode()}}}'
    return f'[{{"field":"{name}","reason":"numbered","rule":"{OFFICE_NUMBERS}","sets":{sets},"silent":true}}]'


def number_in(decisions: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the number that a record was given, by the *decisions* of the row that made it; see ``numbered``."""
    given = (decision["sets"] for decision in decisions if decision["rule"] == OFFICE_NUMBERS)
    return next((number for sets in given for number in sets.values()), None)


def conflict_id(record: str, name: str, kind: str) -> str:
    """Return the id of the dispute of *kind* over the field *name* of *record*: it follows from the three."""
    return derived_id("conflict", record, name, kind)
