"""
A town for stories: the real server in this process, and real tablets that walk about in it.

Everybody, the server too, goes by one clock that the story sets, so that nothing is corrected unless
a story means it to be: then it puts one tablet's clock wrong.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from schemas import wire
from schemas.ids import derived_id
from schemas.packing import unpack
from schemas.roles import Role
from server.storage.conflicts import Conflict
from server.storage.people import Account
from server.storage.tables import GrantRow, PersonRow
from server.usecases.enrol_device import offer_code
from sync_client.calls import TooLarge
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.retry import Patience
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from sync_client.transport import Request, Response, Transport
from tests.server.office import DISTRICT, PEOPLE, Office, open_office, person_id

#: Enough for any weather a story makes up; nobody really waits.
PATIENT = Patience(attempts=30)
#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000


class Gate:
    """
    What a tablet's requests pass first.

    Attributes:
        narrow: Only one change goes through at a time.
        passed: Every change that ever went through, byte for byte.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.narrow = False
        self.passed: set[bytes] = set()

    def send(self, request: Request) -> Response:
        """Carry *request* on, unless it brings more than one change, or one group of them."""
        if request.path != "/v1/sync":
            return self._inner.send(request)
        changes = _changes(request)
        if self.narrow and len(changes) > 1:
            raise TooLarge
        self.passed.update(raw for group in changes.values() for raw in group)
        return self._inner.send(request)


def _changes(request: Request) -> dict[str, list[bytes]]:
    """Return the changes a sync brings, those of one group together."""
    body = unpack(request.body, request.headers.get("Content-Encoding"), wire.MAX_BODY_INFLATED)
    found: dict[str, list[bytes]] = {}
    for raw in wire.decode_request(body).mutations:
        mutation = wire.decode_json(raw)
        found.setdefault(str(mutation.get("group", mutation["n"])), []).append(bytes(raw))
    return found


@dataclass
class Town:
    """
    An office, and the tablets that were enrolled at it.

    ``now_ms`` is what every clock shows; ``wrong_ms`` by how much a tablet's runs ahead of it.
    """

    url: str
    folder: Path
    now_ms: int = MORNING
    tablets: dict[str, FieldClient] = field(default_factory=dict)
    networks: dict[str, FlakyTransport] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    wrong_ms: dict[str, int] = field(default_factory=dict)
    hired: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.office: Office = open_office(self.url, lambda: self.now_ms)

    def tablet(self, name: str, *, seed: int = 0) -> FieldClient:
        """
        Return the tablet of somebody, enrolled; the same each time.

        Args:
            name: One of ``PEOPLE`` or whoever was hired; ``li/2`` is Li's second tablet.
        """
        if name not in self.tablets:
            network = FlakyTransport(InProcessTransport(self.office.app), seed, FINE)
            gate = Gate(network)
            tablet = FieldClient(
                self.folder / f"{name.replace('/', '-')}.db",
                gate,
                clock=lambda: self.now_ms + self.wrong_ms.get(name, 0),
                randomness=random.Random(name).randbytes,
                sleep=lambda _: None,
                patience=PATIENT,
            )
            person = name.partition("/")[0]
            account = Account(person_id(person), self.called(person))
            code = offer_code(self.office.store, DISTRICT, account, self.now_ms)
            tablet.enrol(code, device_name=f"{name}的平板")
            self.tablets[name], self.networks[name], self.gates[name] = tablet, network, gate
        return self.tablets[name]

    def hire(self, name: str, zh: str, role: Role, *areas: str, unit: str | None = None) -> None:
        """Let somebody new begin now, in one role in some areas, for a department perhaps."""
        person = {"district": DISTRICT, "id": person_id(name), "name": zh, "title": "", "unit": ""}
        with self.office.store.engine.begin() as connection:
            connection.execute(insert(PersonRow), person)
        self.hired[name] = zh
        for area in areas:
            self.post(name, role, area, unit)

    def post(self, name: str, role: Role, area: str, unit: str | None = None) -> None:
        """Give somebody a role in an area, from now on, for a department perhaps."""
        grant = {"id": derived_id("grant", name, area), "person": person_id(name), "role": role.value, "area": area}
        held = {"district": DISTRICT, "from_ms": self.now_ms, "to_ms": None, "unit": unit}
        with self.office.store.engine.begin() as connection:
            connection.execute(insert(GrantRow), held | grant)

    def called(self, name: str) -> str:
        """Return the name people call somebody by."""
        return self.hired[name] if name in self.hired else PEOPLE[name][0]

    def pass_time(self, seconds: float) -> None:
        """Let every tablet's clock go on."""
        self.now_ms += int(seconds * 1000)

    def sync(self, *names: str, weather: Weather = FINE, narrow: bool = False) -> None:
        """Let tablets meet the server one after the other, through *weather*, one change at a time if *narrow*."""
        for name in names:
            self.networks[name].weather, self.gates[name].narrow = weather, narrow
            try:
                self.tablets[name].sync()
            except SyncError:
                if weather is FINE:
                    raise
            finally:
                self.networks[name].weather, self.gates[name].narrow = FINE, False

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
    try:
        yield town
    finally:
        town.close()
        town.office.store.engine.dispose()


def same_bytes(fields: dict[str, Any]) -> bytes:
    """Return fields in the one way of writing them down."""
    return wire.canonical(fields)
