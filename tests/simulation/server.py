"""
The office's server 平台服务器: the real application over a real SQLite file, which may be killed at any statement.

One application serves all plays of a process, since making one takes longer than a play; between two
plays, and whenever it is killed, it loses its connections and everything it remembers.
"""

import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, insert

from schemas.ids import derived_id
from schemas.roles import Role
from server.app import create_app
from server.settings import Settings
from server.storage.people import Account
from server.storage.store import Store
from server.storage.tables import GrantRow, PersonRow
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from tests.server.office import DISTRICT, ELSEWHERE, PEOPLE, open_office, person_id
from tests.simulation.depots import ADDRESS, PlayDepot
from tests.simulation.drivers import Harm, Killed, Lifeline, image_of, mortal, put
from tests.simulation.patching import nothing_by_chance

#: Beside the district's people: who works in the other street.
MORE_PEOPLE = {
    "he": ("何军", Role.GRID_WORKER, ELSEWHERE),
    "hua": ("华丽", Role.STREET, "210902006"),
}
EVERYBODY = {**PEOPLE, **MORE_PEOPLE}
#: Who works with a tablet, and how many of his lie ready, enrolled before the play begins.
WORKERS = ("li", "wang", "zhao", "feng", "sun", "qian", "he")
READY = 3
Image = dict[str, bytes]


def memory_folder() -> Path:
    """Return a folder of this process's own, in memory where there is such a file system."""
    shm = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
    made = Path(tempfile.mkdtemp(prefix="gridward-simulation-", dir=shm if shm.is_dir() else None))
    # Not atexit: the processes of a pool leave without asking it.
    Finalize(None, shutil.rmtree, (made,), {"ignore_errors": True}, exitpriority=0)
    return made


class Building:
    """
    The one application of this process, and the files to begin a play with.

    Attributes:
        empty: An office's file with its people, and nothing else.
        furnished: The same with tablets that were enrolled already.
        tablets: By person: those tablets' files.
    """

    def __init__(self) -> None:
        self.folder = memory_folder()
        self.path = self.folder / "server.db"
        self.empty = _with_people(self.folder / "empty.db")
        self.lifeline = Lifeline(self.path)
        self.clock: Callable[[], int] = int
        put(self.path, self.empty)
        self.depot = PlayDepot()
        self.app: Flask = create_app(Settings(f"sqlite:///{self.path}"), lambda: self.clock(), self.depot)
        self.store: Store = self.app.extensions["gridward"]
        event.listen(self.store.engine, "do_connect", self._hang)
        self._parts = set(self.app.extensions)
        self.tablets: dict[str, list[Image]] = defaultdict(list)
        with nothing_by_chance(0, int):
            for name in sorted(EVERYBODY.keys() & set(WORKERS)):
                self.tablets[name] = [self._enrolled(name) for _ in range(READY)]
        self.forget()
        self.furnished = image_of(self.path)

    def _enrolled(self, name: str) -> Image:
        path = self.folder / "new-tablet.db"
        put(path, {})
        account = Account(person_id(name), EVERYBODY[name][0])
        code = offer_code(self.store, DISTRICT, account, 0)
        with FieldClient(
            path, InProcessTransport(self.app), clock=int, randomness=random.Random(name).randbytes
        ) as new:
            new.enrol(code, device_name=name)
        return image_of(path)

    def _hang(self, _dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named["factory"] = mortal(self.lifeline)

    def forget(self) -> None:
        """Lose whatever a process has in its memory and a restart has not."""
        self.store.engine.dispose()
        self.store.known.forget()
        self.store.heard.clear()
        for name in self.app.extensions.keys() - self._parts:
            del self.app.extensions[name]


@cache
def building() -> Building:
    """Return this process's building."""
    return Building()


def _with_people(path: Path) -> Image:
    office = open_office(f"sqlite:///{path}", int)
    with office.store.engine.begin() as connection:
        for name, (zh, role, area) in MORE_PEOPLE.items():
            named: dict[str, Any] = {"district": DISTRICT, "id": person_id(name), "name": zh, "title": "", "unit": ""}
            connection.execute(insert(PersonRow), named)
            grant = {"id": derived_id("grant", name), "person": person_id(name), "role": role.value, "area": area}
            connection.execute(insert(GrantRow), {"district": DISTRICT, "from_ms": 0, "to_ms": None, **grant})
    office.store.engine.dispose()
    return image_of(path)


class Server:
    """
    The server of one play.

    Args:
        clock: What it shows, ms.
        guests: Whether its depot takes parts from tablets itself.

    Attributes:
        depot: Where its photos lie.
        changes: Counts whatever may have changed its file; who looks again only then, compares it.
        harmed: Whether a fault of its file was done to it since somebody last asked.
        taps: Told of every answer that left the server, heard or not.
        ends: Told of every request's path when the server is done with it, alive or dead.
    """

    def __init__(self, clock: Callable[[], int], *, guests: bool = False) -> None:
        self._building = building()
        self._building.forget()
        self.path = self._building.path
        put(self.path, self._building.furnished)
        self.lifeline = self._building.lifeline = Lifeline(self.path, locks_anywhere=True)
        self._building.clock = clock
        self.depot = self._building.depot
        self.depot.begin(self.lifeline, guests=guests)
        self.depot.now_ms = clock
        self.store = self._building.store
        self._door = InProcessTransport(self._building.app)
        self.taps: list[Callable[[Request, Response], None]] = []
        self.ends: list[Callable[[str], None]] = []
        self.changes = 1
        self.harmed = False

    def handle(self, request: Request, harm: Harm | None = None) -> Response:
        """
        Answer *request*.

        Raises:
            Unreachable: The server died of *harm* meanwhile; it is up again.
        """
        if request.path.startswith(ADDRESS):
            return self.depot.welcome(request)
        self.lifeline.threaten(harm)
        self.changes += 1
        try:
            answer = self._door.send(request)
        except Killed:
            self.restart()
            raise Unreachable("the server died") from None
        finally:
            self.harmed = self.harmed or self.lifeline.struck is not None
            self.lifeline.spare()
            for end in self.ends:
                end(request.path)
        for tap in self.taps:
            tap(request, answer)
        return answer

    def restart(self) -> None:
        """Begin again with the file as death left it."""
        self._building.forget()
        self.lifeline.rise()
        self.changes += 1

    def image(self) -> Image:
        """Return the file as it is, for a backup or a standby."""
        self._building.forget()
        return image_of(self.path)

    def put_back(self, image: Image) -> None:
        """Go on from an earlier image of the file."""
        self._building.forget()
        put(self.path, image)
        self.changes += 1

    def close(self) -> None:
        """Let go of the file."""
        self._building.forget()
