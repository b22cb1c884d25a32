"""
The town at one moment 世界: the server, the tablets, the network between them, and one clock for the play.

Everything that events need to know lies here; nothing here decides by itself what happens next.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schemas.problems import Refusal
from server.storage.people import Account
from server.usecases.at_the_desk import Desk, desk_of
from server.usecases.enrol_device import offer_code
from server.usecases.mistakes import Mistake
from sync_client.client import FieldClient
from sync_client.errors import StoreError, SyncError
from sync_client.values import Record
from tests.server.office import DISTRICT, person_id
from tests.simulation.depots import Lain
from tests.simulation.disks import DISK
from tests.simulation.drivers import Harm, Killed
from tests.simulation.network import Line, Network
from tests.simulation.oracle import Oracle
from tests.simulation.server import EVERYBODY, Image, Server, building
from tests.simulation.tablets import Tablet, Wall
from tests.simulation.trace import Trace

#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000
_MIX = 2_654_435_761


@dataclass(frozen=True, slots=True)
class Thing:
    """A record of the play: what it is called, when it was made, and its id."""

    name: str
    number: int
    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Package:
    """
    A rescue package.

    Attributes:
        tablet: Whose work it is.
        content: The file's bytes.
        payloads: The mutations in it.
        losses: How often the server had lost commits when it was made.
    """

    tablet: str
    content: bytes
    payloads: tuple[bytes, ...]
    losses: int


@dataclass
class Things:
    """The records of the play, by id."""

    known: dict[str, Thing] = field(default_factory=dict)

    def call(self, record: Record) -> Thing:
        """Return the thing that *record* is; it gets a name where it has none."""
        if record.id not in self.known:
            number = len(self.known) + 1
            self.known[record.id] = Thing(f"{record.type}{number}", number, record.id, record.type)
        return self.known[record.id]

    def choose(self, pick: int, held: Iterable[str]) -> Thing | None:
        """
        Return one of the things *held*, as *pick* has it.

        Whatever else is there or not, the choice stays the same while the chosen one is there: so an event
        dropped from a play changes as little as possible of what comes after it.
        """
        things = [self.known[one] for one in held if one in self.known]
        return max(things, key=lambda thing: (pick * _MIX ^ thing.number * 40_503) % 65_537, default=None)


@dataclass
class World:
    """
    One play's town.

    Attributes:
        guests: Whether the depot takes parts from tablets itself.
        now_ms: What every right clock shows.
        touched: Tablets whose files may have changed since somebody looked.
        backups: Images of the server's file and its depot, oldest first.
        standby: What another machine has of the server's file, for when this one is lost.
        packages: Rescue packages, in the order they were made.
    """

    seed: int
    tablet_count: int
    page_records: int
    guests: bool = False
    trace: Trace = field(default_factory=Trace)
    now_ms: int = MORNING
    tablets: list[Tablet] = field(default_factory=list)
    things: Things = field(default_factory=Things)
    touched: set[str] = field(default_factory=set)
    backups: list[tuple[Image, Lain]] = field(default_factory=list)
    standby: Image | None = None
    packages: list[Package] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(lambda: self.now_ms, guests=self.guests)
        self.network = Network(self.server, self.trace, self.pass_time)
        self.oracle = Oracle(self.server)
        self.folder: Path = building().folder

    def pass_time(self, ms: int) -> None:
        """Let the clocks go on."""
        self.now_ms += ms

    def sleep(self, seconds: float) -> None:
        """Wait, as the tablets do between two attempts."""
        self.pass_time(int(seconds * 1000))

    def tablet(self, number: int) -> Tablet:
        """Return one of the tablets."""
        return self.tablets[number % len(self.tablets)]

    def package(self, pick: int) -> Package | None:
        """Return one of the latest packages, as *pick* has it; None where there is none."""
        latest = self.packages[-3:]
        return latest[pick % len(latest)] if latest else None

    def add_tablet(self, *people: str) -> Tablet:
        """Hand a tablet to *people*; the first has mostly been enrolled on it already."""
        tablet, [first, *others] = self._unpacked(), people
        ready = building().tablets[first]
        used = sum(one.people[:1] == [first] for one in self.tablets)
        if used < len(ready):
            tablet.put_back(ready[used])
            tablet.people.append(first)
            self.touched.add(tablet.name)
        else:
            self.admit(tablet, first)
        for name in others:
            self.admit(tablet, name)
        return tablet

    def hand_out(self, name: str) -> str:
        """Give *name* one more tablet, if one still lies ready for him; return what it is called."""
        used = sum(one.people[:1] == [name] for one in self.tablets)
        return self.add_tablet(name).name if used < len(building().tablets[name]) else "none lies ready"

    def _unpacked(self) -> Tablet:
        number = len(self.tablets) + 1
        path = self.folder / f"tablet-{number}.db"
        put_away(path)
        line, wall = Line(self.network), Wall(lambda: self.now_ms)
        tablet = Tablet(f"T{number}", path, line, wall, self.page_records, self.sleep, seed=self.seed)
        self.tablets.append(tablet)
        return tablet

    def copy_tablet(self, tablet: Tablet, *, photos: bool = True) -> Tablet:
        """Put a copy of *tablet*'s file on a new device, and of its *photos*."""
        twin = self._unpacked()
        twin.put_back(tablet.image(), tablet.photos() if photos else {})
        twin.people = list(tablet.people)
        self.touched.update((tablet.name, twin.name))
        return twin

    def admit(self, tablet: Tablet, name: str) -> str:
        """Enrol *name* on *tablet*, as an operator and he would; return what he is called."""
        account = Account(person_id(name), EVERYBODY[name][0])
        code = offer_code(self.server.store, DISTRICT, account, self.now_ms)
        self.server.changes += 1
        tablet.client.enrol(code, device_name=tablet.name)
        if name not in tablet.people:
            tablet.people.append(name)
        self.touched.add(tablet.name)
        return account.name

    def desk(self, name: str) -> Desk:
        """Return the desk at which *name* sits."""
        with self.server.store.work(DISTRICT, writing=False) as work:
            [account] = [one for one in work.people.named(person_id(name)) if one.id == person_id(name)]
            return desk_of(work, account)

    def at_the_office(self, call: Callable[[], str]) -> str:
        """Carry *call* out on the server itself; return what it came to."""
        self.server.changes += 1
        try:
            return call()
        except Refusal as refusal:
            return f"refused {refusal.code}"
        except Mistake as mistake:
            return f"mistake: {mistake.en}"

    def killed_meanwhile(self, harm: Harm | None, call: Callable[[], str]) -> str:
        """Carry *call* out on the server, which *harm* may kill; return what it came to."""
        self.server.lifeline.threaten(harm)
        try:
            return self.at_the_office(call)
        except Killed:
            self.server.restart()
            self.trace.done(f"server {self.server.lifeline.struck}")
            return f"!{self.server.lifeline.struck}"
        finally:
            self.server.lifeline.spare()

    def commits_lost(self) -> None:
        """Expect of the server no more than it holds now."""
        self.oracle.forget_history()
        self.server.changes += 1

    def try_on(self, tablet: Tablet, harm: Harm | None, call: Callable[[FieldClient], str]) -> str:
        """Carry *call* out on *tablet* with *harm* waiting; return what it came to."""
        self.touched.add(tablet.name)
        try:
            client = tablet.client
            tablet.lifeline.threaten(harm)
            with DISK.used_by(tablet.lifeline):
                return call(client)
        except Killed:
            tablet.rise()
            return f"!{tablet.lifeline.struck}"
        except Refusal as refusal:
            return f"refused {refusal.code}"
        except (StoreError, SyncError) as error:
            return type(error).__name__
        finally:
            if tablet.lifeline.struck:
                self.trace.done(f"tablet {tablet.lifeline.struck}")
            tablet.lifeline.threaten(None)

    def close(self) -> None:
        """Switch everything off."""
        for tablet in self.tablets:
            tablet.close()
        self.server.close()


def put_away(path: Path) -> None:
    """Remove what an earlier play left of a tablet's file."""
    for left in path.parent.glob(path.name + "*"):
        if left.is_file():
            left.unlink()
        else:
            shutil.rmtree(left)


@contextmanager
def town(seed: int, tablet_count: int, page_records: int, *, guests: bool = False) -> Iterator[World]:
    """Open a town for one play."""
    world = World(seed, tablet_count, page_records, guests)
    try:
        yield world
    finally:
        world.close()
