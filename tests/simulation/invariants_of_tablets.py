"""
What must hold of a tablet 平板不变式, after every event that touched it.

Where a promise cannot hold, the condition stands beside the check and on the page ``docs/simulation.md``.
"""

from collections import defaultdict
from typing import Any

from server.core import cursors
from tests.simulation import files
from tests.simulation.files import HeldRow, JournalRow
from tests.simulation.looking import Look, Wrong, came, cursors_of, of_tablets, read_to_of, view_of
from tests.simulation.world import World

_KEEP_MS = 30 * 24 * 3_600_000


@of_tablets
def journal_keeps(world: World, look: Look) -> Wrong:
    """
    Promise 1: what a call returned for is in the journal from then on, as it was written.

    Except 30 days of the server's time after its outcome, once somebody has put it aside.
    """
    for n, row in look.before.journal.items():
        now = look.file.journal.get(n)
        if now is None and not _may_go(row, world.now_ms):
            yield f"{look.tablet.name} has lost n {n}: {row.payload!r}"
        elif now is not None and (now.payload, now.install) != (row.payload, row.install):
            yield f"{look.tablet.name} has another n {n}: {row.payload!r} is {now.payload!r}"


def _may_go(row: JournalRow, now_ms: int) -> bool:
    return row.outcome is not None and not row.told and (row.settled_ms or 0) < now_ms - _KEEP_MS


@of_tablets
def numbers_count_up(_world: World, look: Look) -> Wrong:
    """M2: the journal's numbers count up without a gap, and nothing begins anew."""
    known, last = look.before.last_n, look.file.last_n
    fresh = sorted(n for n in look.file.journal if n not in look.before.journal)
    if last < known or fresh != list(range(known + 1, last + 1)):
        yield f"{look.tablet.name} went on from {known} to {last} with {fresh}"


@of_tablets
def outbox_waits_for_its_outcome(world: World, look: Look) -> Wrong:
    """Promise 2: nothing leaves the outbox but by the outcome that the server told of that very mutation."""
    for n, row in look.file.journal.items():
        before = look.before.journal.get(n)
        if row.outcome is None or (before is not None and before.outcome == row.outcome):
            continue
        named = (f"Bearer {look.file.token}", row.install, n, row.payload)
        said = world.oracle.told.get(named, set())
        if (row.outcome, row.version) not in {(one.outcome, one.version) for one in said}:
            yield f"{look.tablet.name} holds n {n} for {row.outcome} {row.version}, the server said {said}"


@of_tablets
def waiting_work_on_top(_world: World, look: Look) -> Wrong:
    """
    Promise 3: whatever waits is what the worker sees, whatever was read meanwhile.

    What is offered again, because the server has lost it, shows as the server last judged it.
    """
    waiting: dict[str, list[JournalRow]] = defaultdict(list)
    for _, row in sorted(look.file.journal.items()):
        if row.outcome is None:
            waiting[str(row.mutation["id"])].append(row)
    for record, rows in waiting.items():
        yield from (f"{look.tablet.name}: {wrong}" for wrong in _on_top(look.file.records.get(record), rows))
    for record, held in look.file.records.items():
        if held.waiting and record not in waiting:
            yield f"{look.tablet.name} shows {held.waiting} waiting for {record}, nothing does"


def _on_top(held: HeldRow | None, rows: list[JournalRow]) -> Wrong:
    if held is None:
        yield f"{rows[0].mutation['id']} waits and is not shown"
        return
    if held.waiting != len(rows):
        yield f"{held.id} shows {held.waiting} waiting, {len(rows)} do"
    fields: dict[str, Any] = files.decode(held.fields)
    last: dict[str, Any] = {}
    for row in (row for row in rows if row.before is None):
        said = row.mutation
        last |= said.get("set", {})
        entries = {(e["text"], e["by"]) for e in fields.get("remark", ())}
        if any((text, said["by"]) not in entries for text in said.get("add", {}).get("remark", ())):
            yield f"{held.id} does not show the remark of n {row.n}"
        if said["op"] == "void" and not held.void:
            yield f"{held.id} does not show that n {row.n} voids it"
    for name, value in last.items():
        if fields.get(name) != value and not isinstance(value, dict):
            yield f"{held.id} shows {name} {fields.get(name)!r} over waiting {value!r}"


@of_tablets
def groups_are_whole(_world: World, look: Look) -> Wrong:
    """A group is recorded whole, or not at all."""
    for n, row in look.file.journal.items():
        group = row.mutation.get("group")
        if group is None:
            continue
        first, count = group
        missing = [one for one in range(first, first + count) if one not in look.file.journal]
        if missing and n not in look.before.journal:
            yield f"{look.tablet.name} holds n {n} of a group, and not {missing}"


@of_tablets
def signed_by_who_worked(_world: World, look: Look) -> Wrong:
    """A new mutation bears whoever worked on the tablet; nobody's name changes afterwards."""
    people = {look.before.person, look.file.person}
    for n, row in look.file.journal.items():
        if n not in look.before.journal and row.again is None and look.before.person is not None:
            again = [one for one in look.file.journal.values() if one.again == n]
            if row.mutation["by"] not in people and not again:
                yield f"{look.tablet.name}: n {n} is signed by {row.mutation['by']}, there worked {people}"


@of_tablets
def cursors_go_forward(world: World, look: Look) -> Wrong:
    """Within one reading of one history a cursor never goes back."""
    for feed, (generation, version) in read_to_of(world, look.file).items():
        before = look.before.read_to.get(feed)
        same = before is not None and before[0] == generation and look.before.epoch == look.file.epoch
        if same and before is not None and version < before[1]:
            yield f"{look.tablet.name} reads {feed} from {version} after {before[1]}"


@of_tablets
def pages_came_whole(world: World, look: Look) -> Wrong:
    """
    Promise 3 and M28: what lies at or below the cursor, and is in the view it was given for, is on the tablet.

    Asked of every feed whose reading from the beginning is over, against the server as it is now. Not where the
    server has lost what the tablet has read already, or was told of its own work, until the tablet has met it again.
    """
    office, file = world.oracle.office, look.file
    if file.epoch != office.epoch or not files.lets_in(office, file):
        return
    view = view_of(world, file.device or "")
    for feed, cursor in cursors_of(world, file).items():
        if (
            _of_another_history(world, feed, cursor)
            or file.cursors[feed].reading
            or cursor.whole
            or cursor.view != view.mark
        ):
            continue
        for record in office.records.values():
            told_beyond = record.id in file.records and file.records[record.id].version > record.version
            if told_beyond and world.oracle.lost_commits:
                continue
            if record.feed == feed and record.version <= cursor.version and view.sees(record.grid):
                yield from (f"{look.tablet.name}, {feed} to {cursor.version}: {w}" for w in came(file, record))


def _of_another_history(world: World, feed: str, cursor: cursors.Cursor) -> bool:
    stands = world.oracle.history[feed].get(cursor.version)
    beyond = cursor.version > world.oracle.office.heads.get(feed, (0, b""))[0]
    return beyond or (bool(cursor.link) and (stands is None or not stands.chain.startswith(cursor.link)))
