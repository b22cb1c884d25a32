"""Work that comes to the office by hand: on a stick, or on a colleague's tablet; once, whatever else happens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from schemas.problems import Refusal
from schemas.rescue import opened
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from server.usecases.receive_rescue import Brought, receive_part
from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.errors import NotEnrolled, Unreachable, WorkWaiting
from sync_client.testing import FINE, Weather
from tests.pictures import jpeg
from tests.server.office import DISTRICT, GRID_7, PEOPLE, person_id
from tests.stories.town import Town, same_bytes

PICTURE = jpeg("what the shop looked like")


def on_a_stick(town: Town, tablet: FieldClient, name: str = "rescue.zip") -> Path:
    """Export what waits on a tablet."""
    path = town.folder / name
    tablet.export_outbox(path)
    return path


def at_the_server(town: Town, path: Path, *, trusted: bool = False) -> list[str]:
    """Take a package in as the server's operator does; return the outcomes."""
    said = []
    with path.open("rb") as file:
        package = opened(file)
        brought = Brought(package.manifest, package.body, package.mac, trusted)
        for part in package.manifest.parts:
            _, outcomes = receive_part(town.office.store, DISTRICT, brought, part, package.mutations(part), town.now_ms)
            said += [outcome.outcome for outcome in outcomes]
    return said


def taken(town: Town) -> list[tuple[str, int]]:
    """Return device and number of every mutation in the history."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        entries = [entry for feed in work.feeds.heads() for entry, _ in work.history.entries(feed)]
    return [(entry.device, entry.n) for entry in entries if entry.n]


def revoke(town: Town, tablet: FieldClient) -> None:
    """Let the office revoke a tablet."""
    device = tablet.status().device
    assert device
    with town.office.store.work(DISTRICT) as work:
        work.enrolment.revoke(device, town.now_ms)
        work.commit()


def new_code(town: Town, name: str) -> str:
    """Return a fresh code for one of ``PEOPLE``."""
    return offer_code(town.office.store, DISTRICT, Account(person_id(name), PEOPLE[name][0]), town.now_ms)


def a_days_work(town: Town) -> tuple[FieldClient, str, str]:
    """Let Li work a day without signal: one shop that is known already, one new, with a picture."""
    li = town.tablet("li")
    known = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li")
    town.pass_time(60)
    li.edit(known, operator_phone="13804180000")
    new = li.create("shop", grid=GRID_7, name="老李粮油", category="retail")
    li.attach(new, PICTURE)
    return li, known.id, new.id


def test_a_tablet_without_signal_is_rescued_on_a_colleagues(town: Town) -> None:
    """Wang takes Li's package along: the office has it at her next sync, Li hears of it at his."""
    li, known, new = a_days_work(town)
    wang = town.tablet("wang")
    carried = wang.import_rescue(on_a_stick(town, li))
    assert (carried.mutations, carried.photos, carried.delivered) == (3, 1, False)
    assert wang.status().carried == 1

    town.sync("wang")
    [told] = wang.carried()
    assert told.delivered
    assert told.outcomes == {"applied": 3}
    assert told.device_name == "li的平板"
    assert wang.status().carried == 0
    assert town.on_server(known)["operator_phone"] == "13804180000"

    assert li.status().waiting == 3
    town.sync("li", "wang")
    assert li.outbox().waiting == li.outbox().attention == ()
    for shop in (known, new):
        assert same_bytes(li.read(shop).fields) == same_bytes(wang.read(shop).fields)
    assert len(taken(town)) == len(set(taken(town))) == 4


ROADS = ("server", "wang", "li")


@pytest.mark.parametrize("order", list(permutations(ROADS)), ids="-".join)
def test_every_way_at_once_is_taken_once(town: Town, order: tuple[str, ...]) -> None:
    """The stick, two colleagues and the tablet itself bring the same work, in every order, twice."""
    li, known, new = a_days_work(town)
    path = on_a_stick(town, li)
    for name in ("wang", "zhao"):
        town.tablet(name).import_rescue(path)
    for road in order * 2:
        if road == "server":
            assert at_the_server(town, path) == ["applied"] * 3
        else:
            town.sync(road, *(["zhao"] if road == "wang" else []))
    assert len(taken(town)) == len(set(taken(town))) == 4
    assert li.outbox().waiting == li.outbox().attention == ()
    assert [told.outcomes for name in ("wang", "zhao") for told in town.tablet(name).carried()] == [{"applied": 3}] * 2
    town.sync("li", "wang", "zhao")
    for shop in (known, new):
        assert len({same_bytes(town.tablet(name).read(shop).fields) for name in ("li", "wang", "zhao")}) == 1


