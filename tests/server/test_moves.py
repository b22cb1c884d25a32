"""Records that are moved to another grid, on the wire: what leaves, what arrives, what is judged where."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from schemas.ids import derived_id
from schemas.roles import Role
from server.commands import main
from server.core.views import view_of
from server.storage.tables import GrantRow, departure, history
from server.usecases import serve_feeds
from server.usecases.mistakes import Mistake
from server.usecases.move_records import Asked, Told, move_records
from server.usecases.rebuild_ledger import strays
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from server.values import Grant, Person
from tests.server.office import DISTRICT, GRID_7, GRID_8, Office, RawDevice, person_id
from tests.server.reader import reader

GRID_NEXT = "210902006001001"
STREET, NEXT_STREET = "210902005", "210902006"
#: Later than everything that the devices here sign.
NOW = 1_000_000_000


def id_of(number: int) -> str:
    """Return the id of one of many shops."""
    return derived_id("record", "moved", str(number))


def shops(device: RawDevice, *numbers: int, grid: str = GRID_7, **more: Any) -> list[str]:
    """Register shops; return their ids."""
    fields = {"name": "店", "category": "repair"} | more
    made = [device.mutation("create", "shop", id_of(n), grid=grid, set=fields) for n in numbers]
    assert {outcome.outcome for outcome in device.push(*made)} <= {"applied", "merged"}
    return [id_of(n) for n in numbers]


def move(office: Office, to: str, *names: str, now_ms: int = NOW, **asked: Any) -> list[Told]:
    """Move records."""
    return move_records(office.store, DISTRICT, Asked(to, names, **asked), now_ms)


def post(office: Office, name: str, role: Role, area: str) -> None:
    """Give somebody a role in an area."""
    grant = {"id": derived_id("grant", name, area), "person": person_id(name), "role": role.value, "area": area}
    with office.store.engine.begin() as connection:
        connection.execute(insert(GrantRow), {"district": DISTRICT, "from_ms": 0, "to_ms": None, **grant})


def in_view(office: Office, *names: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return what the office holds of the view of some people."""
    with office.store.work(DISTRICT, writing=False) as work:
        people = [Person(i, "", tuple(h.grant for h in work.people.held(i))) for i in map(person_id, names)]
        view = view_of(people, NOW)
        found: dict[str, tuple[str, dict[str, Any]]] = {}
        for feed in work.feeds.heads():
            rows = work.feeds.read(feed, None, -1, 1 << 62, 1 << 20, None)
            found |= {r.id: (r.grid, msgspec.json.decode(r.fields)) for r in rows if view.sees(r.grid)}
    return found


def sound(office: Office) -> None:
    """Make sure that every chain holds, without a gap, and that every record follows from its history."""
    assert [v.why for v in verify_history(office.store, DISTRICT) if v.broken is not None] == []
    assert list(strays(office.store, DISTRICT)) == []
    assert [one for one in replay_history(office.store, DISTRICT) if one.differences] == []


# -- leaving, page by page --------------------------------------------------------------------------


def test_left_is_told_to_whoever_saw_it_there_and_to_nobody_else(office: Office) -> None:
    """Li's tablet lets it go; the community's keeps it, Sun's gets it, and the next street's hears nothing."""
    li, zhao, sun = reader(office, "li"), reader(office, "zhao"), reader(office, "sun")
    [one, two] = shops(office.device("wang"), 1, 2)
    for one_reader in (li, zhao, sun):
        one_reader.read()
    [told] = move(office, GRID_8, one)
    assert (told.fate, told.from_grid) == ("moved", GRID_7)
    assert set(li.read()) == {two}
    assert set(zhao.read()) == {one, two}
    assert set(sun.read()) == {one}
    assert (li.left(), zhao.left(), sun.left()) == ([one], [], [])
    sound(office)


