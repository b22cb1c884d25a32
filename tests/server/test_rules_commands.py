"""Rules held to their promises, records held to their history, and other rules tried on old work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from schemas import wire
from schemas.checks.shop import SHOP_1
from schemas.checks.street import STREET_1
from schemas.ids import derived_id
from schemas.rules import DAY_MS
from server.commands import rules as commands
from server.storage.tables import conflict, history, record
from server.storage.tables import rules as rules_table
from server.usecases.mistakes import Mistake
from server.usecases.replay_history import Difference, replay_history
from server.usecases.try_rules import read_rules, try_rules
from tests.schemas.checks_made import clean
from tests.server.office import DISTRICT, STREET, Office, person_id

SHOP, TWIN, CHECK = (derived_id("rules-test", name) for name in ("shop", "twin", "check"))
NEW = {"name": "老王修车", "category": "repair"}
HERE = {"lat": 42.02, "lon": 121.65, "crs": "wgs84"}
PHOTO = {"sha256": "3f" * 32, "role": "near", "item": "D1"}
Type = Callable[..., Result]


def differences(office: Office, **only: Any) -> list[Difference]:
    """Return in what the office's records are not what its history comes to."""
    return [d for checked in replay_history(office.store, DISTRICT, **only) for d in checked.differences]


@pytest.fixture
def disputed(office: Office) -> Office:
    """Li and Wang gave one shop two names on one morning."""
    li, wang = office.device("li"), office.device("wang")
    li.push(li.mutation("create", "shop", SHOP, set=NEW | {"position": HERE}))
    wang.clock_ms = li.clock_ms
    li.push(li.mutation("patch", "shop", SHOP, base=1, set={"name": "王记修车行"}))
    wang.push(wang.mutation("patch", "shop", SHOP, base=1, set={"name": "老王汽修", "door_no": "17"}))
    return office


# -- replay -------------------------------------------------------------------------------------------


def test_a_disputed_shop_replays_and_so_does_its_end(disputed: Office) -> None:
    assert [c.field for c in disputed.conflicts() if c.kind == "person"] == ["name"]
    assert differences(disputed) == []
    zhao = disputed.device("zhao")
    zhao.push(zhao.mutation("patch", "shop", SHOP, base=3, set={"name": "老王汽修"}))
    assert [c.kind for c in disputed.conflicts()] == []
    assert differences(disputed) == []


def test_a_dispute_settled_and_opened_again_is_no_difference(disputed: Office) -> None:
    [open_one] = disputed.conflicts()
    zhao = disputed.device("zhao")
    settles = {"conflict": open_one.id, "choice": "choose"}
    zhao.push(zhao.mutation("patch", "shop", SHOP, base=3, set={"name": "老王汽修"}, settles=settles))
    reopen = {"conflict": open_one.id, "choice": "reopen"}
    zhao.push(zhao.mutation("patch", "shop", SHOP, base=4, settles=reopen))
    assert [c.field for c in disputed.conflicts()] == ["name"]
    assert differences(disputed) == []


def test_what_one_record_meant_for_another_replays(office: Office) -> None:
    """A check of a shop that becomes one with its neighbour; a case, its photos, and its end."""
    li, qian = office.device("li"), office.device("qian")
    li.clock_ms = qian.clock_ms = 1_595_030_400_000
    li.push(
        li.mutation("create", "shop", SHOP, set=NEW | {"position": HERE, "has_green": True}),
        li.mutation("create", "shop", TWIN, set=NEW | {"position": HERE}),
    )
    check = clean(SHOP_1, inspector_id=person_id("li"), target_id=TWIN, open_now=True)
    li.push(li.mutation("create", "shop_check", CHECK, set=check))
    qian.push(
        qian.mutation("patch", "shop", TWIN, base=2, set={"merged_into": SHOP}),
        qian.mutation("patch", "shop", SHOP, base=1, set={"has_green": False, "status": "closed"}),
    )
    found = office.record(CHECK)
    assert found is not None
    assert found.fields["target_id"] == SHOP
    assert found.fields["basis_changed"] == ["has_green"]
    assert differences(office) == []


def test_cases_their_photos_and_their_acts_replay(office: Office) -> None:
    li, zhao = office.device("li"), office.device("zhao")
    li.clock_ms = zhao.clock_ms = 1_595_030_400_000
    check = clean(STREET_1, {"D1": 2}, inspector_id=person_id("li"))
    li.push(li.mutation("create", "street_check", CHECK, set=check, add={"photos": [PHOTO]}))
    more = PHOTO | {"sha256": "4e" * 32}
    edit = {"add": {"photos": [more]}, "remove": {"photos": [PHOTO["sha256"]]}}
    li.push(li.mutation("patch", "street_check", CHECK, base=1, **edit))
    [case] = [i for i, shown in zhao.pull().items() if shown["type"] == "case"]
    seen = zhao.shown[case]["version"]
    zhao.push(zhao.mutation("act", "case", case, base=seen, act={"name": "accept"}))
    li.push(li.mutation("patch", "case", case, base=seen, set={"place_text": "路口东侧"}))
    assert len(office.record(CHECK).fields["photos"]) == 2  # type: ignore[union-attr]
    assert differences(office) == []


