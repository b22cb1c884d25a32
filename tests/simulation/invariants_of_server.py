"""
What must hold of the server 服务器不变式, asked of whatever it wrote since the last event.
"""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from schemas.clock import MAX_AHEAD_MS
from tests.simulation import files
from tests.simulation.files import HistoryRow
from tests.simulation.looking import Wrong, of_server
from tests.simulation.world import World

#: What was carried out on a case.
_DONE = "timeline"


@of_server
def numbers_without_gaps(world: World, rows: list[HistoryRow]) -> Wrong:
    """A feed's numbers count up by one and its chain holds; a new epoch alone may jump, as it says itself."""
    last: dict[str, tuple[int, bytes]] = {}
    for row in rows:
        known = world.oracle.history[row.feed]
        before = last.get(row.feed) or ((max(known), known[max(known)].chain) if known else (0, bytes(32)))
        due = _jumped(world, row.feed, before[0])[-1] + 1
        if row.version != due:
            yield f"{row.feed}: {row.version} after {before[0]}, it should be {due}"
        if row.link(before[1]) != row.chain:
            yield f"{row.feed}: the chain breaks at {row.version}"
        last[row.feed] = (row.version, row.chain)
    for feed, (version, chain) in last.items():
        head, link = world.oracle.office.heads[feed]
        if link != chain or head not in _jumped(world, feed, version):
            yield f"{feed} ends at {version}, its head says {head}"


def _jumped(world: World, feed: str, number: int) -> list[int]:
    """Return *number*, and whatever the epochs say that the feed counted on from behind it."""
    jumps = {0: 0}
    for _, heads in world.oracle.office.epochs:
        start, end = heads.get(feed) or heads[""]
        jumps[start] = end
    path = [number]
    while jumps.get(path[-1], path[-1]) != path[-1]:
        path.append(jumps[path[-1]])
    return path


@of_server
def history_stays(world: World, rows: list[HistoryRow]) -> Wrong:
    """What was written down stays as it was."""
    del rows
    ends = {feed: max(known) for feed, known in world.oracle.history.items() if known}
    for feed, chain in files.chains_at(world.server.path, ends).items():
        if chain != world.oracle.history[feed][ends[feed]].chain:
            yield f"{feed}: what stood at {ends[feed]} is not there any more"


@of_server
def taken_once(world: World, rows: list[HistoryRow]) -> Wrong:
    """
    Promise 5: one mutation is taken once, and what was taken is not kept as refused.

    A tablet put back to an older image and revoked may bring another change under a number that was taken.
    """
    fresh: dict[bytes, HistoryRow] = {}
    for row in rows:
        if not row.n or row.outcome == "noop":
            continue
        content = files.content_of(row.payload)
        before = [r for r in world.oracle.contents.get(content, ()) if r.outcome != "noop"]
        for again in (*before, fresh.get(content)):
            if again is not None:
                yield f"{row.feed} {row.version} was taken before, at {again.feed} {again.version}: {row.payload}"
        fresh[content] = row
    names = Counter((r.device, r.install, r.n) for r in (*world.oracle.rows(), *rows) if r.n)
    yield from (f"n {n} of {install} was taken {count} times" for (_, install, n), count in names.items() if count > 1)
    for kept in world.oracle.office.quarantine:
        named = (kept.device, kept.install, kept.n)
        same = named in names and files.content_of(kept.payload) in world.oracle.contents
        if kept.settled is None and kept.code != "number_reused" and same:
            yield f"n {kept.n} of {kept.install} is taken and refused ({kept.code})"


@of_server
def answers_are_stable(world: World, rows: list[HistoryRow]) -> Wrong:
    """Promise 2: a mutation asked about again is answered as before."""
    del rows
    found, world.oracle.contradicted = world.oracle.contradicted, []
    yield from found


