"""
A worker's day of photos over a poor network 照片上传: 1 MB/s, cut every 20 s.

    python -m tests.benchmarks.photos [--photos 300] [--rate 1000000] [--cut 20] [--sync 10] [--on folder|s3|both]

A real tablet in a process of its own, a real server under gunicorn on PostgreSQL, a link between them (``link``). While
photos travel, another program on the same tablet records ten checks and syncs every ten seconds, through the same link.
The floor puts the same bytes, one file after the other, through as wide a link that is never cut, onto a shelf that
keeps no books and looks at nothing.
"""

import argparse
import hashlib
import http.client
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from server.storage.depot import keys
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.testing import InProcessTransport
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure, print_figures
from tests.benchmarks.link import Door, Link
from tests.benchmarks.running import Running, running
from tests.pictures import saved, scene
from tests.postgres import LocalPostgres
from tests.s3 import LocalS3
from tests.server.office import DISTRICT, GRID_7, PEOPLE, Office, open_office, person_id

#: Where the server's memory and CPU are read, as a part of all photos: at 50, 150 and 300 of 300.
_MARKS = (1 / 6, 1 / 2, 1.0)
_A_CHECK = 4
_WIDTH, _HEIGHT = 1_600, 1_200


@dataclass(frozen=True)
class Asked:
    """How many photos, over which link: bytes a second, seconds from cut to cut; and from sync to sync."""

    photos: int = 300
    rate: int = 1_000_000
    cut_s: float = 20.0
    sync_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Mark:
    """The server when so many photos were verified: CPU seconds since the first one, resident memory in MiB."""

    photos: int
    cpu_s: float
    mib: float


