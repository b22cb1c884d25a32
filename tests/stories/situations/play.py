"""
Play a story in every order of arrival 轮演: who sees what, who writes what without signal, who is back first.

A story is a function over a ``Scene``. It names the things it is about, lets the clock go on, and says
when the tablets reach a network; ``one_end`` plays it in every order they can do so, their work in one
piece, and change by change with every answer in danger, and holds all playings to one end. ``ends`` is
for what goes by arrival: there each order has an end of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from typing import Any, NamedTuple

from schemas import wire
from schemas.numbers import NUMBER_FIELDS
from server.storage.conflicts import Conflict
from sync_client.client import FieldClient
from sync_client.errors import NoSuchRecord
from sync_client.testing import FINE, Weather
from sync_client.values import Record
from tests.server.office import DISTRICT
from tests.stories.situations.hearing import FUXIN, plain, said_on
from tests.stories.town import MORNING, Town, same_bytes

_DAY_MS = 24 * 3600 * 1000
_METRE = 1 / 111_195
#: What the office calls a thing; in each playing otherwise.
_NUMBERS = frozenset(NUMBER_FIELDS.values())


class Delivery(NamedTuple):
    """How a tablet's work travels: all at once or change by change, and through which weather."""

    narrow: bool
    weather: Weather


WHOLE = Delivery(False, FINE)
#: One answer in three is lost, one question in three arrives twice.
SPLIT_AND_DOUBLED = Delivery(True, Weather(lose_answer=1 / 3, duplicate=1 / 3))
DELIVERIES = (WHOLE, SPLIT_AND_DOUBLED)

#: A thing, a field, and the rule by which it was settled.
Matter = tuple[str, str, str]


