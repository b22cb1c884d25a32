"""
Shops that turn out to be one, their checks and cases: whoever reaches a network first, the end is the same.

Everybody knows the same morning. Then each works without signal, and the office hears of it in two orders,
in pieces of any size, some twice. Each device keeps its own order.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.checks.shop import SHOP_1
from schemas.ids import uuid7
from schemas.numbers import NUMBER_FIELDS
from schemas.rules import DAY_MS
from schemas.wording import BEIJING
from server.app import create_app
from server.settings import Settings
from server.storage.store import Store
from server.usecases.replay_history import replay_history
from tests.schemas.checks_made import clean
from tests.server.clerks import AT_THE_DOOR, HOUR, MINUTE, MORNING, Clock
from tests.server.office import DISTRICT, PEOPLE, Office, RawDevice, open_office, person_id

WALKERS, CLERKS = ("li", "wang"), ("zhao", "qian", "zhou")
#: Whoever may write into a register, and whoever may say that two entries are one.
REGISTRARS, JOINERS = ("li", "wang", "zhao", "qian"), ("zhao", "qian")
#: All the office hears of lies behind it: what is stamped later would be clamped to when it arrives, which differs.
EVENING = MORNING + 20 * DAY_MS
WASTE = {"H4": 0.5}
KINDS = {"s": "shop", "k": "shop_check", "c": "case"}
#: Left out where a story is shown.
_LONG = frozenset({"items", "inspector_id", "form_version", "observed_at", "no_fix_reason", "mode"})


class Deed(NamedTuple):
    """One thing somebody does to a record called *thing*; names of things stand for ids, ``base`` for a version."""

    op: str
    type: str
    thing: str
    parts: dict[str, Any]
    later_ms: int
    seen: bool = True


class Story(NamedTuple):
    """What all know, what each then does alone, and two orders: who pushes, how much, whether twice."""

    before: list[tuple[str, Deed]]
    alone: dict[str, list[Deed]]
    orders: list[list[tuple[str, int, bool]]]


def id_of(thing: str) -> str:
    """Return the id of what is called ``s1``, ``k12``...; the order of ids is that of the numbers."""
    letter, number = thing[0], int(thing[1:])
    return uuid7(MORNING + number, letter.encode() * 10)


def sha(letter: str) -> str:
    return letter * 64


def place(metres: float) -> dict[str, Any]:
    return AT_THE_DOOR | {"lat": round(42 + metres / 111_195, 7)}


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, BEIJING).isoformat()


# -- what people do -----------------------------------------------------------------------------------

PHOTOS = st.sampled_from([{"sha256": sha("a"), "role": "near"}, {"sha256": sha("b"), "role": "far"}])
REMARKS = st.sampled_from(["已劝导", "无人在店"])
GAPS = st.sampled_from([1_000, 10 * MINUTE, 5 * HOUR, DAY_MS // 2, DAY_MS + 1])


def one_of_each(**values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a choice of one field with one of its values."""
    return st.one_of(*(st.sampled_from([{name: value} for value in chosen]) for name, chosen in values.items()))


ENTRIES = one_of_each(
    name=["老王修车", "老王修车行", "便民面馆"],
    status=["open", "closed", "vacant"],
    category=["repair", "retail"],
    has_green=[True, False],
    door_no=["3", "5", None],
    position=[place(0), place(8), place(200)],
    code=["S-1", "S-2"],
)
CASES = one_of_each(
    problem_class=["piling", "other"],
    severity=["minor", "major", "critical"],
    description=["旧家具", "沙发"],
)


