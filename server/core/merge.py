"""
Fold one mutation into one stored record 合并.

Pure: no database, no network, no clock. How a field settles a disagreement is declared beside the
field, in ``schemas``; this module only finds out whether there is a disagreement, and carries it out.

A field is *contested* when it holds a value that the newcomer's author had not seen: one written
after the version he was looking at, by another device. What he saw, he may replace, unless the rule
itself forbids it (a lower rank never writes over a higher one, a smaller number over ``highest``).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas import fold, grid, wire
from schemas.mutations import Mutation
from schemas.records import Fields, RecordType
from schemas.rules import Append, Candidate, RuleTable, Settled, Together, Union, ValueRule
from server.core.between.redirects import stand_where_named
from server.core.between.traits import traits_of
from server.core.decisions import Decision, decide, note
from server.values import PENDING, Author, Dot, Origin, Record, moment

OFFSET_FIELD = "clock_offset_s"


def create(mutation: Mutation, fields: Fields, author: Author, received_ms: int) -> Record:
    """Return the new record that *mutation* describes, with *fields*; its numbers are still to be taken."""
    return Record(
        type=mutation.type,
        id=mutation.id,
        grid=mutation.grid,
        feed=grid.feed_of(mutation.grid),
        fields=fields,
        origin=Origin(author.stamp, mutation.by, author.rank, author.as_claimed),
        at=moment(author.stamp),
        by=mutation.by,
        device=author.hand,
        rank=author.rank,
        received_ms=received_ms,
        clean=author.as_claimed,
        changed=True,
    )


#: A field, and the kind of its dispute.
Dispute = tuple[str, str]


class Merged(NamedTuple):
    """
    What folding a patch amounted to.

    ``decisions`` has one entry for every field whose contest was settled or left to a person; none
    where nobody had written in between. ``closed`` names the disputes this edit ended: the field, and
    whether a ``person`` had to decide or a ``suggestion`` stood.
    """

    decisions: list[Decision]
    closed: tuple[Dispute, ...]


def merge(record: Record, kind: RecordType, mutation: Mutation, author: Author) -> Merged:
    """Fold the patch *mutation* into *record*, in place."""
    turned_back = traits_of(record.type).about in mutation.set and stand_where_named(record)
    newcomer = _Newcomer(record, mutation, author)
    decisions = [d for d in _merge_values(newcomer, kind.rules) if d is not None]
    for name, elements in mutation.add.items():
        newcomer.add(name, kind.rules.of(name), elements)
    for name, keys in mutation.remove.items():
        decisions += newcomer.remove(name, kind.rules.of(name), keys)
    for name, amount in mutation.share.items():
        fold.put_share(record.fields, name, fold.holder_of(author.device, mutation.by), amount)
    kind.complete(record.fields)
    record.sign(mutation.by, author, mutation.base, quiet=not decisions and not turned_back)
    return Merged(decisions, tuple(newcomer.closed))


def void(record: Record, mutation: Mutation, author: Author) -> list[Decision]:
    """Mark *record* void; its fields stay, and later edits of them are still taken in."""
    record.void = True
    record.sign(mutation.by, author, mutation.base)
    return []


def note_offset(fields: Fields, kind: RecordType, offset_ms: int) -> None:
    """Keep beside a check by how much its author's clock was corrected; the claim itself stays."""
    if OFFSET_FIELD in kind.rules.fields:
        fields[OFFSET_FIELD] = round(offset_ms / 1000)


def _merge_values(newcomer: "_Newcomer", rules: RuleTable) -> Iterator[Decision | None]:
    for name, value in _in_groups(newcomer.mutation.set, rules):
        yield newcomer.write(name, rules.of(name), value)


def _in_groups(values: dict[str, Any], rules: RuleTable) -> Iterator[tuple[str, Any]]:
    """Yield each field, and each ``together`` group once, with the mapping of its members as value."""
    if not rules.groups:
        yield from values.items()
        return
    seen: set[str] = set()
    for name, value in values.items():
        group = rules.groups.get(name)
        if group is None:
            yield name, value
        elif group not in seen:
            seen.add(group)
            yield group, {member: values.get(member) for member in group.split("+")}


