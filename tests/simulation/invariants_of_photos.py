"""
What must hold of photos 照片不变式: after every event, and when all is quiet.

Every file that there can be is known beforehand, byte for byte; see ``pictures``.
"""

from collections.abc import Iterator
from typing import Any

from schemas.photos import parts_of
from tests.simulation import files
from tests.simulation.files import HistoryRow, UseRow
from tests.simulation.looking import Look, Wrong, of_server, of_tablets, when_sent
from tests.simulation.pictures import contents
from tests.simulation.world import World

#: What does not bring back one part, but whole files, or whole tablets full of them.
_LARGE = frozenset({"restored", "failover", "put back", "copied", "depot lost", "depot spoilt", "carried", "collected"})
#: States in which the office keeps nothing of a file, and says so.
_ENDED = frozenset({"expired", "collected", "refused"})
_GIVEN_UP = frozenset({"refused", "lost"})
_OVER = frozenset({"merged", "refused"})


# -- of a tablet ------------------------------------------------------------------------------------


@of_tablets
def photos_are_kept(world: World, look: Look) -> Wrong:
    """
    A photo that was attached is on the tablet, byte for byte, for as long as it is not verified.

    Not what was taken off it: a file put back to an older copy, or copied, without the photos beside it.
    """
    took = world.oracle.photos.took[look.tablet.name]
    attached = {(use.sha256, use.record_id) for use in look.file.uses if not use.of}
    for photo in sorted(world.oracle.photos.attached[look.tablet.name] - attached):
        yield f"{look.tablet.name} has not kept {photo}, though it said so"
    for use in sorted(look.before.uses - {(use.sha256, use.record_id, use.of) for use in look.file.uses}):
        yield f"{look.tablet.name} knows no more of {use}"
    for sha256, row in look.file.photos.items():
        found = look.here.get(sha256)
        if found == contents()[sha256]:
            took.discard(sha256)
        elif found is not None:
            yield f"{look.tablet.name}: {sha256} ({row.state}) is {len(found)} other bytes"
        elif row.removed or row.state == "verified":
            # Whether it might go is another question; that it went is known.
            took.add(sha256)
        elif sha256 not in took:
            yield f"{look.tablet.name}: {sha256} ({row.state}) is gone"


@of_tablets
def tidied_when_confirmed(world: World, look: Look) -> Wrong:
    """
    A file leaves a tablet only when the office has said in that very moment that it has all files of its photo.

    And then it has them, byte for byte.
    """
    confirmed = world.oracle.photos.confirmed[look.file.token or ""]
    for sha256 in sorted(look.before.here - look.here.keys()):
        if sha256 in look.file.photos and (missing := _files_with(look.file.uses, sha256) - confirmed):
            yield f"{look.tablet.name} has let go of {sha256}, the office had not confirmed {missing}"
        elif sha256 in look.file.photos and world.server.depot.whole(sha256) != contents()[sha256]:
            yield f"{look.tablet.name} has let go of {sha256}, the depot has {_told(world, sha256)}"


def _files_with(uses: list[UseRow], sha256: str) -> set[str]:
    """Return every file of the photos that a file belongs to."""
    found = {sha256}
    for use in uses:
        if use.of and sha256 in (use.sha256, use.of):
            found |= {use.sha256, use.of}
    return found


@of_tablets
def verified_reads_back(world: World, look: Look) -> Wrong:
    """
    Whatever a tablet shows as verified, the office's depot gives back byte for byte.

    Not what an operator deleted by hand, let expire, or lost with a restored depot after the tablet had let go of it;
    nor what a tablet shows that has not heard yet that the office was put back.
    """
    if look.file.epoch == world.oracle.office.epoch:
        for sha256, row in look.file.photos.items():
            if row.state == "verified" and not _is_there(world, sha256, gone=bool(row.removed)):
                yield f"{look.tablet.name} shows {sha256} as verified, the depot has {_told(world, sha256)}"


def _is_there(world: World, sha256: str, *, gone: bool) -> bool:
    known, row = world.oracle.photos, world.oracle.office.photos.get(sha256)
    return (
        world.server.depot.whole(sha256) == contents()[sha256]
        or sha256 in known.vanished
        or (gone and sha256 in known.set_back)
        or (row is not None and row.state in _ENDED)
    )


def _told(world: World, sha256: str) -> str:
    found = world.server.depot.whole(sha256)
    return "nothing" if found is None else f"{len(found)} other bytes"


# -- of the office ----------------------------------------------------------------------------------


@of_server
def photos_are_whole(world: World, rows: list[HistoryRow]) -> Wrong:
    """Under a whole file's name lies that file and nothing else; and where a row says verified, there it lies."""
    del rows
    wholes, known = world.server.depot.wholes(), world.oracle.photos
    yield from (f"{sha256} was verified, and was not there" for sha256 in known.early)
    known.vanished -= wholes.keys()
    known.set_back -= wholes.keys()
    laid, world.server.depot.laid = world.server.depot.laid, []
    for sha256, data in (*laid, *wholes.items()):
        if contents().get(sha256) != data:
            yield f"under {sha256} lie {len(data)} other bytes"
    for row in world.oracle.office.photos.values():
        if row.state == "verified" and row.sha256 not in wholes.keys() | known.vanished | known.set_back:
            yield f"{row.sha256} is verified, and is not there"


