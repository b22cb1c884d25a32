"""
Carry out what one push means for other records 牵连处理, once it was merged and before it is written down.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.records import Fields
from schemas.rules import Candidate
from server.core.between import basis, pairs, redirects, same_day, sightings
from server.core.between.neighbours import Neighbours
from server.core.between.pairs import Pair
from server.core.between.traits import MERGED_INTO, traits_of
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
            for row in new:
                self._follow(row)
        for row in new:
            if traits_of(row.record.type).dated:
                self._check(row)
        known = self._at_hand.rows
        at_hand = (known[r.id].record if r.id in known else r for r in dependents)
        self._turn([record for record in at_hand if record.stored_before])
        for row in rows:
            if row.record.void and row.record.stored_before:
                self._day_without(row)
            self._join(row)
            self._pair(row)
        self._look_again()

    def get(self, record_id: str) -> Record | None:
        """Return a record as this push leaves it, or as it was read for it."""
        return self._at_hand.get(record_id)

    # -- a new check or case ------------------------------------------------------------------------

    def _check(self, row: Taken) -> None:
        target = row.record.fields.get("target_id")
        if target is None:
            return
        subject = self.get(target)
        if subject is not None:
            self._stand_on(row, subject)
            self._suggest_opening(row, subject)
        if len(self._at_hand.about(target)) > 1:
            self._same_day(row, target)

    def _follow(self, row: Taken) -> None:
        sets = redirects.redirect(row.record, self.get)
        if sets:
            decision = redirects.told(row.record, sets, row.author, self.get)
            row.record.fields.update(sets)
            row.note(decision)
            self._at_hand.place(row.record)

    def _stand_on(self, row: Taken, subject: Record) -> None:
        check = row.record
        moved = basis.moved(check, subject)
        if moved:
            sets = {basis.FIELD: moved}
            check.fields.update(sets)
            for own in moved:
                row.note(basis.told(check, own, subject, sets))

    def _suggest_opening(self, row: Taken, shop: Record, written: Iterable[str] = ()) -> None:
        if shop.type != "shop":
            return
        found = sightings.suggestion(shop, self._at_hand.about(shop.id).values())
        if found is not None:
            self.raised.append(Raised(row, shop, SUGGESTION, found))
        elif sightings.FIELD in written:
            self.ended.append(Ended(row, shop, sightings.SLOT, SUGGESTION, "apart"))

    def _same_day(self, row: Taken, target: str) -> None:
        check = row.record
        beside = same_day.others(check, self._at_hand.about(target).values())
        if beside:
            decision = same_day.told(check, beside)
            *older, about = sorted([check, *beside], key=lambda one: one.id)
            self.raised.append(Raised(row, about, decision.kind, decision))
            # The day has one notice, and it stands with the youngest of its checks.
            self.ended += [Ended(row, one, decision.field, decision.kind, "apart") for one in older]

    def _day_without(self, row: Taken) -> None:
        """Renew the notice of a day of which one check was voided."""
        check = row.record
        target = check.fields.get("target_id")
        if not traits_of(check.type).dated or target is None:
            return
        left = same_day.others(check, self._at_hand.about(target).values(), of_anybody=True)
        for one in left[-1:]:
            beside = same_day.others(one, left)
            if beside:
                decision = same_day.told(one, beside)
                about = max(left, key=lambda other: other.id)
                self.raised.append(Raised(row, about, decision.kind, decision))
        renewed = {raised.about.id for raised in self.raised}
        decision = same_day.told(check, [])
        over = (one for one in (check, *left) if one.id not in renewed)
        self.ended += [Ended(row, one, decision.field, decision.kind, "apart") for one in over]

    # -- a register that changed --------------------------------------------------------------------

    def _turn(self, dependents: list[Record]) -> None:
        for record in dependents:
            self._at_hand.place(record)
        written, led_to = _by_record((*self.intake.taken, *self.intake.brought))
        turned = [row for row in self._at_hand.rows.values() if row.record.stored_before]
        cause = {i: row for row in turned for i in (row.record.id, *led_to[row.record.id])}
        for record in dependents:
            row = cause.get(record.fields.get("target_id", "")) or cause.get(redirects.named_by(record) or "")
            if row is not None:
                self._amend(row, record)
        for row in turned:
            self._suggest_opening(row, row.record, written[row.record.id])

    def _amend(self, row: Taken, record: Record) -> None:
        """Bring a check or case that is there already into line with a register that changed."""
        sets: Fields = {}
        notes: list[Decision] = []
        moved_on = redirects.redirect(record, self.get)
        if moved_on:
            notes.append(redirects.told(record, moved_on, row.author, self.get))
            sets |= moved_on
        subject = self.get(str(sets.get("target_id", record.fields.get("target_id"))))
        moved = basis.moved(record, subject)
        if moved != record.fields.get(basis.FIELD, []) and subject is not None:
            sets[basis.FIELD] = moved or None
            notes += [basis.told(record, own, subject, {basis.FIELD: moved}) for own in moved]
        if sets:
            self.intake.amend(record, row.author, row.received, sets=sets, decisions=notes)
            self._at_hand.place(record)

    # -- pairs --------------------------------------------------------------------------------------

    def _join(self, row: Taken) -> None:
        """Bring to the main case what a case joined to it has beyond it, and tell whoever reported one of them."""
        case = row.record
        into = case.fields.get("merged_into")
        if case.type != "case" or into is None:
            return
        main = self.intake.records.get(redirects.survivor_of(into, self.intake.records.get))
        if main is None:
            return
        sets, adds = pairs.lacking(main, case)
        if sets or adds:
            self.intake.amend(main, row.author, row.received, sets=sets, adds=adds)
        if row.arrived is not None and row.arrived.mutation is not None and row.arrived.mutation.act is not None:
            row.note(_joined(row, case, main))

    def _pair(self, row: Taken) -> None:
        record = row.record
        if not traits_of(record.type).pairs or (record.stored_before and record.id not in self.paired):
            return
        for other in self._at_hand.near(record):
            self._judge(row, pairs.pair_of(record, other))

    def _judge(self, row: Taken, pair: Pair) -> None:
        found = pairs.verdict(pair)
        if found is not None:
            self.raised.append(Raised(row, pair.younger, DUPLICATE, pairs.told(pair, *found)))
        elif (pair.younger.id, pair.older.id) in self.known_pairs:
            choice = pairs.ended(pair) or "apart"
            self.ended.append(Ended(row, pair.younger, pair.older.id, DUPLICATE, choice))

    def _look_again(self) -> None:
        """Judge pairs in dispute again whose other half is not near any more, or was never."""
        judged = {(r.about.id, r.decision.field) for r in self.raised if r.kind == DUPLICATE}
        judged |= {(e.about.id, e.field) for e in self.ended}
        for younger, older in sorted(self.known_pairs - judged):
            row = self._at_hand.rows.get(younger) or self._at_hand.rows.get(older)
            one, other = self.get(younger), self.get(older)
            if row is not None and one is not None and other is not None:
                self._judge(row, Pair(one, other))


def _by_record(rows: Iterable[Taken]) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Return, by record, the fields that *rows* wrote, and what it was merged into before and after."""
    written: dict[str, set[str]] = defaultdict(set)
    led_to: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        record, mutation = row.record, row.arrived.mutation if row.arrived else None
        if row.changes and record.stored_before:
            written[record.id].update(mutation.set if mutation else ())
            led_to[record.id].update(filter(None, (row.left, record.fields.get(MERGED_INTO))))
    return written, led_to


def _joined(row: Taken, case: Record, main: Record) -> Decision:
    origin = case.origin
    by = Candidate(main.id, row.author.stamp, row.author.person.id, row.author.rank)
    reported = Candidate(case.id, origin.stamp, origin.by, origin.rank, case.born, origin.firm)
    hearers = {main.origin.by, *main.fields.get("reporters", ())}
    facts = {"into_name": pairs.name_of(main), "name": pairs.name_of(case), "first_reporter": main.origin.by}
    return note("merged_into", "merge", "merged_case", by, reported, facts=facts, hearers=tuple(sorted(hearers)))