class Telling:
    """Draws one story, and knows what there is by name."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.shops = [f"s{n}" for n in self.pick(st.permutations([1, 2, 3]))[: self.pick(st.integers(2, 3))]]
        self.checks: dict[str, str] = {}
        self.cases: list[str] = []
        self._numbers = self.pick(st.permutations(range(10, 40)))
        #: Who acts on a case; two do only where the docs promise that their order does not matter.
        self.acted: dict[str, list[tuple[str, str]]] = {}

    def pick(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.draw(strategy)

    def among(self, things: Any) -> Any:
        return self.pick(st.sampled_from(sorted(things)))

    def story(self) -> Story:
        before = [("qian", self.new_shop(shop)) for shop in self.shops]
        for _ in range(self.pick(st.integers(0, 4))):
            who = self.among(PEOPLE.keys() & {*WALKERS, *CLERKS})
            deed = self.deed(who, alone=False)
            if deed is not None:
                before.append((who, deed))
        people = self.pick(st.permutations([*WALKERS, *CLERKS]))[: self.pick(st.integers(3, 4))]
        known = (dict(self.checks), list(self.cases))
        alone = {}
        for who in people:
            self.checks, self.cases = dict(known[0]), list(known[1])
            deeds = [self.deed(who, alone=True) for _ in range(self.pick(st.integers(1, 3)))]
            alone[who] = [deed for deed in deeds if deed is not None]
        return Story(before, alone, [self.order(alone) for _ in range(2)])

    def order(self, alone: dict[str, list[Deed]]) -> list[tuple[str, int, bool]]:
        turns = self.pick(st.permutations([who for who, deeds in alone.items() for _ in deeds]))
        return [(who, self.pick(st.integers(1, 3)), self.pick(st.booleans())) for who in turns]

    def deed(self, who: str, *, alone: bool) -> Deed | None:
        ways: list[Callable[[str, bool], Deed | None]] = [self.check, self.case]
        ways += [self.change_shop] * 2 if who in REGISTRARS else []
        ways += [self.join_shops] * 3 if who in JOINERS else []
        ways += [self.act] * 2 if who in CLERKS and self.cases else []
        ways += [self.void] if who == "qian" else []
        ways += [self.change_case] * 2 if self.cases else []
        ways += [self.revise] if who == "zhou" and self.checks else []
        ways += [self.correct] if who in self.checks.values() else []
        way: Callable[[str, bool], Deed | None] = self.pick(st.sampled_from(ways))
        return way(who, alone)

    def made(self, op: str, type_: str, thing: str, **parts: Any) -> Deed:
        return Deed(op, type_, thing, parts, self.pick(GAPS), self.pick(st.integers(0, 3)) > 0)

    def new_shop(self, shop: str) -> Deed:
        fields = {"name": self.pick(st.sampled_from(["老王修车", "老王修车行", "便民面馆"])), "category": "repair"}
        fields |= {"position": place(int(shop[1:]) * 4), "has_green": True}
        fields |= self.pick(st.sampled_from([{}, {"status": "closed"}, {"code": "S-1"}]))
        return self.made("create", "shop", shop, set=fields)

    def change_shop(self, _who: str, _alone: bool) -> Deed:
        return self.made("patch", "shop", self.among(self.shops), set=self.pick(ENTRIES))

    def join_shops(self, _who: str, _alone: bool) -> Deed:
        one, other = self.pick(st.permutations(self.shops))[:2]
        how = self.pick(st.integers(0, 5))
        if how == 0:
            return self.made("patch", "shop", one, add={"distinct_from": [f"@{other}"]})
        if how == 1:
            return self.made("patch", "shop", one, remove={"distinct_from": [f"@{other}"]})
        return self.made("patch", "shop", one, set={"merged_into": None if how == 2 else f"@{other}"})

    def check(self, who: str, _alone: bool) -> Deed:
        thing = f"k{self._numbers.pop()}"
        self.checks[thing] = who
        fields = clean(
            SHOP_1, self.pick(st.sampled_from([{}, WASTE])), inspector_id=person_id(who),
            inspector_role=PEOPLE[who][1].value, target_id=f"@{self.among(self.shops)}", observed_at="@now",
            has_green=self.pick(st.booleans()), open_now=self.pick(st.booleans()),
            category=self.pick(st.sampled_from(["repair", "retail"])), position=self.where(), no_fix_reason=None,
        )  # fmt: skip
        return self.made("create", "shop_check", thing, set=fields)

    def where(self) -> dict[str, Any]:
        return place(self.pick(st.sampled_from([0, 10, 25, 45])))

    def correct(self, who: str, _alone: bool) -> Deed:
        thing = self.among(one for one, author in self.checks.items() if author == who)
        items = clean(SHOP_1, WASTE)["items"]
        how = st.sampled_from([{"set": {"items": items}}, {"set": {"open_now": True}}, {"set": {"open_now": False}}])
        more = st.one_of(how, PHOTOS.map(lambda photo: {"add": {"photos": [photo]}}))
        return self.made("patch", "shop_check", thing, **self.pick(more))

    def revise(self, who: str, _alone: bool) -> Deed:
        revision = {"score": 70, "reason": "复核", "by": person_id(who), "at": "@now"}
        return self.made("patch", "shop_check", self.among(self.checks), set={"score_revision": revision})

    def case(self, _who: str, _alone: bool) -> Deed:
        thing = f"c{self._numbers.pop()}"
        self.cases.append(thing)
        fields: dict[str, Any] = {"source": "self", "problem_class": "piling", "severity": "minor", "found_at": "@now"}
        fields |= {"position": self.where()} if self.pick(st.booleans()) else {}
        fields |= {"target_id": f"@{self.among(self.shops)}"} if self.pick(st.booleans()) else {}
        return self.made("create", "case", thing, set=fields, add={"photos": [self.pick(PHOTOS)]})

    def change_case(self, who: str, _alone: bool) -> Deed:
        thing, joins = self.among(self.cases), who in CLERKS and len(self.cases) > 1
        ways: list[st.SearchStrategy[dict[str, Any]]] = [CASES.map(lambda fields: {"set": fields})]
        ways += [PHOTOS.map(lambda photo: {"add": {"photos": [photo]}})]
        ways += [REMARKS.map(lambda text: {"add": {"remark": [text]}})]
        ways += [st.sampled_from(self.shops).map(lambda shop: {"set": {"target_id": f"@{shop}"}})]
        others = [other for other in self.cases if other != thing]
        ways += [st.sampled_from(others).map(lambda o: {"add": {"distinct_from": [f"@{o}"]}})] if joins else []
        return self.made("patch", "case", thing, **self.pick(st.one_of(*ways)))

    def act(self, who: str, alone: bool) -> Deed | None:
        thing = self.among(self.cases)
        # Into an older case only: of two that go into each other the first stays, by arrival.
        mains = [other for other in self.cases if id_of(other) < id_of(thing)]
        act = self.pick(st.sampled_from(["accept", "refuse", *["merge"] * 3] if mains else ["accept", "refuse"]))
        acts = self.acted.setdefault(thing, [])
        if alone and not _may_act(acts, who, act):
            return None
        if alone:
            acts.append((who, act))
        told = {"name": act} | ({"into": f"@{self.among(mains)}"} if act == "merge" else {})
        told |= {"reason": "不属实"} if act == "refuse" else {}
        return self.made("act", "case", thing, act=told)._replace(seen=True)

    def void(self, _who: str, _alone: bool) -> Deed:
        thing = self.among([*self.shops, *self.checks, *self.cases])
        return self.made("void", KINDS[thing[0]], thing)


def _may_act(acts: list[tuple[str, str]], who: str, act: str) -> bool:
    """Say whether the order of *act* and what others do to one case makes no difference, by what is promised."""
    people = [person for person, _ in acts]
    once = who not in people and len(set(people)) == len(people)
    return set(people) <= {who} or (once and {act, *(done for _, done in acts)} <= {"accept", "refuse"})


@st.composite
def stories(draw: st.DrawFn) -> Story:
    return Telling(draw).story()


# -- playing ------------------------------------------------------------------------------------------


class Played(NamedTuple):
    """How it ended: fields and voidness by record, open disputes, and what became of every mutation."""

    records: dict[str, tuple[str, bool]]
    disputes: set[tuple[str, str, str]]
    history: Counter[bytes]
    refused: Counter[bytes]


class Playing:
    """One office, to which the work of a story comes in one order."""

    def __init__(self, office: Office, clock: Clock, devices: dict[str, RawDevice], names: set[str]) -> None:
        self.office, self.clock = office, clock
        self.devices = devices
        self.names = {id_of(name): name for name in names}

    def play(self, story: Story, order: list[tuple[str, int, bool]]) -> Played:
        self.clock.ms = EVENING
        for device in self.devices.values():
            device.clock_ms = MORNING - 3 * DAY_MS
        for who, deed in story.before:
            self._push(who, [self._written(who, deed)])
            for device in self.devices.values():
                device.clock_ms = max(device.clock_ms, self.devices[who].clock_ms)
        journals = {who: [self._written(who, deed) for deed in deeds] for who, deeds in story.alone.items()}
        for who, count, twice in order:
            batch, journals[who] = journals[who][:count], journals[who][count:]
            for _ in range((1 + twice) if batch else 0):
                self._push(who, batch)
        return self._end()

    def _push(self, who: str, batch: list[bytes]) -> None:
        self.clock.ms += 1_000
        outcomes = self.devices[who].push(*batch)
        bad = [o for o in outcomes if o.outcome not in ("applied", "merged", "conflict")]
        assert not bad, bad

    def _written(self, who: str, deed: Deed) -> bytes:
        device = self.devices[who]
        device.clock_ms += deed.later_ms
        record = self.office.record(id_of(deed.thing))
        base = record.version if record is not None and deed.seen else 0
        now = moment(device.clock_ms)
        return device.mutation(deed.op, deed.type, id_of(deed.thing), base=base, **_spelt(deed.parts, now))

    def _end(self) -> Played:
        found = list(replay_history(self.office.store, DISTRICT))
        different = [difference for checked in found for difference in checked.differences]
        assert not different, different
        with self.office.store.work(DISTRICT, writing=False) as work:
            records = work.records.get([checked.record for checked in found])
        disputes = {(self._name(c.record), self._name(c.field), c.kind) for c in self.office.conflicts()}
        taken = Counter(raw for device in self.devices.values() for _, _, raw in self.office.taken(device.id))
        refused = Counter(raw for device in self.devices.values() for _, _, raw in self.office.refused(device.id))
        fields = {self._name(i): (self._named(_unnumbered(r.fields)), r.void) for i, r in records.items()}
        return Played(fields, disputes, taken, refused)

    def _name(self, id_: str) -> str:
        return self.names.get(id_, id_)

    def _named(self, text: str) -> str:
        for id_, name in self.names.items():
            text = text.replace(id_, name)
        return text


def _spelt(value: Any, now: str) -> Any:
    """Return *value* with ids in place of names, and the moment in place of ``@now``."""
    if isinstance(value, dict):
        return {name: _spelt(inner, now) for name, inner in value.items()}
    if isinstance(value, list):
        return [_spelt(inner, now) for inner in value]
    if isinstance(value, str) and value.startswith("@"):
        return now if value == "@now" else id_of(value[1:])
    return value


class Offices:
    """As many offices as are asked for, each a copy of one that was furnished once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._first = open_office(f"sqlite:///{folder / 'first.db'}")
        self._devices = {who: self._first.device(who) for who in (*WALKERS, *CLERKS)}
        with self._first.store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self._first.store.engine.dispose()

    def play(self, story: Story, order: list[tuple[str, int, bool]]) -> Played:
        path = self.folder / "copy.db"
        for old in self.folder.glob("copy.db*"):
            old.unlink()
        shutil.copy(self.folder / "first.db", path)
        clock = Clock()
        app = create_app(Settings(f"sqlite:///{path}"), clock)
        store: Store = app.extensions["gridward"]
        office = Office(app, store)
        devices = {who: RawDevice(office, d.id, d.token, who) for who, d in self._devices.items()}
        things = {deed.thing for _, deed in story.before} | {d.thing for deeds in story.alone.values() for d in deeds}
        try:
            played = Playing(office, clock, devices, things).play(story, order)
        finally:
            store.engine.dispose()
        sent = Counter(raw for device in devices.values() for raw in device.sent)
        assert played.history + played.refused == sent, "every mutation is kept once"
        return played


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    return Offices(tmp_path_factory.mktemp("orders"))


