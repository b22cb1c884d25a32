"""
What people do 人员行为: workers record, hand the tablet over, and look for a network.

Every event is plain data, complete in itself: it can be printed, played again, and left out. Whatever it
has to choose at the time it is played follows from its ``pick`` and from what is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from sync_client.client import FieldClient
from sync_client.values import Record, SyncReport
from tests.server.office import ELSEWHERE, GRID_7, GRID_8, person_id
from tests.simulation.drivers import Harm, Killed
from tests.simulation.files import read_tablet
from tests.simulation.network import Voyage
from tests.simulation.oracle import Broken
from tests.simulation.tablets import Tablet
from tests.simulation.world import World

GRIDS = (GRID_7, GRID_8, ELSEWHERE)
_DOORS = ("17", "19", "21")
_STATES = ("open", "vacant", "closed_temporarily")
_SEVERITIES = ("minor", "major", "critical")
_CLASSES = ("piling", "other", "small_ads")
#: A few places only, so that two people often register one shop.
_PLACES = ((41.5, 121.65), (41.50005, 121.65), (41.6, 121.65))

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens; ``happen`` returns what it came to, for the trace."""

    def happen(self, world: World) -> str:
        """Let it happen."""
        raise NotImplementedError

    def __str__(self) -> str:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        told = (f"{name}={value}" for name, value in given.items() if value not in (None, (), 0))
        return f"{type(self).__name__}({', '.join(told)})"


def shop(serial: int, pick: int) -> Fields:
    """Return a new shop's fields."""
    lat, lon = _PLACES[pick % 3]
    return {
        "name": f"店{pick % 4}" if pick % 5 else f"店{serial}",
        "category": "repair",
        "door_no": _DOORS[pick % 3],
        "position": {"lat": lat, "lon": lon, "crs": "wgs84"},
    }


def case(serial: int, pick: int) -> Fields:
    """Return a new case's fields."""
    return {
        "source": "self",
        "problem_class": _CLASSES[pick % 3],
        "severity": _SEVERITIES[pick % 2],
        "description": f"问题{serial}",
        "found_at": "2020-07-18T08:15:30+08:00",
    }


def cleaning_day(serial: int, _pick: int) -> Fields:
    """Return a new cleaning day's fields."""
    return {"held_on": "2020-07-20", "theme": f"清洁日{serial}"}


_NEW: Mapping[str, Callable[[int, int], Fields]] = {"shop": shop, "case": case, "cleaning_day": cleaning_day}


def photo(serial: int) -> dict[str, Any]:
    """Return the reference to a photo."""
    return {"sha256": f"{serial:064x}", "role": "near"}