PLANTED: dict[str, tuple[Any, dict[str, Any], set[str]]] = {
    "a changed field": (record, {"fields": wire.canonical(NEW | {"name": "新名"}).decode()}, {"name", "door_no"}),
    "a broken field": (record, {"fields": "{"}, {"@record"}),
    "a record struck off": (record, {"void": True}, {"@void"}),
    "a number": (record, {"version": 2}, {"@version"}),
    "a dispute put away": (conflict, {"open": False}, {"@dispute name"}),
    "another payload": (history, {"payload": "{}"}, {"@history"}),
}


@pytest.mark.parametrize(("table", "change", "found"), PLANTED.values(), ids=PLANTED)
def test_what_somebody_changed_behind_the_office_s_back_is_named(
    disputed: Office, table: Any, change: dict[str, Any], found: set[str]
) -> None:
    with disputed.store.engine.begin() as connection:
        connection.execute(update(table).values(**change))
    told = differences(disputed)
    assert {d.record for d in told} == {SHOP}
    assert found <= {d.what for d in told}
    assert {d.what for d in differences(disputed, record=SHOP)} == {d.what for d in told}
    assert differences(disputed, feed=STREET) == told


def test_a_record_that_is_gone_is_named(disputed: Office) -> None:
    with disputed.store.engine.begin() as connection:
        connection.execute(delete(record))
    [gone] = differences(disputed)
    assert (gone.record, gone.what) == (SHOP, "@record")
    assert differences(disputed, record=SHOP) == [gone]


def test_rules_of_old_days_are_taken_from_where_they_were_kept(disputed: Office) -> None:
    """A name went by rank and time alone then; without the rules of that day the history is no use."""
    with disputed.store.work(DISTRICT, writing=False) as work:
        [declared] = work.rules.all().values()
    old = wire.decode_json(declared)
    old["fields"]["name"] = {"rule": "authority", "inner": {"rule": "latest"}}
    with disputed.store.engine.begin() as connection:
        connection.execute(update(history).values(rules="0" * 12))
    [lost] = differences(disputed)
    assert (lost.what, "0" * 12 in lost.en) == ("@history", True)
    with disputed.store.engine.begin() as connection:
        connection.execute(update(rules_table).values(mark="0" * 12, declared=wire.canonical(old).decode()))
    assert {d.what for d in differences(disputed)} == {"name", "@dispute name"}


@pytest.mark.parametrize(("only", "told"), [({"record": CHECK}, CHECK), ({"feed": "999999"}, STREET)])
def test_asking_for_what_is_not_there(disputed: Office, only: dict[str, str], told: str) -> None:
    with pytest.raises(Mistake) as mistake:
        differences(disputed, **only)
    assert told in mistake.value.zh
    assert told in mistake.value.en


# -- other rules --------------------------------------------------------------------------------------


def test_had_the_later_sign_simply_counted(disputed: Office) -> None:
    [tried] = try_rules(disputed.store, DISTRICT, read_rules({"shop": {"name": "latest"}}))
    [change] = tried.changes
    assert (change.field, change.now, change.then) == ("name", '"王记修车行"', '"老王汽修"')
    assert (change.by_now, change.by_then) == (person_id("li"), person_id("wang"))
    assert (tried.opens, tried.ends) == ((), ("name",))
    assert differences(disputed) == []


def test_had_door_numbers_been_left_to_a_person(disputed: Office) -> None:
    sun = disputed.device("feng")
    sun.clock_ms = 2_000 + DAY_MS // 2
    sun.push(sun.mutation("patch", "shop", SHOP, base=1, set={"door_no": "19"}))
    [tried] = try_rules(disputed.store, DISTRICT, read_rules({"shop": {"door_no": "person"}}), STREET)
    assert (tried.opens, tried.changes[0].then) == (("door_no",), '"17"')
    assert tried.decided_then >= tried.decided_now


