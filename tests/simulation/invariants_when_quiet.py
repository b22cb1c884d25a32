"""
What must hold when everybody has heard everything 收敛不变式.

Where a promise cannot hold, the condition stands beside the check and on the page ``docs/simulation.md``.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from server.usecases.replay_history import replay_history
from tests.server.office import DISTRICT
from tests.simulation import files, model
from tests.simulation.files import HistoryRow, JournalRow, ServerRecord
from tests.simulation.looking import Look, Wrong, came, view_of, when_quiet
from tests.simulation.world import World


@when_quiet
def nothing_waits(world: World, looks: list[Look]) -> Wrong:
    """
    Promise 11: with the faults over, everybody is up to date after a bounded number of rounds.

    What builds on a record that nobody has any more goes on waiting: its creation was in a file that was put
    back to an older copy before it could be sent.
    """
    for look in looks:
        if not files.lets_in(world.oracle.office, look.file):
            continue
        for n, row in look.file.journal.items():
            if row.outcome is None and not _waits_for_nobody(world, row, look.file.device):
                yield f"{look.tablet.name}: n {n} still waits ({row.parked}): {row.payload!r}"


def _waits_for_nobody(world: World, row: JournalRow, device: str | None = None) -> bool:
    """
    Say whether what *row* builds on cannot come by itself: nobody has it, or the office keeps it in quarantine.

    What a tablet's own creation builds on is refused with it, and never waits.
    """
    # A merge builds on both cases.
    builds_on = {row.mutation["id"], (row.mutation.get("act") or {}).get("into") or row.mutation["id"]}
    known = {str(r.mutation.get("id")) for _, r in world.oracle.held_anywhere() if r.mutation.get("op") == "create"}
    refused = {said["id"] for kept, said in _refused_creations(world) if kept.device != device}
    lacking = builds_on - world.oracle.office.records.keys() - (known - refused)
    return row.parked == "held" and bool(lacking)


def _refused_creations(world: World) -> Iterator[tuple[files.QuarantineRow, dict[str, Any]]]:
    for kept in world.oracle.office.quarantine:
        said = files.mutation_of(kept.payload)
        if said.get("op") == "create":
            yield kept, said


@when_quiet
def everything_arrived(world: World, looks: list[Look]) -> Wrong:
    """
    Promises 1, 2, 5, 7: whatever some tablet's file holds is in the history once, or in the quarantine.

    A tablet that is shut out (revoked, or enrolled anew elsewhere) keeps what waits, and what a restored server
    has forgotten, until somebody lets it in. A loss that nobody told and nobody noticed, because no tablet had read
    beyond it, brings back what its authors offer when they have nothing new to push, and no more: a new push moves
    ``settled`` past what was forgotten.
    """
    epoch, lost_ms = world.oracle.lost_silently
    unnoticed = epoch == world.oracle.office.epoch
    kept = {files.content_of(row.payload) for row in world.oracle.office.quarantine}
    shut_out = {look.tablet.name for look in looks if not files.lets_in(world.oracle.office, look.file)}
    for name, row in world.oracle.held_anywhere():
        offered = row.outcome is None or world.oracle.lost_commits > 0
        if (offered and name in shut_out) or (row.outcome is None and _waits_for_nobody(world, row)):
            continue
        if unnoticed and row.outcome is not None and (row.settled_ms or 0) <= lost_ms:
            continue
        content = files.content_of(row.payload)
        if content not in kept and not world.oracle.contents.get(content):
            yield f"{name}: n {row.n} ({row.outcome}) is nowhere: {row.payload!r}"


@when_quiet
def packages_arrived(world: World, looks: list[Look]) -> Wrong:
    """
    Promises 1, 5: what a tablet took along for another is delivered, and in the history or the quarantine.

    Where the office would not have the package at all, the tablet keeps it and says why; and what builds on a
    record that the office does not have goes on waiting.
    """
    kept = {files.content_of(row.payload) for row in world.oracle.office.quarantine}
    made = {hashlib.sha256(manifest_of(package.content)).hexdigest(): package for package in world.packages}
    for look in looks:
        lets_in = files.lets_in(world.oracle.office, look.file)
        for row in look.file.carried:
            if files.decode(row.answer).get("problem"):
                continue
            package = made[row.id]
            if row.body is not None and lets_in and not _builds_on_nothing(world, package.payloads):
                yield f"{look.tablet.name} still carries {row.mutations} mutations: {row.answer}"
            if row.body is None and package.losses == world.oracle.lost_commits:
                for payload in package.payloads:
                    content = files.content_of(payload)
                    if content not in kept and not world.oracle.contents.get(content):
                        yield f"{look.tablet.name} delivered {payload!r}, which is nowhere"


def _builds_on_nothing(world: World, payloads: Iterable[bytes]) -> bool:
    said = [files.mutation_of(payload) for payload in payloads]
    return any(one["op"] != "create" and one["id"] not in world.oracle.office.records for one in said)


def manifest_of(package: bytes) -> bytes:
    """Return the manifest of a rescue package."""
    with ZipFile(BytesIO(package)) as opened:
        return opened.read("manifest.json")


@when_quiet
def cases_were_opened(world: World, looks: list[Look]) -> Wrong:
    """What a check found has its case, once; and no case speaks of a check that is not there."""
    del looks
    office = world.oracle.office.records
    opened: Counter[tuple[str, str]] = Counter()
    for record in office.values():
        fields: dict[str, Any] = files.decode(record.fields)
        if record.type == "case" and fields.get("check_id"):
            opened.update((fields["check_id"], code) for code in fields["item_codes"])
            if fields["check_id"] not in office:
                yield f"case {record.id} is of check {fields['check_id']}, which is not there"
    for record in office.values():
        found = files.decode(record.fields).get("items", {}) if record.type == "shop_check" and not record.void else {}
        for code in (code for code in ("H4", "G3") if found.get(code)):
            if opened[record.id, code] != 1:
                yield f"check {record.id} found {code}, which {opened[record.id, code]} cases are of"


@when_quiet
def all_show_the_same(world: World, looks: list[Look]) -> Wrong:
    """Promise 6: every tablet shows, byte for byte, the server's state of its view, and nothing else."""
    office = world.oracle.office
    for look in looks:
        if not files.lets_in(office, look.file):
            continue
        view = view_of(world, look.file.device or "")
        seen = {i: record for i, record in office.records.items() if view.sees(record.grid)}
        own = {str(row.mutation["id"]) for row in look.file.journal.values() if row.outcome is None}
        for record in seen.values():
            if record.id not in own:
                yield from (f"{look.tablet.name}: {wrong}" for wrong in came(look.file, record))
        for extra in sorted(look.file.records.keys() - seen.keys() - own):
            yield f"{look.tablet.name} shows {look.file.records[extra].type} {extra}, which it does not see"


