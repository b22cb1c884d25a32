"""The office's list of disputes: opened, renewed, closed, opened again, and found by whoever may see them."""

from dataclasses import replace
from typing import Any

import pytest

from schemas import wire
from schemas.ids import derived_id
from server.storage.conflicts import Closing, Conflict, Wanted
from server.storage.store import Store
from tests.server.empty_office import COMMUNITY, GRID_7, HAIZHOU, HEBEI
from tests.server.storing import LI, NOON, QIAN, WANG, id_of, listening, plan_of

HOUR = 3_600_000
GRID_8 = "210902005003008"
ELSEWHERE = "210902006001001"
SETTLED = '{"by":"zhao","choice":"choose"}'


def dispute(name: str, field: str = "name", kind: str = "person", **parts: Any) -> Conflict:
    """Return a dispute over a shop, between Li and Wang, opened at noon."""
    given: dict[str, Any] = {
        "record": id_of(name), "field": field, "kind": kind, "type": "shop", "feed": HEBEI, "grid": GRID_7,
        "open": True, "version": 4, "opened_ms": NOON, "changed_ms": NOON, "people": people(LI, WANG),
        "rule": "person", "detail": '{"field":"name"}',
    } | parts  # fmt: skip
    given.setdefault("id", derived_id("conflict", given["record"], field, kind))
    return Conflict(**given)


def people(*ids: str) -> str:
    """Return *ids* as they stand in a dispute."""
    return wire.canonical(list(ids)).decode()


def put(store: Store, *disputes: Conflict) -> None:
    """Write disputes."""
    with store.work(HAIZHOU) as work:
        work.conflicts.put(disputes)
        work.commit()


def get(store: Store, conflict: Conflict) -> Conflict:
    """Return *conflict* as it stands now."""
    with store.work(HAIZHOU, writing=False) as work:
        found = work.conflicts.get(conflict.id)
    assert found is not None
    return found


def close(store: Store, conflict: Conflict, at: int) -> None:
    """Settle *conflict*, *at* milliseconds past noon."""
    closing = Closing(conflict.record, conflict.field, conflict.kind, 9, NOON + at, SETTLED)
    with store.work(HAIZHOU) as work:
        work.conflicts.close([closing])
        work.commit()


def test_a_dispute_comes_back_as_it_was(store: Store) -> None:
    """By its id, among others, and not at all where there is none."""
    names, status = dispute("shop"), dispute("shop", "status", "suggestion", people=people(QIAN))
    put(store, names, status)
    assert get(store, names) == names
    with store.work(HAIZHOU, writing=False) as work:
        assert work.conflicts.by_ids([names.id, status.id, "nobody's"]) == {names.id: names, status.id: status}
        assert work.conflicts.get("nobody's") is None
        assert work.conflicts.by_ids([]) == {}


def test_renewed_it_has_been_waiting_all_the_same(store: Store) -> None:
    """A third name an hour later joins the dispute; whoever looks for old ones still finds it."""
    put(store, dispute("shop"))
    third = dispute("shop", version=7, opened_ms=NOON + HOUR, changed_ms=NOON + HOUR, people=people(LI, QIAN, WANG))
    put(store, third)
    assert get(store, third) == third._replace(opened_ms=NOON)


def test_closing_leaves_what_it_was_about(store: Store) -> None:
    """Who settled it and how is added; a second word on it changes nothing any more."""
    names = dispute("shop")
    put(store, names)
    close(store, names, HOUR)
    closed = names._replace(open=False, version=9, changed_ms=NOON + HOUR, settled=SETTLED)
    assert get(store, names) == closed
    close(store, names, 2 * HOUR)
    assert get(store, names) == closed


def test_opened_again_it_waits_from_then_on(store: Store) -> None:
    """With all that stood in it; what is open already goes on waiting from before."""
    names = dispute("shop")
    put(store, names)
    close(store, names, HOUR)
    for version, at in ((11, 2 * HOUR), (12, 3 * HOUR)):
        with store.work(HAIZHOU) as work:
            work.conflicts.reopen(names.id, version, NOON + at)
            work.commit()
    assert get(store, names) == names._replace(version=11, opened_ms=NOON + 2 * HOUR, changed_ms=NOON + 2 * HOUR)


def test_a_new_dispute_over_what_was_settled_opens_it_anew(store: Store) -> None:
    """It has been waiting since now, and how the last one ended is no longer true of it."""
    names = dispute("shop")
    put(store, names)
    close(store, names, HOUR)
    again = dispute("shop", version=12, opened_ms=NOON + 2 * HOUR, changed_ms=NOON + 2 * HOUR)
    put(store, again)
    assert get(store, names) == again


