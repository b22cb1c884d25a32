"""What becomes of a file that a tablet offers: wanted, there already, to wait, or not taken, and nothing in between."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import structlog

from schemas.ids import derived_id
from schemas.photos import MAX_FILE_BYTES, PART_BYTES, Offered
from schemas.problems import Refusal
from server.core.photo_plan import VERDICTS, Verdict, names, unfit
from server.storage.depot import Invitation, keys
from server.storage.depot.memory import MemoryDepot
from server.storage.store import Store
from tests.server.office import DISTRICT, Office, open_office
from tests.server.photographs import Porter, lying, named, offer, picture, row, sha256
from tests.server.storing import record

DAY = 24 * 3_600_000
BEFORE, AFTER = picture("before"), picture("after")
STATES = (None, "expected", "verified", "refused", "expired", "collected")


class Clock:
    """What the office's clock shows."""

    now_ms = 1_595_030_400_000

    def __call__(self) -> int:
        """Return it."""
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """Morning."""
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office whose clock the test sets."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def li(office: Office) -> Porter:
    """Li, with his tablet."""
    return Porter(office.device("li"))


def told(porter: Porter, shop: str, data: bytes, **changes: Any) -> str:
    """Return in one word what becomes of a file: its state, and the problem where it has one."""
    [planned] = porter.plan(offer(shop, data, **changes))
    return str(planned.get("problem", {}).get("code", planned["state"]))


# -- the table ---------------------------------------------------------------------------------------


def test_the_table_knows_every_state() -> None:
    """Each of the states a row may be in, with the file there and without."""
    assert VERDICTS.keys() == set(product(STATES, (False, True)))
    # Nobody is told to let go of what does not lie here.
    assert [key for key, verdict in VERDICTS.items() if verdict is Verdict.VERIFIED] == [("verified", True)]


NAMED = record("shop", photos=[{"sha256": "a" * 64, "copy": "b" * 64, "role": "near"}, {"sha256": "c" * 64}])
FILES = {
    "an original": ("a", None, True),
    "its copy": ("b", "a", True),
    "an original without a copy": ("c", None, True),
    "a copy as an original": ("b", None, False),
    "an original as a copy": ("a", "b", False),
    "a copy of another": ("b", "c", False),
    "another copy": ("d", "a", False),
    "itself as its copy": ("a", "a", True),
    "a stranger": ("d", None, False),
}


@pytest.mark.parametrize(("file", "of", "there"), FILES.values(), ids=FILES)
def test_what_a_record_names(file: str, of: str | None, there: bool) -> None:
    """A copy counts with its own original alone."""
    assert names(NAMED, file * 64, of and of * 64) is there


def sized(size: int, parts: int) -> Offered:
    return Offered("a" * 64, NAMED.id, size, ["e" * 64] * parts)


UNFIT = {
    "one byte": (1, 1, None),
    "one part": (PART_BYTES, 1, None),
    "one byte more": (PART_BYTES + 1, 2, None),
    "the largest": (MAX_FILE_BYTES, 64, None),
    "a byte too large": (MAX_FILE_BYTES + 1, 65, Verdict.TOO_LARGE),
    "a film": (1 << 40, 1, Verdict.TOO_LARGE),
    "a part too few": (PART_BYTES + 1, 1, Verdict.CONTRADICTS),
    "a part too many": (PART_BYTES, 2, Verdict.CONTRADICTS),
}


