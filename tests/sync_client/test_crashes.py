"""Killed at every step: nothing is lost, nothing comes twice."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.exchange import TRANSITIONS, State
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from sync_client.values import Progress, Record
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import WANG, Workshop, shop
from tests.sync_client.test_stories import same_as_office

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)


class Killed(BaseException):
    """Ends a program as a kill would: nobody catches it."""


def at_step(number: int, seen: list[State]) -> Callable[[Progress], None]:
    """Return what ends a sync after so many steps."""

    def watch(progress: Progress) -> None:
        seen.append(State(progress.state))
        if len(seen) == number:
            raise Killed

    return watch


def a_lot_to_exchange(workshop: Workshop) -> tuple[FieldClient, list[str]]:
    """A tablet with work in three feeds' way: two pages to push, several to pull, one dispute."""
    office = workshop.office
    office.feeds = {"210902005", "210902006"}
    office.page = 3
    li, wang = workshop.tablet("李"), workshop.tablet("王", WANG)
    garage = shop(li)
    li.sync()
    wang.sync()
    wang.edit(garage, name="老王汽修", address="河北街12号")
    for i in range(5):
        shop(wang, f"王{i}")
        shop(wang, f"河{i}", "210902006001001")
    wang.sync()
    with li.batch():
        names = [shop(li, f"李{i}") for i in range(620)]
    li.edit(garage, name="王记修车行")
    return li, names


def test_killed_after_every_step_in_turn(workshop: Workshop, office: TinyOffice) -> None:
    """However often a sync is killed, the next ones bring everybody to the same state."""
    li, names = a_lot_to_exchange(workshop)
    seen: set[State] = set()
    for step in range(1, 60):
        steps: list[State] = []
        try:
            li.sync(at_step(step, steps))
        except Killed:
            li.close()
            li = workshop.tablet("李")
        seen |= set(steps)
    li.sync()
    assert seen == set(State)
    assert set(names) < office.records.keys()
    assert len(office.applied()) == len(set(office.applied()))
    assert [len(office.records[name].touched) for name in names] == [1] * len(names)
    assert li.status().waiting == 0
    same_as_office(li, office)


@pytest.mark.parametrize("state", [state for state in State if state is not State.DONE])
def test_what_a_kill_leaves_is_what_the_page_says(workshop: Workshop, office: TinyOffice, state: State) -> None:
    """Only an acknowledgement empties the outbox, only an applied page moves a cursor."""
    li, _ = a_lot_to_exchange(workshop)
    waiting = li.status().waiting

    def watch(progress: Progress) -> None:
        if progress.state == state:
            raise Killed

    with pytest.raises(Killed):
        li.sync(watch)
    acknowledged = state in (State.ACKNOWLEDGED, State.PAGE_APPLIED, State.IDLE)
    assert li.status().waiting == (waiting - 500 if acknowledged else waiting)
    reached_office = state not in (State.PREPARED, State.SENT)
    assert (len(office.applied()) > 100) == reached_office


def test_the_page_names_every_state_and_every_way_on() -> None:
    """``docs/failures.md`` and the machine say the same."""
    page = (ROOT / "docs/failures.md").read_text(encoding="utf-8")
    told = {row[1]: set(re.findall(r"`([A-Z_]+)`", row[2])) for row in ROW.finditer(page)}
    assert told == {state.value: {way.value for way in ways} for state, ways in TRANSITIONS.items()}


def test_an_answer_lost_after_delivery_changes_nothing(workshop: Workshop, office: TinyOffice) -> None:
    """The push arrived, the power failed; pushing once more changes nothing."""
    li = workshop.tablet("李", transport=DiesAfterDelivery(workshop))
    shop(li)
    for _ in range(3):
        with pytest.raises(Killed):
            li.sync()
        li.close()
        li = workshop.tablet("李", transport=DiesAfterDelivery(workshop))
    assert len(office.applied()) == 1
    li.close()
    li = workshop.tablet("李")
    assert li.sync().applied == 1
    assert len(office.applied()) == 1
    same_as_office(li, office)


class DiesAfterDelivery:
    """Delivers syncs and dies before the answer is heard."""

    def __init__(self, workshop: Workshop) -> None:
        self._inner = InProcessTransport(workshop.office)

    def send(self, request: Request) -> Response:
        """Carry *request* there; only an enrolment is answered."""
        answer = self._inner.send(request)
        if request.path == "/v1/sync":
            raise Killed
        return answer


# -- real kills --------------------------------------------------------------------------------------

# Says each number once its record is recorded; killed at any moment, all that was said must be there.
RECORDS = """
import sys
from sync_client.client import FieldClient

tablet = FieldClient(sys.argv[1])
print("ready", flush=True)
for i in range(10_000):
    made = tablet.create("shop", grid="210902005003007", name=f"店{i}", category="repair")
    tablet.edit(made, address=f"{i}号")
    print(made.id, flush=True)
"""


@pytest.mark.parametrize("times", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_record_survives_kill_9_from_the_moment_the_call_returns(workshop: Workshop, times: int) -> None:
    """Killed without warning, again and again; whatever was acknowledged to the worker is there, in order."""
    workshop.tablet("李").close()
    path = workshop.folder / "李.db"
    promised: list[str] = []
    for round_ in range(times):
        promised += killed_while_recording(path, after=round_ % 7 + 1)
    li = workshop.tablet("李")
    names = [record.id for record in all_shops(li)]
    assert set(promised) <= set(names)
    assert all(li.read(name)["address"] for name in promised)
    numbers = [entry.n for entry in li.outbox().waiting]
    assert numbers == list(range(1, len(numbers) + 1))
    assert intact(path)


def killed_while_recording(path: Path, after: int) -> list[str]:
    """Let a program record, kill it a moment after its *after*-th record, and return what it had promised."""
    with subprocess.Popen(
        [sys.executable, "-c", RECORDS, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        said = [program.stdout.readline() for _ in range(after + 1)]
        os.kill(program.pid, signal.SIGKILL)
        said += program.stdout.readlines()
    return [line.strip() for line in said if len(line) == 37]


def all_shops(tablet: FieldClient) -> list[Record]:
    """Return every shop on the tablet, page by page."""
    page = tablet.find("shop", limit=500)
    found = list(page)
    while page.after:
        page = tablet.find("shop", limit=500, after=page.after)
        found += page
    return found


def intact(path: Path) -> bool:
    """Ask SQLite itself whether the file is whole."""
    database = Database(path)
    try:
        return bool(database.one("PRAGMA integrity_check")[0] == "ok")
    finally:
        database.close()
