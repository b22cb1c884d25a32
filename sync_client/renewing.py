"""
A new install 换号: one file was copied to two tablets, or put back to an old copy, and its numbers name two things.

From then on this file numbers under an install of its own. What the office refused because its number was
taken is recorded again under a new one: the same change, with the stamp of the moment in which it was made.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from schemas import wire
from schemas.problems import Refusal
from schemas.wire import Outcome
from sync_client.desk import Head
from sync_client.journal import Journal, Waiting

_INSTALL_BYTES = 6
_REUSED = "number_reused"
#: What is refused for the sake of something else, which may be taken under another number.
_WITH_IT = frozenset({"group_refused", "depends_on_refused"})


class Renewal:
    """
    Takes new installs, for one sync; every method is part of the caller's transaction.

    Args:
        journal: Where mutations are.
        randomness: Returns so many random bytes.
    """

    def __init__(self, journal: Journal, randomness: Callable[[int], bytes]) -> None:
        self._journal = journal
        self._randomness = randomness
        self._fresh: str | None = None

    def is_due(self, head: Head, install: str, last: int, settled: int) -> bool:
        """Say whether the office holds more of the present *install* than this file had when it asked."""
        return self._fresh is None and install == head.install and settled > last

    def judged(self, install: str, sent: Sequence[Waiting], outcomes: Iterable[Outcome]) -> dict[int, Outcome]:
        """
        Return what became of *sent*, pushed under *install*, by number.

        A group with a reused number in it is refused as a whole. Under an install that was taken in this very
        sync nothing is: it waits for the next one, or a sync with an office that finds fault with every number
        would never end.
        """
        by_number = {outcome.n: outcome for outcome in outcomes}
        reused = {n for n, outcome in by_number.items() if _code(outcome) == _REUSED}
        if not reused:
            return by_number
        broken = {w.group_first for w in sent if w.n in reused and w.group_first is not None}
        for waiting in sent:
            found = by_number.get(waiting.n)
            if waiting.group_first in broken and (found is None or not found.final):
                refused = Outcome(waiting.n, "rejected", problem=Refusal("group_refused").body())
                by_number[waiting.n] = refused
        if self._fresh == install:
            later = {n: Outcome(n, "retry") for n in self.to_record_again(sent, by_number)}
            return by_number | later
        return by_number

    def to_record_again(self, sent: Sequence[Waiting], outcomes: Mapping[int, Outcome]) -> list[int]:
        """Return the numbers of what was refused for its number, or for the sake of something that was."""
        codes = {waiting.n: _code(outcomes.get(waiting.n)) for waiting in sent}
        if not _WITH_IT.union({_REUSED}) & set(codes.values()):
            return []
        records = self._journal.created_again([w.record_id for w in sent if codes[w.n] in _WITH_IT])
        groups: set[int | None] = set()
        found: set[int] = set()
        # What builds on something builds on what was done before it; a group may drag an earlier one along.
        while True:
            before = len(found)
            for waiting in sent:
                code = codes[waiting.n]
                drawn = code in _WITH_IT and (waiting.record_id in records or waiting.group_first in groups)
                if code == _REUSED or drawn:
                    found.add(waiting.n)
                    groups |= {waiting.group_first} - {None}
                    records |= {waiting.record_id} if waiting.op == "create" else set()
            if len(found) == before:
                return sorted(found)

    def take(self, head: Head) -> None:
        """Give the file a new install; numbers count on."""
        self._fresh = head.install = self._randomness(_INSTALL_BYTES).hex()

    def record_again(self, head: Head, again: Sequence[Waiting]) -> None:
        """Record *again*, in the order of the numbers, under the present install."""
        below = self._journal.first_again(again[0].install)
        own = self._journal.own_versions([w.record_id for w in again], min(below or again[0].n, again[0].n))
        for members in _bundles(again):
            first = head.last_n + 1
            group = (first, len(members)) if len(members) > 1 else None
            for waiting in members:
                head.last_n += 1
                payload = _renumbered(waiting.payload, head.last_n, group, own.get(waiting.record_id, 0))
                self._journal.record_again(waiting, head.last_n, payload, head.install, group and group[0])


def _code(outcome: Outcome | None) -> str | None:
    code = outcome.problem.get("code") if outcome is not None and outcome.final and outcome.problem else None
    return code if isinstance(code, str) else None


def _bundles(waiting: Iterable[Waiting]) -> list[list[Waiting]]:
    """Return *waiting* group by group; what belongs to none stands alone."""
    found: dict[int, list[Waiting]] = {}
    for one in waiting:
        found.setdefault(one.group_first or one.n, []).append(one)
    return list(found.values())


def _renumbered(payload: bytes, n: int, group: tuple[int, int] | None, own: int) -> bytes:
    """
    Return the same change under another number.

    Its base moves up only to what the office has since numbered of this tablet's *own*: the author had seen
    that, for he wrote it, and under another install nothing else would tell the office so.
    """
    mutation: dict[str, Any] = wire.decode_json(payload)
    mutation["n"] = n
    mutation.pop("group", None)
    if group:
        mutation["group"] = list(group)
    if own > mutation.get("base", 0) and mutation["op"] != "create":
        mutation["base"] = own
    return wire.encode(mutation)
