"""
Carry out what one push means for other records 牵连处理, once it was merged and before it is written down.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas import grid
from schemas.records import Fields
from schemas.rules import Candidate
from server.core.between import basis, pairs, redirects, same_day, sightings
from server.core.between.neighbours import Neighbours
from server.core.between.pairs import Pair
from server.core.between.traits import merged_into, traits_of
from server.core.decisions import DUPLICATE, SUGGESTION, Decision, note
from server.core.intake import Intake
from server.core.taken import Taken
from server.values import Record


class Raised(NamedTuple):
    """A dispute about *about* that a row of the push gave rise to."""

    row: Taken
    about: Record
    kind: str
    decision: Decision


class Ended(NamedTuple):
    """A dispute about *about* that is over: ``choice`` says how (``mutations.CHOICES``, void or apart)."""

    row: Taken
    about: Record
    field: str
    kind: str
    choice: str


class Moved(NamedTuple):
    """A check or case that now stands with another register entry than *left*, and the row that caused it."""

    row: Taken
    record: Record
    left: str


@dataclass(slots=True)
class Effects:
    """
    What one push means for other records.

    Args:
        intake: The push, already merged; amendments of other records are added to it.
        around: Records as they were read for it, by id.
        paired: Those of the records changed whose pairs are to be looked at again.
        known_pairs: The pairs in dispute in which one of them stands: ``(younger, older)``.
    """

    intake: Intake
    around: Mapping[str, Record]
    paired: frozenset[str] = frozenset()
    known_pairs: frozenset[tuple[str, str]] = frozenset()
    raised: list[Raised] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    _at_hand: Neighbours = field(init=False)
    _moved: list[Moved] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._at_hand = Neighbours(self.around)
        self._at_hand.add((*self.intake.taken, *self.intake.brought))

    def carry_out(self, dependents: Iterable[Record]) -> None:
        """
        Do everything.

        Args:
            dependents: Locked: all checks and cases of the registers that changed in what those go by.
        """
        rows = list(self._at_hand.rows.values())
        new = [row for row in rows if not row.record.stored_before]
        if self._at_hand.mergers:
            written = _written((*self.intake.taken, *self.intake.brought))
            for row in rows:
                if not row.record.stored_before or "target_id" in written[row.record.id]:
                    self._follow(row)
        for row in new:
            if traits_of(row.record.type).dated:
                self._stand_on(row)
        known = self._at_hand.rows
        at_hand = (known[r.id].record if r.id in known else r for r in dependents)
        self._turn([record for record in at_hand if record.stored_before])
        # Only now everything stands where it belongs.
        self._renew_days(rows)
        self._renew_sightings(rows)
        for row in rows:
            self._join(row)
            self._pair(row)
        self._pair_moved()
        self._look_again()

    def get(self, record_id: str) -> Record | None:
        """Return a record as this push leaves it, or as it was read for it."""
        return self._at_hand.get(record_id)

    # -- a new check or case ------------------------------------------------------------------------

    def _follow(self, row: Taken) -> None:
        sets = redirects.redirect(row.record, self.get)
        if sets:
            decision = redirects.told(row.record, sets, row.author, self.get)
            row.record.fields.update(sets)
            row.note(decision)
            self._at_hand.place(row.record)

    def _stand_on(self, row: Taken) -> None:
        check = row.record
        subject = self.get(str(check.fields.get("target_id")))
        moved = basis.moved(check, subject)
        if moved and subject is not None:
            sets = {basis.FIELD: moved}
            check.fields.update(sets)
            for own in moved:
                row.note(basis.told(check, own, subject, sets))

    # -- a register that changed --------------------------------------------------------------------

    def _turn(self, dependents: list[Record]) -> None:
        for record in dependents:
            self._at_hand.place(record)
        led_to = _led_to((*self.intake.taken, *self.intake.brought))
        turned = [row for row in self._at_hand.rows.values() if row.record.stored_before]
        cause = {i: row for row in turned for i in (row.record.id, *led_to[row.record.id])}
        for record in dependents:
            row = cause.get(record.fields.get("target_id", "")) or cause.get(redirects.named_by(record) or "")
            if row is not None:
                self._amend(row, record)

    def _amend(self, row: Taken, record: Record) -> None:
        """Bring a check or case that is there already into line with a register that changed."""
        sets: Fields = {}
        notes: list[Decision] = []
        left = str(record.fields.get("target_id"))
        moved_on = redirects.redirect(record, self.get)
        if moved_on:
            notes.append(redirects.told(record, moved_on, row.author, self.get))
            sets |= moved_on
        subject = self.get(str(sets.get("target_id", left)))
        moved = basis.moved(record, subject)
        if moved != record.fields.get(basis.FIELD, []) and subject is not None:
            sets[basis.FIELD] = moved or None
            notes += [basis.told(record, own, subject, {basis.FIELD: moved}) for own in moved]
        if sets:
            self.intake.amend(record, row.author, row.received, sets=sets, decisions=notes)
            self._at_hand.place(record)
        if moved_on:
            self._moved.append(Moved(row, record, left))

    # -- checks of one thing ------------------------------------------------------------------------

    def _renew_days(self, rows: list[Taken]) -> None:
        """Look again at every day on which a thing gained or lost a check."""
        for row in rows:
            target = row.record.fields.get("target_id")
            if traits_of(row.record.type).dated and target is not None:
                if not row.record.stored_before:
                    self._renew_day(row, row.record, target)
                elif row.record.void:
                    self._renew_day(row, row.record, target, lost=True)
        for row, record, left in self._moved:
            if traits_of(record.type).dated:
                self._renew_day(row, record, left, lost=True)
                self._renew_day(row, record, record.fields["target_id"])

    def _renew_day(self, row: Taken, check: Record, target: str, *, lost: bool = False) -> None:
        """The day has one notice, and it stands with the youngest of its checks."""
        about = (other for other in self._at_hand.about(target).values() if not _apart(check, other))
        day = same_day.beside(check, target, about)
        holder = same_day.holder(day)
        if holder is None and not lost:
            return
        if holder is not None:
            first = check if check in day else holder
            decision = same_day.told(first, [other for other in day if other is not first])
            self.raised.append(Raised(row, holder, decision.kind, decision))
        over = same_day.told(check, [])
        others = {one.id: one for one in (check, *day) if one is not holder}
        self.ended += [Ended(row, one, over.field, over.kind, "apart") for one in others.values()]

    def _renew_sightings(self, rows: list[Taken]) -> None:
        """Look again at every shop that was seen, or closed, or that lost a check."""
        written = _written((*self.intake.taken, *self.intake.brought))
        for row in rows:
            record = row.record
            fresh, about = not record.stored_before, record.fields.get("target_id")
            said = record.void or not written[record.id].isdisjoint((sightings.FIELD, sightings.SEEN))
            if record.type == "shop" and not fresh and said:
                self._suggest_opening(row, record.id)
            elif traits_of(record.type).dated and about is not None and (fresh or said):
                self._suggest_opening(row, about, ends=not fresh)
        for row, record, left in self._moved:
            if traits_of(record.type).dated:
                self._suggest_opening(row, left)
                self._suggest_opening(row, record.fields["target_id"])

    def _suggest_opening(self, row: Taken, shop_id: str, *, ends: bool = True) -> None:
        shop = self.get(shop_id)
        if shop is None or shop.type != "shop":
            return
        seen = (check for check in self._at_hand.about(shop.id).values() if not _apart(shop, check))
        found = sightings.suggestion(shop, seen)
        if found is not None:
            self.raised.append(Raised(row, shop, SUGGESTION, found))
        elif ends:
            self.ended.append(Ended(row, shop, sightings.SLOT, SUGGESTION, "apart"))

    # -- pairs --------------------------------------------------------------------------------------

    def _join(self, row: Taken) -> None:
        """Bring to the main case what a case joined to it has beyond it, and tell whoever reported one of them."""
        case = row.record
        into = merged_into(case)
        if case.type != "case" or into is None:
            return
        get = self.intake.records.get
        path = [main for i in redirects.path_of(into, get) if (main := get(i)) is not None]
        # Also to one that has itself gone on: it has as much where the joining came first.
        for main in path:
            sets, adds = pairs.lacking(main, case)
            if sets or adds:
                self.intake.amend(main, row.author, row.received, sets=sets, adds=adds)
        mutation = row.arrived.mutation if row.arrived is not None else None
        if path and mutation is not None and mutation.act is not None:
            row.note(_joined(row, case, path[-1]))

    def _pair(self, row: Taken) -> None:
        record = row.record
        if not traits_of(record.type).pairs or (record.stored_before and record.id not in self.paired):
            return
        for other in self._at_hand.near(record):
            self._judge(row, pairs.pair_of(record, other))

    def _pair_moved(self) -> None:
        for row, record, _ in self._moved:
            if traits_of(record.type).pairs:
                for other in self._at_hand.near(record):
                    self._judge(row, pairs.pair_of(record, other))

    def _judge(self, row: Taken, pair: Pair) -> None:
        found = None if _apart(*pair) else pairs.verdict(pair)
        if found is not None:
            self.raised.append(Raised(row, pair.younger, DUPLICATE, pairs.told(pair, *found)))
        elif (pair.younger.id, pair.older.id) in self.known_pairs:
            choice = pairs.ended(pair) or "apart"
            self.ended.append(Ended(row, pair.younger, pair.older.id, DUPLICATE, choice))

    def _look_again(self) -> None:
        """Judge pairs in dispute again whose other half is not near any more, or was never."""
        judged = {(r.about.id, r.decision.field) for r in self.raised if r.kind == DUPLICATE}
        judged |= {(e.about.id, e.field) for e in self.ended}
        cause = {record.id: row for row, record, _ in self._moved} | self._at_hand.rows
        for younger, older in sorted(self.known_pairs - judged):
            row = cause.get(younger) or cause.get(older)
            one, other = self.get(younger), self.get(older)
            if row is not None and one is not None and other is not None:
                self._judge(row, Pair(one, other))


def _apart(one: Record, other: Record) -> bool:
    """Say whether only one of two records is sealed: what is said of the two would tell of it."""
    return grid.is_sealed(one.grid) != grid.is_sealed(other.grid)


def _written(rows: Iterable[Taken]) -> Mapping[str, set[str]]:
    """Return, by record, the fields that *rows* wrote."""
    written: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.changes and row.arrived is not None and row.arrived.mutation is not None:
            written[row.record.id].update(row.arrived.mutation.set)
    return written


def _led_to(rows: Iterable[Taken]) -> Mapping[str, set[str]]:
    """Return, by record, what *rows* found it merged into, and what they left it merged into."""
    led_to: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.changes and row.record.stored_before:
            led_to[row.record.id].update(filter(None, (row.left, merged_into(row.record))))
    return led_to


def _joined(row: Taken, case: Record, main: Record) -> Decision:
    origin = case.origin
    by = Candidate(main.id, row.author.stamp, row.author.person.id, row.author.rank)
    reported = Candidate(case.id, origin.stamp, origin.by, origin.rank, case.born, origin.firm)
    hearers = {main.origin.by, *main.fields.get("reporters", ())}
    facts = {"into_name": pairs.name_of(main), "name": pairs.name_of(case), "first_reporter": main.origin.by}
    return note("merged_into", "merge", "merged_case", by, reported, facts=facts, hearers=tuple(sorted(hearers)))
