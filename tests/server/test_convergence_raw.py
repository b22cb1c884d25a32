"""
Whoever reaches a network first: tablets that never saw each other's work leave the same record and the same disputes.

Each device keeps its own order; everything else is chance: who pushes when, how much at once, and which
answers are lost, so that a push comes again.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from schemas import wire
from schemas.ids import derived_id
from schemas.numbers import NUMBER_FIELDS
from schemas.roles import Role
from schemas.rules import DAY_MS
from server.storage.devices import Device
from server.storage.store import Store
from server.usecases.receive_mutations import Push, receive_mutations
from server.values import Grant, Person
from tests.server.office import DISTRICT, GRID_7, Office, open_office, person_id

NOON = 1_594_796_400_000
ROLES = {"li": Role.GRID_WORKER, "wang": Role.GRID_WORKER, "zhao": Role.COMMUNITY, "qian": Role.STREET}
PEOPLE = {
    person_id(name): Person(person_id(name), name, (Grant(role, DISTRICT, 0, None),)) for name, role in ROLES.items()
}
PHOTOS = [{"sha256": name * 32, "role": role} for name in ("3f", "4e") for role in ("near", "far")]
SHOP = {"name": "老王修车", "category": "repair"}
CASE = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": "2020-07-18T08:15:30+08:00"}


def some(**values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a choice of one field with one of its values."""
    return st.one_of(*(st.sampled_from([{name: value} for value in chosen]) for name, chosen in values.items()))


GATHERED = st.one_of(
    st.sampled_from([{"add": {"photos": [photo]}} for photo in PHOTOS]),
    st.sampled_from([{"remove": {"photos": [name * 32]}} for name in ("3f", "4e")]),
    st.sampled_from([{"add": {"remark": [text]}} for text in ("已劝导", "无人在店")]),
)
EDITS = {
    "shop": st.one_of(
        some(
            name=["王记修车行", "老王汽修", "汽修"],
            status=["open", "vacant"],
            door_no=["3", "5", None],
            new=[1, 2, {"a": 3}],
        ).map(lambda fields: {"set": fields}),
        GATHERED,
    ),
    "case": st.one_of(
        some(
            severity=["minor", "major", "critical"],
            problem_class=["piling", "other"],
            description=["旧家具", "沙发"],
            source=["self", "city"],
            found_at=["2020-07-17T08:15:30+08:00", "2020-07-19T08:15:30+08:00"],
        ).map(lambda fields: {"set": fields}),
        GATHERED,
    ),
}


