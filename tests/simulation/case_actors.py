"""
What people do with cases 办问题: whatever is open to them by all their tablets know.
"""

from dataclasses import dataclass

from schemas.moments import day_of, instant
from sync_client.casework import NextAct
from sync_client.client import FieldClient
from sync_client.values import Record
from tests.simulation.actors import Event, Fields, case, held_by, home, photo
from tests.simulation.drivers import Harm
from tests.simulation.tablets import Tablet
from tests.simulation.world import World

_HOUR_MS = 3_600_000
#: Through so many hands a case goes at once.
_HANDS = 6


@dataclass(frozen=True, slots=True)
class CarryOn(Event):
    """
    People do with a case what is open to them by all their tablets know, with everything that takes.

    Every second time it goes from hand to hand: whoever acts hands it in, and the next one hears of it first.
    """

    tablet: int
    pick: int
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Take one act, or as many as are open to somebody, at most six."""
        if self.serial % 2:
            return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._act(world, client, 0))
        hands = [world.tablet(self.tablet + place) for place in range(min(_HANDS, 2 * len(world.tablets)))]
        done = [self._pass_on(world, tablet, place) for place, tablet in enumerate(hands)]
        return ", ".join(done)

    def _pass_on(self, world: World, tablet: Tablet, place: int) -> str:
        def call(client: FieldClient) -> str:
            client.sync()
            if place == 0 and not held_by(client, ["case"]):
                world.things.call(client.create("case", grid=home(client, self.pick), set=case(self.serial, self.pick)))
            done = [self._act(world, client, place + turn) for turn in range(2)]
            client.sync()
            return ", ".join(done)

        return world.try_on(tablet, self.harm if place == 0 else None, call)

    def _act(self, world: World, client: FieldClient, turn: int) -> str:
        ready = {one: self._open(client, one) for one in held_by(client, ["case"])}
        thing = world.things.choose(self.pick, [one for one, acts in ready.items() if acts])
        if thing is None:
            return "nothing to do"
        acts = ready[thing.id]
        act = acts[(self.serial + turn) % len(acts)]
        evidence = []
        if act.evidence:
            proof = photo(self.serial) | {"role": "after", "taken_at": instant(client.read(thing.id).at[0])}
            client.edit(thing.id, add={"photos": [proof]})
            evidence = [proof["sha256"]]
        client.act(thing.id, act.name, f"理由{self.serial}", evidence, **self._details(act, client.read(thing.id)))
        return f"{thing.name} {act.name}"

    def _open(self, client: FieldClient, case_id: str) -> list[NextAct]:
        """Return what is open to whoever works now; what leads on comes first to mind."""
        ready = [act for act in client.next_acts(case_id) if act.ready and act.name not in ("refuse", "merge")]
        leading = [act for act in ready if act.target]
        return leading if leading and self.serial % 3 else ready

    def _details(self, act: NextAct, record: Record) -> Fields:
        moment = record.at[0] + self.serial % 40 * _HOUR_MS
        answers: Fields = {
            "lead": (record.grid, record.grid[:9], record.grid, "dept_urban")[self.serial // 2 % 4],
            "assist": ["dept_housing"],
            "measure": f"清理{self.serial}", "until": instant(moment), "due_at": instant(moment),
            "found": self.serial % 5,
            "review_on": day_of(moment + 20 * 24 * _HOUR_MS), "code": "partly", "no_fix_reason": "indoors",
        }  # fmt: skip
        return {one.name: answers[one.name] for one in act.asks if one.required or (
            one.name in answers and self.serial % 2)}  # fmt: skip