def test_left_holds_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten go, ten change between; pages of three, of two departures at most, every other answer lost on its way."""
    monkeypatch.setattr(serve_feeds, "MOST_DEPARTURES", 2)
    wang, li = office.device("wang"), reader(office, "li", limit=3)
    made = shops(wang, *range(20))
    li.read()
    for place in range(0, 20, 2):
        move(office, GRID_8, made[place])
        wang.push(wang.mutation("patch", "shop", made[place + 1], set={"door_no": "1号"}, base=place + 2))
    lost = True
    while li.step(lost=lost):
        lost = not lost
    assert li.read() == in_view(office, "li")
    assert sorted(li.left()) == sorted(made[::2])
    assert all(len(left) <= 2 and records <= 3 for _, _, records, left in li.pages)


def test_reading_from_the_beginning_tells_of_no_departure_it_does_not_need(office: Office) -> None:
    """What left before the reading began was never brought; what leaves while it is under way is named."""
    made = shops(office.device("wang"), *range(12))
    move(office, GRID_8, *made[:3])
    li = reader(office, "li", limit=4)
    assert li.step()
    assert li.left() == []
    brought = sorted(li.holds)
    move(office, GRID_8, brought[0], made[11])
    assert li.read() == in_view(office, "li")
    assert set(li.left()) == {brought[0], made[11]}


def test_another_street_takes_it_over_in_another_feed(office: Office) -> None:
    """The old feed has a number for its leaving, the new one for its arriving; whoever sees both keeps one copy."""
    li, chen = reader(office, "li"), reader(office, "chen")
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    [one] = shops(office.device("wang"), 1)
    before = {feed: heads(office).get(feed, 0) for feed in (STREET, NEXT_STREET)}
    li.read()
    chen.read()
    move(office, GRID_NEXT, one)
    after = heads(office)
    assert {feed: after[feed] - before[feed] for feed in before} == {STREET: 1, NEXT_STREET: 1}
    assert li.read() == {}
    assert set(chen.read()) == {one}
    assert chen.holds[one][0] == NEXT_STREET
    assert (li.left(), chen.left()) == ([one], [one])
    record = office.record(one)
    assert record is not None
    assert (record.feed, record.version, record.born) == (NEXT_STREET, after[NEXT_STREET], after[NEXT_STREET])
    sound(office)


def grants(office: Office) -> list[Grant]:
    """Return everything that anybody holds."""
    with office.store.work(DISTRICT, writing=False) as work:
        return [held.grant for held in work.people.held()]


def heads(office: Office) -> dict[str, int]:
    """Return the last number of every feed."""
    with office.store.work(DISTRICT, writing=False) as work:
        return work.feeds.heads()


def test_moved_twice_between_two_syncs(office: Office) -> None:
    """Away and back, or on to a third grid: what counts is where it lies now."""
    li, sun = reader(office, "li"), reader(office, "sun")
    back, on = shops(office.device("wang"), 1, 2)
    li.read()
    sun.read()
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    for to in (GRID_8, GRID_7):
        move(office, to, back)
    for to in (GRID_8, GRID_NEXT):
        move(office, to, on)
    assert set(li.read()) == {back}
    assert sun.read() == {}
    assert li.left() == [on]
    sound(office)


MOVES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([GRID_7, GRID_8, GRID_NEXT, "edit", "read", "lost"])), max_size=25
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=MOVES)
def test_whatever_is_moved_everybody_ends_with_his_view(office: Office, steps: list[tuple[int, str]]) -> None:
    """Moves, edits and interrupted readings in any order; in the end each shows just what the office holds."""
    if not any(grant.area == GRID_NEXT for grant in grants(office)):
        post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    writer = office.device("chen")
    made = [derived_id("record", writer.id, str(n)) for n in range(6)]
    fields = {"name": "店", "category": "repair"}
    writer.push(*[writer.mutation("create", "shop", one, set=fields) for one in made])
    together = (("li",), ("sun",), ("li", "sun"), ("dong",), ("zhao",))
    reading = {names: reader(office, *names, limit=3) for names in together}
    for place, what in steps:
        if what in ("read", "lost"):
            [*reading.values()][place % 5].step(lost=what == "lost")
        elif what == "edit":
            writer.push(writer.mutation("patch", "shop", made[place], add={"remark": [f"{writer.n}"]}))
        else:
            move(office, what, made[place])
    for names, one in reading.items():
        assert one.read() == in_view(office, *names), names
    for shop in made:
        assert [found.differences for found in replay_history(office.store, DISTRICT, shop)] == [()]


# -- who may write what -----------------------------------------------------------------------------


def test_signed_before_the_move_is_judged_where_it_lay(office: Office) -> None:
    """Li signs before and after; only the first is his to say."""
    li = office.device("li")
    [one] = shops(li, 1)
    version = heads(office)[STREET]
    move(office, GRID_8, one, now_ms=li.clock_ms + 5_000)
    before = li.mutation("patch", "shop", one, base=version, set={"door_no": "1号"})
    li.clock_ms += 10_000
    after = li.mutation("patch", "shop", one, base=version, set={"door_no": "2号"})
    taken, refused = li.push(before, after)
    assert taken.outcome == "merged"
    assert refused.problem is not None
    assert refused.problem["code"] == "outside_area"
    assert office.refused(li.id) == [(3, "outside_area", after)]
    sound(office)


def test_a_base_of_the_old_feed_counts_as_what_it_saw(office: Office) -> None:
    """
    The new feed's numbers are small, the old one's great, and the other way round.

    Compared as they are, Li would pass for having seen what Ding wrote in the new feed, or Ding for blind.
    """
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    wang, li, ding = office.device("wang"), office.device("li"), office.device("dong")
    shops(wang, *range(10, 40))
    [one] = shops(wang, 1)
    wang.push(wang.mutation("patch", "shop", one, base=heads(office)[STREET], set={"operator_phone": "13804180000"}))
    seen = heads(office)[STREET]
    move(office, GRID_NEXT, one, now_ms=NOW)
    arrived = heads(office)[NEXT_STREET]
    assert arrived < seen
    ding.clock_ms, li.clock_ms = wang.clock_ms, wang.clock_ms + 60_000
    [own] = ding.push(phone(ding, one, "13804180001", grid=GRID_NEXT, base=arrived, role="grid_worker"))
    assert (own.outcome, own.decisions) == ("applied", None)
    [late] = li.push(phone(li, one, "13804180002", base=seen))
    assert late.outcome == "merged"
    assert [(d["field"], d["outcome"]) for d in late.decisions or ()] == [("operator_phone", "kept")]
    sound(office)


def phone(device: RawDevice, shop: str, number: str, **parts: Any) -> bytes:
    """Return an edit of a shop's telephone."""
    return device.mutation("patch", "shop", shop, set={"operator_phone": number}, **parts)