def test_other_types_are_not_replayed(disputed: Office) -> None:
    assert list(try_rules(disputed.store, DISTRICT, read_rules({"case": {"place_text": "first"}}))) == []


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(disputed: Office) -> None:
    li = disputed.device("li")
    li.push(li.mutation("create", "shop", TWIN, set=NEW))
    with disputed.store.engine.begin() as connection:
        connection.execute(update(history).where(history.c.record == SHOP).values(payload="{"))
    tried = {
        one.record: one.why for one in try_rules(disputed.store, DISTRICT, read_rules({"shop": {"name": "first"}}))
    }
    assert tried[SHOP]
    assert not tried[TWIN]


NO_RULES: dict[str, tuple[Any, str]] = {
    "no object": (["latest"], "{"),
    "an unknown type": ({"dog": {"name": "latest"}}, "dog"),
    "no fields": ({"shop": "latest"}, "shop"),
    "an unknown field": ({"shop": {"colour": "latest"}}, "shop.colour"),
    "an unknown rule": ({"shop": {"name": "loudest"}}, "shop.name"),
    "a rule without its ladder": ({"case": {"severity": "escalate"}}, "case.severity"),
    "a ladder too short": ({"case": {"severity": {"rule": "escalate", "ladder": ["minor"]}}}, "case.severity"),
    "a number's rule for words": ({"shop": {"name": "highest"}}, "shop.name"),
    "another verb": ({"shop": {"photos": "latest"}}, "shop.photos"),
    "no field at all": ({"shop": {}}, "shop"),
    "a number": ({"shop": {"name": 5}}, '{"rule"'),
    "too much given": ({"shop": {"name": {"rule": "latest", "window_ms": 3}}}, "shop.name"),
}


@pytest.mark.parametrize(("written", "told"), NO_RULES.values(), ids=NO_RULES)
def test_rules_that_are_none_are_told_in_one_sentence(written: Any, told: str) -> None:
    with pytest.raises(Mistake) as mistake:
        read_rules(written)
    assert mistake.value.zh
    assert mistake.value.en
    assert told in mistake.value.zh + mistake.value.en


# -- what an operator types ---------------------------------------------------------------------------


@pytest.fixture
def type_(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)

    def run(command: click.Command, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(command, list(words))
        assert result.exit_code == code, result.output
        return result

    return run


def test_the_rules_in_force_keep_what_they_claim(type_: Type) -> None:
    told = json.loads(type_(commands.rules, "lint", "--rounds", "5", "--json").output)
    assert (told["findings"], told["seed"]) == ([], 0)
    assert "0 findings (seed 7, 1 trials" in type_(commands.rules, "lint", "--rounds", "1", "--seed", "7").output


def test_replaying_says_how_many_and_ends_badly_where_one_differs(disputed: Office, type_: Type) -> None:
    assert "1 records replayed" in type_(commands.replay).output
    with disputed.store.engine.begin() as connection:
        connection.execute(update(record).values(void=True))
    assert "@void" in type_(commands.replay, SHOP, code=1).output
    [row] = json.loads(type_(commands.replay, "--json", "--feed", STREET, code=1).output)["differences"]
    assert (row["stored"], row["replayed"]) == ("true", "false")
    assert "没有记录" in type_(commands.replay, CHECK, code=1).output


def test_trying_rules_tells_what_would_differ(disputed: Office, type_: Type, tmp_path: Path) -> None:
    file = tmp_path / "new.json"
    file.write_text(json.dumps({"shop": {"name": {"rule": "authority", "inner": "latest"}}}), encoding="utf-8")
    told = type_(commands.rules, "try", str(file)).output
    assert "老王汽修" in told
    assert "王芳" in told
    assert "1 values differ, 0 disputes would open, 1 disputes would not open" in told
    summary = json.loads(type_(commands.rules, "try", str(file), "--json").output)["summary"]
    assert (summary["records"], summary["values"], summary["ends"]) == (1, 1, 1)
    assert "店名（牌匾） name：现为 now 王记修车行（李明） → 将为 then 老王汽修（王芳）" in told
    assert f"商户“王记修车行” {SHOP}" in told


NO_FILES = {
    "half a sentence": (b"{", "不是 JSON"),
    "too deep": (b"[" * 200_000, "不是 JSON"),
    "empty": (b"", "不是 JSON"),
    "of another alphabet": ('{"店": 1}'.encode("gb18030"), "请另存为 UTF-8"),
    "too large": (b" " * 1_100_000, "太大"),
    "one type twice": (b'{"shop": {"name": "person"}, "shop": {"name": "latest"}}', "写了两次：shop"),
}


@pytest.mark.parametrize(("raw", "told"), NO_FILES.values(), ids=NO_FILES)
def test_a_file_that_is_none_is_told_in_one_sentence(type_: Type, tmp_path: Path, raw: bytes, told: str) -> None:
    file = tmp_path / "new.json"
    file.write_bytes(raw)
    assert told in type_(commands.rules, "try", str(file), code=1).output