def test_the_tablet_goes_on_working_after_its_export(town: Town) -> None:
    """What it records later is not in the package, and comes by itself."""
    li, _, new = a_days_work(town)
    path = on_a_stick(town, li)
    li.edit(new, name="老李粮油店")
    assert at_the_server(town, path) == ["applied"] * 3
    town.sync("li")
    assert town.on_server(new)["name"] == "老李粮油店"
    assert at_the_server(town, path) == ["applied"] * 3
    assert town.on_server(new)["name"] == "老李粮油店"
    assert len(taken(town)) == len(set(taken(town))) == 5


def test_a_revoked_tablets_package_lies_in_quarantine_and_counts_when_it_is_let_in(town: Town) -> None:
    """Nothing of it is judged while the tablet is out; all of it once it is in again."""
    li, _, new = a_days_work(town)
    revoke(town, li)
    path = on_a_stick(town, li)
    wang = town.tablet("wang")
    wang.import_rescue(path)
    town.sync("wang")
    [told] = wang.carried()
    assert told.delivered
    assert told.outcomes == {"rejected": 3}
    assert {one["problem"]["code"] for one in told.rejected} == {"device_revoked"}
    assert at_the_server(town, path) == ["rejected"] * 3
    assert len(taken(town)) == 1

    with pytest.raises(NotEnrolled):
        li.sync()
    li.enrol(new_code(town, "li"), device_name="li的平板")
    town.sync("li")
    assert li.outbox().waiting == ()
    assert town.on_server(new)["name"] == "老李粮油"
    assert len(taken(town)) == len(set(taken(town))) == 4


def test_what_came_before_the_tablet_was_revoked_stays_taken(town: Town) -> None:
    """Two carry one package: the second, who comes after the tablet was revoked, hears what the first did."""
    li, _, new = a_days_work(town)
    path = on_a_stick(town, li)
    assert at_the_server(town, path) == ["applied"] * 3
    revoke(town, li)
    wang = town.tablet("wang")
    wang.import_rescue(path)
    town.sync("wang")
    [told] = wang.carried()
    assert (told.delivered, told.outcomes, told.rejected) == (True, {"applied": 3}, [])
    assert town.on_server(new)["name"] == "老李粮油"
    assert len(taken(town)) == 4


def test_an_older_token_proves_nothing_but_an_operator_may_vouch(town: Town) -> None:
    """Let in again under a new token, the tablet's old package is taken on the operator's word alone."""
    li, _, _ = a_days_work(town)
    path = on_a_stick(town, li)
    revoke(town, li)
    li.enrol(new_code(town, "li"), device_name="li的平板")
    wang = town.tablet("wang")
    wang.import_rescue(path)
    town.sync("wang")
    [told] = wang.carried()
    assert told.problem
    assert told.problem["code"] == "rescue_not_proven"
    assert not told.delivered
    with pytest.raises(Refusal, match="rescue_not_proven"):
        at_the_server(town, path)
    assert at_the_server(town, path, trusted=True) == ["applied"] * 3
    town.sync("li")
    assert li.outbox().waiting == ()
    assert len(taken(town)) == len(set(taken(town))) == 4


def test_a_carrier_in_any_weather_delivers_once(town: Town) -> None:
    """Lost requests, lost answers, doubled ones: the package is kept until the office has spoken on all of it."""
    li, _, _ = a_days_work(town)
    wang = town.tablet("wang", seed=7)
    wang.import_rescue(on_a_stick(town, li))
    rough = Weather(lose_request=0.3, lose_answer=0.3, duplicate=0.2)
    for _ in range(40):
        town.sync("wang", weather=rough)
    town.sync("wang", weather=FINE)
    [told] = wang.carried()
    assert told.delivered
    assert told.outcomes == {"applied": 3}
    assert len(taken(town)) == len(set(taken(town))) == 4