@pytest.mark.parametrize(("size", "parts", "why"), UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_taken(size: int, parts: int, why: Verdict | None) -> None:
    """A file of more than 32 MiB, or whose parts do not make it up; whatever became of its record."""
    assert unfit(sized(size, parts), NAMED) is why
    assert unfit(sized(size, parts), None) is (why or Verdict.NO_RECORD)


# -- at the office -----------------------------------------------------------------------------------


def test_a_photo_waits_for_its_record(li: Porter) -> None:
    """First for the record itself, then for the change that names it; nothing is written down meanwhile."""
    shop = derived_id("photographed", "老王修车")
    assert told(li, shop, BEFORE) == "wait"
    assert li.shop("老王修车") == shop
    [planned] = li.plan(offer(shop, BEFORE))
    assert (planned["state"], planned["problem"]["code"]) == ("wait", "photo_not_named")
    assert row(li.office, sha256(BEFORE)) is None
    [outcome] = li.device.push(li.device.mutation("patch", "shop", shop, add={"photos": [named(BEFORE)]}))
    assert outcome.outcome == "applied"
    assert told(li, shop, BEFORE) == "send"


def test_each_file_is_answered_for_itself(li: Porter) -> None:
    """In the order asked, whatever is wrong with one of them."""
    shop = li.shop("老王修车", named(BEFORE, AFTER))
    offers = [
        offer(shop, picture("stranger")),
        offer(shop, BEFORE),
        offer(shop, BEFORE, size=MAX_FILE_BYTES + 1),
        offer(shop, AFTER, of=sha256(BEFORE)),
        offer(derived_id("nowhere"), BEFORE),
        offer(shop, AFTER),
    ]
    states = [one["state"] for one in li.plan(*offers)]
    assert states == ["wait", "send", "refused", "send", "wait", "wait"]


def test_what_is_there_is_never_asked_for_again(li: Porter) -> None:
    """Neither of Li nor of Wang, whose own record names it too: that is noted at once."""
    wang = Porter(li.office.device("wang"))
    shop = li.shop("老王修车", named(BEFORE))
    assert li.deliver(shop, BEFORE) == "verified"
    sent = len(li.sent)
    other = wang.shop("老李粮油", named(BEFORE))
    assert [told(li, shop, BEFORE), told(wang, other, BEFORE)] == ["verified", "verified"]
    assert (len(li.sent), wang.sent) == (sent, [])
    with li.office.store.work(DISTRICT, writing=False) as work:
        assert work.photos.users_of([sha256(BEFORE)]) == {sha256(BEFORE): sorted([shop, other])}


def test_asking_again_writes_nothing(li: Porter) -> None:
    """A tablet on a poor line asks often; a day later its file is expected anew."""
    shop = li.shop("老王修车", named(BEFORE))
    li.plan(offer(shop, BEFORE))
    first = row(li.office, sha256(BEFORE))
    clock = li.office.app.config["GRIDWARD_CLOCK"]
    clock.now_ms += DAY - 1
    li.plan(offer(shop, BEFORE))
    assert row(li.office, sha256(BEFORE)) == first
    clock.now_ms += 1
    li.plan(offer(shop, BEFORE))
    again = row(li.office, sha256(BEFORE))
    assert first
    assert again == first._replace(planned_ms=first.planned_ms + DAY)


def test_a_carrier_needs_no_right_to_the_place(li: Porter) -> None:
    """Sun works in another grid: the hash proves the photo, not who brings it."""
    sun = Porter(li.office.device("sun"))
    shop = li.shop("老王修车", named(BEFORE))
    assert sun.deliver(shop, BEFORE) == "verified"


def test_a_liar_keeps_no_photo_out(li: Porter) -> None:
    """He knows its hash, and tells another size and other parts, before Li and after him; the latest plan counts."""
    liar = Porter(li.office.device("wang"))
    large = picture("large", PART_BYTES + 9)
    shop = li.shop("老王修车", named(large))
    lies: list[dict[str, Any]] = [
        {"parts": ["0" * 64, "1" * 64]},
        {"size": 100, "parts": ["2" * 64]},
        {"size": PART_BYTES * 3, "parts": ["3" * 64] * 3},
    ]
    for lie in lies:
        assert told(liar, shop, large, **lie) == "send"
    assert told(li, shop, large) == "send"
    assert li.put(sha256(large), 0, large[:PART_BYTES]).status_code == 204
    for lie in lies:
        assert told(liar, shop, large, **lie) == "send"
        # What he calls complete is found wanting, and harms nobody.
        assert liar.complete(sha256(large)).get_json()["state"] == "send"
    assert li.deliver(shop, large) == "verified"
    assert lying(li.office, sha256(large)) == large


def test_a_liars_own_bytes_are_not_the_photo(li: Porter) -> None:
    """Parts as he planned them, a whole that is not what its name says: his plan is forgotten, Li's is made."""
    liar = Porter(li.office.device("wang"))
    shop = li.shop("老王修车", named(BEFORE))
    forged = picture("forged")
    assert told(liar, shop, forged, sha256=sha256(BEFORE)) == "send"
    assert liar.put(sha256(BEFORE), 0, forged).status_code == 204
    answer = liar.complete(sha256(BEFORE))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "photo_contradicts")
    assert liar.complete(sha256(BEFORE)).get_json()["code"] == "photo_not_planned"
    assert lying(li.office, sha256(BEFORE)) is None
    assert li.deliver(shop, BEFORE) == "verified"


