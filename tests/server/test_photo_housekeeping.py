"""What nobody needs goes after thirty days, what is past its period goes, and nothing that a record names is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from schemas.checks.shop import SHOP_1
from schemas.ids import derived_id
from server.core.photo_keeping import DAY_MS, GRACE_MS, Kept, Moment, What, is_left_over, key_of, named_in
from server.jobs.catalogue import Keeping, catalogue
from server.jobs.running import Runner
from server.storage.depot import keys
from server.storage.depot.memory import MemoryDepot
from server.storage.unit_of_work import UnitOfWork
from server.usecases import collect_photos as collecting
from server.usecases import retain_photos as retaining
from server.usecases.check_photos import Checked, check_photos
from server.usecases.collect_photos import Collected, collect_photos
from server.usecases.retain_photos import Policy, Retained, retain_photos
from tests.schemas.checks_made import clean
from tests.server.album import (
    ask,
    cut,
    depot_of,
    file_of,
    jpeg,
    open_album,
    plan,
    scene,
    send,
    sha256,
    shop,
    shop_id,
)  # fmt: skip
from tests.server.clerks import Clock
from tests.server.office import DISTRICT, Office, RawDevice, person_id

MONTH = 31 * DAY_MS


@pytest.fixture(name="clock")
def office_clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture(name="office")
def office_with_photos(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office whose photos lie in memory."""
    opened = open_album(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def collect(office: Office, clock: Clock, *, dry_run: bool = False) -> Collected:
    """Collect now."""
    return collect_photos(office.store, depot_of(office), DISTRICT, clock(), dry_run=dry_run)


def retain(office: Office, clock: Clock, originals: int = 0, photos: int = 0, *, dry_run: bool = False) -> Retained:
    """Carry a policy out now."""
    policy = Policy(originals, photos)
    return retain_photos(office.store, depot_of(office), DISTRICT, policy, clock(), dry_run=dry_run)


def lies(office: Office, photo: bytes) -> bool:
    """Say whether a photo's bytes are in the depot."""
    return depot_of(office).size(keys.whole(DISTRICT, sha256(photo))) == len(photo)


def state(office: Office, photo: bytes) -> str:
    """Return how a file stands."""
    return file_of(office, photo).state


def let_go(device: RawDevice, shop_name: str, photo: bytes) -> None:
    """Take a photo out of a shop's entry."""
    device.pull()
    base = device.office.record(shop_id(shop_name))
    assert base
    remove = {"photos": [sha256(photo)]}
    [outcome] = device.push(device.mutation("patch", "shop", shop_id(shop_name), base=base.version, remove=remove))
    assert outcome.outcome in ("applied", "merged"), outcome


# -- collecting ---------------------------------------------------------------------------------------


def test_what_a_record_names_stays_for_ever(office: Office, clock: Clock) -> None:
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    clock.ms += 100 * MONTH
    done = collect(office, clock)
    assert (done.let_go, done.never_came, done.keys) == ([], [], [])
    assert lies(office, front)


def test_what_its_record_let_go_of_goes_after_thirty_days(office: Office, clock: Clock) -> None:
    """First its row says so, then its bytes go; the row stays, and a tablet may bring it again."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    clock.ms += MONTH
    let_go(li, "老王修车", front)
    clock.ms += 29 * DAY_MS
    assert collect(office, clock).let_go == []
    clock.ms += 2 * DAY_MS
    assert collect(office, clock, dry_run=True).let_go == [sha256(front)]
    assert state(office, front) == "verified"
    assert collect(office, clock).let_go == [sha256(front)]
    assert (state(office, front), lies(office, front)) == ("collected", True)
    clock.ms += DAY_MS
    freed = collect(office, clock)
    assert (freed.keys, freed.size) == ([keys.whole(DISTRICT, sha256(front))], len(front))
    assert not lies(office, front)
    assert file_of(office, front).size == len(front)
    li.push(shop(li, "另一家", front))
    assert send(li, shop_id("另一家"), front) == ["verified"]
    assert lies(office, front)


def test_named_again_before_its_bytes_are_gone_it_stands_as_before(office: Office, clock: Clock) -> None:
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    let_go(li, "老王修车", front)
    clock.ms += MONTH
    assert collect(office, clock).let_go == [sha256(front)]
    li.push(shop(li, "另一家", front))
    clock.ms += DAY_MS
    assert collect(office, clock).returned == [sha256(front)]
    assert (state(office, front), lies(office, front)) == ("verified", True)
    assert ask(li, "post", f"/{sha256(front)}/complete", b"")["state"] == "verified"


def test_a_case_keeps_what_its_check_let_go_of(office: Office, clock: Clock) -> None:
    """Nobody ever planned the photo for the case; it inherited it."""
    li, water = office.device("li"), jpeg(scene("water"))
    check = wet_check(li, water)
    send(li, check, water)
    with office.store.work(DISTRICT) as work:
        work.connection.exec_driver_sql("DELETE FROM photo_use")
        work.commit()
    clock.ms += 10 * MONTH
    assert collect(office, clock).let_go == []


def wet_check(device: RawDevice, photo: bytes, name: str = "老王修车") -> str:
    """Push a check that finds standing water, with a photo, and return its id; it opens a case."""
    device.push(shop(device, name))
    check = derived_id("check", name)
    fields = clean(SHOP_1, {"H2": 1}, target_id=shop_id(name), inspector_id=person_id(device.who))
    photos = [{"sha256": sha256(photo), "item": "H2", "role": "near"}]
    [outcome] = device.push(device.mutation("create", "shop_check", check, set=fields, add={"photos": photos}))
    assert outcome.outcome in ("applied", "merged"), outcome
    return check


def part_key(photo: bytes, n: int = 0) -> str:
    """Return where a part lies."""
    return keys.part(DISTRICT, sha256(photo), n)


def test_what_never_came_is_expected_while_a_record_names_it(office: Office, clock: Clock) -> None:
    """Its stray parts go after thirty days, and are sent again."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    plan(li, shop_id("老王修车"), front)
    ask(li, "put", f"/{sha256(front)}/parts/0", cut(front)[0], status=204)
    clock.ms += MONTH
    done = collect(office, clock)
    assert (done.never_came, done.keys) == ([], [part_key(front)])
    assert state(office, front) == "expected"
    let_go(li, "老王修车", front)
    assert collect(office, clock).never_came == []
    clock.ms += MONTH
    assert collect(office, clock).never_came == [sha256(front)]
    assert state(office, front) == "collected"
    assert plan(li, shop_id("老王修车"), front)["state"] == "wait"


def test_bytes_without_an_owner_go_when_they_are_old(office: Office, clock: Clock) -> None:
    """Parts that outlived their file's verification, files of no row, pictures made from nothing, publications."""
    li, front, depot = office.device("li"), jpeg(scene("front")), depot_of(office)
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    left = part_key(front)
    lost = [keys.whole(DISTRICT, "ab" * 32), keys.derived(DISTRICT, "thumb", "ab" * 32),
            keys.published(DISTRICT, derived_id("redaction")), keys.part(DISTRICT, "cd" * 32, 3)]  # fmt: skip
    view = keys.derived(DISTRICT, "view", sha256(front))
    for key in (left, *lost, view, f"{DISTRICT}/notes"):
        depot.put(key, b"12345")
    clock.ms += DAY_MS
    assert collect(office, clock).keys == [left]
    clock.ms += MONTH
    looked = collect(office, clock, dry_run=True)
    done = collect(office, clock)
    assert looked == done
    assert (sorted(done.keys), done.size, done.strange) == (sorted(lost), 20, 1)
    assert lies(office, front)
    assert depot.size(view)


def test_whole_files_of_no_row_stay_while_a_record_names_them(office: Office, clock: Clock) -> None:
    """A database of an earlier day beside today's depot: the tablet has let go of its own, nobody sends them again."""
    li, front, yard, depot = office.device("li"), jpeg(scene("front")), jpeg(scene("yard")), depot_of(office)
    li.push(shop(li, "老王修车", front))
    for photo in (front, yard):
        depot.put(keys.whole(DISTRICT, sha256(photo)), photo)
    clock.ms += MONTH
    done = collect(office, clock)
    assert (done.unclaimed, done.keys) == ([sha256(front)], [keys.whole(DISTRICT, sha256(yard))])
    assert lies(office, front)
    assert not lies(office, yard)


def test_a_run_that_was_cut_off_is_finished_by_the_next(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row says collected; the server dies before the bytes are gone."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    let_go(li, "老王修车", front)
    clock.ms += MONTH
    collect(office, clock)
    clock.ms += DAY_MS

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MemoryDepot, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            collect(office, clock)
    assert (state(office, front), lies(office, front)) == ("collected", True)
    assert collect(office, clock).keys == [keys.whole(DISTRICT, sha256(front))]


def test_a_plan_at_the_very_moment_is_not_overrun(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Li names the photo again after the collection has looked, and before it writes: it stays."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    let_go(li, "老王修车", front)
    clock.ms += MONTH
    looked = collecting._named_today

    def then_named(*asked: Any) -> set[str]:
        found = looked(*asked)
        if office.record(shop_id("另一家")) is None:
            li.push(shop(li, "另一家", front))
            assert plan(li, shop_id("另一家"), front)["state"] == "verified"
        return found

    monkeypatch.setattr(collecting, "_named_today", then_named)
    assert collect(office, clock).let_go == []
    assert (state(office, front), lies(office, front)) == ("verified", True)


def test_between_two_looks_a_plan_brings_it_back(office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Li plans it anew while the collection is about to delete its bytes: nothing is deleted."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    let_go(li, "老王修车", front)
    clock.ms += MONTH
    collect(office, clock)
    clock.ms += DAY_MS
    stood = collecting._stand_again

    def then_planned(*asked: Any, **how: Any) -> None:
        stood(*asked, **how)
        li.push(shop(li, "另一家", front))
        assert plan(li, shop_id("另一家"), front)["state"] == "send"

    monkeypatch.setattr(collecting, "_stand_again", then_planned)
    assert collect(office, clock).keys == []
    assert send(li, shop_id("另一家"), front) == ["verified"]
    assert lies(office, front)


hashes = st.sampled_from(["ab" * 32, "cd" * 32])
kept_keys = st.one_of(
    hashes.map(lambda name: keys.whole(DISTRICT, name)),
    hashes.map(lambda name: keys.part(DISTRICT, name, 7)),
    hashes.map(lambda name: keys.derived(DISTRICT, "view", name)),
    st.uuids().map(lambda id_: keys.published(DISTRICT, str(id_))),
)


@given(kept_keys, st.integers(0, 80), st.sampled_from(["verified", "expected"]))
def test_bytes_of_what_is_here_or_still_to_come_never_go(key: str, days: int, now: str) -> None:
    """Whatever the ages: of a verified file only parts go, of one still to come neither it nor what is published."""
    kept = key_of(key)
    assert kept

    class Here:
        state, ended_ms = now, None

    gone = is_left_over(kept, (100 - days) * DAY_MS, Here(), Moment(100 * DAY_MS + 2 * GRACE_MS))
    assert (
        not gone
        or kept.what == "parts"
        or (now == "expected" and kept.what not in ("photos", "published") and days >= 30)
    )


ALL: tuple[What, ...] = ("parts", "photos", "thumb", "view", "published")
#: What stays of all that has lain there for 31 days, by what became of the file two hours ago.
STAYS: dict[str | None, tuple[str, ...]] = {
    None: (),
    "verified": ("photos", "thumb", "view", "published"),
    "expected": ("photos", "published"),
    "refused": (),
    "expired": (),
    "collected": (),
}


@pytest.mark.parametrize("now", STAYS)
def test_what_stays_of_what_is_old(now: str | None) -> None:
    """Of a lost file that is expected again, its copy for publication: nobody could make that one again."""
    at = Moment(100 * DAY_MS)

    class Here:
        state, ended_ms = now or "", at.now_ms - 2 * GRACE_MS

    left = [Kept(what, "ab" * 32) for what in ALL]
    gone = [kept.what for kept in left if is_left_over(kept, 69 * DAY_MS, Here() if now else None, at)]
    assert gone == [what for what in ALL if what not in STAYS[now]]


@pytest.mark.parametrize("expired", [False, True])
def test_a_lost_photo_comes_back_to_what_was_published_of_it(office: Office, clock: Clock, *, expired: bool) -> None:
    """Qian blacked a face out; the depot lost the photo, and weeks pass before Li's tablet brings it again."""
    li, qian, depot = office.device("li"), office.device("qian"), depot_of(office)
    original, copy = with_copy(li, "老王修车")
    boxes = {"boxes": [[1000, 1000, 2000, 2000]]}
    address = f"/v1/records/{shop_id('老王修车')}/photos/{sha256(original)}"
    told = {"Authorization": f"Bearer {qian.token}"}
    client = office.app.test_client()
    made = client.post(f"{address}/redactions", json=boxes, headers=told)
    assert made.status_code in (200, 201), made.get_data(as_text=True)
    clock.ms += 91 * DAY_MS
    if expired:
        assert retain(office, clock, originals=90).originals == [sha256(original)]
    lost = [copy] if expired else [copy, original]
    depot.delete(keys.whole(DISTRICT, sha256(file)) for file in lost)
    check_back(office, clock, mark=True)
    clock.ms += MONTH
    collect(office, clock)
    assert send(li, shop_id("老王修车"), copy, of=original) == ["verified"]
    assert client.get(f"{address}/published", headers=told).status_code == 200


@given(st.text(max_size=80))
def test_no_key_but_ours_is_read(text: str) -> None:
    assert key_of(text) is None


def test_a_hash_is_found_wherever_a_record_speaks_of_it() -> None:
    assert named_in('{"a":[{"b":"' + "ab" * 32 + '"}]}', None, '{"d":{"photos":{"' + "cd" * 32 + '":[]}}}') == {
        "ab" * 32,
        "cd" * 32,
    }


# -- the retention policy ---------------------------------------------------------------------------


def with_copy(device: RawDevice, name: str) -> tuple[bytes, bytes]:
    """Register a shop with a photo of which a copy travels too, send both, and return original and copy."""
    original, copy = jpeg(scene(name)), jpeg(scene(name), 30)
    device.push(shop(device, name, original, copy=sha256(copy)))
    assert send(device, shop_id(name), copy, of=original) == ["verified"]
    assert send(device, shop_id(name), original) == ["verified"]
    return original, copy


def test_originals_go_first_while_their_copies_stay(office: Office, clock: Clock) -> None:
    """A small photo of which there is no copy is its own copy, and stays."""
    li, small = office.device("li"), jpeg(scene("small"))
    original, copy = with_copy(li, "老王修车")
    li.push(shop(li, "小照片", small))
    send(li, shop_id("小照片"), small)
    clock.ms += 89 * DAY_MS
    assert retain(office, clock, originals=90) == Retained([], [], [], 0)
    clock.ms += 2 * DAY_MS
    looked = retain(office, clock, originals=90, dry_run=True)
    assert state(office, original) == "verified"
    with structlog.testing.capture_logs() as logged:
        done = retain(office, clock, originals=90)
    assert looked == done == Retained([sha256(original)], [], [], len(original))
    assert [state(office, file) for file in (original, copy, small)] == ["expired", "verified", "verified"]
    assert (lies(office, original), lies(office, copy), lies(office, small)) == (False, True, True)
    [line] = [one for one in logged if one["event"] == "photos_expired"]
    assert (line["originals"], line["photos"], line["bytes"]) == (1, 0, len(original))
    assert sha256(original) not in str(line)


def nothing(depot: MemoryDepot, key: str, copy: bytes) -> None:
    """Let the depot lose it."""
    assert copy
    depot.delete([key])


def something_else(depot: MemoryDepot, key: str, copy: bytes) -> None:
    """Let other bytes of the same length lie there."""
    depot.put(key, copy[:-1] + b"?")


def a_torn_one(depot: MemoryDepot, key: str, copy: bytes) -> None:
    """Let it be cut short."""
    depot.put(key, copy[:-1])


@pytest.mark.parametrize("lying", [nothing, something_else, a_torn_one])
def test_an_original_whose_copy_cannot_be_read_back_stays(
    office: Office, clock: Clock, lying: Callable[[MemoryDepot, str, bytes], None]
) -> None:
    """Its row says verified, the depot has another tale: the original is all that is left. Another photo's goes."""
    li, depot = office.device("li"), depot_of(office)
    original, copy = with_copy(li, "老王修车")
    sound, _ = with_copy(li, "老张粮油")
    lying(depot, keys.whole(DISTRICT, sha256(copy)), copy)
    clock.ms += 91 * DAY_MS
    looked = retain(office, clock, originals=90, dry_run=True)
    with structlog.testing.capture_logs() as logged:
        done = retain(office, clock, originals=90)
    assert looked == done == Retained([sha256(sound)], [], [], len(sound), (sha256(original),))
    assert (state(office, original), lies(office, original), lies(office, sound)) == ("verified", True, False)
    [line] = [one for one in logged if one["event"] == "photo_copies_unreadable"]
    assert line == {"event": "photo_copies_unreadable", "log_level": "error", "originals_kept": 1}
    # The tablet is asked for the copy again, and brings it.
    check_back(office, clock, mark=True)
    assert send(li, shop_id("老王修车"), copy, of=original) == ["verified"]
    assert retain(office, clock, originals=90).originals == [sha256(original)]


def test_a_copy_found_lost_at_the_very_moment_keeps_its_original(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads everything back while the policy is about to write: the copy is expected again."""
    original, copy = with_copy(office.device("li"), "老王修车")
    clock.ms += 91 * DAY_MS
    write = retaining._expire

    def then_lost(*asked: Any) -> Any:
        depot_of(office).delete([keys.whole(DISTRICT, sha256(copy))])
        assert check_back(office, clock, mark=True).asked_again == [sha256(copy)]
        return write(*asked)

    monkeypatch.setattr(retaining, "_expire", then_lost)
    assert retain(office, clock, originals=90).originals == []
    assert (state(office, original), lies(office, original)) == ("verified", True)


def test_of_a_photo_that_went_the_row_stays_as_proof(office: Office, clock: Clock) -> None:
    li, qian, depot = office.device("li"), office.device("qian"), depot_of(office)
    original, copy = with_copy(li, "老王修车")
    verified_ms = clock.ms
    depot.put(keys.derived(DISTRICT, "thumb", sha256(copy)), b"12345")
    clock.ms += 400 * DAY_MS
    done = retain(office, clock, photos=365)
    assert (done.photos, done.originals) == ([sha256(original)], [])
    file = file_of(office, original)
    assert (file.size, file.settled_ms, file.state, file.ended_ms) == (len(original), verified_ms, "expired", clock.ms)
    assert list(depot.lying("")) == []
    planned = plan(qian, shop_id("老王修车"), original)
    assert (planned["state"], planned["problem"]["code"]) == ("refused", "photo_expired")
    assert retain(office, clock, photos=365) == Retained([], [], [], 0)


def test_what_is_not_over_is_protected(office: Office, clock: Clock) -> None:
    """The check of an open case, and the case itself; once the case was refused, they may go."""
    li, zhao, water = office.device("li"), office.device("zhao"), jpeg(scene("water"))
    check = wet_check(li, water)
    send(li, check, water)
    clock.ms += 400 * DAY_MS
    assert retain(office, clock, photos=365).protected == [sha256(water)]
    assert lies(office, water)
    act = {"name": "refuse", "reason": "当场已清"}
    [case] = [id_ for id_, told in zhao.pull().items() if told["type"] == "case"]
    [outcome] = zhao.push(zhao.mutation("act", "case", case, act=act))
    assert outcome.outcome in ("applied", "merged"), outcome
    assert retain(office, clock, photos=365).photos == [sha256(water)]


def test_a_match_that_nobody_looked_at_is_not_over(office: Office, clock: Clock) -> None:
    li, qian, front = office.device("li"), office.device("qian"), jpeg(scene("front"))
    li.push(shop(li, "一", front), shop(li, "二", front))
    send(li, shop_id("一"), front)
    send(li, shop_id("二"), front)
    clock.ms += 400 * DAY_MS
    assert retain(office, clock, photos=365).protected == [sha256(front)]
    [match] = ask(qian, "get", "/matches")["matches"]
    ask(qian, "post", f"/matches/{match['id']}/settle", {"outcome": "fine", "reason": "看过"})
    assert retain(office, clock, photos=365).photos == [sha256(front)]


def test_a_case_opened_at_the_very_moment_keeps_its_photo(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Li finds water and reports it with an old picture, after the policy has looked and before it writes."""
    li, water = office.device("li"), jpeg(scene("water"))
    li.push(shop(li, "老王修车", water))
    send(li, shop_id("老王修车"), water)
    clock.ms += 400 * DAY_MS
    looked = retaining.protected_in

    def then_reported(work: UnitOfWork) -> frozenset[str]:
        found = looked(work)
        if office.record(derived_id("check", "老张粮油")) is None:
            wet_check(li, water, "老张粮油")
        return found

    monkeypatch.setattr(retaining, "protected_in", then_reported)
    assert retain(office, clock, photos=365).photos == []
    assert lies(office, water)


def test_the_leader_keeps_photos_daily(office: Office, clock: Clock) -> None:
    """What is past its period goes, and what is nobody's; a failure of one day does not stop the next."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    keeping = Keeping(180, depot=depot_of(office), photos=Policy(photos_days=365))
    runner = Runner(office.store, catalogue(keeping), clock)
    runner.due()
    runner.run_now("keep_photos", DISTRICT)
    assert state(office, front) == "verified"
    clock.ms += 366 * DAY_MS
    assert runner.run_now("keep_photos", DISTRICT)[1] == 1
    assert (state(office, front), lies(office, front)) == ("expired", False)


def test_for_ever_is_the_default(office: Office, clock: Clock) -> None:
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    clock.ms += 10_000 * DAY_MS
    assert retain(office, clock) == Retained([], [], [], 0)
    assert lies(office, front)


# -- reading back -------------------------------------------------------------------------------------


def check_back(office: Office, clock: Clock, **how: Any) -> Checked:
    """Read everything back."""
    return check_photos(office.store, depot_of(office), DISTRICT, clock(), **how)


def test_what_the_depot_lost_is_asked_for_again(office: Office, clock: Clock) -> None:
    """One file is gone, one is not what it was: both are found, marked, and brought again by the tablet."""
    li, depot = office.device("li"), depot_of(office)
    sound, gone, torn = (jpeg(scene(name)) for name in ("sound", "gone", "torn"))
    li.push(shop(li, "老王修车", sound, gone, torn))
    send(li, shop_id("老王修车"), sound, gone, torn)
    depot.delete([keys.whole(DISTRICT, sha256(gone))])
    depot.put(keys.whole(DISTRICT, sha256(torn)), torn[:-1] + b"?")
    found = check_back(office, clock)
    assert (found.sound, found.missing, found.damaged) == (1, [sha256(gone)], [sha256(torn)])
    assert state(office, gone) == "verified"
    assert sorted(check_back(office, clock, mark=True).asked_again) == sorted([sha256(gone), sha256(torn)])
    assert [state(office, file) for file in (sound, gone, torn)] == ["verified", "expected", "expected"]
    assert send(li, shop_id("老王修车"), gone, torn) == ["verified", "verified"]
    assert check_back(office, clock, sample=2).sound == 2
    assert (check_back(office, clock).missing, check_back(office, clock).damaged) == ([], [])


def test_a_depot_that_was_only_away_is_believed_again(office: Office, clock: Clock) -> None:
    """Somebody marked everything while the disk was not mounted; the bytes are there again."""
    li, front = office.device("li"), jpeg(scene("front"))
    li.push(shop(li, "老王修车", front))
    send(li, shop_id("老王修车"), front)
    away = MemoryDepot(clock)
    assert check_photos(office.store, away, DISTRICT, clock(), mark=True).missing == [sha256(front)]
    assert state(office, front) == "expected"
    assert check_back(office, clock, mark=True).back == [sha256(front)]
    assert state(office, front) == "verified"
    assert b"".join(depot_of(office).read(keys.whole(DISTRICT, sha256(front)))) == front
