"""
Write records that no tablet sent 系统写入: imports, the directory, the demo.

They take the same way as everything else: checked by the same schemas, merged by the same rules, one
row of history each, numbers taken last. Signed by nobody, they weigh less than any person's word.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from schemas import validation
from schemas.clock import Clock, Received, Stamp
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.records import TYPES, Fields
from schemas.rules import Union
from server.core import machine, merge
from server.core.arrived import Arrived, lay_out
from server.core.importing.wanted import Filed, Wanted, contradicted, news, set_aside
from server.core.intake import Intake
from server.core.merge import Merged
from server.core.taken import Taken
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.file_intake import file_intake
from server.values import Author, Record

CHUNK = 1_000
_UNCONTESTED = Merged([], ())


def bring_in(
    store: Store,
    district: str,
    wanted: Iterable[Wanted],
    now_ms: int,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Filed]:
    """
    Bring *wanted* into *district*, a thousand records a transaction, and say what became of each.

    What is there already is left alone, so an interrupted run is simply run again.

    Args:
        dry_run: Find out what would happen, and undo it.
        progress: Told how many records are done, after each transaction.
    """
    filed: list[Filed] = []
    for chunk in _chunks(wanted):
        filed += retrying(partial(_attempt, store, district, chunk, now_ms, dry_run))
        progress(len(filed))
    return filed


def _attempt(store: Store, district: str, chunk: Sequence[Wanted], now_ms: int, dry_run: bool) -> list[Filed]:
    with store.work(district) as work:
        filed = bring_in_within(work, chunk, now_ms)
        if not dry_run:
            work.commit()
    return filed


def bring_in_within(work: UnitOfWork, wanted: Sequence[Wanted], now_ms: int) -> list[Filed]:
    """Bring *wanted* in as part of the transaction of *work*, whose owner commits at once."""
    device = machine.machine_device(work.district)
    settled = work.devices.lock_install(device, machine.INSTALL).settled
    writer = _Writer(work, wanted, settled, now_ms)
    filed = [writer.bring(one) for one in wanted]
    work.imports.say(writer.said)
    if writer.number != settled:
        work.devices.settle(device, machine.INSTALL, writer.number)
    file_intake(work, writer.intake, machine.INSTALL, settled)  # numbers are taken here, last
    return filed


class _Writer:
    """One transaction's worth of wanted records, beside the records they speak of."""

    def __init__(self, work: UnitOfWork, wanted: Sequence[Wanted], settled: int, now_ms: int) -> None:
        self.number = settled
        self.said: dict[str, Fields] = {}
        self._ids = _found_ids(work, wanted)
        candidates = {i for one in wanted for i in (one.id, one.also) if i} | set(self._ids.values())
        self._records: dict[str, Record] = work.records.locked(candidates)
        self._before = work.imports.said(self._records)
        self._district = work.district
        self._now_ms = now_ms
        device = machine.machine_device(work.district)
        latest = max((r.at for r in self._records.values()), default=Stamp(0, 0))
        self._clock = Clock(device, latest)
        self.intake = Intake(device, {}, self, now_ms, set())

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""
        return self._records.get(record_id)

    def put(self, record: Record) -> None:
        """Keep a new record."""
        self._records[record.id] = record

    def bring(self, wanted: Wanted) -> Filed:
        """Make, change or leave the record *wanted* speaks of."""
        record = self._find(wanted)
        try:
            return self._create(wanted) if record is None else self._change(wanted, record)
        except Refusal as refusal:
            return Filed(wanted, wanted.id, "wrong", errors=refusal.errors or _as_errors(refusal))

    def _find(self, wanted: Wanted) -> Record | None:
        found = self._ids.get((wanted.type, wanted.code)) if wanted.code else None
        for record_id in (found, wanted.id, wanted.also):
            record = self._records.get(record_id) if record_id else None
            # What stood without a number is not the thing when it has another number meanwhile.
            if record is not None and (record_id != wanted.also or record.fields.get("code") is None):
                return record
        return None

    def _create(self, wanted: Wanted) -> Filed:
        add = {name: list(elements) for name, elements in wanted.sets.items() if elements}
        fields = wanted.defaults | wanted.fields
        signed = self._sign("create", wanted, wanted.id, wanted.grid, set=fields, add=add)
        record = merge.create(signed.mutation, signed.arrived.fields or {}, signed.author, self._now_ms)
        self.put(record)
        self.said[record.id] = wanted.fields
        self._take(record, signed)
        self.intake.bring_about(record, signed.author, signed.received, signed.arrived.follows)
        return Filed(wanted, record.id, "new")

    def _change(self, wanted: Wanted, record: Record) -> Filed:
        elsewhere = record.grid if wanted.moved and record.grid != wanted.grid else None
        if record.void:
            return Filed(wanted, record.id, "void", elsewhere=elsewhere)
        before = self._before.get(record.id)
        changes = news(wanted.fields, before, record.fields)
        add, remove = _set_changes(wanted, record)
        kept = contradicted({n: v for n, v in wanted.fields.items() if n not in changes}, record.fields)
        if changes or add or remove:
            decisions_kept = self._patch(wanted, record, changes, add, remove)
            written = set(changes) - set(decisions_kept)
            self._remember(wanted, record, before)
            fate: Any = "changed" if written or add or remove else "kept"
            return Filed(wanted, record.id, fate, (*kept, *decisions_kept), elsewhere=elsewhere)
        if before is None or any(name not in before for name in wanted.fields):
            self._remember(wanted, record, before)
        return Filed(wanted, record.id, "kept" if kept else "unchanged", kept, elsewhere=elsewhere)

    def _patch(
        self, wanted: Wanted, record: Record, changes: Fields, add: dict[str, list[str]], remove: dict[str, list[str]]
    ) -> tuple[str, ...]:
        signed = self._sign(
            "patch", wanted, record.id, record.grid, base=record.version, set=changes, add=add, remove=remove
        )
        merged = merge.merge(record, TYPES[wanted.type], signed.mutation, signed.author)
        self._take(record, signed, merged)
        return set_aside(merged.decisions)

    def _sign(self, op: Any, wanted: Wanted, record_id: str, place: str, **parts: Any) -> "_Signed":
        """Check what is to be written as if a tablet had sent it; only a good mutation uses its number up."""
        kind, stamp = TYPES[wanted.type], self._clock.tick(self._now_ms)
        author = machine.machine_author(self._district, stamp)
        mutation = Mutation(
            n=self.number + 1, op=op, type=wanted.type, id=record_id, grid=place, at=(stamp.ms, stamp.counter),
            by=author.person.id, schema=kind.schema.schema_version, **parts,
        )  # fmt: skip
        raw = validation.write_mutation(mutation)
        self.number = mutation.n
        # The server's own clock: received as it was claimed, whatever it says.
        return _Signed(mutation, author, lay_out(mutation, kind, raw, self.intake.device, 0, stamp.ms))

    def _take(self, record: Record, signed: "_Signed", merged: Merged = _UNCONTESTED) -> None:
        outcome = "merged" if merged.decisions else "applied"
        self.intake.taken.append(
            Taken(record, signed.author, signed.received, outcome, merged.decisions, merged.closed, signed.arrived)
        )

    def _remember(self, wanted: Wanted, record: Record, before: Fields | None) -> None:
        self.said[record.id] = {**(before or {}), **wanted.fields}


