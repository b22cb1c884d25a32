"""Tablets to tell stories with: a clock one can set, dice that fall the same way, no real waiting."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.testing import InProcessTransport
from sync_client.transport import Transport
from tests.sync_client.office import TinyOffice

GRID_7 = "210902005003007"
GRID_8 = "210902005003008"
NOON = 1_594_800_000_000
LI = "00000000-0000-7000-8000-00000000001a"
WANG = "00000000-0000-7000-8000-00000000001b"


@dataclass
class Wall:
    """A clock on the wall, in milliseconds; it moves only when told to."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass; a negative number sets the clock back."""
        self.now += int(seconds * 1000)


@dataclass
class Workshop:
    """Makes tablets that meet one office."""

    folder: Path
    office: TinyOffice = field(default_factory=TinyOffice)
    wall: Wall = field(default_factory=Wall)
    waited: list[float] = field(default_factory=list)
    made: list[FieldClient] = field(default_factory=list)

    def tablet(
        self,
        name: str,
        person: str = LI,
        transport: Transport | None = None,
        *,
        enrolled: bool = True,
        clock: Callable[[], int] | None = None,
        page_records: int = 2_000,
    ) -> FieldClient:
        """Open the tablet called *name*; enrol it where it is new."""
        made = FieldClient(
            self.folder / f"{name}.db",
            transport or InProcessTransport(self.office),
            clock=clock or self.wall,
            randomness=random.Random(name).randbytes if not self._exists(name) else _fresh(name, len(self.made)),
            sleep=self.waited.append,
            page_records=page_records,
        )
        self.made.append(made)
        if enrolled and not made.status().enrolled:
            made.enrol(self.office.invite(f"code-{name}-{person}", person, name), device_name=name)
        return made

    def _exists(self, name: str) -> bool:
        return (self.folder / f"{name}.db").exists()

    def close(self) -> None:
        """Close every tablet."""
        for made in self.made:
            made.close()


def _fresh(name: str, count: int) -> Callable[[int], bytes]:
    return random.Random(f"{name} {count}").randbytes


def shop(tablet: FieldClient, name: str = "老王修车", grid: str = GRID_7) -> str:
    """Record a shop and return its id."""
    return tablet.create("shop", grid=grid, name=name, category="repair").id
