"""
The server is destroyed at three; the backup is of noon. Twenty tablets come back, one after the other.

What they did after noon is nowhere but in their own files, most of it acknowledged long since.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine, select

from schemas.records import Fields
from schemas.roles import Role
from server.settings import own_environment
from server.storage.postgres_tools import Tools
from server.storage.quarantine_tables import quarantine
from server.storage.store import Store
from server.storage.tables import history
from server.usecases.back_up import back_up
from server.usecases.restore_backup import restore_backup
from sync_client.client import FieldClient
from sync_client.values import Record
from tests.pictures import jpeg
from tests.postgres import LocalPostgres, find_binaries
from tests.server.office import DISTRICT, GRID_7, GRID_8, RawDevice
from tests.stories.ground import GRID_9, check, everybody_agrees, nothing_is_broken, shop
from tests.stories.town import Town

OFFICERS = ("li", "wang", "sun", "feng", "zhao", "qian")
HIRED = {f"w{n:02}": (f"网格员{n}", (GRID_7, GRID_8, GRID_9)[n % 3]) for n in range(1, 15)}
#: Device, install and number.
Name = tuple[str, str, int]


@pytest.fixture
def tools(database_url: str) -> Tools:
    """Where PostgreSQL's tools are: beside the server that the tests run."""
    return Tools(None if database_url.startswith("sqlite") else find_binaries(), own_environment())