@dataclass
class Trip:
    """
    How it went.

    Attributes:
        told: What the sending tablet says of itself, see ``photo_sending.send``.
        syncs: What the syncing one says of each sync.
        up: Bytes of photos and of the requests about them, as the link counted them.
        hit: Of each sync, whether the link was out meanwhile.
        arrived: Photos that lie at the office, byte for byte.
    """

    told: dict[str, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    syncs: list[dict[str, Any]] = field(default_factory=list)
    hit: list[bool] = field(default_factory=list)
    cuts: int = 0
    up: int = 0
    arrived: int = 0


# -- the tablet --------------------------------------------------------------------------------------


def picture(number: int) -> bytes:
    """Return a photo as a phone makes one, soft shapes under a grain: a JPEG of 200 to 400 KB, no two alike."""
    dice = random.Random(number)
    half = (_WIDTH // 2, _HEIGHT // 2)
    grain = Image.frombytes("L", half, dice.randbytes(half[0] * half[1])).resize((_WIDTH, _HEIGHT)).convert("RGB")
    return saved(Image.blend(scene(number, _WIDTH, _HEIGHT), grain, dice.uniform(0.06, 0.19)), "JPEG", quality=80)


def equip(office: Office, path: Path, pictures: Sequence[bytes]) -> None:
    """Enrol a tablet, let it record checks with *pictures* and bring the checks in; the photos stay on it."""
    with FieldClient(path, InProcessTransport(office.app)) as tablet:
        account = Account(person_id("li"), PEOPLE["li"][0])
        tablet.enrol(offer_code(office.store, DISTRICT, account, time.time_ns() // 1_000_000), device_name="平板")
        day = Day("li", seed=5)
        for start in range(0, len(pictures), _A_CHECK):
            [raw] = day.mutations(1)
            check = msgspec.json.decode(raw)
            made = tablet.create(check["type"], grid=GRID_7, set=check["set"])
            for one in pictures[start : start + _A_CHECK]:
                tablet.attach(made.id, one, role="overview")
        tablet.sync()
        if tablet.status().waiting:
            raise ValueError("the benchmark's own checks are not good")


# -- the floor ---------------------------------------------------------------------------------------


def floor_s(folder: Path, pictures: Sequence[bytes], rate: int) -> float:
    """Return how long it takes to put *pictures* on a shelf in *folder*, one after the other."""
    folder.mkdir()
    with running("shelf", "", settings={"GRIDWARD_PHOTOS": str(folder)}) as server, Link(rate) as link:
        to = http.client.HTTPConnection("127.0.0.1", link.open_door(server.port).port, timeout=120)
        start = time.perf_counter()
        for number, one in enumerate(pictures):
            to.request("PUT", f"/{number}", one)
            if to.getresponse().read() or not (folder / str(number)).exists():
                raise ValueError("the shelf did not take it")
        to.close()
        return time.perf_counter() - start


# -- the trip ----------------------------------------------------------------------------------------


def travel(url: str, folder: Path, asked: Asked, s3: LocalS3 | None) -> Trip:
    """Let the tablet in *folder* send its photos to a server on the database at *url*; into *s3*, if any."""
    with ExitStack() as stack:
        link = stack.enter_context(Link(asked.rate))
        depot, doors = _depot(folder, s3, link)
        server = stack.enter_context(running("gridward", url, settings=depot))
        doors.append(link.open_door(server.port))
        records = link.open_door(server.port)
        syncing = stack.enter_context(_tablet(folder, "syncing", records.port, str(asked.sync_s)))
        sending = stack.enter_context(_tablet(folder, "sending", doors[-1].port))
        link.keep_cutting(asked.cut_s)
        trip = _followed(sending, server, asked.photos)
        trip.up, trip.cuts = sum(door.up for door in doors), len(link.cuts)
        told = _ended(syncing)
        if sending.wait() or syncing.wait():
            raise RuntimeError("a tablet broke down")
    trip.syncs = [msgspec.json.decode(line) for line in told.splitlines()]
    trip.hit = [link.was_out(one["begun"], one["begun"] + one["seconds"]) for one in trip.syncs]
    return trip


def _depot(folder: Path, s3: LocalS3 | None, link: Link) -> tuple[dict[str, str], list[Door]]:
    """Return what the server finds in its environment, and the doors by which parts go past it."""
    if s3 is None:
        return {"GRIDWARD_PHOTOS": str(folder / "depot")}, []
    door = link.open_door(int(s3.url.rpartition(":")[2]))
    named = {
        "GRIDWARD_PHOTOS": f"s3://{s3.bucket}",
        "GRIDWARD_S3_ENDPOINT": s3.url,
        "GRIDWARD_S3_PUBLIC_ENDPOINT": f"http://127.0.0.1:{door.port}",
    }
    return named | s3.keys.environment(), [door]


def _tablet(folder: Path, at: str, port: int, *words: str) -> subprocess.Popen[bytes]:
    """Start a tablet, and wait until it begins: Python takes its time to start, the more so on a busy machine."""
    where = (str(folder / "tablet.db"), f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", f"tests.benchmarks.photo_{at}", *where, *words]
    tablet = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if tablet.stdout is None or "begun" not in msgspec.json.decode(tablet.stdout.readline()):
        raise RuntimeError("the tablet did not begin")
    return tablet


def _ended(tablet: subprocess.Popen[bytes]) -> bytes:
    """Let a tablet end, and return what else it told."""
    if tablet.stdin is None or tablet.stdout is None:
        raise RuntimeError("nobody listens to the tablet")
    tablet.stdin.close()
    return tablet.stdout.read()


def _followed(sending: subprocess.Popen[bytes], server: Running, photos: int) -> Trip:
    """Read what the sending tablet tells, and look at the server at each mark."""
    trip, before = Trip(), server.cpu_s()
    marks = [max(1, round(part * photos)) for part in _MARKS]
    for line in sending.stdout or ():
        told = msgspec.json.decode(line)
        if "done" not in told:
            trip.told = told
        while "done" in told and marks and told["done"] >= marks[0]:
            trip.marks.append(Mark(marks.pop(0), server.cpu_s() - before, server.rss_mib()))
    return trip


def arrived(folder: Path, pictures: Sequence[bytes]) -> int:
    """Return how many of *pictures* lie in the depot's *folder*, byte for byte."""
    places = (folder / keys.whole(DISTRICT, hashlib.sha256(one).hexdigest()) for one in pictures)
    return sum(place.exists() and place.read_bytes() == one for place, one in zip(places, pictures, strict=True))


# -- what came out -----------------------------------------------------------------------------------


def figures(trip: Trip, asked: Asked, pictures: Sequence[bytes], least_s: float) -> list[Figure]:
    """Return the trip as lines of a report."""
    total, told = sum(map(len, pictures)), trip.told
    again, beside = told["bytes_resent"] / total, trip.up / total - 1
    lasted = f"{told['seconds']:.1f} s = {told['seconds'] / least_s:.2f} × floor"
    tablet = f"{told['mib']:.0f} MiB, {told['cpu_s'] / asked.photos * 1e3:.1f} ms"
    cuts = f"{trip.cuts} cuts, {told['retries']} retries, {told['stopped']} times begun again"
    return [
        Figure(f"floor: {total / 1e6:.1f} MB in {len(pictures)} files, never cut", f"{least_s:.1f} s"),
        Figure(f"{asked.photos} photos, each verified", lasted),
        Figure("meanwhile", cuts),
        Figure("arrived, byte for byte", f"{trip.arrived} of {asked.photos}", "all", trip.arrived == asked.photos),
        Figure("sent again, as the tablet counts it", f"{again:.2%}", "< 5 %", again < 0.05),
        Figure("sent beside the photos, as the link counts it", f"{beside:.2%}", "< 5 %", beside < 0.05),
        *_server(trip.marks),
        Figure("tablet's memory at its peak, CPU a photo", tablet),
        *_syncs(trip),
    ]  # fmt: skip


def _server(marks: Sequence[Mark]) -> Iterator[Figure]:
    first, middle, last = marks
    spans = [(before.photos, after.photos, _ms(before, after)) for before, after in ((first, middle), (middle, last))]
    (_, _, early), (_, _, late) = spans
    told = ", ".join(f"{each:.1f} ms ({start + 1} to {end})" for start, end, each in spans)
    yield Figure("server's CPU a photo, syncs included", told, "flat: ≤ 1.25 ×", late <= 1.25 * early)
    grown = last.mib / first.mib
    told = ", ".join(f"{mark.mib:.0f}" for mark in marks) + " MiB"
    heading = f"server's memory at photo {', '.join(str(mark.photos) for mark in marks)}"
    yield Figure(heading, told, "flat: ≤ 1.15 ×", grown <= 1.15)


def _ms(before: Mark, after: Mark) -> float:
    return (after.cpu_s - before.cpu_s) / max(1, after.photos - before.photos) * 1e3


def _syncs(trip: Trip) -> Iterator[Figure]:
    """Those that the link was out for say how long it was out, not how long a sync takes."""
    through = [one["seconds"] for one, hit in zip(trip.syncs, trip.hit, strict=True) if not hit]
    stopped = [one["seconds"] for one, hit in zip(trip.syncs, trip.hit, strict=True) if hit]
    if through:
        told = f"{statistics.median(through):.2f} s, {max(through):.2f} s"
        yield Figure(
            f"a sync of 10 checks meanwhile, median and longest of {len(through)}", told, "< 1 s", max(through) < 1
        )
    if stopped:
        told = f"{statistics.median(stopped):.2f} s, {max(stopped):.2f} s"
        yield Figure(f"the same where the link was out, {len(stopped)} of {len(trip.syncs)}", told)


def measure(postgres: LocalPostgres, asked: Asked = Asked(), s3: LocalS3 | None = None) -> list[Figure]:
    """Return the figures of one day; the photos go into a folder, or into *s3*."""
    pictures = [picture(number) for number in range(asked.photos)]
    url = postgres.new_database()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office = open_office(url)
        equip(office, folder / "tablet.db", pictures)
        office.store.engine.dispose()
        least_s = floor_s(folder / "shelf", pictures, asked.rate)
        trip = travel(url, folder, asked, s3)
        trip.arrived = arrived(s3.inside("") if s3 else folder / "depot", pictures)
    postgres.drop_database(url)
    return figures(trip, asked, pictures, least_s)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.photos")
    parser.add_argument("--photos", type=int, default=Asked.photos)
    parser.add_argument("--rate", type=int, default=Asked.rate, help="bytes a second")
    parser.add_argument("--cut", type=float, default=Asked.cut_s, help="seconds from cut to cut")
    parser.add_argument("--sync", type=float, default=Asked.sync_s, help="seconds from sync to sync")
    parser.add_argument("--on", choices=("folder", "s3", "both"), default="folder")
    given = parser.parse_args()
    asked = Asked(given.photos, given.rate, given.cut, given.sync)
    with LocalPostgres(durable=True) as postgres:
        if given.on != "s3":
            print_figures("照片 Photos, into a folder", measure(postgres, asked))
        if given.on != "folder":
            with LocalS3() as s3:
                print_figures("照片 Photos, into S3 (rclone)", measure(postgres, asked, s3))


if __name__ == "__main__":
    main()
