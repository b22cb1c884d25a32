"""
What was decided when edits met 裁定: kept with the history, told to the people concerned.
"""

from dataclasses import dataclass
from typing import Any

from schemas.rules import Candidate, Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What a rule decided for one field.

    ``outcome`` is ``kept`` (the newcomer's value is shown), ``set_aside`` (another's is shown) or
    ``open`` (a person decides). Every candidate is named, so a losing value can always be found.
    """

    field: str
    rule: str
    reason: str
    outcome: str
    winner: Candidate
    candidates: tuple[Candidate, ...]
    aside: tuple[Candidate, ...] = ()
    #: What stands beside the winner until somebody settles it; a superseded candidate does not.
    standing: tuple[Candidate, ...] = ()

    def told(self) -> dict[str, Any]:
        """Return the decision as it travels to the author's device and stands in the history."""
        return self._told_with(self.candidates)

    def disputed(self) -> dict[str, Any]:
        """Return the decision as it waits for a person: with what stands, whoever came last."""
        return self._told_with(self.standing)

    def _told_with(self, candidates: tuple[Candidate, ...]) -> dict[str, Any]:
        return {
            "field": self.field,
            "rule": self.rule,
            "reason": self.reason,
            "outcome": self.outcome,
            "kept": _told(self.winner),
            "others": [_told(c) for c in candidates if c is not self.winner],
        }


def decide(name: str, rule: Rule, new: Candidate, settled: Any, candidates: tuple[Candidate, ...]) -> Decision:
    """Return the decision that *settled* amounts to, seen from the newcomer *new*."""
    if settled.open:
        outcome = "open"
    elif settled.winner is new:
        outcome = "kept"
    else:
        outcome = "set_aside"
    return Decision(
        name, rule.name, settled.reason, outcome, settled.winner, candidates, settled.aside,
        settled.standing or settled.kept,
    )  # fmt: skip


def _told(candidate: Candidate) -> dict[str, Any]:
    return {"value": candidate.value, "by": candidate.by, "at": [candidate.stamp.ms, candidate.stamp.counter]}
