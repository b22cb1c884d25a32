"""Tablets that are many, copied, stopped, or early: what each is told, and that nothing of theirs is lost."""

import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from schemas.ids import derived_id
from schemas.wire import Outcome
from server.storage import quarantine
from server.usecases import set_aside
from server.usecases.receive_mutations import Push
from tests.server.office import DISTRICT, ELSEWHERE, Office, RawDevice
from tests.server.quarantine_desk import desk

SHOP = "0197f3a0-0000-7000-8000-0000000000a1"
OTHER = "0197f3a0-0000-7000-8000-0000000000a2"
THIRD = "0197f3a0-0000-7000-8000-0000000000a3"


def shop(**fields: object) -> dict[str, object]:
    return {"name": "老王修车", "category": "repair", **fields}


def code(outcome: Outcome) -> str:
    assert outcome.problem is not None, outcome
    found: str = outcome.problem["code"]
    return found


def test_a_refused_edit_does_not_condemn_the_record(office: Office) -> None:
    """Wang's tablet knows a shop that the server has lost and Li has yet to bring back: his work waits for it."""
    li, wang = office.device("li"), office.device("wang")
    [refused] = wang.push(wang.mutation("patch", "shop", SHOP, base=7, set={"category": "马戏团"}))
    assert code(refused) == "invalid_fields"
    waiting = wang.mutation("patch", "shop", SHOP, base=7, set={"door_no": "3"})
    [held] = wang.push(waiting)
    assert held.outcome == "held"

    li.push(li.mutation("create", "shop", SHOP, set=shop()))
    [taken] = wang.push(waiting)
    assert taken.outcome in ("applied", "merged")
    assert office.refused(wang.id)[0][:2] == (1, "invalid_fields")


def test_a_refused_creation_condemns_what_builds_on_it_later(office: Office) -> None:
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set=shop(category="马戏团")))
    [refused] = li.push(li.mutation("patch", "shop", SHOP, set={"door_no": "3"}))
    assert code(refused) == "depends_on_refused"
    assert [n for n, _, _ in office.refused(li.id)] == [1, 2]


def test_a_creation_sent_again_as_another_changes_nothing_and_says_so_again(office: Office) -> None:
    """A journal offered anew after the server was restored."""
    li = office.device("li")
    made = li.mutation("create", "shop", SHOP, set=shop())
    li.push(made)
    li.install = "second"
    li.n = 0
    answers = [li.push(made) for _ in range(2)]
    assert [[(o.outcome, o.version) for o in answer] for answer in answers] == [[("noop", None)]] * 2
    assert [(install, n) for install, n, _ in office.taken(li.id)] == [("first", 1), ("second", 1)]


def test_work_of_somebody_stopped_is_kept_and_the_others_go_on(office: Office) -> None:
    both = office.device("li", "wang")
    office.stop("li")
    mine = both.mutation("create", "shop", SHOP, set=shop())
    both.who = "wang"
    outcomes = both.push(mine, both.mutation("create", "shop", OTHER, set=shop()))
    assert [o.outcome for o in outcomes] == ["rejected", "applied"]
    assert office.refused(both.id) == [(1, "person_stopped", mine)]
    assert OTHER in both.pull()


