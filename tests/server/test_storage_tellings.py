"""What is kept beside the records: the history with the rules of its day, who was told what, people's names."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from schemas.ids import derived_id
from server.storage.feeds import GENESIS
from server.storage.people import Account
from server.storage.store import Store
from server.storage.tellings import TellingRow
from server.usecases.verify_history import verify_history
from server.values import Entry
from tests.server.empty_office import HAIZHOU, HEBEI
from tests.server.storing import LI, NOON, QIAN, TABLET, WANG, id_of, listening, plan_of

ELSEWHERE = "210902006"
MARK = "0123456789ab"
#: The link of a row written before marks were kept: SHA-256 of the link before and of everything in the row.
FIRST_LINK = "e55b0c35b0e3f43b1fe7768d1b65c00263ca64dd6c0f9b89080f7fb8fedec135"


def entry(version: int, record: str, **parts: Any) -> Entry:
    """Return a row of the history."""
    plain = Entry(
        HEBEI, version, id_of(record), TABLET, "first", version, LI, "grid_worker", NOON, 0, 0, False, NOON,
        "applied", '{"op":"patch"}', None,
    )  # fmt: skip
    return replace(plain, **parts)


def append(store: Store, *entries: Entry) -> None:
    """Append to the history of Hebei street."""
    with store.work(HAIZHOU) as work:
        head = work.feeds.take(HEBEI, len(entries))
        work.feeds.link(HEBEI, work.history.append(entries, head.chain))
        work.commit()


def broken(store: Store) -> list[int | None]:
    """Return the first broken row of each feed."""
    return [feed.broken for feed in verify_history(store, HAIZHOU)]


# -- history ----------------------------------------------------------------------------------------


def test_a_row_without_a_mark_is_linked_as_ever() -> None:
    """The link of a row from before marks were kept, worked out then."""
    assert entry(7, "shop").link(GENESIS).hex() == FIRST_LINK


def test_the_mark_is_part_of_the_link(store: Store) -> None:
    """Old rows and new stand in one chain; whoever changes or takes away a mark breaks it."""
    append(store, entry(1, "shop"), entry(2, "shop", rules=MARK), entry(3, "shop", rules=MARK))
    assert broken(store) == [None]
    for wrong in (MARK[::-1], None):
        rewrite(store, 3, wrong)
        assert broken(store) == [3]
    rewrite(store, 3, MARK)
    rewrite(store, 1, MARK)
    assert broken(store) == [1]


def rewrite(store: Store, version: int, mark: str | None) -> None:
    """Write another mark into a row of the history, past everybody."""
    with store.engine.begin() as connection:
        values = {"mark": mark, "version": version}
        connection.execute(text("UPDATE history SET rules = :mark WHERE version = :version"), values)


def test_one_records_history_in_order(store: Store) -> None:
    """All of its rows and nobody else's, whole."""
    rows = [entry(1, "shop", rules=MARK, role=None), entry(2, "other"), entry(3, "shop", clamped=True, decisions="[]")]
    append(store, *rows)
    with store.work(HAIZHOU, writing=False) as work:
        assert work.history.of_record(HEBEI, id_of("shop")) == [rows[0], rows[2]]
        assert work.history.of_record(HEBEI, id_of("nobody")) == []
        assert work.history.of_record(ELSEWHERE, id_of("shop")) == []


def test_one_records_history_is_found_by_its_index(store: Store) -> None:
    """However long the feed."""
    append(store, *(entry(number, str(number % 500)) for number in range(1, 3_001)))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    with store.work(HAIZHOU, writing=False) as work:
        with listening(store) as heard:
            assert len(work.history.of_record(HEBEI, id_of("7"))) == 6
        assert "history_record" in plan_of(work.connection, *heard[0])


# -- rules ------------------------------------------------------------------------------------------


