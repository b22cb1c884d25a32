"""
Playing a plan 推演: event after event, looking after each, and then until all is quiet.
"""

import time
import traceback
from collections import Counter
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from sync_client.client import FieldClient
from sync_client.photos.values import PhotoReport
from tests.simulation import invariants
from tests.simulation.disks import DISK
from tests.simulation.oracle import Broken
from tests.simulation.patching import nothing_by_chance, small_measures
from tests.simulation.photos import told_of
from tests.simulation.pictures import ready_copies
from tests.simulation.scheduler import Plan, Step, plan
from tests.simulation.tablets import Tablet
from tests.simulation.world import World, town

Logs = list[MutableMapping[str, Any]]
#: Rounds in which every tablet syncs once, after which all must be quiet.
ROUNDS = 6
#: The same with photos; some are put off for up to an hour, and an hour lies between two.
PHOTO_ROUNDS = 4
_HOUR_MS = 3_600_000


@dataclass
class Played:
    """
    How one play went.

    Attributes:
        broken: The invariant that did not hold; None where all did.
        seen: What was seen of it.
        at: The number of the step after which, from 1; 0 when all was quiet.
    """

    seed: int
    steps: int
    broken: str | None = None
    seen: str = ""
    at: int = 0
    seconds: float = 0.0
    harm: Counter[str] = field(default_factory=Counter)
    trace: str = ""


def play_seed(seed: int, steps: int | None = None, keep: Collection[int] | None = None) -> Played:
    """Play *seed*; *keep* names the steps, from 1, that are not left out."""
    return play(plan(seed, steps), keep)


def play(whole: Plan, keep: Collection[int] | None = None) -> Played:
    """Play *whole*, or what *keep* leaves of it; return how it went."""
    began = time.perf_counter()
    played = Played(whole.seed, len(whole.steps if keep is None else keep))
    with town(whole.seed, len(whole.people), whole.page_records, guests=whole.guests) as world:
        try:
            by_chance = nothing_by_chance(whole.seed, lambda: world.now_ms)
            with by_chance, small_measures(), ready_copies(), DISK.watched(), capture_logs() as logs:
                _run(world, whole, keep, played, logs)
        except Broken as broken:
            played.broken, played.seen = broken.invariant, broken.seen
        except Exception as error:  # noqa: BLE001  # whatever it is, the play has found it
            played.broken, played.seen = "no_surprises", _told(error)
        if played.broken:
            world.trace.note(f"BROKEN {played.broken}: {played.seen}")
        played.harm, played.trace = world.trace.harm, world.trace.text()
    played.seconds = time.perf_counter() - began
    return played


def _run(world: World, whole: Plan, keep: Collection[int] | None, played: Played, logs: Logs) -> None:
    for people in whole.people:
        world.add_tablet(*people)
    invariants.check(world)
    for number, step in enumerate(whole.steps, 1):
        if keep is None or number in keep:
            played.at = number
            _take(world, number, step, logs)
    played.at = 0
    _quieten(world, logs)


def _take(world: World, number: int | str, step: Step, logs: Logs) -> None:
    world.pass_time(step.pause_ms)
    began, noted = world.now_ms, len(world.trace.lines)
    came_to = step.event.happen(world)
    notes = world.trace.lines[noted:]
    del world.trace.lines[noted:]
    world.trace.tell(number, began, str(step.event), came_to)
    world.trace.lines += notes
    _refuse_surprises(world, logs)
    invariants.check(world)


def _refuse_surprises(world: World, logs: Logs) -> None:
    """A server whose database fails may say so; that it was wrong itself is a surprise."""
    harmed, world.server.harmed = world.server.harmed, False
    for line in logs:
        if line.get("event") == "internal_error" or (line.get("event") == "database_unavailable" and not harmed):
            raise Broken("no_surprises", f"the server: {line}")
    logs.clear()


def _quieten(world: World, logs: Logs) -> None:
    """
    End all faults, and let everybody meet the office until nobody has anything to say or to hear.

    First the records, which never wait for photos; then the photos, if anybody has ever taken one.
    """
    world.server.depot.troubles = []
    for tablet in world.tablets:
        tablet.line.protocol = None
    for number in range(1, ROUNDS + 1):
        moved = [_meet(world, tablet.name, number) for tablet in world.tablets]
        _refuse_surprises(world, logs)
        invariants.check(world)
        if not any(moved):
            break
    invariants.check_quiet(world)
    world.trace.note(f"quiet after {number} rounds")
    if world.trace.harm["photo"]:
        _quieten_photos(world, logs)


def _quieten_photos(world: World, logs: Logs) -> None:
    for number in range(1, PHOTO_ROUNDS + 1):
        waiting = [_send(world, tablet, number) for tablet in world.tablets]
        _refuse_surprises(world, logs)
        invariants.check(world)
        if not any(waiting):
            break
        world.pass_time(_HOUR_MS)
    invariants.check_quiet_photos(world)
    world.trace.note(f"photos quiet after {number} rounds")


def _send(world: World, tablet: Tablet, number: int) -> bool:
    """Let one tablet send its photos over the best network; say whether it should come again."""
    world.pass_time(1_000)
    began = world.now_ms
    report: list[PhotoReport] = []

    def call(client: FieldClient) -> str:
        if number > 1:
            client.sync()
        # What is for somebody's hand alone is sent by hand.
        by_hand = "hand" in (client.photo_policy().copies, client.photo_policy().originals)
        report.append(client.send_photos(network="wifi", now=by_hand))
        return told_of(report[0])

    came_to = world.try_on(tablet, None, call)
    if came_to != "nothing to send":
        world.trace.tell(f"p{number}", began, f"{tablet.name} sends", came_to)
    # What waits for its record waits on; what was put off is due an hour later, behind another sync.
    return bool(report and (report[0].verified or report[0].problems or (report[0].waiting and number == 1)))


def _meet(world: World, name: str, number: int) -> bool:
    """Let one tablet sync; say whether anything came of it."""
    tablet = next(one for one in world.tablets if one.name == name)
    world.pass_time(1_000)
    began = world.now_ms
    report: list[int] = []

    def call(client: FieldClient) -> str:
        done = client.sync()
        report.append(done.pushed - done.held + done.pulled + done.left + done.rejected + done.delivered)
        return ""

    came_to = world.try_on(tablet, None, call)
    if report != [0] or came_to:
        world.trace.tell(f"q{number}", began, f"{name} syncs", came_to)
    return bool(report and report[0])


def _told(error: Exception) -> str:
    places = [
        f"{frame.name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
    ]
    return f"{type(error).__name__}: {error} in {' > '.join(places[-6:])}"