def test_a_stopped_worker_reads_nothing_more(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    wang.push(wang.mutation("create", "shop", SHOP, set=shop()))
    office.stop("li")
    assert li.pull() == {}


def test_whose_role_ended_keeps_what_he_signed_before(office: Office) -> None:
    li = office.device("li")
    office.end_grants("li", li.clock_ms + 1_500)
    outcomes = li.push(
        li.mutation("create", "shop", SHOP, set=shop()), li.mutation("create", "shop", OTHER, set=shop())
    )
    # Merged: he is told that it stays with the grid that was his then.
    assert [o.outcome for o in outcomes] == ["merged", "rejected"]
    assert code(outcomes[1]) == "outside_area"


def test_every_install_counts_for_itself(office: Office) -> None:
    """A tablet set up anew begins with 1 again; what the first wrote under 1 is another matter."""
    li = office.device("li")
    first = li.mutation("create", "shop", SHOP, set=shop())
    li.push(first)
    li.install, li.n = "second", 0
    [outcome] = li.push(li.mutation("create", "shop", OTHER, set=shop()))
    assert outcome.outcome == "applied"


@pytest.mark.parametrize("install", ["desk", "desk-reused", "moves"])
def test_no_tablet_writes_as_the_office(office: Office, install: str) -> None:
    """Under these names the server numbers its own work: what a tablet brought there would pass for the desk's."""
    li = office.device("li")
    li.install = install
    raw = li.mutation("create", "shop", SHOP, set=shop())
    spoilt = raw.replace(b'"repair"', b'"\\ud800"')  # makes the server read the whole request the slow way
    for one in (raw, spoilt):
        answer = li.post({"protocol": 1, "install": install, "mutations": [msgspec.Raw(one)]})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
        assert list(answer.get_json()["errors"]) == ["install"]
    assert office.record(SHOP) is None
    li.install = f"{install}er"
    assert [o.outcome for o in li.push(spoilt, li.mutation("create", "shop", OTHER, set=shop()))][1:] == ["applied"]


def test_numbers_may_come_late(office: Office) -> None:
    """Whatever was sent before: a number that never arrived is new."""
    li = office.device("li")
    raws = [li.mutation("create", "shop", id_, set=shop()) for id_ in (SHOP, OTHER, THIRD)]
    assert [o.outcome for o in li.push(raws[2])] == ["applied"]
    assert [o.outcome for o in li.push(*raws)] == ["applied"] * 3
    assert sorted(n for _, n, _ in office.taken(li.id)) == [1, 2, 3]


# -- two ids for one thing ------------------------------------------------------------------------------


def pairs(office: Office) -> set[frozenset[str]]:
    return {frozenset((c.record, c.field)) for c in office.conflicts() if c.kind == "duplicate"}


def test_one_number_on_two_shops_is_shown_as_a_pair(office: Office) -> None:
    """In one push or in two, by a creation or by a correction; nobody is refused."""
    li, wang = office.device("li"), office.device("wang")
    both = li.push(
        li.mutation("create", "shop", SHOP, set=shop(code="S1")),
        li.mutation("create", "shop", OTHER, set=shop(code="S1")),
    )
    assert [o.outcome for o in both] == ["applied", "applied"]
    assert pairs(office) == {frozenset((SHOP, OTHER))}

    wang.push(wang.mutation("create", "shop", THIRD, set=shop()))
    assert len(pairs(office)) == 1
    wang.push(wang.mutation("patch", "shop", THIRD, set={"code": "S1"}))
    assert len(pairs(office)) == 2
    assert any(THIRD in pair for pair in pairs(office))


def test_whichever_came_first_the_pair_is_the_same(office: Office) -> None:
    found = []
    for number, order in enumerate(((0, 1), (1, 0))):
        ids = [derived_id("pair", str(number), str(place)) for place in range(2)]
        for place in order:
            li = office.device("li")
            li.push(li.mutation("create", "shop", ids[place], set=shop(code=f"S{number}")))
        found.append(frozenset(ids) in pairs(office))
    assert found == [True, True]
    assert len(pairs(office)) == 2


# -- many at once ---------------------------------------------------------------------------------------


def test_eighty_tablets_at_once_are_all_served(office: Office) -> None:
    """None waits for a connection that another, also waiting, holds."""
    tablets = [office.device("li") for _ in range(80)]

    def push(number: int) -> int:
        tablet = tablets[number]
        raw = tablet.mutation("create", "shop", derived_id("crowd", str(number)), set=shop())
        body = {"protocol": 1, "install": "first", "mutations": [msgspec.Raw(raw)]}
        # Whoever finds the waiting room full comes again.
        while (answer := tablet.post(body)).status_code == 503:
            assert answer.get_json()["code"] == "busy"
            time.sleep(0.2)
        status: int = answer.status_code
        return status

    began = time.monotonic()
    with ThreadPoolExecutor(len(tablets)) as pool:
        assert list(pool.map(push, range(len(tablets)))) == [200] * len(tablets)
    assert time.monotonic() - began < 20


def test_two_tablets_that_create_one_record_at_once(office: Office) -> None:
    """One of them does; the other is told that the id is taken, and its payload is kept."""
    for round_ in range(5):
        tablets = [office.device("li"), office.device("wang")]
        id_ = derived_id("race", str(round_))

        def push(tablet: RawDevice, id_: str = id_) -> str:
            [outcome] = tablet.push(tablet.mutation("create", "shop", id_, set=shop(name=tablet.who)))
            return outcome.outcome

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(push, tablets)) == ["applied", "rejected"]
        assert sum(len(office.refused(tablet.id)) for tablet in tablets) == 1