@dataclass(frozen=True, slots=True)
class Create(Event):
    """Somebody records a new thing."""

    tablet: int
    kind: str
    pick: int
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Record it."""
        tablet = world.tablet(self.tablet)

        def call(client: FieldClient) -> str:
            made = self._make(client)
            return world.things.call(made).name

        return world.try_on(tablet, self.harm, call)

    def _make(self, client: FieldClient) -> Record:
        grid = home(client, self.pick)
        return client.create(self.kind, grid=grid, set=_NEW[self.kind](self.serial, self.pick))


def home(client: FieldClient, pick: int) -> str:
    """Return a place for a new record: mostly where whoever works now works."""
    near = [grid for grid in GRIDS if any(one.current and one.works_in(grid) for one in client.people())]
    return near[pick % len(near)] if near and pick % 11 else GRIDS[pick % 3]


@dataclass(frozen=True, slots=True)
class Edit(Event):
    """
    Somebody changes a thing his tablet shows.

    Attributes:
        looked: He looked at it so many syncs ago: his base is older than what the tablet holds.
    """

    tablet: int
    pick: int
    what: str
    serial: int
    harm: Harm | None = None

    #: By field: how an edit writes it.
    WRITERS: ClassVar[Mapping[str, Callable[[int], dict[str, Any]]]] = {
        "name": lambda serial: {"set": {"name": f"牌{serial}"}},
        "door_no": lambda serial: {"set": {"door_no": f"{serial}号"}},
        "operator_phone": lambda serial: {"set": {"operator_phone": f"1380418{serial % 10_000:04d}"}},
        "shop_status": lambda serial: {"set": {"status": _STATES[serial % 3]}},
        "severity": lambda serial: {"set": {"severity": _SEVERITIES[serial % 3]}},
        "problem_class": lambda serial: {"set": {"problem_class": _CLASSES[serial % 3]}},
        "place_text": lambda serial: {"set": {"place_text": f"门前{serial}米"}},
        "description": lambda serial: {"set": {"description": f"说明{serial}", "place_text": f"路边{serial}"}},
        "remark": lambda serial: {"add": {"remark": [f"话{serial}"]}},
        "photos": lambda serial: {"add": {"photos": [photo(serial)]}},
        "waste_t": lambda serial: {"share": {"waste_t": serial % 7 / 2}},
    }
    #: By record type: what may be edited.
    FIELDS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "shop": ("name", "door_no", "operator_phone", "shop_status", "remark", "photos"),
        "case": ("severity", "problem_class", "place_text", "description", "remark", "photos"),
        "cleaning_day": ("waste_t", "remark"),
    }

    def happen(self, world: World) -> str:
        """Change it."""
        tablet = world.tablet(self.tablet)
        return world.try_on(tablet, self.harm, lambda client: self._change(world, client))

    def _change(self, world: World, client: FieldClient) -> str:
        kinds = [kind for kind, names in self.FIELDS.items() if self.what in names]
        thing = world.things.choose(self.pick, held_by(client, kinds))
        if thing is None:
            return "nothing there"
        client.edit(thing.id, **self.WRITERS[self.what](self.serial))
        return thing.name


def held_by(client: FieldClient, kinds: list[str]) -> list[str]:
    """Return the ids of what a tablet shows of some types."""
    return [record.id for kind in kinds for record in client.find(kind, limit=500, include_merged=False)]


@dataclass(frozen=True, slots=True)
class TakeOff(Event):
    """Somebody takes a photo off a record."""

    tablet: int
    pick: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Take one off."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._take_off(world, client))

    def _take_off(self, world: World, client: FieldClient) -> str:
        bearing = [one for one in held_by(client, ["shop"]) if client.read(one).get("photos")]
        thing = world.things.choose(self.pick, bearing)
        if thing is None:
            return "nothing there"
        photos = client.read(thing.id)["photos"]
        client.edit(thing.id, remove={"photos": [photos[self.pick % len(photos)]["sha256"]]})
        return thing.name


@dataclass(frozen=True, slots=True)
class Void(Event):
    """Somebody voids a thing, with a reason: a group of two."""

    tablet: int
    pick: int
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Void it, if his role may."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._void(world, client))

    def _void(self, world: World, client: FieldClient) -> str:
        thing = world.things.choose(self.pick, held_by(client, ["shop", "case"]))
        if thing is None:
            return "nothing there"
        client.void(thing.id, f"作废{self.serial}")
        return thing.name


@dataclass(frozen=True, slots=True)
class ActOn(Event):
    """Somebody takes a step of a case's workflow."""

    tablet: int
    pick: int
    act: str
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Ask for the step."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._act(world, client))

    def _act(self, world: World, client: FieldClient) -> str:
        cases = held_by(client, ["case"])
        thing = world.things.choose(self.pick, cases)
        into = world.things.choose(self.pick + 1, [one for one in cases if thing and one != thing.id])
        if thing is None or (self.act == "merge" and into is None):
            return "nothing there"
        client.act(thing.id, self.act, f"理由{self.serial}", into=into.id if into and self.act == "merge" else None)
        return thing.name


