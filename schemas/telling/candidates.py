"""
Who wrote what 候选值: the value that is shown, those that are not, and where they are.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from schemas.records import TYPES
from schemas.roles import Role
from schemas.rules import Authority
from schemas.telling.saying import SCORES, ms_of
from schemas.telling.sentences import SET_ASIDE
from schemas.telling.words import About, Words, missing, whole
from schemas.workflow import MACHINES

#: So many values beside the one shown are named; of more only the number.
MOST_OTHERS = 2


class _One(NamedTuple):
    """One candidate: a value, whose, when, of what weight, and where in the history."""

    value: Any
    by: Any
    ms: int
    rank: int
    version: int


class Weighed(Words):
    """What stood against each other, in words."""

    def __init__(self, decision: Mapping[str, Any], about: About, lang: str) -> None:
        kept, others, facts = decision.get("kept"), decision.get("others"), decision.get("facts")
        self._kept = _one(kept) if isinstance(kept, Mapping) else None
        listed = others if isinstance(others, list | tuple) else ()
        self._others = sorted((_one(each) for each in listed if isinstance(each, Mapping)), key=lambda one: one.ms)
        self._facts: Mapping[Any, Any] = facts if isinstance(facts, Mapping) else {}
        self._ranked = decision.get("rule") == Authority.name
        seen = [ms for name in ("seen_at", "taken_at", "claimed") if (ms := ms_of(self._facts.get(name))) is not None]
        moments = [one.ms for one in (self._kept, *self._others) if one is not None and one.ms]
        super().__init__(about, lang, decision.get("field"), seen + moments)

    def kept(self) -> str:
        """Return the value that is shown."""
        return self._value(self._shown)

    def kept_by(self) -> str:
        """Return whose it is, and when it was written."""
        return self._by(self._shown)

    def kept_rank(self) -> str:
        """Return whose it is, with the role that weighed."""
        one = self._shown
        name, role = self._speech.person(one.by), self._speech.role(one.rank)
        return self._signed(self._speech.pick((f"{role}{name}", f"{name}, {role}" if role else name)), one.ms)

    def kept_at(self) -> str:
        """Return when it was written."""
        return self._speech.moment(self._shown.ms) or missing()

    def kept_number(self) -> str:
        """Return where it stands in the history."""
        return self._number(self._shown)

    def kept_name_of(self) -> str:
        """Return whose it is."""
        return self._speech.person(self._shown.by)

    def kept_act(self) -> str:
        """Return the act that stands."""
        return self._act(self._shown.value)

    def other(self) -> str:
        """Return the value that is not shown."""
        return self._value(self._first)

    def other_by(self) -> str:
        """Return whose that is, and when it was written."""
        return self._by(self._first)

    def other_name_of(self) -> str:
        """Return whose that is."""
        return self._speech.person(self._first.by)

    def other_act(self) -> str:
        """Return the act that does not stand."""
        return self._act(self._first.value)

    def other_at(self) -> str:
        """Return where that stands in the history."""
        return self._number(self._first)

    def listed(self) -> str:
        """Return the values that wait beside the one shown."""
        if not self._beside:
            missing()
        said = [self._aside(one, "open_suggestion" if self._outweighed(one) else "open") for one in self._named]
        return self._listed([*said, *self._more()])

    def rest(self) -> str:
        """Return where the other values are, as sentences of their own; nothing where there are none."""
        said = [self._aside(one, "suggestion" if self._outweighed(one) else "history") for one in self._named]
        said += self._more()
        return self._speech.pick(("；", "; ")).join(said) + self._speech.pick(("。", ".")) if said else ""

    def all(self) -> str:
        """Return how many values are kept."""
        count = len({repr(one.value) for one in (self._shown, *self._beside)})
        return self._speech.pick(
            ("两者" if count == 2 else f"{count} 种写法", "both" if count == 2 else f"all {count}")
        )

    def n(self) -> str:
        """Return how many records there are of it."""
        return str(len([self._shown, *self._others]))

    def settler(self) -> str:
        """Return who decides: the community, or whoever's equal wrote it."""
        greatest = max((one.rank for one in (self._kept, *self._others) if one is not None), default=0)
        rank = max(greatest, Role.COMMUNITY.rank)
        return self._speech.role(rank) or self._speech.role(Role.COMMUNITY.rank)

    def scores(self) -> str:
        """Return every check's score, the earliest first."""
        row = sorted([self._shown, *self._others], key=lambda one: one.ms)[: MOST_OTHERS + 1]
        gave = [(self._by(one), self._speech.score(one.value)) for one in row]
        return self._listed([self._speech.pick((f"{by} 查得 {score}", f"{score} by {by}")) for by, score in gave])

    def looks_alike(self) -> bool:
        """Say whether a value beside the one shown differs in what a sentence leaves out."""
        if self._kept is None or self._field in SCORES:
            return False
        shown = self._value(self._kept)
        return any(self._value(one) == shown for one in self._beside)

    @property
    def _shown(self) -> _One:
        return self._kept if self._kept is not None else missing()

    @property
    def _first(self) -> _One:
        return self._others[0] if self._others else missing()

    @cached_property
    def _beside(self) -> list[_One]:
        return [one for one in self._others if self._kept is None or one.value != self._kept.value]

    @property
    def _named(self) -> list[_One]:
        return self._beside[-MOST_OTHERS:]

    def _more(self) -> list[str]:
        left = len(self._beside) - len(self._named)
        return [self._speech.pick(SET_ASIDE["more"]).format(n=left)] if left else []

    def _outweighed(self, one: _One) -> bool:
        return self._ranked and self._kept is not None and one.rank < self._kept.rank

    def _aside(self, one: _One, how: str) -> str:
        words = {"by": self._by(one), "value": self._value(one), "at": self._number(one), "settler": self.settler()}
        return self._speech.pick(SET_ASIDE[how]).format_map(words)

    def _value(self, one: _One) -> str:
        return self._speech.value(self._field, one.value)

    def _by(self, one: _One) -> str:
        return self._signed(self._speech.person(one.by), one.ms)

    def _number(self, one: _One) -> str:
        known = (f"第 {one.version} 号", f"as number {one.version} of")
        return self._speech.pick(known if one.version else ("中", "in"))

    def _act(self, name: Any) -> str:
        kind = TYPES.get(self._about.type)
        machine = MACHINES.get(kind.machine) if kind else None
        step = machine.acts.get(name) if machine and isinstance(name, str) else None
        if step is None:
            return self._speech.value("", name)
        return self._speech.quoted(self._speech.pick((step.zh, step.en)))


def _one(told: Mapping[Any, Any]) -> _One:
    at = told.get("at")
    ms = at[0] if isinstance(at, list | tuple) and at else None
    numbers = (whole(each) or 0 for each in (ms, told.get("rank"), told.get("version")))
    return _One(told.get("value"), told.get("by"), *numbers)
