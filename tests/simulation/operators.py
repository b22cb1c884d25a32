"""
What an operator does 运维操作: people come, move and are stopped; the server is backed up, and put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from schemas.mutations import SettlingChoice
from schemas.roles import Role
from server.core import readmission
from server.core.desk import settling
from server.storage.conflicts import Conflict
from server.usecases.begin_epoch import begin_epoch
from server.usecases.build_snapshots import build_snapshots
from server.usecases.forget_departures import forget_departures
from server.usecases.manage_people import end_grants, grant_role, stop_person
from server.usecases.move_records import Asked, move_records
from server.usecases.note_contacts import flush_contacts
from server.usecases.readmit import readmit
from server.usecases.settle_conflict import settle_conflict
from server.values import Grant
from sync_client.client import FieldClient
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, person_id
from tests.simulation import files
from tests.simulation.actors import Event
from tests.simulation.drivers import Harm
from tests.simulation.server import EVERYBODY
from tests.simulation.world import World

PLACES = (GRID_7, GRID_8, ELSEWHERE)


@dataclass(frozen=True, slots=True)
class MovePerson(Event):
    """Somebody's work ends where it was and begins elsewhere."""

    person: str
    to: str

    def happen(self, world: World) -> str:
        """Move him."""
        store, who = world.server.store, person_id(self.person)
        role = EVERYBODY[self.person][1]
        end_grants(store, DISTRICT, who, None, None, world.now_ms, world.now_ms)
        grant_role(store, DISTRICT, who, Grant(role, self.to, world.now_ms, None), world.now_ms)
        world.server.changes += 1
        world.trace.done("moved person")
        return ""


@dataclass(frozen=True, slots=True)
class Promote(Event):
    """Somebody gets a further role in his area."""

    person: str
    role: str
    area: str

    def happen(self, world: World) -> str:
        """Give it to him."""
        grant = Grant(Role(self.role), self.area, world.now_ms, None)
        grant_role(world.server.store, DISTRICT, person_id(self.person), grant, world.now_ms)
        world.server.changes += 1
        world.trace.done("roles")
        return ""


@dataclass(frozen=True, slots=True)
class StopPerson(Event):
    """An account is stopped."""

    person: str

    def happen(self, world: World) -> str:
        """Stop it."""
        stop_person(world.server.store, DISTRICT, person_id(self.person), world.now_ms)
        world.server.changes += 1
        world.trace.done("stopped person")
        return ""


@dataclass(frozen=True, slots=True)
class Admit(Event):
    """A further person is admitted to a tablet."""

    tablet: int
    person: str

    def happen(self, world: World) -> str:
        """Admit him, if the server is willing."""
        tablet = world.tablet(self.tablet)
        return world.try_on(tablet, None, lambda _client: world.admit(tablet, self.person))


@dataclass(frozen=True, slots=True)
class Backup(Event):
    """The server is backed up, and the depot."""

    def happen(self, world: World) -> str:
        """Keep a copy of its file and of what lies in the depot."""
        world.backups.append((world.server.image(), world.server.depot.image()))
        return f"the {len(world.backups)}."


@dataclass(frozen=True, slots=True)
class Restore(Event):
    """The server is put back to a backup; a new epoch begins. ``depot``: the depot is put back, too."""

    pick: int
    depot: bool = False

    def happen(self, world: World) -> str:
        """Put it back."""
        if not world.backups:
            return "no backup"
        at = self.pick % len(world.backups)
        image, lain = world.backups[at]
        world.server.put_back(image)
        if self.depot:
            before = set(world.server.depot.wholes())
            world.server.depot.put_back(lain)
            world.oracle.photos.set_back |= before - set(world.server.depot.wholes())
        begin_epoch(world.server.store, DISTRICT, "restored", world.now_ms)
        world.commits_lost()
        note_missing(world)
        world.trace.done("restored")
        return f"to the {at + 1}."


def note_missing(world: World) -> None:
    """Expect nothing of the photos that the rows of a day speak of, and that have gone since."""
    wholes = world.server.depot.wholes()
    rows = world.oracle.office.photos.values()
    world.oracle.photos.vanished |= {row.sha256 for row in rows if row.state == "verified"} - wholes.keys()
    world.oracle.photos.states.clear()


@dataclass(frozen=True, slots=True)
class Replicate(Event):
    """The standby hears of everything until now."""

    def happen(self, world: World) -> str:
        """Copy the server's file to it."""
        world.standby = world.server.image()
        return ""


@dataclass(frozen=True, slots=True)
class Failover(Event):
    """The server is lost; its standby takes over, without what it had not heard of. ``told``: an operator says so."""

    told: bool = False

    def happen(self, world: World) -> str:
        """Let the standby take over."""
        if world.standby is None:
            return "no standby"
        world.server.put_back(world.standby)
        world.oracle.lost_silently = (world.oracle.office.epoch, world.now_ms)
        if self.told:
            begin_epoch(world.server.store, DISTRICT, "restored", world.now_ms)
        world.commits_lost()
        note_missing(world)
        world.trace.done("failover")
        return ""


