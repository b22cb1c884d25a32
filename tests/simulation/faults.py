"""
What nobody means to do 故障: dead programs, wrong clocks, copied tablets, requests that come again much later.
"""

from dataclasses import dataclass, replace

from tests.simulation.actors import Event
from tests.simulation.files import read_tablet
from tests.simulation.tablets import Tablet
from tests.simulation.world import World

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
#: How a clock may go wrong: by how much, in ms.
JUMPS = {
    "a minute": 60_000,
    "hours": 5 * _HOUR_MS,
    "years": 900 * _DAY_MS,
    "back hours": -7 * _HOUR_MS,
    "back years": -1_500 * _DAY_MS,
}


@dataclass(frozen=True, slots=True)
class ClockJump(Event):
    """A tablet's clock is set wrong; ``right`` and ``stopped`` are ways, too."""

    tablet: int
    how: str

    def happen(self, world: World) -> str:
        """Set it."""
        tablet = world.tablet(self.tablet)
        world.trace.done("clock")
        tablet.wall.stopped_ms = tablet.wall() if self.how == "stopped" else None
        if self.how != "stopped":
            tablet.wall.wrong_ms = JUMPS.get(self.how, 0)
        return ""


@dataclass(frozen=True, slots=True)
class OtherVersion(Event):
    """A tablet's program speaks another version of the protocol from now on; 0: the server's own again."""

    tablet: int
    protocol: int

    def happen(self, world: World) -> str:
        """Let it be replaced."""
        world.tablet(self.tablet).line.protocol = self.protocol or None
        return ""


@dataclass(frozen=True, slots=True)
class Die(Event):
    """A tablet's program is killed, or its power fails, while it does nothing."""

    tablet: int
    how: str

    def happen(self, world: World) -> str:
        """Kill it."""
        tablet = world.tablet(self.tablet)
        _ = tablet.client
        tablet.lifeline.die(self.how)
        tablet.rise()
        world.touched.add(tablet.name)
        world.trace.done(f"tablet {self.how}")
        return ""


@dataclass(frozen=True, slots=True)
class LateArrival(Event):
    """A request that was long on its way, or went astray twice, reaches the server now."""

    pick: int

    def happen(self, world: World) -> str:
        """Let it arrive."""
        return world.network.arrive_late(self.pick)


@dataclass(frozen=True, slots=True)
class ServerRestart(Event):
    """The server is killed, or its power fails, between two requests."""

    how: str

    def happen(self, world: World) -> str:
        """Kill it and start it."""
        world.server.lifeline.die(self.how)
        world.server.restart()
        world.trace.done(f"server {self.how}")
        return ""


def note_taken(world: World, tablet: Tablet) -> None:
    """Expect nothing of the photo files that a tablet names and that do not lie beside it any more."""
    here = frozenset(name.rpartition("/")[2] for name in tablet.photos())
    memory = world.oracle.memory(tablet)
    world.oracle.memories[tablet.name] = replace(memory, here=here)
    missing = {row.sha256 for row in read_tablet(tablet.path).photos.values() if row.sha256 not in here}
    world.oracle.photos.took[tablet.name] |= missing


@dataclass(frozen=True, slots=True)
class SaveImage(Event):
    """Somebody makes a copy of a tablet's file, to be put back one day."""

    tablet: int

    def happen(self, world: World) -> str:
        """Copy it."""
        tablet = world.tablet(self.tablet)
        world.oracle.saved(tablet, tablet.image(), tablet.photos())
        return ""


@dataclass(frozen=True, slots=True)
class PutBack(Event):
    """A tablet of which there is a copy is put back to it; ``apart``: its photos stay as they are."""

    pick: int
    apart: bool = False

    def happen(self, world: World) -> str:
        """Put it back."""
        saved = [tablet for tablet in world.tablets if tablet.name in world.oracle.images]
        if not saved:
            return "no copy of any"
        tablet = saved[self.pick % len(saved)]
        image, photos = world.oracle.go_back(tablet)
        tablet.put_back(image, None if self.apart else photos)
        world.touched.add(tablet.name)
        note_taken(world, tablet)
        world.trace.done("put back")
        return tablet.name


@dataclass(frozen=True, slots=True)
class CopyTablet(Event):
    """A tablet's file is copied to another device; both go on. ``apart``: its photos are not copied."""

    tablet: int
    apart: bool = False

    def happen(self, world: World) -> str:
        """Copy it."""
        tablet = world.tablet(self.tablet)
        twin = world.copy_tablet(tablet, photos=not self.apart)
        world.oracle.copied(tablet, twin)
        note_taken(world, twin)
        world.trace.done("copied")
        return f"{tablet.name} to {twin.name}"