class Story(NamedTuple):
    """What one to three edits each of two to four tablets came to, and two orders in which they arrived."""

    type: str
    edits: list[list[dict[str, Any]]]
    orders: list[list[tuple[int, int, bool]]]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    type_ = draw(st.sampled_from(["shop", "case"]))
    edits = []
    for number in range(draw(st.integers(2, 4))):
        clock, journal = NOON + number, []
        for _ in range(draw(st.integers(1, 3))):
            clock += draw(st.sampled_from([1_000, DAY_MS // 2, DAY_MS + 1]))
            journal.append(
                {"at": [clock, 0], "by": person_id(draw(st.sampled_from(list(ROLES)))), **draw(EDITS[type_])}
            )
        edits.append(journal)
    turns = [number for number, journal in enumerate(edits) for _ in journal]
    orders = [
        [(device, draw(st.integers(1, 3)), draw(st.booleans())) for device in draw(st.permutations(turns))]
        for _ in range(2)
    ]
    return Story(type_, edits, orders)


class District:
    """A store, and a new record with tablets of its own for every telling."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told = 0

    def tell(self, story: Story, order: list[tuple[int, int, bool]]) -> tuple[Any, Any]:
        """Play *story* in one order; return the record's fields and its open disputes."""
        self.told += 1
        record = derived_id("story", str(self.told))
        office = self._device("office")
        first = {
            "op": "create",
            "type": story.type,
            "set": SHOP if story.type == "shop" else CASE,
            "at": [NOON - DAY_MS, 0],
        }
        first |= {"by": person_id("li"), "add": {"photos": [PHOTOS[0]]}}
        [outcome] = self._push(office, record, [first], 0, 1)
        waiting = {number: list(enumerate(journal, 1)) for number, journal in enumerate(story.edits)}
        for number, count, again in order:
            batch, waiting[number] = waiting[number][:count], waiting[number][count:]
            for _ in range(2 if again and batch else 1 if batch else 0):
                device = self._device(str(number))
                self._push(
                    device,
                    record,
                    [dict(edit, op="patch", type=story.type) for _, edit in batch],
                    outcome.version,
                    batch[0][0],
                )
        return self._shown(record)

    def _device(self, name: str) -> Device:
        # The same in every telling: it breaks the tie between two equal stamps.
        id_ = derived_id("story-device", name)
        return Device(id_, DISTRICT, name, PEOPLE, revoked=False, epoch="first", cursor_key=b"k" * 32)

    def _push(
        self, device: Device, record: str, edits: list[dict[str, Any]], base: int | None, n: int
    ) -> list[wire.Outcome]:
        raws = [
            wire.encode({"n": number, "id": record, "grid": GRID_7, "base": base, **edit})
            # One install for all stories: with a second one a device's hand would be another.
            for number, edit in enumerate(edits, self.told * 1_000 + n)
        ]
        answer = receive_mutations(self.store, device, Push("stories", raws, None, NOON + 30 * DAY_MS))
        assert {o.outcome for o in answer.outcomes} <= {"applied", "merged", "conflict"}, answer.outcomes
        return answer.outcomes

    def _shown(self, record: str) -> tuple[Any, Any]:
        with self.store.work(DISTRICT, writing=False) as work:
            found = work.records.get([record])[record]
            disputes = {
                (c.field, c.kind): wire.decode_json(c.detail) for c in work.conflicts.open() if c.record == record
            }
        named = {
            key: (told["kept"]["value"], sorted((o["at"], o["by"], str(o["value"])) for o in told["others"]))
            for key, told in disputes.items()
        }
        # The number people read out is given in the order of arrival.
        fields = {name: value for name, value in found.fields.items() if name not in NUMBER_FIELDS.values()}
        return (fields, found.at.ms, found.void), named


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A district on SQLite that need not survive a power cut."""
    opened: Office = open_office(f"sqlite:///{tmp_path_factory.mktemp('stories') / 'gridward.db'}")
    opened.store.engine.dispose()
    engine = create_engine(opened.store.engine.url)
    store = Store(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
    yield District(store)
    engine.dispose()


def by(name: str, at_ms: int, problem_class: str) -> dict[str, Any]:
    return {"at": [at_ms, 0], "by": person_id(name), "set": {"problem_class": problem_class}}


#: Li's later word hid another walker's, until the community, on Li's own tablet, took his place.
TAKEN_BACK = Story(
    "case",
    [[by("wang", NOON + 1, "piling")], [by("li", NOON + 2, "piling"), by("zhao", NOON + 3, "other")]],
    [[(0, 1, False), (1, 1, False), (1, 1, False)], [(1, 1, False), (1, 1, False), (0, 1, False)]],
)


def named(name: str, at_ms: int, value: str) -> dict[str, Any]:
    return {"at": [at_ms, 0], "by": person_id(name), "set": {"name": value}}


#: What Li wrote was a suggestion until the community's own second word made it part of a dispute.
SUGGESTED_FIRST = Story(
    "shop",
    [
        [named("qian", NOON + 1_000, "王记修车行")],
        [named("li", NOON + 1_001, "王记修车行"), named("li", NOON + 2_001, "王记修车行")],
        [
            named("qian", NOON + 1_002, "老王汽修"),
            named("li", NOON + 2_002, "老王汽修"),
            named("li", NOON + 3_002, "老王汽修"),
        ],
    ],
    [
        [(0, 1, False), (1, 1, False), (1, 1, False), (2, 1, False), (2, 1, False), (2, 1, False)],
        [(1, 1, False), (1, 1, False), (2, 1, False), (2, 1, False), (0, 1, False), (2, 1, False)],
    ],
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories())
@example(story=TAKEN_BACK)
@example(story=SUGGESTED_FIRST)
def test_every_order_comes_to_the_same(here: District, story: Story) -> None:
    note(str(story))
    first, second = (here.tell(story, order) for order in story.orders)
    assert first == second


@pytest.mark.long
@settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories())
def test_every_order_for_long(here: District, story: Story) -> None:
    note(str(story))
    first, second = (here.tell(story, order) for order in story.orders)
    assert first == second


@pytest.mark.postgres
def test_every_order_comes_to_the_same_on_postgres(postgres_url: str) -> None:
    opened = open_office(postgres_url)
    there = District(opened.store)

    @settings(max_examples=20, deadline=None, database=None)
    @given(story=stories())
    def tell_both(story: Story) -> None:
        first, second = (there.tell(story, order) for order in story.orders)
        assert first == second

    tell_both()
    opened.store.engine.dispose()
