"""Tablets that are many, copied, stopped, or early: what each is told, and that nothing of theirs is lost."""

import time
from concurrent.futures import ThreadPoolExecutor

import msgspec

from schemas.ids import derived_id
from schemas.wire import Outcome
from tests.server.office import DISTRICT, ELSEWHERE, Office, RawDevice

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
        status: int = tablet.post({"protocol": 1, "install": "first", "mutations": [msgspec.Raw(raw)]}).status_code
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