def test_what_a_rule_settled_is_listed_closed(store: Store) -> None:
    """It waits for nobody, and can be opened."""
    decided = dispute("shop", "address", "decided", open=False)
    put(store, decided)
    with store.work(HAIZHOU) as work:
        assert work.conflicts.open() == []
        work.conflicts.reopen(decided.id, 8, NOON + HOUR)
        assert [waiting.id for waiting in work.conflicts.open()] == [decided.id]


def test_a_pair_is_found_by_either_of_its_two(store: Store) -> None:
    """Judged or not, once only, and no other dispute over the same records with it."""
    older, younger = sorted([id_of("one"), id_of("two")])
    pair = dispute("", older, "duplicate", record=younger, opened_ms=NOON + 1)
    judged = dispute("three", id_of("four"), "duplicate", open=False)
    put(store, pair, judged, dispute("", record=younger), dispute("five"))
    with store.work(HAIZHOU, writing=False) as work:
        pairs = work.conflicts.open_pairs
        assert pairs([older]) == pairs([younger]) == pairs([younger, older]) == [pair]
        assert pairs([id_of("four"), younger]) == [judged, pair]
        assert pairs([id_of("five")]) == pairs([]) == []
        of_record = work.conflicts.of_records([younger, id_of("nobody")])
    assert [found.kind for found in of_record] == ["person", "duplicate"]


def listed(store: Store, **asked: Any) -> set[str]:
    """Return what somebody who sees the street is shown of five disputes, by the names of their shops."""
    a_day_ago = NOON - 24 * HOUR
    put(
        store,
        dispute("old", opened_ms=a_day_ago),
        dispute("fresh", "status", people=people(LI, QIAN)),
        dispute("next door", grid=GRID_8, kind="suggestion"),
        dispute("case", type="case", grid=COMMUNITY, open=False),
        dispute("other street", grid=ELSEWHERE),
    )
    with store.work(HAIZHOU, writing=False) as work:
        found = work.conflicts.find(replace(Wanted((HEBEI,)), **asked))
    return {
        name
        for name in ("old", "fresh", "next door", "case", "other street")
        if id_of(name) in {c.record for c in found}
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"old", "fresh", "next door"}),
        ({"state": "settled"}, {"case"}),
        ({"state": "all"}, {"old", "fresh", "next door", "case"}),
        ({"state": "all", "type": "case"}, {"case"}),
        ({"kinds": ("suggestion", "notice")}, {"next door"}),
        ({"person": QIAN}, {"fresh"}),
        ({"person": "%"}, set()),
        ({"older_than_ms": NOON}, {"old"}),
        ({"areas": (GRID_7, GRID_8)}, {"old", "fresh", "next door"}),
        ({"areas": (GRID_8,)}, {"next door"}),
        ({"areas": (HAIZHOU,)}, {"old", "fresh", "next door", "other street"}),
        ({"areas": ()}, set()),
    ],
    ids=lambda part: str(part) if isinstance(part, dict) else str(len(part)),
)
def test_only_what_is_wanted_is_found(store: Store, asked: dict[str, Any], expected: set[str]) -> None:
    """Where, of which type and kind, about whom, in what state, since when."""
    assert listed(store, **asked) == expected


def test_page_by_page_the_longest_waiting_first(store: Store) -> None:
    """Everything comes once, also where several were opened at one moment."""
    disputes = [dispute(str(number), opened_ms=NOON + number // 3) for number in range(8)]
    put(store, *reversed(disputes))
    seen: list[tuple[int, str]] = []
    after = None
    with store.work(HAIZHOU, writing=False) as work:
        while page := work.conflicts.find(Wanted((HAIZHOU,), after=after, limit=3)):
            seen += [(found.opened_ms, found.id) for found in page]
            after = seen[-1]
    assert seen == sorted((one.opened_ms, one.id) for one in disputes)


def test_the_indexes_are_used(store: Store) -> None:
    """Pairs are found by either of the two, and what is open is read in its order, without sorting."""
    others = [id_of(f"other {number}") for number in range(500)]
    put(store, *(dispute(str(n), others[n % 500], "duplicate", opened_ms=NOON + n) for n in range(2_000)))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    with store.work(HAIZHOU, writing=False) as work:
        with listening(store) as heard:
            assert len(work.conflicts.open_pairs([others[7]])) == 4
            assert len(work.conflicts.find(Wanted((HAIZHOU,), limit=5))) == 5
        pairs, found = (plan_of(work.connection, *asked) for asked in heard)
    assert "conflict_pair" in pairs
    assert "conflict_open" in found
    assert "Seq Scan" not in pairs + found
    assert "SCAN conflict" not in pairs + found
    assert "TEMP B-TREE" not in found
    assert "Sort" not in found