@of_server
def photos_go_rightly(world: World, rows: list[HistoryRow]) -> Wrong:
    """The collection takes no photo that a record names; the retention policy none that an open case names."""
    del rows
    before, office = world.oracle.photos.states, world.oracle.office
    fresh = {row.sha256: row for row in office.photos.values() if before.get(row.sha256) not in (None, row.state)}
    for record in office.records.values() if fresh else ():
        for photo in _photos(files.decode(record.fields)):
            states = {fresh[name].state for name in (photo["sha256"], photo.get("copy")) if name in fresh}
            if "collected" in states:
                yield f"{photo['sha256']} was collected, {record.type} {record.id} names it"
            if "expired" in states and _is_open_case(record):
                yield f"{photo['sha256']} has expired, case {record.id} is open and names it"
    world.oracle.photos.states = {row.sha256: row.state for row in office.photos.values()}


def _is_open_case(record: files.ServerRecord) -> bool:
    status = files.decode(record.fields).get("status")
    return record.type == "case" and not record.void and status not in _OVER


def _photos(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (photo for photo in fields.get("photos", ()) if isinstance(photo, dict))


@of_server
def tokens_stay_at_home(world: World, rows: list[HistoryRow]) -> Wrong:
    """Whoever is sent to the depot's own door brings no token there."""
    del rows
    yield from (f"{len(world.server.depot.tokens)} tokens were brought to the depot" for _ in world.server.depot.tokens)


# -- when all is quiet ------------------------------------------------------------------------------


@when_sent
def photos_arrived(world: World, looks: list[Look]) -> Wrong:
    """
    Every photo that a record of the office's names is verified for it, or refused with a reason that is shown.

    Not what was taken off the tablet before; that it is lost is shown. What no record names waits, and is shown so.
    """
    for look in looks:
        if files.lets_in(world.oracle.office, look.file):
            for use in look.file.uses:
                wrong = _ended_wrongly(world, look, use) or _waits_wrongly(world, look, use)
                if wrong:
                    yield f"{look.tablet.name}: {use} {wrong}"


def _ended_wrongly(world: World, look: Look, use: UseRow) -> str:
    row, known = look.file.photos[use.sha256], world.oracle.office.photos.get(use.sha256)
    if row.state == "lost" and use.sha256 not in world.oracle.photos.took[look.tablet.name]:
        return "is lost, and lies here"
    if row.state == "refused" and (known is None or known.state not in _ENDED):
        return f"is refused, the office says {known}"
    return "is over, nobody knows why" if row.state in _GIVEN_UP and not row.problem else ""


def _waits_wrongly(world: World, look: Look, use: UseRow) -> str:
    row = look.file.photos[use.sha256]
    if row.state in _GIVEN_UP or (row.state == "verified" and use.told):
        return ""
    if _is_named(world, use):
        sent = f"{row.sent or 'nothing'} of {len(row.parts.split())} sent"
        return f"is {row.state}, {sent}: {row.problem}"
    return "" if use.told or use.asked else f"waits ({row.state}), nobody asked"


def _is_named(world: World, use: UseRow) -> bool:
    record = world.oracle.office.records.get(use.record_id)
    for photo in _photos(files.decode(record.fields)) if record else ():
        if photo["sha256"] == (use.of or use.sha256) and (not use.of or photo.get("copy") == use.sha256):
            return True
    return False


@when_sent
def little_is_sent_twice(world: World, looks: list[Look]) -> Wrong:
    """Of what was kept once, a fault brings no more than one part again; only losses bring whole files."""
    del looks
    harm = world.trace.harm
    kept = list(world.oracle.photos.accepted.values())
    kept += [world.server.depot.taken.count(key) for key in set(world.server.depot.taken)]
    again = sum(count - 1 for count in kept)
    allowed = sum(count for kind, count in harm.items() if kind not in _LARGE)
    allowed += sum(harm[kind] for kind in _LARGE) * sum(parts_of(len(data)) for data in contents().values())
    if again > allowed:
        yield f"{again} parts were kept again, {allowed} faults were done"


@when_sent
def albums_hold_what_was_attached(world: World, looks: list[Look]) -> Wrong:
    """An album holds no file that nothing uses, and the office no part of a file that nobody ever offered."""
    for look in looks:
        for sha256 in look.file.photos.keys() ^ {use.sha256 for use in look.file.uses}:
            yield f"{look.tablet.name}: nothing uses {sha256}, or it is not known"
    named = {key.split("/")[2] for key in world.server.depot.lain if "/parts/" in key}
    yield from (f"parts of {sha256} lie there, which nobody has" for sha256 in sorted(named - contents().keys()))