class _Signed(NamedTuple):
    """A mutation of the server's own, good and ready to be merged."""

    mutation: Mutation
    author: Author
    arrived: Arrived

    @property
    def received(self) -> Received:
        """The server's own clock: nothing to correct."""
        return Received(self.author.stamp, 0, False)


def _found_ids(work: UnitOfWork, wanted: Sequence[Wanted]) -> dict[tuple[str, str], str]:
    codes: dict[str, set[str]] = {}
    for one in wanted:
        if one.code:
            codes.setdefault(one.type, set()).add(one.code)
    return {
        (name, code): record_id
        for name, of_type in codes.items()
        for code, record_id in work.records.ids_by_code(name, of_type).items()
    }


def _set_changes(wanted: Wanted, record: Record) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    add: dict[str, list[str]] = {}
    remove: dict[str, list[str]] = {}
    rules = TYPES[wanted.type].rules
    for name, elements in wanted.sets.items():
        rule = rules.of(name)
        if any(isinstance(element, dict) for element in elements):
            continue
        present = {rule.key_of(e) for e in record.fields.get(name, ())} if isinstance(rule, Union) else set()
        if missing := sorted(set(elements) - present):
            add[name] = missing
        if surplus := sorted(present - set(elements)):
            remove[name] = surplus
    return add, remove


def _as_errors(refusal: Refusal) -> dict[str, list[dict[str, str]]]:
    return {"record": [{"code": refusal.code, "zh": refusal.message_zh, "en": refusal.message_en}]}


def _chunks(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    rest = iter(wanted)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