@when_quiet
def groups_taken_whole(world: World, looks: list[Look]) -> Wrong:
    """A group is taken whole, or refused whole."""
    del looks
    taken: dict[tuple[str, str, int, int], set[int]] = defaultdict(set)
    for row in world.oracle.rows():
        group = row.mutation.get("group") if row.n else None
        if group:
            taken[row.device, row.install, group[0], group[1]].add(row.n)
    for (_, install, first, count), numbers in taken.items():
        if len(numbers) != count:
            yield f"of the group {first}+{count} of {install} only {sorted(numbers)} were taken"


@when_quiet
def rules_were_kept(world: World, looks: list[Look]) -> Wrong:
    """The plain model and the server agree; no value was set aside, or written over, without a word."""
    del looks
    rows: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in world.oracle.rows():
        rows[row.record].append(row)
    office = world.oracle.office
    for record in office.records.values():
        came = model.modelled(record.type, rows[record.id], office.writers)
        if came is None or len({row.feed for row in rows[record.id]}) > 1:
            continue
        yield from (f"{record.type} {record.id}: {wrong}" for wrong in _differs(came, record))


def _differs(modelled: model.Modelled, record: ServerRecord) -> Wrong:
    fields: dict[str, Any] = files.decode(record.fields)
    for name, value in modelled.fields(record.type).items():
        if fields.get(name) != value:
            yield f"{name} is {fields.get(name)!r}, the model has {value!r}"
    remarks = [(*entry["at"], entry["by"], entry["text"]) for entry in fields.get("remark", ())]
    if remarks != sorted(modelled.remarks):
        yield f"remarks are {remarks}, the model has {sorted(modelled.remarks)}"
    if modelled.void != bool(record.void):
        yield f"void is {record.void}, the model has {modelled.void}"
    yield from (f"decided without a word: {silent}" for silent in modelled.silent)


@when_quiet
def decisions_are_kept(world: World, looks: list[Look]) -> Wrong:
    """Promise 5: whoever lost finds both values in the answer his tablet keeps."""
    for look in looks:
        for n, row in look.file.journal.items():
            if row.outcome not in ("merged", "conflict") or row.version is None:
                continue
            taken = [r for r in world.oracle.contents.get(files.content_of(row.payload), ()) if r.outcome != "noop"]
            decided = [d for r in taken for d in files.decode(r.decisions or "[]")]
            if row.outcome == "conflict" and not decided:
                yield f"{look.tablet.name}: n {n} is disputed, and nobody wrote down about what"
            lost = [d for d in decided if d.get("outcome") == "set_aside" and not d.get("others") and "kept" not in d]
            yield from (f"{look.tablet.name}: n {n} lost {d.get('field')}, to nobody" for d in lost)


@when_quiet
def history_replays(world: World, looks: list[Look]) -> Wrong:
    """The product's own replay comes to what is stored."""
    del looks
    for checked in replay_history(world.server.store, DISTRICT):
        for one in checked.differences:
            yield f"{one.type} {one.record} {one.what}: stored {one.stored}, replayed {one.replayed}: {one.en}"


@when_quiet
def nothing_grew_without_bounds(world: World, looks: list[Look]) -> Wrong:
    """Requests, journals and what the server remembers stay within their limits."""
    if world.oracle.largest["mutations in a request"] > 500:
        yield f"{world.oracle.largest['mutations in a request']} mutations in one request"
    recorded = len(world.oracle.recorded)
    for look in looks:
        if len(look.file.journal) > 2 * recorded + 2:
            yield f"{look.tablet.name} holds {len(look.file.journal)} mutations, {recorded} were ever recorded"
    if len(world.server.store.heard) > len(world.tablets) + 2:
        yield f"the server remembers {len(world.server.store.heard)} contacts"
