"""
A day in the life: the very scenes of the demo's day, with the server and its jobs in this process.

Nobody waits here: between two looks of a tablet a minute goes by, and the server does what is due.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from schemas.moments import BEIJING
from server.app import create_app
from server.channels.sender import Sender
from server.demo.day import DAWN, DAY, begin_day
from server.demo.folder import Folder
from server.demo.people import CAST
from server.demo.playing import fresh_code
from server.demo.town import STORY_GRID
from server.jobs.catalogue import Keeping, catalogue
from server.jobs.running import Runner
from server.settings import Settings
from server.storage import migrate
from server.storage.depot.memory import MemoryDepot
from server.storage.engine import open_engine
from server.storage.store import Store
from server.usecases.note_contacts import flush_contacts
from sync_client.client import FieldClient
from sync_client.demo.cast import Tablet
from sync_client.demo.day.ground import Ground
from sync_client.demo.day.story import play_through
from sync_client.demo.line import Line
from sync_client.demo.script import Actor, Cell, Script
from sync_client.retry import Patience
from sync_client.testing import InProcessTransport
from tests.templates import begin_with

_MINUTE_MS = 60_000
_SAID = ("【今日巡查】", "【即将到期】", "【超期】", "RB-2020-河北-00001", "未同步人员：王芳", "红榜", "补报检查 1 次")
_DEVICES = ("li", "wang", "zhao", "office")


class Clock:
    """Everybody's clock; it stands still but for who puts it forward."""

    def __init__(self) -> None:
        self.now_ms = int(DAWN.timestamp() * 1000)

    def __call__(self) -> int:
        """Return what it shows, in milliseconds; time goes by while somebody looks at it."""
        self.now_ms += 1
        return self.now_ms

    def put_forward(self, time_of_day: str) -> None:
        """Let it show *time_of_day*, unless that is over."""
        wanted = datetime.fromisoformat(f"{DAY}T{time_of_day}:00+08:00")
        self.now_ms = max(self.now_ms, int(wanted.timestamp() * 1000))

    def shown(self) -> str:
        """Return the time of day."""
        return datetime.fromtimestamp(self.now_ms // 1000, BEIJING).strftime("%H:%M")


class Told(Script):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def _tell(self, what: str, **rest: object) -> None:
        rows: list[list[Cell]] = rest.get("rows") or []  # type: ignore[assignment]  # only a table has rows
        self.lines += [str(rest.get("zh", what)), *(" ".join(map(str, row)) for row in rows)]


@pytest.fixture
def ready(database_url: str, tmp_path: Path) -> None:
    """The demo's district as it stood on that Friday at dawn, brought in by another process than the server."""
    begin_with(migrate.upgrade, database_url)
    folder = Folder(tmp_path / "demo")
    folder.make()
    store = Store(open_engine(database_url))
    begin_day(store, folder)
    store.engine.dispose()


@pytest.fixture
def ground(ready: None, database_url: str, tmp_path: Path) -> Iterator[Ground]:
    """The server in this process, and the devices of the day."""
    clock = Clock()
    depot = MemoryDepot(clock)
    app = create_app(Settings(database_url), clock, depot)
    store: Store = app.extensions["gridward"]
    runner = Runner(store, catalogue(Keeping(180, 90, depot), Sender(lambda _name: None)), clock)
    runner.step()

    def pause() -> None:
        clock.now_ms += _MINUTE_MS
        flush_contacts(store)
        runner.step()

    li, wang, zhao, office = (_tablet(app, store, tmp_path, key, clock) for key in _DEVICES)
    yield Ground(Told(), clock, DAY, li, wang, zhao, office, STORY_GRID, pause=pause)
    for tablet in (li, wang, zhao, office):
        tablet.client.close()
    store.engine.dispose()


def test_a_day_from_the_morning_s_plan_to_the_evening_s_report(ground: Ground) -> None:
    """Every promise of the scenes is kept, and the day is told with its numbers."""
    play_through(ground)

    assert isinstance(ground.script, Told)
    said = "\n".join(ground.script.lines)
    for words in _SAID:
        assert words in said


def _tablet(app: Flask, store: Store, folder: Path, key: str, clock: Clock) -> Tablet:
    duty = CAST[key]
    code = fresh_code(store, key, clock.now_ms)
    actor = Actor(key, duty.name, duty.english, duty.title, duty.unit, code)
    line = Line(InProcessTransport(app.wsgi_app))
    client = FieldClient(folder / f"{key}.db", line, clock=clock, sleep=lambda _: None, patience=Patience(attempts=1))
    return Tablet(actor, client, line)
