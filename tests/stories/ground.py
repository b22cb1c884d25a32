"""What stories about areas need 责任区域: things to move, the office that moves them, and what each may see."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from server.core.views import view_of
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from server.usecases.move_records import Asked, Told, move_records
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from server.values import Person
from sync_client.client import FieldClient
from sync_client.testing import FINE, FlakyTransport, InProcessTransport
from sync_client.values import Record
from tests.benchmarks.checks import SHOP_ITEMS
from tests.server.office import DISTRICT, person_id
from tests.stories.situations.hearing import said_on
from tests.stories.town import PATIENT, Gate, Town, same_bytes

#: A grid of the next street office, whose records lie in another feed.
GRID_NEXT = "210902006001001"
GRID_9 = "210902005003009"
#: Whatever a view may hold that stories make.
TYPES = ("shop", "shop_check", "case", "cleaning_day")
_FUXIN = timezone(timedelta(hours=8))
_EVERYTHING = 1 << 20

#: Grid, fields and whether it is void, by id.
Shown = dict[str, tuple[str, bytes, bool]]


def tablet_of(town: Town, *people: str, page_records: int = 2_000) -> FieldClient:
    """Return a tablet that several people share, or that reads few records at once; ``li+sun`` to the town."""
    name = "+".join(people)
    network = FlakyTransport(InProcessTransport(town.office.app), 7, FINE)
    gate = Gate(network)
    tablet = FieldClient(
        town.folder / f"{name}.db",
        gate,
        clock=lambda: town.now_ms,
        randomness=random.Random(name).randbytes,
        sleep=lambda _: None,
        patience=PATIENT,
        page_records=page_records,
    )
    for person in people:
        account = Account(person_id(person), town.called(person))
        tablet.enrol(offer_code(town.office.store, DISTRICT, account, town.now_ms), device_name=f"{name}的平板")
    town.tablets[name], town.networks[name], town.gates[name] = tablet, network, gate
    return tablet


def grid_of(town: Town, record: str) -> str:
    """Return where a record lies."""
    found = town.office.record(record)
    assert found is not None
    return found.grid


def shop(tablet: FieldClient, name: str = "老王修车", grid: str = "210902005003007", **more: Any) -> Record:
    """Register a shop."""
    return tablet.create("shop", grid=grid, name=name, category="repair", **more)


def case(tablet: FieldClient, about: str, now_ms: int, grid: str) -> Record:
    """Report a problem in front of a shop."""
    fields = {"source": "self", "problem_class": "exposed_garbage", "severity": "minor"}
    return tablet.create("case", grid=grid, set=fields | {"found_at": moment(now_ms), "target_id": about})


def check(tablet: FieldClient, who: str, about: str, now_ms: int, grid: str = "210902005003007") -> Record:
    """Check a shop that has waste in front of it: that opens a case."""
    items = dict.fromkeys(SHOP_ITEMS, 0) | {"H4": 0.5, "H5": None, "O1": False, "G1": None, "G2": None, "G3": None}
    fields = {
        "form_version": "shop-1", "has_green": False, "category": "repair", "inspector_id": person_id(who),
        "inspector_role": "grid_worker", "target_id": about, "mode": "routine", "items": items,
        "observed_at": moment(now_ms), "no_fix_reason": "no_signal",
    }  # fmt: skip
    return tablet.create("shop_check", grid=grid, set=fields)


def moment(now_ms: int) -> str:
    """Return a time as records write it."""
    return datetime.fromtimestamp(now_ms / 1000, _FUXIN).isoformat()


def move(town: Town, to: str, *names: str, whole: str | None = None, signer: str | None = None) -> list[Told]:
    """Let the office move records."""
    return move_records(town.office.store, DISTRICT, Asked(to, names, whole, signer), town.now_ms)


def moved(told: Iterable[Told]) -> set[str]:
    """Return the ids of what was moved."""
    return {one.record for one in told if one.fate == "moved" and one.record}


def end_grants(town: Town, name: str) -> None:
    """Let everything that somebody holds end now."""
    town.office.end_grants(name, town.now_ms)


def told_of_moves(tablet: FieldClient) -> list[str]:
    """Return what a tablet was told of moves, in Chinese."""
    return [said.zh for said in said_on(tablet) if said.rule == "observer_scope_kept"]


def seen_by(town: Town, *names: str) -> Shown:
    """Return what the office holds of the view of some people together."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        stopped = {account.id: account.stopped_ms for account in work.people.all()}
        people = [
            Person(i, "", tuple(held.grant for held in work.people.held(i)), stopped[i]) for i in map(person_id, names)
        ]
        view = view_of(people, town.now_ms)
        shown: Shown = {}
        for feed in work.feeds.heads():
            rows = work.feeds.read(feed, None, -1, 1 << 62, _EVERYTHING, None)
            shown |= {r.id: (r.grid, r.fields.encode(), bool(r.void)) for r in rows if view.sees(r.grid)}
    return shown


def shown_on(tablet: FieldClient) -> Shown:
    """Return everything a tablet shows."""
    found = (tablet.find(name, limit=_EVERYTHING, include_void=True, include_merged=True).records for name in TYPES)
    return {r.id: (r.grid, same_bytes(r.fields), r.void) for records in found for r in records}


def same_as_office(town: Town, tablet: FieldClient, *names: str) -> None:
    """Make sure that a tablet shows just what the office holds of the view of its people, byte for byte."""
    assert tablet.outbox().waiting == ()
    assert shown_on(tablet) == seen_by(town, *names), names


def everybody_agrees(town: Town) -> None:
    """Let everybody meet the office once more, and make sure that every tablet shows its view as the office has it."""
    town.sync(*sorted(town.tablets))
    town.sync(*sorted(town.tablets))
    for name, tablet in sorted(town.tablets.items()):
        same_as_office(town, tablet, *name.partition("/")[0].split("+"))


def nothing_is_broken(town: Town) -> None:
    """Make sure that every chain holds and that every record follows from its history."""
    assert [found for found in verify_history(town.office.store, DISTRICT) if found.broken is not None] == []
    assert [one for one in replay_history(town.office.store, DISTRICT) if one.differences] == []
