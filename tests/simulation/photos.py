"""
Photos and what becomes of them 照片: taken, sent, tidied up; collected, expired; lost in the depot by somebody's hand.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import ClassVar, Literal

from server.storage.depot import DepotTrouble
from server.usecases.collect_photos import collect_photos
from server.usecases.retain_photos import Policy, retain_photos
from sync_client.client import FieldClient
from sync_client.photos.policy import Network, Way
from sync_client.photos.values import PhotoReport
from sync_client.values import Record
from tests.server.office import DISTRICT
from tests.simulation.actors import Event, Sync, case, held_by, home, shop, told
from tests.simulation.drivers import Harm
from tests.simulation.network import Voyage
from tests.simulation.pictures import pictures
from tests.simulation.world import World

_KINDS = ["shop", "case", "shop_check"]
_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class TakePhoto(Event):
    """Somebody takes a photo, or chooses one, for a thing that his tablet shows, or for one he finds just now."""

    tablet: int
    pick: int
    picture: int
    origin: Literal["camera", "gallery"] = "camera"
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Attach it."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._attach(world, client))

    def _attach(self, world: World, client: FieldClient) -> str:
        known = world.things.choose(self.pick, held_by(client, _KINDS))
        taken = pictures()[self.picture]
        with client.group() if known is None else nullcontext():
            found = client.read(known.id) if known else self._registered(client)
            client.attach(found, taken.data, origin=self.origin)
        world.trace.done("photo")
        world.oracle.photos.attached[world.tablet(self.tablet).name].add((taken.sha256, found.id))
        return world.things.call(found).name

    def _registered(self, client: FieldClient) -> Record:
        kind, new = ("case", case) if self.pick % 2 else ("shop", shop)
        return client.create(kind, grid=home(client, self.pick), set=new(self.pick, self.pick))


@dataclass(frozen=True, slots=True)
class TakeRubbish(Event):
    """Somebody chooses a file that is no whole picture; he is told at once, and nothing is kept."""

    tablet: int
    pick: int
    picture: int

    def happen(self, world: World) -> str:
        """Try to attach it."""

        def call(client: FieldClient) -> str:
            thing = world.things.choose(self.pick, held_by(client, _KINDS))
            data = pictures()[self.picture].data
            return client.attach(thing.id, data[: len(data) // 2]).id if thing else "nothing there"

        return world.try_on(world.tablet(self.tablet), None, call)


@dataclass(frozen=True, slots=True)
class SendPhotos(Sync):
    """
    A tablet sends its photos; the rest is as in ``Sync``.

    Attributes:
        aim: At the first request for what *office* befalls the server, and *troubles* begin.
        network: What the tablet is connected by.
        now: Everything, whatever the policy says.
        first: The tablet syncs before.
        troubles: What becomes of the depot's verbs from then on; see ``DepotTroubles``.
    """

    aim: str = ""
    network: Network | None = None
    now: bool = False
    first: bool = False
    troubles: tuple[str, ...] = ()

    #: What requests may be for.
    AIMS: ClassVar[tuple[str, ...]] = ("/plan", "/parts/", "/complete")

    def happen(self, world: World) -> str:
        """Let them meet."""
        if self.first:
            tablet = world.tablet(self.tablet)
            before, tablet.line.voyage = tablet.line.voyage, Voyage()
            world.try_on(tablet, None, lambda client: told(client.sync()))
            tablet.line.voyage = before
        return super(SendPhotos, self).happen(world)

    def voyage(self, beside: Callable[[], None] | None) -> Voyage:
        """Return what awaits its requests."""
        return Voyage(self.mishaps, self.office, beside, self.during, aim=self.aim, troubles=self.troubles)

    def meet(self, client: FieldClient, watch: Callable[[object], None] | None) -> str:
        """Send what may travel."""
        return told_of(client.send_photos(network=self.network, now=self.now, progress=watch))


def told_of(report: PhotoReport) -> str:
    """Return what a sending did, in a few words."""
    words = {"verified": report.verified, "waiting": report.waiting, "problems": len(report.problems)}
    words |= {"sent": report.bytes_sent, "again": report.bytes_resent, "retries": report.retries}
    return " ".join(f"{name} {value}" for name, value in words.items() if value) or "nothing to send"


@dataclass(frozen=True, slots=True)
class Tidy(Event):
    """Somebody tidies a tablet up, *days* after; the clock of everybody goes on."""

    tablet: int
    days: int = 0
    now: bool = False
    mishaps: tuple[str, ...] = ()
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Tidy it up."""
        world.pass_time(self.days * _DAY_MS)
        tablet = world.tablet(self.tablet)

        def call(client: FieldClient) -> str:
            done = client.tidy_photos(now=self.now)
            if done.files:
                world.trace.done("tidied")
            return f"{done.files} gone, {done.kept} kept"

        tablet.line.voyage = Voyage(self.mishaps)
        try:
            return world.try_on(tablet, self.harm, call)
        finally:
            tablet.line.voyage = Voyage()