def test_two_tablets_that_edit_many_records_in_opposite_orders(office: Office) -> None:
    """Locks are taken in one order, so nobody waits in a ring."""
    ids = [derived_id("ring", str(number)) for number in range(20)]
    owner = office.device("chen")
    owner.push(*(owner.mutation("create", "shop", id_, grid=ELSEWHERE, set=shop()) for id_ in ids))

    tablets = [office.device("chen"), office.device("chen")]

    def push(place: int) -> set[str]:
        tablet, order = tablets[place], ids[:: 1 - 2 * place]
        told = set()
        for _ in range(10):
            raws = [
                tablet.mutation("patch", "shop", id_, grid=ELSEWHERE, base=1_000, set={"door_no": tablet.id[:4]})
                for id_ in order
            ]
            told |= {o.outcome for o in tablet.push(*raws)}
        return told

    with ThreadPoolExecutor(2) as pool:
        assert set().union(*pool.map(push, (0, 1))) <= {"applied", "merged"}
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.feeds.heads()[ELSEWHERE[:9]] == 20 + 2 * 10 * 20


# -- tablets that fill the quarantine -------------------------------------------------------------------


def test_a_stolen_tablet_does_not_fill_the_disk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it brings is kept up to so many bytes; who carries for it is told which part was not."""
    monkeypatch.setattr(set_aside, "MOST_BYTES", 2_000)
    li = office.device("li")
    office.revoke(li)
    big = [li.mutation("create", "shop", id_, set=shop(address="河" * 250)) for id_ in (SHOP, OTHER, THIRD)]
    for _ in range(2):
        assert li.post({"protocol": 1, "install": "first", "mutations": list(map(msgspec.Raw, big))}).status_code == 403
    assert [payload for _, _, payload in office.refused(li.id)] == big[:2]
    with office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_id(li.id, "first")
    assert device is not None
    pushes = [Push("first", mutations, None, 1) for mutations in (big[:2], big[1:])]
    assert [set_aside.set_aside(office.store, device, push) for push in pushes] == [True, False]


def test_what_was_kept_unjudged_is_looked_for_by_what_comes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tablet that used one number for very many changes does not make every later push read all of them."""
    monkeypatch.setattr(quarantine, "MOST_AT_ONCE", 3)
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set=shop()))
    for about in (SHOP, SHOP, SHOP, SHOP, OTHER):
        li.n = 0
        li.push(li.mutation("patch", "shop", about, set={"door_no": "3"}))
    assert [refused[1] for refused in office.refused(li.id)] == ["number_reused"] * 5
    with office.store.work(DISTRICT, writing=False) as work:
        found = {about: len(work.quarantine.unjudged(li.id, "first", {1}, {about})) for about in (SHOP, OTHER, THIRD)}
    assert found == {SHOP: 3, OTHER: 1, THIRD: 0}


def test_payloads_of_megabytes_are_read_one_at_a_time(office: Office) -> None:
    """Whatever its size, what was refused is answered as before and exported word for word; no list holds it."""
    li, chen = office.device("li"), desk(office, "chen")
    giant, small = b'{"n":1,"z":"%s"}' % (b"z" * 200_000), b'{"n":1}'
    told = [code(outcome) for raw in (giant, giant, small, giant) for outcome in li.push(raw)]
    assert told == ["record_too_large", "record_too_large", "number_reused", "record_too_large"]
    assert sorted(payload for _, _, payload in office.refused(li.id)) == [giant, small]
    with office.store.work(DISTRICT, writing=False) as work:
        assert sorted(row.payload for row in work.quarantine.find(quarantine.Wanted())) == [b"", small]
    [refused] = [item["id"] for item in chen.list() if item["code"] == "record_too_large"]
    assert chen.show(refused)["payload"] == giant.decode()
    lines = [msgspec.json.decode(line) for line in chen.ask("/export").data.splitlines()]
    assert sorted(line["payload"] for line in lines) == [giant.decode(), small.decode()]