class _Newcomer:
    """One mutation on its way into one record."""

    def __init__(self, record: Record, mutation: Mutation, author: Author) -> None:
        self.record = record
        self.mutation = mutation
        self.author = author
        self.closed: list[Dispute] = []

    def write(self, name: str, rule: Any, value: Any) -> Decision | None:
        """Write one field, or settle it where somebody else's value stands against it."""
        new = self._candidate(value)
        candidates = self._candidates(name, rule)
        rivals = tuple(c for c in candidates if not self._replaces(rule, new, c))
        settled = rule.settle((*rivals, new)) if rivals else Settled(new, (new,), "")
        self._note_closed(name, rule, candidates, settled)
        self._put(name, rule, settled.winner.value, settled.kept)
        if all(rival.value == value for rival in rivals):
            return None
        return decide(name, rule, new, settled, (*rivals, new))

    def _note_closed(self, name: str, rule: ValueRule, before: tuple[Candidate, ...], now: Settled) -> None:
        if len(before) > 1:
            stood = rule.settle(before)
            # Where a person has to decide, what was suggested lies before him with the rest.
            suggested = bool(stood.aside) and (not now.aside or now.open)
            ended = {"person": stood.open and not now.open, "suggestion": suggested}
            self.closed += [(name, kind) for kind, over in ended.items() if over]

    def add(self, name: str, rule: Any, elements: list[Any]) -> None:
        """Add set elements, each with a dot of this device, or append signed entries."""
        if isinstance(rule, Append):
            for text in elements:
                at = (self.author.stamp.ms, self.author.stamp.counter)
                fold.append_entry(self.record.fields, name, text, at, self.mutation.by)
        elif isinstance(rule, Union):
            for element in elements:
                added = Dot(PENDING, self.author.hand, element, self.mutation.by)
                self._keep_dots(name, rule, (*self._unseen(name, rule, rule.key_of(element)), added))

    def remove(self, name: str, rule: Any, keys: list[str]) -> Iterator[Decision]:
        """Take away what the author saw; an element that somebody else added meanwhile stays."""
        for key in keys:
            unseen = self._unseen(name, rule, key)
            if unseen:
                self._keep_dots(name, rule, unseen)
                yield self._kept_element(name, rule, key)
            else:
                yield from self._taken_away(name, rule, key)
                fold.drop_element(rule, self.record.fields, name, key)
                self.record.marks.dots.get(name, {}).pop(key, None)

    def _replaces(self, rule: ValueRule, new: Candidate, old: Candidate) -> bool:
        if not self._saw(old.version, old.stamp.device):
            return False
        made_with_it = old.stamp == self.record.origin.stamp
        return rule.supersedes(new, old._replace(first=True) if made_with_it else old)

    def _saw(self, version: int, device: str) -> bool:
        """A device never conflicts with its own earlier edits; others' it saw up to its base."""
        return device == self.author.hand or PENDING < version <= self.mutation.base

    def _candidates(self, name: str, rule: ValueRule) -> tuple[Candidate, ...]:
        kept = self.record.marks.values.get(name)
        if kept is not None:
            return kept
        if isinstance(rule, Together):
            present = {m: self.record.fields.get(m) for m in rule.fields}
            known = any(m in self.record.fields for m in present)
        else:
            present, known = self.record.fields.get(name), name in self.record.fields  # type: ignore[assignment]
        origin = self.record.origin
        return (Candidate(present, *origin[:3], self.record.born, origin.firm),) if known else ()

    def _candidate(self, value: Any) -> Candidate:
        author = self.author
        return Candidate(value, author.stamp, self.mutation.by, author.rank, PENDING, author.as_claimed)

    def _put(self, name: str, rule: ValueRule, value: Any, kept: tuple[Candidate, ...]) -> None:
        self.record.marks.values[name] = kept
        if isinstance(rule, Together):
            self.record.fields.update(value)
        else:
            self.record.fields[name] = value

    def _unseen(self, name: str, rule: Union, key: str) -> tuple[Dot, ...]:
        """Return the addings of an element that the author had not seen; what he saw, he may replace."""
        return tuple(dot for dot in self._addings(name, rule, key) if not self._saw(dot.version, dot.device))

    def _addings(self, name: str, rule: Union, key: str) -> tuple[Dot, ...]:
        """Return every adding of an element that is there, each with what was added."""
        present = self._present(name, rule, key)
        if present is None:
            return ()
        origin = self.record.origin
        first = Dot(self.record.born, origin.stamp.device, None, origin.by)
        dots = self.record.marks.dots.get(name, {}).get(key, (first,))
        return tuple(dot if dot.element is not None else dot._replace(element=present) for dot in dots)

    def _present(self, name: str, rule: Union, key: str) -> Any:
        return next((e for e in self.record.fields.get(name, ()) if rule.key_of(e) == key), None)

    def _taken_away(self, name: str, rule: Union, key: str) -> Iterator[Decision]:
        """Tell whoever had added an element that another takes it away: nothing goes without a trace."""
        others = {dot.by for dot in self._addings(name, rule, key)} - {"", self.mutation.by}
        if others:
            gone = self._candidate(self._present(name, rule, key))
            yield note(name, rule.name, "taken_away", gone, tells=tuple(sorted(others)))

    def _keep_dots(self, name: str, rule: Union, dots: tuple[Dot, ...]) -> None:
        # Of several descriptions of one photo any will do, as long as it is the same in every order.
        shown = min((dot.element for dot in dots), key=wire.canonical)
        fold.put_element(rule, self.record.fields, name, shown)
        kept = dots if len(dots) > 1 else (dots[0]._replace(element=None),)
        self.record.marks.dots.setdefault(name, {})[rule.key_of(shown)] = kept

    def _kept_element(self, name: str, rule: Union, key: str) -> Decision:
        kept = Candidate(self._present(name, rule, key), self.record.at, self.record.by, 0)
        gone = self._candidate(None)
        return Decision(name, rule.name, "added_meanwhile", "set_aside", kept, (kept, gone))
