"""
Documents of the ledger 台账文档: how long a month of it takes, and how much memory, which must not grow with it.

Each document is made in a process of its own, whose greatest memory is what the figure says beside what it had when
it began. The floor is reading the same records by their ids: what SQLite keeps of a database in memory is part of it.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

import msgspec

from server.storage.depot.memory import MemoryDepot
from server.storage.engine import open_engine
from server.storage.store import Store
from server.usecases.at_the_desk import Desk, desk_of
from server.usecases.export_ledger import FORMATS, Asked, Format, export_ledger
from server.usecases.import_ledger import import_ledger
from server.usecases.list_cases import Sought, wanted
from server.usecases.manage_people import find_person
from server.usecases.read_sheet import read_sheet
from tests.benchmarks.figures import Figure
from tests.benchmarks.ledger_town import NOW, fill, reached
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, open_office

_SIZES = (2_000, 20_000)
_SECONDS, _MORE_MIB = 30.0, 40.0
_ROOT = Path(__file__).resolve().parents[2]


class Took(msgspec.Struct):
    """What one document took: seconds, the memory before and at most (MiB), and its size (KiB)."""

    seconds: float
    before_mib: float
    most_mib: float
    kib: float


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the figures on SQLite and on PostgreSQL."""
    figures: list[Figure] = []
    for cases in _SIZES:
        with TemporaryDirectory() as folder:
            figures += _measured("SQLite", f"sqlite:///{Path(folder) / 'ledger.db'}", cases)
        url = postgres.new_database()
        try:
            figures += _measured("PostgreSQL", url, cases)
        finally:
            postgres.drop_database(url)
    return figures


def _measured(kind: str, url: str, cases: int) -> list[Figure]:
    store = open_office(url).store
    fill(store, cases)
    reached(store)
    store.engine.dispose()
    floor = _apart(url, "floor")
    figures = [Figure(f"{kind}: {cases:,} cases, the floor", f"{floor.seconds:.1f} s, +{_growth(floor):.0f} MiB")]
    for what in (*FORMATS, "import"):
        took = _apart(url, what)
        more = _growth(took) - _growth(floor)
        times = took.seconds / floor.seconds
        told = f"{took.seconds:.1f} s, {times:.0f} × floor, +{_growth(took):.0f} MiB, {took.kib:,.0f} KiB"
        # An import holds all rows of its file; the documents are held against both bounds.
        budget = f"≤ {_SECONDS:.0f} s, floor + {_MORE_MIB:.0f} MiB" if what in FORMATS else ""
        good = took.seconds <= _SECONDS and more <= _MORE_MIB if what in FORMATS else None
        figures.append(Figure(f"{kind}: {cases:,} cases, {what}", told, budget, good))
    return figures


def _growth(took: Took) -> float:
    return took.most_mib - took.before_mib


def _apart(url: str, what: str) -> Took:
    """Return what *what* takes in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.documents", url, what]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    return msgspec.json.decode(done.stdout, type=Took)


def _most_mib() -> float:
    """Return the most memory that this process has had: what counts its parent's too, as getrusage does, is no use."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _take(url: str, what: str) -> Took:
    store = Store(open_engine(url))
    with store.work(DISTRICT, writing=False) as work:
        desk = desk_of(work, find_person(work, "陈红"))
    with TemporaryDirectory() as folder, tempfile.TemporaryFile() as out:
        file = cast(BinaryIO, out)
        sheet = Path(folder) / "ledger.xlsx"
        if what == "import":
            with sheet.open("w+b") as written:
                export_ledger(store, MemoryDepot(lambda: NOW), desk, Asked(), NOW, cast(BinaryIO, written))
        before, start = _most_mib(), time.perf_counter()
        if what == "floor":
            _read_all(store, desk)
        elif what == "import":
            import_ledger(store, desk, read_sheet(sheet), NOW)
        else:
            export_ledger(store, MemoryDepot(lambda: NOW), desk, Asked(_format(what)), NOW, file)
        took = time.perf_counter() - start
        size = sheet.stat().st_size if what == "import" else file.seek(0, 2)
    store.engine.dispose()
    return Took(took, before, _most_mib(), size / 1024)


def _format(word: str) -> Format:
    return next(known for known in FORMATS if known == word)


def _read_all(store: Store, desk: Desk) -> None:
    with store.work(DISTRICT, writing=False) as work:
        ids = work.documents.by_place(wanted(desk, Sought(), NOW), 1 << 20)
        for start in range(0, len(ids), 250):
            work.records.get(ids.between(start, start + 250))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("what", choices=["floor", *FORMATS, "import"])
    given = parser.parse_args()
    sys.stdout.buffer.write(msgspec.json.encode(_take(given.url, given.what)))
