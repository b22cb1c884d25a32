"""
Recording 记录: a change is checked, written into the journal and laid over its record, in one commit.

When a call returns, the change survives whatever happens next: power loss, a kill, a full disk. When it
raises, nothing was written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from schemas import ids
from schemas.grid import feed_of
from schemas.mutations import MAX_GROUP, Act, Mutation, Settles
from schemas.problems import Refusal
from schemas.roles import Role
from schemas.sealing import sealed
from schemas.validation import write_mutation
from sync_client.desk import Desk, Head
from sync_client.following import follow
from sync_client.journal import Journal
from sync_client.local_store import Held, LocalStore
from sync_client.overlay import NOTHING, kind_of, lay
from sync_client.values import Record


@dataclass(frozen=True, slots=True)
class Change:
    """What a person wants changed, by the verb its field's rule asks for; see ``schemas.mutations``."""

    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    remove: Mapping[str, Sequence[str]] = field(default_factory=dict)
    share: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.set or self.add or self.remove or self.share)


class Recorder:
    """
    Writes changes down.

    Args:
        desk: Transactions and the device's clock.
        journal: Where mutations go.
        store: Where records go.
        randomness: Returns so many random bytes, for ids.
    """

    def __init__(self, desk: Desk, journal: Journal, store: LocalStore, randomness: Callable[[int], bytes]) -> None:
        self._desk = desk
        self._journal = journal
        self._store = store
        self._randomness = randomness
        self._grouping = False

    def create(self, type_name: str, grid: str, change: Change, record_id: str | None = None) -> Record:
        """Make a record; see ``FieldClient.create``."""
        grid, belongs = sealed(type_name, grid, {**change.set})
        change = replace(change, set={**change.set, **belongs}) if belongs else change
        with self._desk.writing() as head:
            name = record_id or ids.uuid7(head.clock.now_ms(self._desk.wall_ms()), self._randomness(10))
            held = self._store.held(name) if record_id else None
            if held is not None and (held.version or held.waiting):
                raise Refusal("record_exists")
            new = Held(name, type_name, grid, _feed_of(grid), NOTHING, follows=held.follows if held else None)
            return self._write(head, new, self._mutation(head, "create", new, 0, change))

    def edit(self, record: Record | str, change: Change) -> Record:
        """Change a record; see ``FieldClient.edit``."""
        return self._change(record, "patch", change=change)

    def void(self, record: Record | str, reason: str | None) -> Record:
        """Void a record; see ``FieldClient.void``."""
        if reason is None:
            return self._change(record, "void")
        with self.group():
            self._change(record, "patch", change=Change(add={"remark": [reason]}))
            return self._change(record, "void")

    def act(self, record: Record | str, act: Act) -> Record:
        """Ask for a step of the record's workflow; see ``FieldClient.act``."""
        return self._change(record, "act", act=act)

    def settle(self, record: Record | str, settles: Settles, change: Change, act: Act | None) -> Record:
        """Settle a dispute over a record; see ``FieldClient.settle``."""
        return self._change(record, "act" if act else "patch", change, act, settles)

    @contextmanager
    def group(self) -> Iterator[None]:
        """
        Make whatever is recorded inside all-or-nothing, here and at the office.

        Raises:
            Refusal: ``group_too_large``; nothing was written.
        """
        if self._grouping:
            yield
            return
        with self._desk.undoable() as head:
            first = head.last_n + 1
            self._grouping = True
            try:
                yield
            finally:
                self._grouping = False
            self._bind(first, head.last_n)

    def _bind(self, first: int, last: int) -> None:
        count = last - first + 1
        if count > MAX_GROUP:
            raise Refusal("group_too_large")
        if count < 2:
            return
        bound = [
            msgspec.structs.replace(mutation, group=(first, count)) for mutation in self._journal.between(first, last)
        ]
        self._journal.bind(first, {mutation.n: write_mutation(mutation) for mutation in bound})

    def _change(
        self,
        record: Record | str,
        op: str,
        change: Change | None = None,
        act: Act | None = None,
        settles: Settles | None = None,
    ) -> Record:
        with self._desk.writing() as head:
            held = self._store.need(record if isinstance(record, str) else record.id)
            # What the person was looking at, not what a sync may have brought since; a version counts in the
            # feed of its grid, so the two go together.
            seen = held if isinstance(record, str) else record
            looked = replace(held, grid=seen.grid)
            written = self._mutation(head, op, looked, seen.version, change or Change(), act, settles)
            return self._write(head, held, written)

    def _write(self, head: Head, held: Held, mutation: Mutation) -> Record:
        payload = write_mutation(mutation)
        head.last_n = mutation.n
        self._journal.append(mutation, payload, head.install, head.clock.offset_ms)
        device, _ = head.author
        view = lay(held.view, mutation, kind_of(held.type), device)
        now = replace(held, view=view, waiting=held.waiting + 1, base=held.server_view)
        self._store.put(now)
        follow(self._store, now, new=mutation.op == "create")
        return now.shown()

    def _mutation(
        self,
        head: Head,
        op: Any,
        held: Held,
        base: int,
        change: Change,
        act: Act | None = None,
        settles: Settles | None = None,
    ) -> Mutation:
        _, person = head.author
        stamp = head.clock.tick(self._desk.wall_ms())
        return Mutation(
            n=head.last_n + 1,
            op=op,
            type=held.type,
            id=held.id,
            grid=held.grid,
            at=(stamp.ms, stamp.counter),
            by=person,
            base=base,
            role=Role(head.role) if head.role else None,
            set=dict(change.set),
            add={name: list(elements) for name, elements in change.add.items()},
            remove={name: list(keys) for name, keys in change.remove.items()},
            share=dict(change.share),
            act=act,
            settles=settles,
            schema=kind_of(held.type).schema.schema_version,
        )


def _feed_of(grid: str) -> str:
    """Return the feed of *grid*; a code that is none is refused later, with words."""
    try:
        return feed_of(grid)
    except ValueError:
        return ""