def test_a_carrier_that_is_switched_off_goes_on(town: Town) -> None:
    """The package lies in her tablet's file: she may close it at any time, and be without network for days."""
    li, _, _ = a_days_work(town)
    wang = town.tablet("wang")
    wang.import_rescue(on_a_stick(town, li))
    town.networks["wang"].weather = Weather(lose_request=1.0)
    with pytest.raises(Unreachable):
        wang.sync()
    town.networks["wang"].weather = FINE
    wang.close()
    again = FieldClient(town.folder / "wang.db", town.gates["wang"], clock=lambda: town.now_ms)
    town.tablets["wang"] = again
    assert again.status().carried == 1
    town.sync("wang")
    assert again.carried()[0].delivered


class Killed(BaseException):
    """Ends a program as a kill would: nobody catches it."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Kill the program before the *step*-th statement that it gives to a tablet's file; tell which came."""
    before, seen = Database.run, list[str]()

    def run(self: Database, sql: str, values: Sequence[Any] = ()) -> Any:
        seen.append(sql)
        if len(seen) == step:
            raise Killed
        return before(self, sql, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "run", run)
        yield seen


def test_a_carrier_killed_before_every_statement_delivers_once(town: Town) -> None:
    """Taking along and delivering, killed at each of their steps in turn, and begun again."""
    li, known, _ = a_days_work(town)
    wang = town.tablet("wang")
    step, met = 0, False
    while not met:
        step += 1
        li.edit(known, operator_phone=f"1380418{step:04}")
        path = on_a_stick(town, li, f"{step}.zip")
        with killed_at(step) as seen, suppress(Killed):
            wang.import_rescue(path)
            wang.sync()
        met = len(seen) < step
        wang.close()
        wang = FieldClient(town.folder / "wang.db", town.gates["wang"], clock=lambda: town.now_ms)
        town.tablets["wang"] = wang
        wang.import_rescue(path)
        town.sync("wang")
        assert [told.delivered for told in wang.carried()] == [True] * step
        assert len(taken(town)) == len(set(taken(town))) == 4 + step
        assert town.on_server(known)["operator_phone"] == f"1380418{step:04}"
    assert step > 10
    town.sync("li")
    assert li.outbox().waiting == li.outbox().attention == ()


def test_a_wrong_clock_is_judged_as_it_would_have_been(town: Town) -> None:
    """Li's clock ran three hours ahead until a colleague was admitted and the tablet learnt better."""
    li = town.tablet("li")
    town.wrong_ms["li"] = 3 * 3600 * 1000
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    li.enrol(new_code(town, "wang"), device_name="li的平板")
    path = on_a_stick(town, li)
    town.pass_time(24 * 3600)
    assert at_the_server(town, path) == ["applied"]
    with town.office.store.work(DISTRICT, writing=False) as work:
        [(entry, _)] = [found for feed in work.feeds.heads() for found in work.history.entries(feed)]
    assert entry.record == shop.id
    assert abs(town.now_ms - 24 * 3600 * 1000 - entry.at_ms) < 1000
    assert entry.corrected_ms == -3 * 3600 * 1000
    assert not entry.clamped


def test_a_group_comes_whole(town: Town) -> None:
    """Two changes that only make sense together are one in the package too: refused as one, or taken as one."""
    li = town.tablet("li")
    with li.group():
        li.create("shop", grid=GRID_7, name="老王修车", category="repair")
        li.create("shop", grid="210902006001001", name="老李粮油", category="retail")
    with li.group():
        li.create("shop", grid=GRID_7, name="老张面馆", category="catering")
        li.create("shop", grid=GRID_7, name="老赵理发", category="service")
    assert at_the_server(town, on_a_stick(town, li)) == ["rejected", "rejected", "applied", "applied"]
    town.sync("li")
    assert li.outbox().waiting == ()
    assert len(taken(town)) == 2


def test_a_tablet_is_emptied_after_its_work_was_carried_away(town: Town) -> None:
    """Exported, emptied, enrolled again: the package brings back what the tablet no longer holds."""
    li, known, new = a_days_work(town)
    with pytest.raises(WorkWaiting):
        li.reset()
    path = town.folder / "li.zip"
    li.export_outbox(path, whole=True)
    li.reset()
    assert not li.status().enrolled
    assert li.status().records == 0
    li.enrol(new_code(town, "li"), device_name="li的新平板")
    carried = li.import_rescue(path)
    assert carried.photos == 1
    town.sync("li")
    [told] = li.carried()
    assert told.delivered
    town.sync("li")
    assert li.read(new).get("name") == "老李粮油"
    assert li.read(known).get("operator_phone") == "13804180000"
    assert len(taken(town)) == len(set(taken(town))) == 4
