"""
A small district for the server's tests: its people, and devices that speak the wire by hand.

The devices here have no store of their own: they number mutations, send what they are told to, and
remember cursors. What they send can be as wrong as a test needs.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import Flask
from sqlalchemy import Engine, insert, select, update

from schemas import wire
from schemas.ids import derived_id
from schemas.roles import Role
from schemas.wire import Outcome
from server.app import create_app, wall_ms
from server.settings import Settings
from server.storage import migrate
from server.storage.conflicts import Conflict
from server.storage.depot import Depot
from server.storage.depot.memory import MemoryDepot
from server.storage.quarantine_tables import quarantine
from server.storage.store import Store
from server.storage.tables import AdmittedRow, Deployment, DeviceRow, GrantRow, PersonRow, history
from server.values import Record
from tests.templates import begin_with

DISTRICT = "210902"
STREET = "210902005"
COMMUNITY = "210902005003"
GRID_7 = "210902005003007"
GRID_8 = "210902005003008"
ELSEWHERE = "210902006001001"

PEOPLE = {
    "li": ("李明", Role.GRID_WORKER, GRID_7),
    "wang": ("王芳", Role.GRID_WORKER, GRID_7),
    "sun": ("孙强", Role.GRID_WORKER, GRID_8),
    "feng": ("冯刚", Role.GRID_LEADER, GRID_7),
    "zhao": ("赵敏", Role.COMMUNITY, COMMUNITY),
    "qian": ("钱伟", Role.STREET, STREET),
    "chen": ("陈红", Role.DISTRICT_OFFICE, DISTRICT),
    "dong": ("董军", Role.DEPARTMENT, DISTRICT),
    "zhou": ("周涛", Role.INSPECTOR, DISTRICT),
    "lu": ("陆明", Role.LEADING_GROUP, DISTRICT),
    "wu": ("吴静", Role.OPS, DISTRICT),
}


def person_id(name: str) -> str:
    """Return the id of one of ``PEOPLE``."""
    return derived_id("test-person", name)


@dataclass
class Office:
    """A migrated, furnished server in this process."""

    app: Flask
    store: Store

    @property
    def depot(self) -> Depot:
        """Where its photos lie."""
        found: Depot = self.app.extensions["gridward.depot"]
        return found

    def device(self, *names: str) -> "RawDevice":
        """Return a new device that speaks for the people called *names*."""
        number = len(self._devices)
        device = derived_id("test-device", str(number), *names)
        # As long as a real one: the bytes of an idle sync are counted.
        token = f"{DISTRICT}.{f'token-{number}':_<32}"
        with self.store.engine.begin() as connection:
            hashed = hashlib.sha256(token.encode()).digest()
            row = {"district": DISTRICT, "id": device, "name": f"平板{number}", "token_hash": hashed, "enrolled_ms": 0}
            connection.execute(insert(DeviceRow), row)
            for name in names:
                admitted = {"district": DISTRICT, "device": device, "person": person_id(name), "since_ms": 0}
                connection.execute(insert(AdmittedRow), admitted)
        made = RawDevice(self, device, token, names[0])
        self._devices.append(made)
        return made

    def record(self, id_: str) -> Record | None:
        """Return a record as the server holds it."""
        with self.store.work(DISTRICT, writing=False) as work:
            return work.records.get([id_]).get(id_)

    def conflicts(self) -> list[Conflict]:
        """Return what waits for a person."""
        with self.store.work(DISTRICT, writing=False) as work:
            return work.conflicts.open()

    def refused(self, device: str) -> list[tuple[int, str, bytes]]:
        """Return what of a device's lies in quarantine: number, code and payload, by number."""
        q = quarantine.c
        rows = select(q.n, q.code, q.payload).where(q.device == device).order_by(q.n, q.code)
        with self.store.engine.connect() as connection:
            return [(n, code, bytes(payload)) for n, code, payload in connection.execute(rows)]

    def taken(self, device: str) -> list[tuple[str, int, bytes]]:
        """Return what of a device's stands in the history: install, number and payload, by version."""
        h = history.c
        rows = select(h.install, h.n, h.payload).where(h.device == device, h.n > 0).order_by(h.feed, h.version)
        with self.store.engine.connect() as connection:
            return [(install, n, payload.encode()) for install, n, payload in connection.execute(rows)]

    def stop(self, name: str, at_ms: int = 1) -> None:
        """Stop somebody's account."""
        self._change(PersonRow, PersonRow.id == person_id(name), stopped_ms=at_ms)

    def end_grants(self, name: str, at_ms: int) -> None:
        """Let everything somebody holds end at a moment."""
        self._change(GrantRow, GrantRow.person == person_id(name), to_ms=at_ms)

    def posted(self, name: str, area: str) -> None:
        """Let somebody hold elsewhere what he holds."""
        self._change(GrantRow, GrantRow.person == person_id(name), area=area)

    def revoke(self, device: "RawDevice") -> None:
        """Take a device's right to speak away."""
        self._change(DeviceRow, DeviceRow.id == device.id, revoked_ms=1)

    def _change(self, table: Any, which: Any, **values: Any) -> None:
        with self.store.engine.begin() as connection:
            connection.execute(update(table).where(which).values(**values))

    _devices: list["RawDevice"] = field(default_factory=list)