def test_of_one_device_only_so_much_is_expected(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Li has planned he may send; the rest stays on his tablet until that has come. Wang is not held up."""
    wang = Porter(li.office.device("wang"))
    first, second, third = (picture(name) for name in ("first", "second", "third"))
    shop = li.shop("老王修车", *map(named, (first, second, third)))
    monkeypatch.setattr("server.usecases.plan_photos.MOST_EXPECTED_BYTES", max(map(len, (first, second))))
    with structlog.testing.capture_logs() as logged:
        planned = li.plan(*(offer(shop, data) for data in (first, second, third)))
    assert [one["state"] for one in planned] == ["send", "send", "wait"]
    assert (planned[2]["problem"]["code"], planned[2]["problem"]["retryable"]) == ("photo_too_much_expected", True)
    held = [one for one in logged if one["event"] == "photo_too_much_expected"]
    assert [(one["device"], one["files"]) for one in held] == [(li.device.id, 1)]
    assert row(li.office, sha256(third)) is None
    # Asked again at once, what was planned is still wanted, and the rest waits.
    assert [told(li, shop, data) for data in (third, second, first)] == [held[0]["event"], "send", "send"]
    assert told(wang, wang.shop("老李粮油", named(BEFORE)), BEFORE) == "send"
    assert li.deliver(shop, first) == "verified"
    assert li.deliver(shop, third) == "verified"


def test_what_lies_here_or_was_lost_here_is_never_too_much(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older database beside the photos, a depot that lost one: nothing new is stored for them."""
    shop = li.shop("老王修车", named(BEFORE), named(AFTER))
    assert li.deliver(shop, BEFORE) == "verified"
    li.office.depot.delete([keys.whole(DISTRICT, sha256(BEFORE))])
    li.office.depot.put(keys.whole(DISTRICT, sha256(AFTER)), AFTER)
    monkeypatch.setattr("server.usecases.plan_photos.MOST_EXPECTED_BYTES", -1)
    assert [told(li, shop, data) for data in (BEFORE, AFTER)] == ["send", "send"]


# -- what came before --------------------------------------------------------------------------------


def put_in(office: Office, file: str, state: str) -> None:
    """Let the office have come to another state with a file, as its housekeeping does."""
    with office.store.work(DISTRICT) as work:
        [found] = work.photos.locked([file]).values()
        work.photos.change([found._replace(state=state, ended_ms=5)])
        work.commit()
    office.depot.delete([keys.whole(DISTRICT, file)])


def test_what_was_deleted_by_policy_is_not_asked_for(li: Porter) -> None:
    """Nor called verified: the tablet is told that it may let go of it."""
    shop = li.shop("老王修车", named(BEFORE))
    li.deliver(shop, BEFORE)
    put_in(li.office, sha256(BEFORE), "expired")
    [planned] = li.plan(offer(shop, BEFORE))
    assert (planned["state"], planned["problem"]["code"]) == ("refused", "photo_expired")
    answer = li.complete(sha256(BEFORE))
    assert (answer.status_code, answer.get_json()["code"]) == (410, "photo_expired")


def test_what_was_collected_is_wanted_when_a_record_names_it_again(li: Porter) -> None:
    """As if it had never been here."""
    shop = li.shop("老王修车", named(BEFORE))
    li.deliver(shop, BEFORE)
    put_in(li.office, sha256(BEFORE), "collected")
    assert li.complete(sha256(BEFORE)).get_json()["code"] == "photo_not_planned"
    assert li.deliver(shop, BEFORE) == "verified"
    found = row(li.office, sha256(BEFORE))
    assert found
    assert found.ended_ms is None


def test_what_is_no_picture_is_refused_for_good(li: Porter) -> None:
    """With the reason it was given when it was looked at."""
    film = b"no picture at all"
    shop = li.shop("老王修车", named(film))
    assert li.deliver(shop, film) == "photo_kind_unknown"
    sent = len(li.sent)
    [planned] = li.plan(offer(shop, film))
    assert (planned["state"], planned["problem"]["code"]) == ("refused", "photo_kind_unknown")
    assert planned["problem"] == Refusal("photo_kind_unknown").body()
    assert li.deliver(shop, film) == "refused"
    assert len(li.sent) == sent


def test_what_the_depot_lost_is_asked_for_again(li: Porter) -> None:
    """A folder put back from last week: the books say it is here, and it is not. The tablet has it still."""
    shop = li.shop("老王修车", named(BEFORE), named(AFTER))
    for data in (BEFORE, AFTER):
        assert li.deliver(shop, data) == "verified"
    li.office.depot.delete([keys.whole(DISTRICT, sha256(BEFORE))])
    li.office.depot.put(keys.whole(DISTRICT, sha256(AFTER)), AFTER[:-1])
    assert [told(li, shop, data) for data in (BEFORE, AFTER)] == ["send", "send"]
    for data in (BEFORE, AFTER):
        assert li.deliver(shop, data) == "verified"
        assert lying(li.office, sha256(data)) == data


def test_complete_notices_what_the_depot_lost(li: Porter) -> None:
    """Whoever asks only whether it is there is sent to ask for a plan."""
    shop = li.shop("老王修车", named(BEFORE))
    li.deliver(shop, BEFORE)
    li.office.depot.delete([keys.whole(DISTRICT, sha256(BEFORE))])
    assert li.complete(sha256(BEFORE)).get_json()["code"] == "photo_not_planned"


def test_an_older_database_beside_the_photos_needs_none_of_them_again(li: Porter) -> None:
    """They lie here whole: they are looked at where they lie, and no part travels."""
    shop = li.shop("老王修车", named(BEFORE))
    li.office.depot.put(keys.whole(DISTRICT, sha256(BEFORE)), BEFORE)
    [planned] = li.plan(offer(shop, BEFORE))
    assert (planned["state"], planned.get("parts", [])) == ("send", [])
    assert li.deliver(shop, BEFORE) == "verified"
    assert li.sent == []


def test_what_only_looks_like_it_is_sent_anew(li: Porter) -> None:
    """Other bytes of the same length under its name: found out when they are read."""
    shop = li.shop("老王修车", named(BEFORE))
    li.office.depot.put(keys.whole(DISTRICT, sha256(BEFORE)), BEFORE[:-1] + b"?")
    li.plan(offer(shop, BEFORE))
    assert li.complete(sha256(BEFORE)).get_json() == {
        "sha256": sha256(BEFORE), "state": "send", "parts": [{"n": 0}],
    }  # fmt: skip
    li.put(sha256(BEFORE), 0, BEFORE)
    assert li.complete(sha256(BEFORE)).get_json()["state"] == "verified"
    assert lying(li.office, sha256(BEFORE)) == BEFORE


def test_a_copy_that_somebody_takes_for_an_original_travels_once(li: Porter) -> None:
    """It stays what it was sent as, and is noted as what it is taken for too."""
    shop = li.shop("老王修车", named(BEFORE, AFTER))
    assert li.deliver(shop, AFTER, of=sha256(BEFORE)) == "verified"
    found = row(li.office, sha256(AFTER))
    assert found
    assert found.of == sha256(BEFORE)
    other = li.shop("老李粮油", named(AFTER))
    assert told(li, other, AFTER) == "verified"
    assert row(li.office, sha256(AFTER)) == found
    with li.office.store.work(DISTRICT, writing=False) as work:
        assert work.photos.users_of_files([sha256(AFTER)]) == {sha256(AFTER): sorted([shop, other])}
        assert work.photos.sent_for([sha256(BEFORE), sha256(AFTER)]) == {
            sha256(BEFORE): {sha256(AFTER)}, sha256(AFTER): {sha256(AFTER)},
        }  # fmt: skip


# -- to the depot itself -----------------------------------------------------------------------------


def test_where_the_depot_invites_parts_go_there(tmp_path: object, clock: Clock) -> None:
    """Each with its own address, for a while; what lies there is not asked for again."""
    depot = MemoryDepot(clock, lambda key, size, _seconds: Invitation(f"https://s3/{key}", {"X-Size": f"{size}"}))
    office = open_office(f"sqlite:///{tmp_path}/gridward.db", clock, depot)
    li = Porter(office.device("li"))
    large = picture("large", PART_BYTES + 9)
    shop = li.shop("老王修车", named(large))
    [planned] = li.plan(offer(shop, large))
    assert planned["expires_s"] == 900
    assert [(part["n"], part["headers"]) for part in planned["parts"]] == [
        (0, {"X-Size": str(PART_BYTES)}),
        (1, {"X-Size": "9"}),
    ]
    assert planned["parts"][1]["url"].endswith(f"/{DISTRICT}/parts/{sha256(large)}/00001")
    depot.put(keys.part(DISTRICT, sha256(large), 0), large[:PART_BYTES])
    depot.put(keys.part(DISTRICT, sha256(large), 1), b"not those")
    [planned] = li.plan(offer(shop, large))
    # As many bytes as it should have: that they are others, nobody sees before they are read.
    assert planned == {"sha256": sha256(large), "state": "send"}
    assert li.complete(sha256(large)).get_json()["parts"][0]["n"] == 1
    depot.put(keys.part(DISTRICT, sha256(large), 1), large[PART_BYTES:])
    assert li.complete(sha256(large)).get_json()["state"] == "verified"
    office.store.engine.dispose()


def test_two_tablets_plan_one_photo_in_the_same_moment(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wang's plan is written between Li's look and his own writing: both are answered, one row stands."""
    wang = Porter(li.office.device("wang"))
    shop = li.shop("老王修车", named(BEFORE))
    plain, meanwhile = Store.work, [lambda: told(wang, shop, BEFORE)]

    def work(store: Store, district: str, *, writing: bool = True) -> object:
        if writing and meanwhile:
            assert meanwhile.pop()() == "send"
        return plain(store, district, writing=writing)

    monkeypatch.setattr(Store, "work", work)
    assert told(li, shop, BEFORE) == "send"
    assert not meanwhile
    found = row(li.office, sha256(BEFORE))
    assert found
    assert found.device == wang.device.id