@dataclass(frozen=True, slots=True)
class MoveRecords(Event):
    """A record, or with ``whole`` everything open in a grid, is moved elsewhere."""

    pick: int
    to: str
    whole: bool = False

    def happen(self, world: World) -> str:
        """Move it."""
        if self.whole:
            return world.at_the_office(lambda: self._move(world, Asked(self.to, whole=PLACES[self.pick % 3])))
        thing = world.things.choose(self.pick, world.oracle.office.records)
        if thing is None:
            return "nothing there"
        return world.at_the_office(lambda: f"{thing.name} {self._move(world, Asked(self.to, (thing.id,)))}")

    @staticmethod
    def _move(world: World, asked: Asked) -> str:
        told = move_records(world.server.store, DISTRICT, asked, world.now_ms)
        moved = sum(one.fate == "moved" for one in told)
        if moved:
            world.trace.done("moved records")
        return f"{moved} moved"


@dataclass(frozen=True, slots=True)
class Revoke(Event):
    """A tablet is reported as lost, and stopped."""

    tablet: int

    def happen(self, world: World) -> str:
        """Stop it."""
        device = files.read_tablet(world.tablet(self.tablet).path).device or ""
        with world.server.store.work(DISTRICT) as work:
            work.enrolment.revoke(device, world.now_ms)
            work.commit()
        world.server.changes += 1
        world.trace.done("revoked")
        return ""


@dataclass(frozen=True, slots=True)
class Readmit(Event):
    """A clerk lets in what was refused."""

    pick: int
    clerk: str

    def happen(self, world: World) -> str:
        """Let it in."""
        waiting = [row for row in world.oracle.office.quarantine if row.settled is None]
        if not waiting:
            return "nothing was refused"
        row = waiting[self.pick % len(waiting)]
        return world.at_the_office(lambda: f"{row.code}: {self._let_in(world, row.id)}")

    def _let_in(self, world: World, refused: str) -> str:
        desk = world.desk(self.clerk)
        asked = readmission.Asked(place_was_his=self.pick % 2 == 0, reason="核实无误")
        done = readmit(world.server.store, desk, refused, None, asked, world.now_ms)
        world.trace.done("readmitted")
        return " ".join(f"{item.result} {item.outcome or ''}".strip() for item in done.items)


@dataclass(frozen=True, slots=True)
class Settle(Event):
    """A clerk settles a dispute, in one of the ways that its kind offers."""

    pick: int
    clerk: str

    #: By kind of dispute: what is tried, as ``pick`` has it.
    WAYS: ClassVar[Mapping[str, tuple[SettlingChoice, ...]]] = {
        "person": ("choose", "choose", "keep"),
        "suggestion": ("accept", "keep"),
        "duplicate": ("distinct", "merge"),
        "notice": ("seen",),
        "decided": ("reopen",),
    }

    def happen(self, world: World) -> str:
        """Settle it, if it can be settled so."""
        with world.server.store.work(DISTRICT, writing=False) as work:
            disputes = sorted(work.conflicts.open(), key=lambda one: (one.feed, one.version, one.kind, one.opened_ms))
        if not disputes:
            return "no dispute"
        dispute = disputes[self.pick % len(disputes)]
        ways = self.WAYS.get(dispute.kind, ("keep",))
        choice = ways[self.pick // 7 % len(ways)]
        return world.at_the_office(lambda: f"{dispute.kind} {choice}: {self._settle(world, dispute, choice)}")

    def _settle(self, world: World, dispute: Conflict, choice: SettlingChoice) -> str:
        candidate = self.pick % 2 if choice == "choose" else None
        into = dispute.record if choice == "merge" else None
        asked = settling.Asked(choice, candidate, into=into, reason="现场核实")
        done = settle_conflict(world.server.store, world.desk(self.clerk), dispute.id, None, asked, world.now_ms)
        world.trace.done("settled")
        return done.outcome


@dataclass(frozen=True, slots=True)
class Housekeeping(Event):
    """The daily jobs run: contacts are written down, what is too old is forgotten, snapshots are made."""

    keep_days: int

    def happen(self, world: World) -> str:
        """Run them."""
        store = world.server.store
        flush_contacts(store)
        forgotten = forget_departures(store, world.now_ms, self.keep_days)
        made = build_snapshots(store, world.now_ms, anyway=True)
        world.server.changes += 1
        return f"{forgotten} forgotten, {len(made)} snapshots"


@dataclass(frozen=True, slots=True)
class BuildSnapshots(Event):
    """Snapshots are made of the feeds that have grown; ``anyway``: of the others, too."""

    anyway: bool
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Make them."""

        def call() -> str:
            built = build_snapshots(world.server.store, world.now_ms, anyway=self.anyway)
            return " ".join(f"{one.feed}@{one.version & 0xFFFFF}:{one.records}" for one in built) or "nothing has grown"

        return world.killed_meanwhile(self.harm, call)


@dataclass(frozen=True, slots=True)
class HandOut(Event):
    """Somebody gets one more tablet, on which there is nothing yet."""

    person: str

    def happen(self, world: World) -> str:
        """Give it to him."""
        world.trace.done("new tablet")
        return world.hand_out(self.person)


@dataclass(frozen=True, slots=True)
class Verify(Event):
    """Somebody lets a tablet prove itself equal to the server."""

    tablet: int

    def happen(self, world: World) -> str:
        """Prove it."""

        def call(client: FieldClient) -> str:
            found = client.verify()
            return " ".join(f"{one.feed}:{one.records}{'' if one.proven else '?'}" for one in found.feeds)

        return world.try_on(world.tablet(self.tablet), None, call)