@of_server
def signed_as_recorded(world: World, rows: list[HistoryRow]) -> Wrong:
    """Every row bears the person and the device that recorded it, and a role he held when he signed."""
    for row in rows:
        known = world.oracle.recorded.get(files.content_of(row.payload)) if row.n else None
        if known is None:
            continue
        if (row.device, row.by) not in known:
            yield f"{row.feed} {row.version} is by {row.by} on {row.device}, it was recorded by {sorted(known)}"
        held = [g for g in world.oracle.office.grants.get(row.by, ()) if g[0] == row.role]
        if not any(start <= row.at_ms and (end is None or row.at_ms < end) for _, _, start, end in held):
            yield f"{row.feed} {row.version}: {row.by} was no {row.role} at {row.at_ms}"


@of_server
def clocks_are_corrected(world: World, rows: list[HistoryRow]) -> Wrong:
    """M14: no stamp lies further ahead of its receipt than 120 s; by how much it was corrected is kept."""
    del world
    for row in rows:
        if row.n and row.at_ms > row.received_ms + MAX_AHEAD_MS:
            yield f"{row.feed} {row.version} is stamped {row.at_ms - row.received_ms} ms ahead of its receipt"
        claimed = (row.mutation.get("at") or [0])[0] if row.n else 0
        if row.n and not row.clamped and max(claimed + row.corrected_ms, 0) != row.at_ms:
            yield f"{row.feed} {row.version}: {claimed} corrected by {row.corrected_ms} is not {row.at_ms}"


@of_server
def refused_rightly(world: World, rows: list[HistoryRow]) -> Wrong:
    """Nobody's work is refused for another's sake: a stopped account is his own, and so is an area."""
    del rows
    office = world.oracle.office
    for kept in office.quarantine:
        if kept.id in world.oracle.quarantine:
            continue
        said = files.mutation_of(kept.payload)
        who = str(said.get("by"))
        if kept.code == "person_stopped" and who not in office.stopped:
            yield f"n {kept.n} is refused because {who} was stopped, who was not"
        if kept.code == "not_admitted_person" and who in office.admitted.get(kept.device, ()):
            yield f"n {kept.n} is refused because {who} was not admitted, who was"


@of_server
def acts_are_kept(world: World, rows: list[HistoryRow]) -> Wrong:
    """
    Every act that was taken in stands in its case once, carried out or late.

    The states lead on from each other, and nobody verified what he handled.
    """
    if not any(row.mutation.get("op") == "act" for row in rows if row.n):
        return
    taken: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for row in (*world.oracle.rows(), *rows):
        if row.n and row.outcome != "noop" and row.mutation.get("op") == "act":
            taken[row.mutation["id"]].append((row.mutation["act"]["name"], row.at_ms, row.by))
    for case, acts in taken.items():
        record = world.oracle.office.records.get(case)
        told = files.decode(record.fields) if record else {}
        kept = [(one["act"], one["at"][0], one["by"]) for one in (*told.get(_DONE, ()), *told.get("late_acts", ()))]
        if record is not None and sorted(kept) != sorted(acts):
            yield f"{case}: taken were {sorted(acts)}, kept are {sorted(kept)}"
        yield from _way_of(case, told)


def _way_of(case: str, told: dict[str, Any]) -> Wrong:
    """Hold a case's state to its timeline, and its verifier to not having handled it."""
    moves = [(one["from"], one["to"]) for one in told.get(_DONE, ()) if one["from"] != one["to"]]
    broken = [pair for pair in pairwise(moves) if pair[0][1] != pair[1][0]]
    if broken or (moves and moves[-1][1] != told["status"]):
        yield f"{case} is {told['status']} by way of {moves}"
    if told.get("verified_by") in told.get("handlers", ()) and told["status"] in ("verified", "closed"):
        yield f"{case} was verified by {told['verified_by']}, who handled it"


@of_server
def quarantine_keeps(world: World, rows: list[HistoryRow]) -> Wrong:
    """What was refused is kept word for word."""
    del rows
    kept = {row.id: row for row in world.oracle.office.quarantine}
    for known in world.oracle.quarantine.values():
        now = kept.get(known.id)
        if now is None or now.payload != known.payload:
            yield f"n {known.n} of {known.install} ({known.code}) is not there any more"
    world.oracle.quarantine = kept