@dataclass(frozen=True, slots=True)
class Group(Event):
    """Somebody records several things that only make sense together."""

    tablet: int
    pick: int
    count: int
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Record them in one group; whatever happens meanwhile, all of it is there or nothing."""
        tablet = world.tablet(self.tablet)
        before = read_tablet(tablet.path).last_n
        came_to = world.try_on(tablet, self.harm, lambda client: self._record(world, client))
        recorded = read_tablet(tablet.path).last_n - before
        if recorded not in (0, self.count):
            raise Broken("groups_are_whole", f"{tablet.name} holds {recorded} of {self.count} of a group")
        return came_to

    def _record(self, world: World, client: FieldClient) -> str:
        with client.group():
            first = client.create("case", grid=home(client, self.pick), set=case(self.serial, self.pick))
            for place in range(1, self.count):
                client.edit(first, add={"remark": [f"话{self.serial}.{place}"]})
        return f"{world.things.call(first).name} and {self.count - 1} more"


@dataclass(frozen=True, slots=True)
class Switch(Event):
    """The tablet is handed to another of the people admitted to it."""

    tablet: int
    pick: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Hand it over."""
        tablet = world.tablet(self.tablet)
        name = tablet.people[self.pick % len(tablet.people)]
        return world.try_on(tablet, self.harm, lambda client: client.switch_person(person_id(name)).name)


@dataclass(frozen=True, slots=True)
class Sync(Event):
    """
    A tablet meets the office.

    Attributes:
        mishaps: What becomes of its requests, one after the other.
        harm: What befalls the tablet's program.
        office: What befalls the server at the first request.
        stop: The tablet's program is killed after so many steps of the sync; 0 for never.
        meanwhile, during: What else happens while a request, counted from 0, is under way.
    """

    tablet: int
    mishaps: tuple[str, ...] = ()
    harm: Harm | None = None
    office: Harm | None = None
    stop: int = 0
    meanwhile: Event | None = None
    during: int = 0

    def happen(self, world: World) -> str:
        """Let them meet."""
        tablet = world.tablet(self.tablet)
        before = tablet.line.voyage
        tablet.line.voyage = self.voyage((lambda: self._beside(world, tablet)) if self.meanwhile else None)
        try:
            return world.try_on(tablet, self.harm, lambda client: self.meet(client, self._watch(world, tablet)))
        finally:
            tablet.line.voyage = before

    def voyage(self, beside: Callable[[], None] | None) -> Voyage:
        """Return what awaits its requests."""
        return Voyage(self.mishaps, self.office, beside, self.during)

    def meet(self, client: FieldClient, watch: Callable[[Any], None] | None) -> str:
        """Sync; *watch* is called after every step."""
        return told(client.sync(watch))

    def _beside(self, world: World, tablet: Tablet) -> None:
        if self.meanwhile is None:
            return
        event = replace(self.meanwhile, meanwhile=None) if isinstance(self.meanwhile, Sync) else self.meanwhile
        number = getattr(event, "tablet", None)
        if number is not None and world.tablet(number) is tablet:
            # The worker goes on while his own tablet syncs; a second sync it would refuse.
            # It may sync while it sends photos, and the other way round; only one of each at a time.
            if self.harm is not None or type(event) is type(self):
                return
            event = replace(event, harm=None, stop=0) if isinstance(event, Sync) else replace(event, harm=None)  # type: ignore[call-arg]
        world.trace.note(f"meanwhile {event}  → {event.happen(world)}")

    def _watch(self, world: World, tablet: Tablet) -> Callable[[Any], None] | None:
        if not self.stop:
            return None
        steps = iter(range(1, self.stop + 1))

        def watch(_progress: Any) -> None:
            if next(steps, self.stop) == self.stop:
                tablet.lifeline.die("kill")
                raise Killed

        return watch


def told(report: SyncReport) -> str:
    """Return what a sync did, in a few words."""
    words = {
        name: value
        for name, value in report.as_dict().items()
        if name in ("pushed", "merged", "conflicts", "rejected", "held", "pulled", "left", "told", "retries") and value
    }
    return " ".join(f"{name} {value}" for name, value in words.items()) or "nothing new"


@dataclass(frozen=True, slots=True)
class PutAside(Event):
    """Somebody has read what he was told, and puts it aside."""

    tablet: int
    pick: int

    def happen(self, world: World) -> str:
        """Put everything aside that the tablet lists."""

        def call(client: FieldClient) -> str:
            marks = [one.mark for one in client.conflicts()] + [str(one.n) for one in client.outbox().attention]
            done = sum(client.acknowledge(int(mark) if mark.isdigit() else mark) for mark in marks)
            return f"{done} put aside"

        return world.try_on(world.tablet(self.tablet), None, call)