def must_end_the_same(offices: Offices, story: Story) -> None:
    note(told(story))
    first, second = (offices.play(story, order) for order in story.orders)
    assert first.records == second.records
    assert first.disputes == second.disputes
    assert first == second


def told(story: Story) -> str:
    """Return *story* for people to read."""
    lines = [f"{who}: {_line(deed)}" for who, deed in story.before]
    lines += ["-- alone"]
    lines += [f"{who}: {_line(deed)}" for who, deeds in story.alone.items() for deed in deeds]
    return "\n".join([*lines, *(str(order) for order in story.orders)])


def _line(deed: Deed) -> str:
    written = deed.parts | {"set": {k: v for k, v in deed.parts.get("set", {}).items() if k not in _LONG}}
    return f"{deed.op} {deed.thing} {written} +{deed.later_ms} {'' if deed.seen else 'unseen'}"


def did(op: str, thing: str, later_ms: int = MINUTE, **parts: Any) -> Deed:
    return Deed(op, KINDS[thing[0]], thing, parts, later_ms)


def shop(thing: str, name: str, **more: Any) -> tuple[str, Deed]:
    return "qian", did("create", thing, set={"name": name, "category": "repair", **more})


def checked(thing: str, who: str, target: str, items: dict[str, Any] | None = None) -> Deed:
    fields = clean(SHOP_1, items, inspector_id=person_id(who), inspector_role=PEOPLE[who][1].value,
                   target_id=f"@{target}", observed_at="@now", open_now=True)  # fmt: skip
    return did("create", thing, set=fields)


