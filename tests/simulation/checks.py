"""
What people find 检查: checks of shops, and the cases that follow from what they found.

A case that follows from a check is made by nobody: the tablet shows it at once, the office opens it, and both
must call it by the same id.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sync_client.client import FieldClient
from sync_client.values import Record
from tests.simulation.actors import Event, held_by, home, photo
from tests.simulation.actors import shop as new_shop
from tests.simulation.drivers import Harm
from tests.simulation.world import World

_CLEAN = {
    **dict.fromkeys(("H1", "H2", "H3", "H4", "G1", "G2", "G4", "O2", "O3", "O4", "O5", "O6"), 0),
    **dict.fromkeys(("H5", "G3", "O1"), False),
}
#: What is found: nothing, nothing worth a case, and what opens one case, another, and both.
_FOUND: tuple[dict[str, Any], ...] = ({}, {"H1": 2}, {"H4": 0.5}, {"G3": True}, {"H4": 2, "G3": True, "H1": 5})


def items(pick: int) -> dict[str, Any]:
    """Return what was found, item by item."""
    return _CLEAN | _FOUND[pick % len(_FOUND)]


@dataclass(frozen=True, slots=True)
class CheckShop(Event):
    """Somebody checks a shop that his tablet shows; where it shows none, he registers it with its check."""

    tablet: int
    pick: int
    serial: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Check it."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._check(world, client))

    def _check(self, world: World, client: FieldClient) -> str:
        known = world.things.choose(self.pick, held_by(client, ["shop"]))
        with client.group() if known is None else nullcontext():
            found = client.read(known.id) if known else self._registered(client)
            made = self._made(client, found)
        shop = world.things.call(found)
        return f"{world.things.call(made).name} of {shop.name}: {named(world, client)} opened"

    def _registered(self, client: FieldClient) -> Record:
        return client.create("shop", grid=home(client, self.pick), set=new_shop(self.serial, self.pick))

    def _made(self, client: FieldClient, shop: Record) -> Record:
        said = {
            "inspector_id": next((one.id for one in client.people() if one.current), ""),
            "inspector_role": "grid_worker",
            "target_id": shop.id,
            "mode": "routine",
            "observed_at": f"2020-07-18T0{self.serial % 10}:15:30+08:00",
            "no_fix_reason": "indoors",
            "form_version": "shop-1",
            "has_green": True,
            "items": items(self.pick),
        }
        add = {"photos": [photo(self.serial)]} if self.pick % 3 else {}
        return client.create("shop_check", grid=shop.grid, set=said, add=add)


@dataclass(frozen=True, slots=True)
class Correct(Event):
    """Somebody corrects what a check found, or with ``void`` takes all of it back."""

    tablet: int
    pick: int
    serial: int
    void: bool = False
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Correct it."""
        return world.try_on(world.tablet(self.tablet), self.harm, lambda client: self._correct(world, client))

    def _correct(self, world: World, client: FieldClient) -> str:
        check = world.things.choose(self.pick, held_by(client, ["shop_check"]))
        if check is None:
            return "nothing there"
        if self.void:
            client.void(check.id, f"误录{self.serial}")
        else:
            client.edit(check.id, set={"items": items(self.serial)})
        return f"{check.name}: {named(world, client)} opened"


def named(world: World, client: FieldClient) -> int:
    """Give every case on a tablet a name that has none, so that people work on it; return how many those were."""
    before = len(world.things.known)
    for case in client.find("case", limit=500):
        world.things.call(case)
    return len(world.things.known) - before
