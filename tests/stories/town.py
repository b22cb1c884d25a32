"""
A town for stories: the real server in this process, and real tablets that walk about in it.

Everybody, the server too, goes by one clock that the story sets, so that nothing is corrected unless
a story means it to be.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import wire
from server.storage.conflicts import Conflict
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.retry import Patience
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from tests.server.office import DISTRICT, PEOPLE, Office, open_office, person_id

#: Enough for any weather a story makes up; nobody really waits.
PATIENT = Patience(attempts=30)
#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000


@dataclass
class Town:
    """An office, and the tablets that were enrolled at it; ``now_ms`` is what every clock shows."""

    url: str
    folder: Path
    now_ms: int = MORNING
    tablets: dict[str, FieldClient] = field(default_factory=dict)
    networks: dict[str, FlakyTransport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.office: Office = open_office(self.url, lambda: self.now_ms)

    def tablet(self, name: str, *, seed: int = 0) -> FieldClient:
        """Return the tablet of one of ``PEOPLE``, enrolled; the same each time."""
        if name not in self.tablets:
            network = FlakyTransport(InProcessTransport(self.office.app), seed, FINE)
            tablet = FieldClient(
                self.folder / f"{name}.db",
                network,
                clock=lambda: self.now_ms,
                randomness=random.Random(name).randbytes,
                sleep=lambda _: None,
                patience=PATIENT,
            )
            account = Account(person_id(name), PEOPLE[name][0])
            code = offer_code(self.office.store, DISTRICT, account, self.now_ms)
            tablet.enrol(code, device_name=f"{name}的平板")
            self.tablets[name], self.networks[name] = tablet, network
        return self.tablets[name]

    def pass_time(self, seconds: float) -> None:
        """Let every tablet's clock go on."""
        self.now_ms += int(seconds * 1000)

    def sync(self, *names: str, weather: Weather = FINE) -> None:
        """Let tablets meet the server one after the other, through *weather*."""
        for name in names:
            self.networks[name].weather = weather
            try:
                self.tablets[name].sync()
            except SyncError:
                if weather is FINE:
                    raise
            finally:
                self.networks[name].weather = FINE

    def on_server(self, record: str) -> dict[str, Any]:
        """Return the fields of one record as the server holds them."""
        with self.office.store.work(DISTRICT, writing=False) as work:
            return work.records.get([record])[record].fields

    def disputes(self) -> list[Conflict]:
        """Return what waits for a person."""
        with self.office.store.work(DISTRICT, writing=False) as work:
            return work.conflicts.open()

    def close(self) -> None:
        """Close every tablet."""
        for tablet in self.tablets.values():
            tablet.close()


@contextmanager
def town_at(url: str, folder: Path) -> Iterator[Town]:
    """Open a town over the empty database at *url*, its tablets' files in *folder*."""
    town = Town(url, folder)
    yield town
    town.close()
    town.office.store.engine.dispose()


def same_bytes(fields: dict[str, Any]) -> bytes:
    """Return fields in the one way of writing them down."""
    return wire.canonical(fields)
