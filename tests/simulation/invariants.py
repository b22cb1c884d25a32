"""
What must hold 不变式, each under its name: after every event, and when all is quiet.

The checks themselves stand in ``invariants_of_tablets``, ``invariants_of_server`` and ``invariants_when_quiet``.
"""

from collections.abc import Iterable

from tests.simulation import (
    files,
    invariants_of_numbers,
    invariants_of_photos,
    invariants_of_server,
    invariants_of_tablets,
    invariants_when_quiet,
)
from tests.simulation.looking import OF_SERVER, OF_TABLETS, WHEN_QUIET, WHEN_SENT, Look, read_to_of
from tests.simulation.oracle import Broken
from tests.simulation.tablets import Tablet
from tests.simulation.world import World

#: Where the checks are; importing them is what puts them on the lists.
MODULES = (
    invariants_of_tablets,
    invariants_of_server,
    invariants_of_numbers,
    invariants_of_photos,
    invariants_when_quiet,
)


def check(world: World) -> None:
    """
    Look at everything that the last event may have changed.

    Raises:
        Broken: Something does not hold.
    """
    if world.oracle.checked != world.server.changes:
        world.oracle.checked = world.server.changes
        rows = world.oracle.new_rows()
        for name, of_one in OF_SERVER.items():
            _raise(name, of_one(world, rows))
        world.oracle.note(rows)
    for tablet in world.tablets:
        if tablet.name in world.touched:
            _check_tablet(world, tablet)
    world.touched.clear()
    world.oracle.photos.confirmed.clear()


def _check_tablet(world: World, tablet: Tablet) -> None:
    look = look_at(world, tablet)
    for name, of_one in OF_TABLETS.items():
        _raise(name, of_one(world, look))
    world.oracle.learn(tablet, look.file, read_to_of(world, look.file), frozenset(look.here))


def look_at(world: World, tablet: Tablet) -> Look:
    """Look at one tablet."""
    return Look(tablet, world.oracle.memory(tablet), files.read_tablet(tablet.path))


def check_quiet(world: World) -> None:
    """
    Look at everything, now that all is quiet.

    Raises:
        Broken: Something does not hold.
    """
    looks = [look_at(world, tablet) for tablet in world.tablets]
    for name, of_all in WHEN_QUIET.items():
        _raise(name, of_all(world, looks))


def check_quiet_photos(world: World) -> None:
    """
    Look at all photos, now that everybody has sent his.

    Raises:
        Broken: Something does not hold.
    """
    looks = [look_at(world, tablet) for tablet in world.tablets]
    for name, of_all in WHEN_SENT.items():
        _raise(name, of_all(world, looks))
    for look in looks:
        for name in ("photos_are_kept", "verified_reads_back"):
            _raise(name, OF_TABLETS[name](world, look))


def _raise(name: str, found: Iterable[str]) -> None:
    for wrong in found:
        raise Broken(name, wrong)