@dataclass
class Scene:
    """
    One playing: a morning at eight, a place of its own, and an order in which tablets find a network.

    Attributes:
        number: Counts the days in a town; each playing lies on a day and a spot of its own.
        order: What happens, and in which order: mostly whose tablet arrives.
        names: What the things are called, by id.
        words: What else no two playings share, and how it reads in both.
        readers: Whose tablets are in the play.
    """

    town: Town
    order: tuple[str, ...]
    delivery: Delivery
    names: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    readers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.number = (self.town.now_ms - MORNING) // _DAY_MS + 2
        self.town.now_ms = self.start_ms = MORNING + self.number * _DAY_MS

    def tablets(self, *names: str) -> list[FieldClient]:
        """Return the tablets of the people called *names*; they are in the play from now on."""
        self.readers.update(names)
        return [self.town.tablet(name) for name in names]

    def called(self, name: str, record: Record) -> str:
        """Call *record* by *name* from now on; return its id."""
        self.names[record.id] = name
        return record.id

    def id_of(self, name: str) -> str:
        """Return the id of the thing called *name*."""
        return next(record for record, known in self.names.items() if known == name)

    def meet(self, *names: str) -> None:
        """Let everybody named meet the office, so that all know what all have written."""
        self.town.sync(*names, *names)

    def later(self, **duration: float) -> None:
        """Let the clocks go on by so many minutes, hours or days."""
        self.town.pass_time(timedelta(**duration).total_seconds())

    def arrive(self, **happenings: Callable[[], None]) -> None:
        """Let everything happen in the order of this playing: what is named here, or a tablet reaches the office."""
        for name in self.order:
            happenings.get(name, partial(self.send, name))()

    def send(self, *names: str) -> None:
        """Let tablets reach the office as the work of this playing travels."""
        self.tablets(*names)
        self.town.sync(*names, weather=self.delivery.weather, narrow=self.delivery.narrow)

    def leave(self, name: str) -> None:
        """Let a tablet be out of the play: what it shows is not asked any more."""
        self.readers.discard(name)

    # -- what differs from playing to playing -------------------------------------------------------

    def moment(self) -> str:
        """Return the time on every clock, as records write it."""
        return datetime.fromtimestamp(self.town.now_ms / 1000, FUXIN).isoformat()

    def place(self, north_m: float = 0) -> dict[str, Any]:
        """Return a position so many metres north of this playing's own spot."""
        return {"lat": round(41.5 + self.number / 100 + north_m * _METRE, 7), "lon": 121.65, "crs": "wgs84"}

    def own(self, text: str) -> str:
        """Return *text* as no other playing writes it; its end shows it as it was."""
        self.words[f"{text}.{self.number}"] = text
        return f"{text}.{self.number}"

    def sha(self, name: str) -> str:
        """Return the fingerprint of the photo called *name*."""
        return f"{name.encode().hex():0>64}"[-64:]

    def photo(self, name: str, **more: Any) -> dict[str, Any]:
        """Return the photo called *name*."""
        return {"sha256": self.sha(name), "role": "near", **more}

    # -- the end ------------------------------------------------------------------------------------

    def end(self) -> "Ending":
        """Return how it ended, after making sure that every tablet shows what the office holds."""
        self._settle()
        held = {record: known.fields for record in self.names if (known := self.town.office.record(record))}
        for record, fields in held.items():
            for name in self.readers:
                assert _shown(self.town.tablets[name], record) in (None, same_bytes(fields)), (name, self.names[record])
        return Ending(
            {self.names[record]: self._timeless(fields) for record, fields in held.items()},
            frozenset(self._disputed(conflict) for conflict in self._disputes()),
            {name: self._heard(name) for name in self.readers},
            self,
        )

    def rows(self) -> list[Conflict]:
        """Return every dispute about one of the things named, open or not."""
        with self.town.office.store.work(DISTRICT, writing=False) as work:
            return work.conflicts.of_records(self.names)

    def written(self, name: str) -> list[str]:
        """Return the operations that the history holds of one thing, in order."""
        record = self.id_of(name)
        with self.town.office.store.work(DISTRICT, writing=False) as work:
            entries = [entry for feed in work.feeds.heads() for entry, _ in work.history.entries(feed)]
        return [wire.decode_json(entry.payload).get("op", "") for entry in entries if entry.record == record]

    def _settle(self) -> None:
        """Let everybody exchange what is left, until nobody has anything to say or to hear."""
        names = sorted(self.readers)
        self.town.sync(*names)
        while any(self.town.tablets[name].outbox().waiting for name in names):
            self.town.sync(*names)
        self.town.sync(*names)

    def _disputes(self) -> Iterable[Conflict]:
        """Return what waits for a person since this playing began, named or not."""
        return (c for c in self.town.disputes() if c.opened_ms >= self.start_ms or c.record in self.names)

    def _disputed(self, conflict: Conflict) -> Matter:
        about, over = self._name(conflict.record), self._name(conflict.field)
        if conflict.kind == "duplicate":  # which of the two has the greater id is nobody's doing
            about, over = sorted((about, over))
        return about, over, conflict.kind

    def _heard(self, name: str) -> dict[Matter, str]:
        """Return the last that a tablet was told of each matter."""
        return {
            (self.names[said.record], self._name(said.field), said.rule): plain(said.zh, self.start_ms)
            for said in said_on(self.town.tablets[name])
            if said.record in self.names
        }

    def _name(self, text: str) -> str:
        return self.names.get(text) or self.words.get(text, text)

    def _timeless(self, value: Any) -> Any:
        """Return *value* as every playing has it: with nothing of its own ids, day and place."""
        if isinstance(value, dict):
            return {self._name(name): self._part(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._timeless(inner) for inner in value]
        return self._hour(self._name(value)) if isinstance(value, str) else value

    def _part(self, name: str, value: Any) -> Any:
        if name == "at" and isinstance(value, list):
            return [value[0] - self.start_ms, value[1]]
        if name.endswith("_ms") and isinstance(value, int) and value > self.start_ms - _DAY_MS:
            return value - self.start_ms
        if name in _NUMBERS:
            return "某号"
        return round((value - self.place()["lat"]) / _METRE) if name == "lat" else self._timeless(value)

    def _hour(self, text: str) -> str:
        try:
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()
        except ValueError:
            return text
        return f"+{moment - self.start_ms / 1000:.10g}s"


def _shown(tablet: FieldClient, record: str) -> bytes | None:
    """Return what a tablet shows of a record, or None where it lies outside its view."""
    try:
        return same_bytes(tablet.read(record).fields)
    except NoSuchRecord:
        return None


@dataclass(frozen=True)
class Ending:
    """
    How a playing ended.

    Attributes:
        things: The fields of everything named that the office holds: names in place of ids, times counted from
            the beginning, places in metres from the playing's own spot.
        disputes: What waits for a person: which thing, which field, which kind; of a pair both things.
        heard: What was last said to whom about each matter.
        scene: The playing.
    """

    things: Mapping[str, Mapping[str, Any]]
    disputes: frozenset[Matter]
    heard: Mapping[str, Mapping[Matter, str]]
    scene: Scene

    def __getitem__(self, thing: str) -> Mapping[str, Any]:
        return self.things[thing]

    def listed(self, thing: str, field: str) -> str:
        """Return what stands in the office's list about a field of *thing*, in Chinese."""
        record = self.scene.id_of(thing)
        [row] = [row for row in self.scene.rows() if row.record == record and row.field == field]
        return plain(wire.decode_json(row.detail)["zh"], self.scene.start_ms)

    def must_be(self, other: "Ending", *, told: bool) -> None:
        """Make sure that this playing ended as *other* did, byte for byte, and that everybody was *told* the same."""
        self._compare("things", self.things.keys(), other, other.things.keys())
        for name, fields in self.things.items():
            self._compare(name, wire.canonical(fields).decode(), other, wire.canonical(other.things[name]).decode())
        self._compare("disputes", self.disputes, other, other.disputes)
        if told:
            self._compare("told", self.heard, other, other.heard)

    def _compare(self, what: str, here: Any, other: "Ending", there: Any) -> None:
        if here != there:
            met, before = ((*end.scene.order, "split" if end.scene.delivery.narrow else "") for end in (self, other))
            raise AssertionError(f"{what} after {met}:\n{here}\nafter {before}:\n{there}")


Story = Callable[[Scene], None]


def ends(town: Town, story: Story, *names: str, told: bool = True) -> dict[tuple[str, ...], Ending]:
    """
    Play *story* in every order of *names*; return each order's end, whatever the network.

    Args:
        names: Whose tablets arrive, or what else happens.
        told: Whether everybody is also told the same: of what came and went within one push nobody hears.
    """
    found: dict[tuple[str, ...], Ending] = {}
    for place, order in enumerate(permutations(names)):
        for delivery in _deliveries(town, len(names), place):
            end = play(town, story, order, delivery)
            end.must_be(found.setdefault(order, end), told=told)
    return found


def _deliveries(town: Town, parties: int, place: int) -> tuple[Delivery, ...]:
    """Return how an order is played: both ways; of three parties on PostgreSQL, which takes longer, by turns."""
    by_turns = parties > 2 and town.url.startswith("postgresql")
    return (DELIVERIES[place % len(DELIVERIES)],) if by_turns else DELIVERIES


def one_end(town: Town, story: Story, *names: str, told: bool = True) -> Ending:
    """Play *story* in every order; return its end, which is always the same."""
    found = ends(town, story, *names, told=told)
    first = next(iter(found.values()))
    for end in found.values():
        end.must_be(first, told=told)
    return first


def play(town: Town, story: Story, order: tuple[str, ...], delivery: Delivery = WHOLE) -> Ending:
    """Play *story* once."""
    scene = Scene(town, order, delivery)
    story(scene)
    return scene.end()