def test_disputes_go_along(office: Office) -> None:
    """A dispute that stood open over it is the new community's to settle."""
    li, wang = office.device("li"), office.device("wang")
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    [one] = shops(li, 1, name="老王修车")
    base = heads(office)[STREET]
    li.push(li.mutation("patch", "shop", one, base=base, set={"name": "王记修车行"}))
    wang.clock_ms = li.clock_ms
    wang.push(wang.mutation("patch", "shop", one, base=base, set={"name": "老王汽修"}))
    [before] = office.conflicts()
    move(office, GRID_NEXT, one)
    [after] = office.conflicts()
    assert (before.id, before.grid) == (after.id, GRID_7)
    assert (after.grid, after.feed, after.version) == (GRID_NEXT, NEXT_STREET, heads(office)[NEXT_STREET])
    clerk = office.device("chen")
    listed = office.app.test_client().get("/v1/conflicts", headers={"Authorization": f"Bearer {clerk.token}"})
    [item] = listed.get_json()["conflicts"]
    settled = office.app.test_client().post(
        f"/v1/conflicts/{item['id']}/settle",
        json={"choice": "choose", "candidate": 1, "version": item["version"]},
        headers={"Authorization": f"Bearer {clerk.token}"},
    )
    assert settled.status_code == 200, settled.get_data(as_text=True)
    assert office.conflicts() == []
    sound(office)


def test_an_edit_of_the_case_of_a_check_finds_it_where_it_went(office: Office) -> None:
    """A mutation that knows the old grid reaches the record wherever it lies, in whichever feed."""
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    li = office.device("li")
    [one] = shops(li, 1)
    move(office, GRID_NEXT, one)
    move(office, GRID_7, one, now_ms=NOW + 1)
    [outcome] = li.push(li.mutation("patch", "shop", one, base=1, set={"door_no": "1号"}))
    assert outcome.outcome == "merged"
    assert outcome.feed == STREET
    sound(office)