def found(thing: str, **more: Any) -> Deed:
    fields = {"source": "self", "problem_class": "piling", "severity": "minor", "found_at": "@now", **more}
    return did("create", thing, set=fields, add={"photos": [{"sha256": sha(thing[-1]), "role": "near"}]})


def joined(thing: str, into: str) -> Deed:
    if thing[0] == "c":
        return did("act", thing, act={"name": "merge", "into": f"@{into}"})
    return did("patch", thing, set={"merged_into": f"@{into}"})


OLD, NEW = shop("s1", "老王修车"), shop("s2", "便民面馆")
SHUT = shop("s1", "老王修车", status="closed")
WASTE_FOUND = did("patch", "k1", set={"items": clean(SHOP_1, WASTE)["items"]})
#: What is known to all, and what each does alone; once each ended otherwise in another order.
TOLD: dict[str, tuple[list[tuple[str, Deed]], dict[str, list[Deed]]]] = {
    "two checks meet when their shops are joined": (
        [OLD, NEW],
        {"li": [checked("k1", "li", "s1")], "wang": [checked("k2", "wang", "s2")], "zhao": [joined("s1", "s2")]},
    ),
    "of a pair of checks one goes away with its shop": (
        [OLD, NEW, ("zhou", checked("k1", "zhou", "s1"))],
        {"wang": [checked("k2", "wang", "s1")], "zhao": [joined("s1", "s2")]},
    ),
    "one's second check of a day stands behind the first": (
        [OLD],
        {"li": [checked("k9", "li", "s1"), checked("k1", "li", "s1")], "wang": [checked("k5", "wang", "s1")]},
    ),
    "a shut shop seen open is joined to another": (
        [SHUT, NEW],
        {"li": [checked("k1", "li", "s1")], "zhao": [joined("s1", "s2")]},
    ),
    "the check that saw a shop open is voided": (
        [OLD, ("li", checked("k1", "li", "s1"))],
        {"qian": [did("void", "k1")], "zhao": [did("patch", "s1", -HOUR, set={"status": "closed"})]},
    ),
    "a shut shop seen open is voided": ([SHUT], {"li": [checked("k1", "li", "s1")], "qian": [did("void", "s1")]}),
    "one problem is reported of two entries that are one": (
        [OLD, NEW],
        {"li": [found("c1", target_id="@s1")], "wang": [found("c2", target_id="@s2")], "zhao": [joined("s1", "s2")]},
    ),
    "waste is noted in a check whose shop was joined to another": (
        [OLD, NEW],
        {"li": [checked("k1", "li", "s1"), WASTE_FOUND], "zhao": [joined("s1", "s2")]},
    ),
    "a case is said to be about an entry that is no more": (
        [OLD, NEW, ("li", found("c1", target_id="@s2"))],
        {"li": [did("patch", "c1", set={"target_id": "@s1"})], "zhao": [joined("s1", "s2")]},
    ),
    "cases are joined in a chain": (
        [("li", found("c1")), ("li", found("c2")), ("wang", found("c3"))],
        {"zhao": [joined("c3", "c2")], "qian": [joined("c2", "c1")]},
    ),
    "a case is joined as soon as it is reported": (
        [("li", found("c1"))],
        {"zhao": [found("c2"), joined("c2", "c1")], "li": [did("patch", "c1", add={"remark": ["已劝导"]})]},
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_once_went_by_arrival(offices: Offices, name: str) -> None:
    before, alone = TOLD[name]
    people = list(alone)
    whole = [[(who, 3, False) for who in order] for order in permutations(people)]
    single = [(who, 1, True) for who in reversed(people) for _ in alone[who]]
    first, *others = (offices.play(Story(before, alone, []), order) for order in [*whole, single])
    for other in others:
        assert (first.records, first.disputes) == (other.records, other.disputes)


# The same draws every time; others are drawn by the long one.
@settings(max_examples=14, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(story=stories())
def test_every_order_comes_to_one_end(offices: Offices, story: Story) -> None:
    must_end_the_same(offices, story)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories())
def test_every_order_for_long(offices: Offices, story: Story) -> None:
    must_end_the_same(offices, story)


def _unnumbered(fields: dict[str, Any]) -> str:
    """Return *fields* as text without the number people read out: that is given in the order of arrival."""
    numbers = set(NUMBER_FIELDS.values())
    return wire.canonical({name: value for name, value in fields.items() if name not in numbers}).decode()