def open_office(url: str, clock: Callable[[], int] = wall_ms, depot: Depot | None = None) -> Office:
    """Return an office over the empty database at *url*, with ``PEOPLE`` in it; its photos lie in memory at first."""
    begin_with(_furnish, url)
    app = create_app(Settings(url), clock, depot or MemoryDepot(clock))
    return Office(app, app.extensions["gridward"])


def _furnish(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(
            insert(Deployment), {"district": DISTRICT, "epoch": "first", "cursor_key": b"k" * 32, "name": "海州区"}
        )
        for name, (zh, role, area) in PEOPLE.items():
            person = {"district": DISTRICT, "id": person_id(name), "name": zh, "title": "", "unit": ""}
            connection.execute(insert(PersonRow), person)
            grant = {"id": derived_id("grant", name), "person": person_id(name), "role": role.value, "area": area}
            connection.execute(insert(GrantRow), {"district": DISTRICT, "from_ms": 0, "to_ms": None, **grant})


@dataclass
class RawDevice:
    """A device that sends exactly what it is told to."""

    office: Office
    id: str
    token: str
    who: str
    install: str = "first"
    n: int = 0
    clock_ms: int = 1_000
    cursors: dict[str, str] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)

    def mutation(self, op: str, type_: str, id_: str, **parts: Any) -> bytes:
        """Return the next mutation, signed by this device's person, stamped a second after the last."""
        self.n += 1
        self.clock_ms += 1_000
        body = {"n": self.n, "op": op, "type": type_, "id": id_, "grid": GRID_7, "at": [self.clock_ms, 0]}
        body |= {"by": person_id(self.who)}
        raw = msgspec.json.encode(body | parts)
        self.sent.append(raw)
        return raw

    def post(self, body: Any, **headers: str) -> Any:
        """Post *body* (an object, or bytes as they are) to the sync and return the raw response."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | headers
        return self.office.app.test_client().post("/v1/sync", data=data, headers=told)

    def push(self, *mutations: bytes, **parts: Any) -> list[Outcome]:
        """Send *mutations* and pull; return one outcome each, in the order of their numbers."""
        body = {"protocol": 1, "install": self.install, "cursors": self.cursors, **parts}
        response = self.post(_with_mutations(body, mutations))
        assert response.status_code == 200, response.get_data(as_text=True)
        answer = wire.decode_response(response.data)
        self._show(answer)
        while any(page.more for page in answer.feeds.values()):
            response = self.post({"protocol": 1, "install": self.install, "cursors": self.cursors, **parts})
            answer_more = wire.decode_response(response.data)
            self._show(answer_more)
            answer.feeds = answer_more.feeds
        return list(wire.each(answer.outcomes))

    def pull(self) -> dict[str, dict[str, Any]]:
        """Pull and return every record this device shows, fields by id."""
        self.push()
        return self.shown

    def _show(self, answer: wire.SyncResponse) -> None:
        for feed, page in answer.feeds.items():
            self.cursors[feed] = page.cursor
            for raw in page.records:
                record = msgspec.json.decode(raw)
                self.shown[record["id"]] = record


def _with_mutations(body: dict[str, Any], mutations: Iterable[bytes]) -> bytes:
    return msgspec.json.encode(body | {"mutations": [msgspec.Raw(raw) for raw in mutations]})