# -- the office's act -------------------------------------------------------------------------------


def test_a_move_is_made_once(office: Office) -> None:
    """What lies there already is left alone; a dry run changes nothing; what nobody knows is said."""
    [one] = shops(office.device("wang"), 1, code="S001")
    rows = counted(office)
    [told] = move_records(office.store, DISTRICT, Asked(GRID_8, ("S001",)), NOW, dry_run=True)
    assert (told.fate, counted(office)) == ("moved", rows)
    fates = [told.fate for told in move(office, GRID_8, "S001", one, "S999")]
    assert sorted(fates) == ["moved", "unknown"]
    assert counted(office) == (rows[0] + 1, 1)
    assert [told.fate for told in move(office, GRID_8, one)] == ["there"]
    assert counted(office) == (rows[0] + 1, 1)


def counted(office: Office) -> tuple[int, int]:
    """Return how many rows the history has, and how many departures there are."""
    with office.store.engine.connect() as connection:
        found = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (history, departure)]
    return found[0], found[1]


@pytest.mark.parametrize("to", ["210903001001001", "21090200500300", "", "abc", "210902005003099", "2109"])
def test_nothing_goes_to_a_place_that_is_none(office: Office, to: str) -> None:
    """Another district's, no code at all, or one that nobody knows: a slip would hide a shop from everybody."""
    [one] = shops(office.device("wang"), 1)
    with pytest.raises(Mistake):
        move(office, to, one)


def test_the_signer_needs_the_right_at_both_ends(office: Office) -> None:
    """The street moves within the street; a grid worker moves nothing, the community neither."""
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    [one] = shops(office.device("wang"), 1)
    for signer, to in (("李明", GRID_8), ("赵敏", GRID_8), ("钱伟", GRID_NEXT)):
        with pytest.raises(Mistake, match="不能把"):
            move(office, to, one, signer=signer)
    assert move(office, GRID_8, one, signer="钱伟")[0].fate == "moved"
    assert move(office, GRID_NEXT, one, signer="陈红")[0].fate == "moved"
    with office.store.work(DISTRICT, writing=False) as work:
        signed = [entry.by for entry in work.history.of_all_feeds(one) if entry.outcome == "moved"]
    assert sorted(signed) == sorted([person_id("qian"), person_id("chen")])


def test_the_command_says_what_it_wants(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without names it asks for them; unknown names are listed and end with 1; JSON is for scripts."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", office.store.engine.url.render_as_string(hide_password=False))
    [one] = shops(office.device("wang"), 1, code="S001")
    run = CliRunner().invoke
    assert run(main, ["records", "move", "--to", GRID_8]).exit_code == 1
    unknown = run(main, ["records", "move", "--to", GRID_8, "S999"])
    assert unknown.exit_code == 1
    assert "没有找到" in unknown.output
    told = run(main, ["records", "move", "--to", GRID_8, "--grid", GRID_7, "--json"])
    assert told.exit_code == 0, told.output
    [row] = msgspec.json.decode(told.output)
    assert (row["record"], row["fate"], row["from"]) == (one, "moved", GRID_7)


def test_pushes_and_moves_at_once_leave_no_gap(office: Office) -> None:
    """Four tablets write while the office moves shops to and fro between two streets: numbers stay gapless."""
    post(office, "dong", Role.GRID_WORKER, GRID_NEXT)
    made = shops(office.device("wang"), *range(8))

    def write(device: RawDevice) -> None:
        for one in made:
            device.push(device.mutation("patch", "shop", one, add={"remark": [device.id]}))

    def shift() -> None:
        for to in (GRID_NEXT, GRID_7, GRID_8, GRID_NEXT):
            move(office, to, *made)

    with ThreadPoolExecutor() as pool:
        working = [pool.submit(write, office.device("chen")) for _ in range(4)] + [pool.submit(shift)]
        for one in working:
            one.result()
    for record in map(office.record, made):
        assert record is not None
        assert record.grid == GRID_NEXT
        assert len(record.fields["remark"]) == 4
    sound(office)
