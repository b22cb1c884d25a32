"""
Plays on a real PostgreSQL 真实数据库上的局: tablets that sync at the same time, and commits in a drawn order.

The plan follows from the seed; which thread comes first does not. So a play that fails tells what it did.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from sqlalchemy import text

from schemas.problems import Refusal
from server.api.doorkeeper import Doorkeeper
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.errors import SyncError, Unreachable
from sync_client.testing import FINE, ROUGH, FlakyTransport, InProcessTransport, Weather
from sync_client.transport import Request, Response, Transport
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, person_id
from tests.simulation import actors
from tests.simulation.commit_orders import (
    AFTER_NUMBERS,
    BEFORE_COMMIT,
    BEFORE_NUMBERS,
    CUT,
    DEADLOCK,
    SERIALISATION,
    Conductor,
    Fault,
    Part,
)
from tests.stories.town import PATIENT, Gate, Town

#: Who may come; Chen of the district writes in both streets, so her pushes take numbers of two feeds.
WRITERS = ("chen", "li", "wang", "feng", "zhao", "sun", "li/2")
#: Only reads, all the time.
READER = "dong"
NEXT_STREET = "210902006"
_HOME = {"sun": GRID_8}
_ALWAYS = ("chen", "li")
_LOSSY = Weather(lose_request=0.05, lose_answer=0.25, duplicate=0.2)
_WEATHERS = (FINE, ROUGH, _LOSSY)
_NEW = ("new shop", "new case", "new cleaning_day", "group")
_KINDS = (*_NEW, *actors.Edit.WRITERS, "remark", "name", "waste_t", "severity", "void", "stray")


class Act(NamedTuple):
    """Something a worker does; ``pick`` chooses the record, ``serial`` the value."""

    what: str
    pick: int
    serial: int


class Round(NamedTuple):
    """
    What happens at the same time.

    Attributes:
        work: By tablet what it records, sync by sync.
        parts: By tablet where its transaction is held, when it is let go, what befalls it.
        weather: The network of all.
        rival: Somebody else locks the two feeds the other way round.
    """

    work: Mapping[str, tuple[tuple[Act, ...], ...]]
    parts: Mapping[str, Part]
    weather: Weather
    rival: bool


class Plan(NamedTuple):
    """A play, drawn from its seed before it begins; ``at_once``: how many syncs the server works on at a time."""

    seed: int
    tablets: tuple[str, ...]
    at_once: int
    rounds: tuple[Round, ...]


def plan(seed: int, rounds: int = 3, most: int = len(WRITERS)) -> Plan:
    """Draw a play of *rounds* with at most *most* tablets that write, and one that reads."""
    dice = random.Random(f"on postgres {seed}")
    others = [name for name in WRITERS if name not in _ALWAYS]
    tablets = (*_ALWAYS, *dice.sample(others, dice.randint(1, max(most - 2, 1))))
    drawn = tuple(_round(dice, tablets, number) for number in range(rounds))
    return Plan(seed, tablets, dice.choice((4, 16, 16)), drawn)


def _round(dice: random.Random, tablets: tuple[str, ...], number: int) -> Round:
    work = {}
    # Whoever works on what others work on waits for them before he comes to his numbers; so now and then nobody does.
    kinds = _NEW if dice.random() < 0.4 else _KINDS
    for place, name in enumerate(tablets):
        serials = iter(range((number * 10 + place) * 100, 1 << 30))
        syncs = dice.randint(1, 2)
        work[name] = tuple(_acts(dice, kinds, serials, name == "chen") for _ in range(syncs))
    ranks = dice.sample(range(len(tablets)), len(tablets))
    # All at one moment, or everybody at one of his own.
    moments = (BEFORE_NUMBERS, AFTER_NUMBERS, BEFORE_COMMIT)
    common = dice.choice((None, *moments))
    parts = {
        name: Part(common or dice.choice(moments), rank, _fault(dice))
        for name, rank in zip(tablets, ranks, strict=True)
        if common or dice.random() < 0.8
    }
    return Round(work, parts, dice.choice(_WEATHERS), dice.random() < 0.3)


def _acts(dice: random.Random, kinds: Sequence[str], serials: Iterator[int], both: bool) -> tuple[Act, ...]:
    acts = [Act(dice.choice(kinds), dice.randrange(1_000), next(serials)) for _ in range(dice.randint(1, 6))]
    if both:
        acts += [Act(f"new case at {grid}", dice.randrange(1_000), next(serials)) for grid in (GRID_7, ELSEWHERE)]
    return tuple(acts)


def _fault(dice: random.Random) -> Fault | None:
    if dice.random() < 0.5:
        return None
    # Seven times: more often than the server tries again, so that the tablet has to.
    return Fault(dice.choice((SERIALISATION, DEADLOCK, CUT, CUT)), dice.randrange(16), dice.choice((1, 1, 2, 7)))


# -- playing --------------------------------------------------------------------------------------------


class Impatient:
    """Gives up now and then while its request is under way: it arrives all the same, beside its own repetition."""

    def __init__(self, inner: Transport, name: str, play: "Play", dice: random.Random) -> None:
        self._inner, self._name, self._play, self._dice = inner, name, play, dice
        self.often = 0.0
        self.under_way: list[Thread] = []

    def send(self, request: Request) -> Response:
        """Carry *request*, or let it find its own way."""
        if request.path != "/v1/sync" or self._dice.random() >= self.often:
            return self._inner.send(request)
        thread = Thread(target=self._carry, args=(request,))
        thread.start()
        self.under_way.append(thread)
        self._play.conductor.count("given up under way")
        raise Unreachable("given up")

    def _carry(self, request: Request) -> None:
        with self._play.conductor.speaking_for(self._name):
            self._inner.send(request)


class Play:
    """
    A play under way.

    Attributes:
        town: The office and its tablets.
        conductor: Who holds the server's transactions.
    """

    def __init__(self, drawn: Plan, url: str, folder: Path) -> None:
        self.plan = drawn
        self.town = Town(url, folder)
        self.impatient: dict[str, Impatient] = {}
        self._things: list[str] = []
        engine = self.town.office.store.engine
        with engine.begin() as connection:
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            # A deadlock is to be noticed at once, not after a second.
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET deadlock_timeout = 40')
        engine.dispose()
        self.conductor = Conductor(engine, url.replace("+psycopg", ""))
        self.town.office.app.extensions["gridward.door"] = Doorkeeper(drawn.at_once, 64)
        for name in (*drawn.tablets, READER):
            self._enrol(name)

    def _enrol(self, name: str) -> None:
        town, dice = self.town, random.Random(f"{self.plan.seed} {name}")
        impatient = Impatient(InProcessTransport(town.office.app), name, self, dice)
        network = FlakyTransport(impatient, dice.randrange(1 << 30), FINE)
        gate = Gate(network)
        tablet = FieldClient(
            town.folder / f"{name.replace('/', '-')}.db",
            gate,
            clock=lambda: town.now_ms,
            randomness=dice.randbytes,
            sleep=lambda _: None,
            patience=PATIENT,
        )
        person = name.partition("/")[0]
        code = offer_code(town.office.store, DISTRICT, Account(person_id(person), town.called(person)), town.now_ms)
        tablet.enrol(code, device_name=f"{name}的平板")
        town.tablets[name], town.networks[name], town.gates[name] = tablet, network, gate
        self.impatient[name] = impatient

    def furnish(self) -> None:
        """Let there be things that all can work on, in both streets."""
        chen = self.town.tablets["chen"]
        for serial, grid in enumerate((GRID_7, GRID_7, GRID_8, ELSEWHERE), 1):
            for kind, fields in (("shop", actors.shop), ("case", actors.case), ("cleaning_day", actors.cleaning_day)):
                made = chen.create(kind, grid=grid, set=fields(serial, serial) | _unlike(kind, serial))
                self._things.append(made.id)
        self.town.sync(*self.town.tablets)
        self.town.sync(*self.town.tablets)
        assert not chen.outbox().attention

    def carry(self, request: Request) -> Response:
        """Carry *request* to the server, over no network."""
        return InProcessTransport(self.town.office.app).send(request)

    def happen(self, now: Round) -> None:
        """Let one round happen, and end when everybody's last request has arrived."""
        self.town.pass_time(60)
        self.conductor.begin(now.parts)
        done = Event()
        reader = Thread(target=self._read, args=(done,))
        reader.start()
        try:
            with self._rival(now.rival), ThreadPoolExecutor(len(now.work)) as pool:
                for worked in [pool.submit(self._work, name, now) for name in now.work]:
                    worked.result()
        finally:
            for impatient in self.impatient.values():
                for thread in impatient.under_way:
                    thread.join()
                impatient.under_way.clear()
            done.set()
            reader.join()
            self.conductor.begin({})

    @contextmanager
    def _rival(self, comes: bool) -> Iterator[None]:
        if not comes:
            yield
            return
        with self.conductor.rival("chen", STREET, NEXT_STREET):
            yield

    def _read(self, done: Event) -> None:
        while not done.wait(0.005):
            with self.conductor.reading():
                self.town.tablets[READER].sync()

    def _work(self, name: str, now: Round) -> None:
        network, impatient = self.town.networks[name], self.impatient[name]
        network.weather, impatient.often = now.weather, 0.2 if now.weather is not FINE else 0.0
        try:
            with self.conductor.speaking_for(name):
                for acts in now.work[name]:
                    for act in acts:
                        self._record(name, act)
                    with suppress(SyncError):
                        self.town.tablets[name].sync()
        finally:
            network.weather, impatient.often = FINE, 0.0
            self.conductor.leave(name)

    # -- what workers do -----------------------------------------------------------------------------

    def _record(self, name: str, act: Act) -> None:
        tablet = self.town.tablets[name]
        word, _, grid = act.what.partition(" at ")
        word, _, kind = word.partition(" ")
        ways: Mapping[str, Callable[[], None]] = {
            "new": lambda: self._create(tablet, kind, grid or _HOME.get(name, GRID_7), act),
            "stray": lambda: self._create(tablet, "shop", ELSEWHERE, act),
            "void": lambda: self._change(
                tablet, act, ("shop", "case"), lambda record: tablet.void(record, f"作废{act.serial}")
            ),
            "group": lambda: self._group(tablet, _HOME.get(name, GRID_7), act),
        }
        with suppress(Refusal):
            ways.get(word, lambda: self._edit(tablet, act))()

    def _create(self, tablet: FieldClient, kind: str, grid: str, act: Act) -> None:
        fields = {"shop": actors.shop, "case": actors.case, "cleaning_day": actors.cleaning_day}[kind]
        self._things.append(tablet.create(kind, grid=grid, set=fields(act.serial, act.pick)).id)

    def _edit(self, tablet: FieldClient, act: Act) -> None:
        kinds = tuple(kind for kind, names in actors.Edit.FIELDS.items() if act.what in names)
        writer = actors.Edit.WRITERS[act.what]
        self._change(tablet, act, kinds, lambda record: tablet.edit(record, **writer(act.serial)))

    def _change(self, tablet: FieldClient, act: Act, kinds: tuple[str, ...], change: Callable[[str], object]) -> None:
        held = set(actors.held_by(tablet, list(kinds)))
        # The first few are everybody's favourites.
        known = [one for one in [*self._things] if one in held][: 3 if act.pick % 3 else None]
        if known:
            change(known[act.pick % len(known)])

    @staticmethod
    def _group(tablet: FieldClient, grid: str, act: Act) -> None:
        with tablet.group():
            first = tablet.create("case", grid=grid, set=actors.case(act.serial, act.pick))
            tablet.edit(first, add={"remark": [f"话{act.serial}"]})
            tablet.create("shop", grid=grid, set=actors.shop(act.serial, act.pick))


def _unlike(kind: str, serial: int) -> dict[str, object]:
    """Return what keeps two furnished shops from being taken for one."""
    return {"name": f"老店{serial}", "door_no": str(serial)} if kind == "shop" else {}