def test_rules_are_kept_under_every_mark_they_had(store: Store) -> None:
    """What a mark first stood for stays; noting it again writes nothing and need not write it down."""
    note(store, ("shop", MARK, "{}"))
    note(store, ("shop", "new mark", '{"fields":{}}'), ("case", MARK, "[]"))
    with listening(store) as heard:
        note(store, ("shop", MARK, "never asked for"))
    assert [statement for statement, _ in heard if "rules" in statement] == []
    note(Store(store.engine), ("shop", MARK, "something else"))
    with store.work(HAIZHOU, writing=False) as work:
        kept = work.rules.all()
    assert kept == {("shop", MARK): "{}", ("shop", "new mark"): '{"fields":{}}', ("case", MARK): "[]"}


def test_rules_noted_in_vain_are_noted_again(store: Store) -> None:
    """A transaction that was undone has kept nothing."""
    with store.work(HAIZHOU) as work:
        work.rules.note([("shop", MARK, lambda: "{}")], NOON)
    note(store, ("shop", MARK, "{}"))
    with store.work(HAIZHOU, writing=False) as work:
        assert work.rules.all() == {("shop", MARK): "{}"}


def note(store: Store, *kinds: tuple[str, str, str]) -> None:
    """Note the rules of types."""
    with store.work(HAIZHOU) as work:
        work.rules.note([(name, mark, partial(str, declared)) for name, mark, declared in kinds], NOON)
        work.commit()


# -- tellings ---------------------------------------------------------------------------------------


def told(version: int, person: str = LI, part: int = 0, feed: str = HEBEI, at: int = 0) -> TellingRow:
    """Return what somebody is told."""
    return TellingRow(feed, version, part, person, NOON + at, f'{{"zh":"第{version}条"}}')


TOLD = (told(3), told(4, WANG), told(4, part=1), told(4), told(5, QIAN, at=-1), told(6), told(4, feed=ELSEWHERE))


@pytest.mark.parametrize(
    ("after", "upto", "people", "since", "limit", "expected"),
    [
        (0, 9, [LI], 0, 9, [told(3), told(4), told(4, part=1), told(6)]),
        (3, 5, [LI, QIAN], 0, 9, [told(4), told(4, part=1), told(5, QIAN, at=-1)]),
        (3, 5, [LI, QIAN], NOON, 9, [told(4), told(4, part=1)]),
        (0, 9, [LI, WANG], 0, 2, [told(3), *sorted([told(4), told(4, WANG)], key=lambda row: row.person)[:1]]),
        (6, 9, [LI], 0, 9, []),
        (0, 9, [], 0, 9, []),
    ],
    ids=["everything of Li's", "a stretch, for two", "nothing old", "so many", "nothing further", "for nobody"],
)
def test_people_are_told_what_lies_along_their_way(
    store: Store, after: int, upto: int, people: list[str], since: int, limit: int, expected: list[TellingRow]
) -> None:
    """In the order of the feed, beyond one number and up to another, whoever of the device's people it is for."""
    tell(store, *TOLD)
    with store.work(HAIZHOU, writing=False) as work:
        assert work.tellings.read(HEBEI, after, upto, people, since, limit) == expected


def test_the_same_thing_is_told_once(store: Store) -> None:
    """As it was last put."""
    tell(store, told(3))
    tell(store, told(3)._replace(body="{}"))
    with store.work(HAIZHOU, writing=False) as work:
        assert work.tellings.read(HEBEI, 0, 9, [LI], 0, 9) == [told(3)._replace(body="{}")]


def tell(store: Store, *rows: TellingRow) -> None:
    """Keep tellings."""
    with store.work(HAIZHOU) as work:
        work.tellings.put(rows)
        work.commit()


# -- names ------------------------------------------------------------------------------------------


def test_people_go_by_their_names(store: Store) -> None:
    """Two may have one name; whoever is nobody here has none."""
    twins = [derived_id("twin", str(number)) for number in range(2)]
    with store.work(HAIZHOU) as work:
        work.people.add([Account(id_, "李伟") for id_ in twins] + [Account(WANG, "王芳")])
        assert work.people.names([*twins, "nobody"]) == dict.fromkeys(twins, "李伟")
        assert work.people.names([]) == {}