@dataclass(frozen=True, slots=True)
class SetPolicy(Event):
    """Somebody decides what may travel over which network, and for how many days a file stays."""

    tablet: int
    copies: Way
    originals: Way
    days: int

    def happen(self, world: World) -> str:
        """Decide."""

        def call(client: FieldClient) -> str:
            client.photo_policy(
                copies=self.copies, originals=self.originals, originals_days=self.days, copies_days=self.days * 2
            )
            return ""

        return world.try_on(world.tablet(self.tablet), None, call)


@dataclass(frozen=True, slots=True)
class DepotTroubles(Event):
    """The depot does not do all of its next verbs, or does one and says that it did not."""

    troubles: tuple[str, ...]

    def happen(self, world: World) -> str:
        """Let it be so."""
        world.server.depot.troubles = list(self.troubles)
        world.trace.harm["depot trouble"] += sum(trouble != "fine" for trouble in self.troubles)
        return ""


@dataclass(frozen=True, slots=True)
class DepotLoses(Event):
    """Something in the depot goes or changes by somebody's hand: a part, or a whole file; the office is not told."""

    pick: int
    how: Literal["part", "spoil", "whole"]

    def happen(self, world: World) -> str:
        """Let it go."""
        lain = world.server.depot.lain
        kind = "/photos/" if self.how == "whole" else "/parts/"
        found = sorted(key for key in lain if kind in key)
        if not found:
            return "nothing there"
        key = found[self.pick % len(found)]
        data, put_ms = lain.pop(key)
        world.server.changes += 1
        if self.how == "spoil":
            lain[key] = bytes([data[0] ^ 1]) + data[1:], put_ms
        if self.how == "whole":
            world.oracle.photos.vanished.add(key.rpartition("/")[2])
        world.trace.done("depot spoilt" if self.how == "spoil" else "depot lost")
        return self.how


@dataclass(frozen=True, slots=True)
class Collect(Event):
    """What is nobody's photo any more is collected, *days* after."""

    days: int = 0
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Collect it."""
        world.pass_time(self.days * _DAY_MS)

        def call() -> str:
            try:
                done = collect_photos(world.server.store, world.server.depot, DISTRICT, world.now_ms)
            except DepotTrouble:
                return "the depot is in trouble"
            if done.keys:
                world.trace.done("collected")
            told = (len(done.never_came), len(done.let_go), len(done.returned), len(done.keys))
            return "never came {}, let go {}, returned {}, {} keys".format(*told)

        return world.killed_meanwhile(self.harm, call)


@dataclass(frozen=True, slots=True)
class Retain(Event):
    """The retention policy is carried out, *days* after."""

    originals_days: int
    photos_days: int
    days: int = 0
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Carry it out."""
        world.pass_time(self.days * _DAY_MS)
        policy = Policy(self.originals_days, self.photos_days)

        def call() -> str:
            try:
                done = retain_photos(world.server.store, world.server.depot, DISTRICT, policy, world.now_ms)
            except DepotTrouble:
                return "the depot is in trouble"
            if done.originals or done.photos:
                world.trace.done("expired")
            return f"{len(done.originals)} originals, {len(done.photos)} photos, {len(done.protected)} protected"

        return world.killed_meanwhile(self.harm, call)