@pytest.fixture
def new_machine(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A machine that was bought this afternoon, with nothing on it."""
    if database_url.startswith("sqlite"):
        (tmp_path / "new").mkdir()
        url, drop = f"sqlite:///{tmp_path / 'new' / 'gridward.db'}", None
    else:
        postgres: LocalPostgres = request.getfixturevalue("postgres")
        url, drop = postgres.new_database(), postgres
    store = Store(create_engine(url))
    yield store
    store.engine.dispose()
    if drop:
        drop.drop_database(url)


def crew(town: Town) -> list[str]:
    """Return twenty people, each with a tablet."""
    for name, (zh, grid) in HIRED.items():
        town.hire(name, zh, Role.GRID_WORKER, grid)
    names = [*OFFICERS, *HIRED]
    for name in names:
        town.tablet(name)
    return names


def grid_of(name: str) -> str:
    """Return where somebody works."""
    return HIRED[name][1] if name in HIRED else GRID_8 if name == "sun" else GRID_7


def a_morning(town: Town, names: list[str], dice: random.Random) -> None:
    """Everybody registers shops and checks one of them; most of them come by at noon."""
    town.tablet("feng").create("cleaning_day", grid=GRID_7, held_on="2020-07-18", theme="创卫清扫")
    town.sync("feng")
    for name in names:
        tablet = town.tablet(name)
        shops = [shop(tablet, f"{town.called(name)}的第{n}家店", grid_of(name)) for n in range(2)]
        check(tablet, name, shops[0].id, town.now_ms, grid_of(name))
        town.pass_time(60)
    town.sync(*names)
    for name in dice.sample(names, 12):
        one_thing(town, name, dice)
    town.sync(*dice.sample(names, 14))


def an_afternoon(town: Town, names: list[str], dice: random.Random) -> None:
    """They edit what others wrote, and meet the office now and then; not everybody comes by again before three."""
    quarrel(town)
    for _ in range(3):
        for name in names:
            town.pass_time(30)
            one_thing(town, name, dice)
        town.sync(*dice.sample(names, 14))


def rename(found: Record, dice: random.Random) -> Fields:
    """Give a shop another name."""
    return {"name": f"改的店名{dice.randrange(100)}"}


def call(found: Record, dice: random.Random) -> Fields:
    """Note a telephone, and say something."""
    return {"operator_phone": f"138{dice.randrange(10**8):08}", "add": {"remark": ["已劝导"]}}


def one_thing(town: Town, name: str, dice: random.Random) -> None:
    """Let somebody do one of the things that people do, to what anybody wrote."""
    tablet, grid = town.tablet(name), grid_of(name)
    found = dice.choice(tablet.find("shop", limit=500).records)
    what = dice.choice(("edit", "edit", "check", "group", "photo", "waste", "create"))
    if what == "edit":
        tablet.edit(found, **dice.choice((rename, call))(found, dice))
    elif what == "check":
        check(tablet, name, found.id, town.now_ms, found.grid)
    elif what == "photo":
        tablet.attach(found, jpeg(f"{name}, {dice.random()}"))
    elif what == "waste" and grid == GRID_7:
        [day] = tablet.find("cleaning_day").records
        tablet.edit(day, share={"waste_t": dice.randrange(1, 9) / 2})
    elif what == "group":
        with tablet.group():
            made = shop(tablet, f"{name}的新店", grid)
            tablet.edit(made, add={"remark": ["新开张"]})
    else:
        shop(tablet, f"{name}又一家", grid)


def quarrel(town: Town) -> None:
    """Li and Wang each give three shops another name, neither having seen the other's."""
    for found in town.tablet("li").find("shop").records[:3]:
        town.tablet("li").edit(found.id, name=f"李记{found.id[-3:]}")
        town.tablet("wang").edit(found.id, name=f"王记{found.id[-3:]}")
    town.sync("li", "wang")


def settle_at_a_tablet(town: Town, device: RawDevice) -> int:
    """Let the community settle two disputes about names, at a tablet of its own; return how many it could."""
    device.clock_ms = town.now_ms
    device.pull()
    open_ones = [c for c in town.disputes() if (c.kind, c.field) == ("person", "name")][:2]
    for dispute in open_ones:
        seen = device.shown[dispute.record]
        settles = {"conflict": dispute.id, "choice": "hand", "reason": "看过门头"}
        parts = {"base": seen["version"], "grid": seen["grid"], "set": {"name": "社区定的店名"}, "settles": settles}
        [outcome] = device.push(device.mutation("patch", "shop", dispute.record, **parts))
        assert outcome.outcome in ("applied", "merged"), outcome
    return len(open_ones)


def journals(town: Town, device: RawDevice) -> dict[Name, bytes]:
    """Return every mutation that lies on a tablet, by its name."""
    found = {(device.id, device.install, n): raw for n, raw in enumerate(device.sent, 1)}
    for name, tablet in town.tablets.items():
        with closing(sqlite3.connect(town.folder / f"{name}.db")) as file:
            for install, n, payload in file.execute("SELECT install, n, payload FROM journal"):
                found[device_of(tablet), install, n] = bytes(payload)
    return found


def device_of(tablet: FieldClient) -> str:
    """Return the id under which the office knows a tablet."""
    device = tablet.status().device
    assert device
    return device


def kept(town: Town) -> Counter[tuple[Name, bytes]]:
    """Return what the server keeps of tablets' mutations, in history and in quarantine together, and how often."""
    h, q = history.c, quarantine.c
    with town.office.store.engine.connect() as connection:
        rows = [
            *connection.execute(select(h.device, h.install, h.n, h.payload).where(h.n > 0)),
            *connection.execute(select(q.device, q.install, q.n, q.payload)),
        ]
    return Counter(
        ((device, install, n), payload.encode() if isinstance(payload, str) else bytes(payload))
        for device, install, n, payload in rows
    )


def numbers(store: Store) -> list[int]:
    """Return every number of the history."""
    with store.engine.connect() as connection:
        return list(connection.execute(select(history.c.version)).scalars())


def records_of(store: Store) -> set[str]:
    """Return the ids of all records there are."""
    with store.engine.connect() as connection:
        return set(connection.execute(select(history.c.record)).scalars())


def move_in(town: Town, new_machine: Store) -> None:
    """Let the office work on the new machine from now on; the old one is gone."""
    town.office.store.engine.dispose()
    town.office.app.extensions["gridward"] = new_machine
    town.office.store = new_machine


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3, 4))])
def test_everything_comes_back(town: Town, tools: Tools, new_machine: Store, seed: int) -> None:
    """Nothing is missing, nothing is there twice, and all tablets show what the server holds."""
    dice = random.Random(seed)
    names = crew(town)
    zhao = town.office.device("zhao")
    a_morning(town, names, dice)
    town.now_ms += 3_600_000
    back_up(town.office.store, town.folder / "noon", town.now_ms, tools)
    held_at_noon = set(numbers(town.office.store))
    an_afternoon(town, names, dice)
    assert settle_at_a_tablet(town, zhao)
    town.sync(*dice.sample(names, 6))

    at_three, lost = records_of(town.office.store), set(numbers(town.office.store)) - held_at_noon
    on_tablets = journals(town, zhao)
    assert len(lost) > 30
    town.now_ms += 3_600_000
    restored = restore_backup(new_machine, town.folder / "noon", town.now_ms, tools)
    move_in(town, new_machine)
    assert restored.broken == []
    assert set(numbers(new_machine)) == held_at_noon

    dice.shuffle(names)
    for name in names:
        town.sync(name)
        if name == names[7]:
            zhao.cursors = {}
            zhao.push(*zhao.sent)
    for _ in range(2):  # what builds on another's work may have waited for him
        town.sync(*names)
    zhao.push(*zhao.sent)
    everybody_agrees(town)
    nothing_is_broken(town)

    times = kept(town)
    assert max(times.values()) == 1
    assert {one: raw for one, raw in on_tablets.items() if times[one, raw] != 1} == {}
    assert journals(town, zhao).keys() == on_tablets.keys(), "nobody had to record anything again"
    assert at_three <= records_of(new_machine)
    assert not lost & set(numbers(new_machine)), "no number means two things"
    assert {town.tablet(name).sync().pushed for name in names} == {0}
    assert new_machine.places()[DISTRICT].epoch == restored.epochs[DISTRICT]
    assert msgspec.json.decode(zhao.sent[0])["settles"]
