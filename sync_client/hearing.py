"""
What people of this tablet are told of their edits 告知: the server's answers, and what came down later.

A dispute is open until a newer word on it comes: that it was settled, that it stands otherwise, or that one
of this tablet's own edits ended it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from schemas.telling import About, sentence
from schemas.wire import Telling
from sync_client.journal import Decided, Journal
from sync_client.names import Names
from sync_client.tellings import Tellings
from sync_client.values import Said, Told

#: The mark of a telling begins so; that of a mutation is its number.
_LETTER = "T"
_SETTLED = "settled"


class Hearing:
    """Everything told, in the tablet's file; every method is part of the caller's transaction, if any."""

    def __init__(self, journal: Journal, tellings: Tellings) -> None:
        self._journal = journal
        self._tellings = tellings

    def told(self, person: str | None, names: Names | None = None, *, aside: bool = False) -> list[Told]:
        """
        Return what was told, the newest first.

        Args:
            person: About whose edits; None for everybody's.
            names: Words decisions of a server that sent no sentences; without it they stay without words.
            aside: Also what was put aside.
        """
        everything = [_answered(decided) for decided in self._journal.decided()]
        everything += [_came_down(*row) for row in self._tellings.all()]
        wanted = [one for one in everything if (person is None or one.person == person) and (aside or not one.seen)]
        wanted.sort(key=lambda one: (one.at_ms, one.version, one.n), reverse=True)
        return [_worded(self._judged(one, everything), names) for one in wanted]

    def put_aside(self, mark: int | str) -> bool:
        """Take what *mark* names off the list; say whether it was there."""
        text = str(mark).strip().upper()
        number = text.removeprefix(_LETTER)
        if not (number.isascii() and number.isdigit()) or int(number) >= 1 << 63:
            return False
        return (self._tellings if text != number else self._journal).put_aside(int(number))

    def _judged(self, one: Told, everything: Iterable[Told]) -> Told:
        """Return *one* as no longer open where a newer word on its dispute has come."""
        if not one.open:
            return one
        over = any(_ends(other, one) for other in everything)
        over = over or any(self._journal.has_written(one.record_id, said.field, one.version) for said in _disputed(one))
        return replace(one, open=not over)


def _answered(decided: Decided) -> Told:
    mutation = decided.mutation
    return Told(
        n=decided.n,
        type=mutation.type,
        record_id=mutation.id,
        open=decided.open,
        decisions=decided.decisions,
        mark=str(decided.n),
        person=mutation.by,
        at_ms=decided.settled_ms,
        feed=decided.feed,
        version=decided.version,
        said=tuple(map(_said, decided.decisions)),
        seen=decided.seen,
    )


def _came_down(row: int, feed: str, seen: bool, telling: Telling) -> Told:  # a row of the table
    return Told(
        n=0,
        type=telling.type,
        record_id=telling.record,
        open=telling.open,
        decisions=(),
        mark=f"{_LETTER}{row}",
        person=telling.person,
        at_ms=telling.at_ms,
        feed=feed,
        version=telling.version,
        said=(Said(telling.field, telling.rule, telling.reason, telling.zh, telling.en),),
        seen=seen,
        conflict=telling.conflict,
    )


def _said(decision: Mapping[str, Any]) -> Said:
    words = (decision.get(name) for name in ("field", "rule", "reason", "zh", "en"))
    return Said(*(word if isinstance(word, str) else "" for word in words))


def _worded(told: Told, names: Names | None) -> Told:
    """Return *told* with a sentence for every decision, made here where an older server sent none."""
    if names is None or all(said.zh and said.en for said in told.said):
        return told
    about = About(told.type, names.known(told.record_id), names.known, told.at_ms)
    decisions = told.decisions or [{"field": one.field, "rule": one.rule, "reason": one.reason} for one in told.said]
    said = [
        one if one.zh and one.en else replace(one, zh=zh, en=en)
        for one, decision in zip(told.said, decisions, strict=True)
        for zh, en in [sentence(decision, about)]
    ]
    return replace(told, said=tuple(said))


def _ends(newer: Told, older: Told) -> bool:
    """Say whether *newer* is a later word on a dispute of *older*."""
    if newer.record_id != older.record_id or not _is_later(newer, older):
        return False
    if newer.conflict and older.conflict:
        return newer.conflict == older.conflict
    disputed = {said.field: said.rule for said in _disputed(older)}
    return any(one.rule in (_SETTLED, disputed[one.field]) for one in newer.said if one.field in disputed)


def _disputed(told: Told) -> list[Said]:
    """Return those of its decisions that were left to a person; all where the server did not say which."""
    left = [said for said, one in zip(told.said, told.decisions, strict=False) if one.get("outcome") == "open"]
    return left or list(told.said)


def _is_later(newer: Told, older: Told) -> bool:
    # An answer that was lost comes again later than what happened meanwhile: numbers know better than clocks.
    if newer.feed == older.feed and newer.feed is not None:
        return newer.version > older.version
    return newer.at_ms > older.at_ms
