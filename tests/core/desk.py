"""An office desk without a database: pushes are taken in and numbered as the server does, on a shelf of records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schemas import wire
from schemas.ids import derived_id
from schemas.problems import Refusal
from schemas.roles import Role
from server.core.acts import Timekeeper
from server.core.arrived import Arrived
from server.core.intake import Intake
from server.core.taken import Taken
from server.usecases.receive_mutations import Push, read_all
from server.values import Grant, Person, Record
from tests.core.trees import written

GRID_7 = "210902005003007"
STREET = "210902005"
DISTRICT = "210902"
#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000
HOUR = 3_600_000
SHOP = derived_id("desk", "shop")
CASE = derived_id("desk", "case")
CHECK = derived_id("desk", "check")


def person(name: str, *grants: Grant, stopped_ms: int | None = None) -> Person:
    """Return somebody; his id follows from his name."""
    return Person(derived_id("person", name), name, grants, stopped_ms)


def always(role: Role, area: str) -> Grant:
    """Return a grant that holds at any time."""
    return Grant(role, area, 0, None)


LI = person("li", always(Role.GRID_WORKER, GRID_7))
WANG = person("wang", always(Role.GRID_WORKER, GRID_7))
QIAN = person("qian", always(Role.STREET, STREET))


@dataclass
class Shelf:
    """The records of the office."""

    records: dict[str, Record] = field(default_factory=dict)

    def get(self, record_id: str) -> Record | None:
        """Return a record, or None where there is none."""
        record = self.records.get(record_id)
        return None if record is None or record.gone else record

    def put(self, record: Record) -> None:
        """Keep a record."""
        self.records[record.id] = record


@dataclass
class Desk:
    """Takes in pushes, one by one."""

    now_ms: int = MORNING
    shelf: Shelf = field(default_factory=Shelf)
    numbers: int = 0
    ns: dict[str, int] = field(default_factory=dict)
    #: Returns who reckons the time allowed for what arrives at a moment.
    clocks: Callable[[int], Timekeeper] | None = None

    def mutation(self, who: Person, op: str, type_: str, id_: str, *, tablet: str = "", **parts: Any) -> bytes:
        """Return the next mutation of somebody's tablet, made just now."""
        tablet = tablet or who.name
        self.ns[tablet] = self.ns.get(tablet, 0) + 1
        body = {"n": self.ns[tablet], "op": op, "type": type_, "id": id_, "grid": GRID_7, "at": [self.now_ms, 0]}
        return wire.encode(body | {"by": who.id} | parts)

    def push(self, who: Person, *raws: bytes, tablet: str = "", upto: int | None = None) -> Intake:
        """Take in one push and number what was taken."""
        tablet = tablet or who.name
        self.now_ms += 1_000
        arrived = read_all(tablet, Push("first", raws, None, self.now_ms))
        last = max(one.n for one in arrived) if upto is None else upto
        times = self.clocks(self.now_ms) if self.clocks else None
        intake = Intake(tablet, {who.id: who}, self.shelf, self.now_ms, set(), upto=last, times=times)
        intake.take_all(arrived)
        self._number([*intake.taken, *intake.brought])
        return intake

    def do(self, who: Person, op: str, type_: str, id_: str, *, tablet: str = "", **parts: Any) -> str:
        """Push one mutation; return its outcome, or the code of the refusal."""
        intake = self.push(who, self.mutation(who, op, type_, id_, tablet=tablet, **parts), tablet=tablet)
        if intake.refused:
            return intake.refused[0][1].code
        return "held" if intake.waiting else intake.taken[0].outcome

    def fields(self, id_: str) -> dict[str, Any]:
        """Return a record's fields."""
        return self.shelf.records[id_].fields

    def version(self, id_: str) -> int:
        """Return the version that somebody who looks now sees."""
        return self.shelf.records[id_].version

    def _number(self, rows: list[Taken]) -> None:
        changed: dict[str, Record] = {}
        for row in rows:
            self.numbers += 1
            if row.changes:
                row.record.version = self.numbers
                row.record.born = row.record.born or self.numbers
                changed[row.record.id] = row.record
        for record in changed.values():
            self.shelf.put(written(record, record.version))


def codes(refused: list[tuple[Arrived, Refusal]]) -> dict[int, str]:
    """Return the code of each refusal, by number."""
    return {one.n: refusal.code for one, refusal in refused}
