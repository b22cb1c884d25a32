"""A picture used twice is shown to the street: found without fail within the distance promised, and never a verdict."""

import io
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance
from sqlalchemy import event

from schemas.checks.opening import cases_of
from schemas.checks.shop import SHOP_1
from schemas.ids import derived_id
from server.commands import main
from server.pictures.likeness import FOUND_WITHIN, bands_of, distance, likeness_of, near_bands
from server.usecases.find_matches import NEAR
from tests.schemas.checks_made import clean
from tests.server.album import ask, file_of, jpeg, open_album, plan, scene, send, sha256, shop, shop_id, wall
from tests.server.clerks import Clock
from tests.server.office import ELSEWHERE, Office, RawDevice, person_id


@pytest.fixture(name="office")
def office_with_photos(database_url: str) -> Iterator[Office]:
    """An office whose photos lie in memory."""
    opened = open_album(database_url, Clock())
    yield opened
    opened.store.engine.dispose()


def matches(device: RawDevice, asked: str = "") -> list[dict[str, Any]]:
    """Return what the street finds on its list."""
    found: list[dict[str, Any]] = ask(device, "get", f"/matches{asked}")["matches"]
    return found


def named(match: dict[str, Any]) -> set[str]:
    """Return the names of the records of a match, as far as they are shown."""
    return {side["record"]["name"] for side in (match["side"], match["other"]) if side}


# -- likeness ------------------------------------------------------------------------------------------

likenesses = st.integers(0, (1 << 128) - 1)
few_bits = st.sets(st.integers(0, 127), max_size=FOUND_WITHIN)


@given(likenesses, few_bits)
def test_whatever_is_near_shares_a_band(bits: int, changed: set[int]) -> None:
    """The index misses nothing that differs in 15 bits or fewer, whichever these are."""
    other = bits
    for bit in changed:
        other ^= 1 << bit
    one, two = f"{bits:032x}", f"{other:032x}"
    assert distance(one, two) == len(changed) <= FOUND_WITHIN
    assert any(band in near for band, near in zip(bands_of(two), near_bands(one), strict=True))


def test_the_limit_lies_within_what_is_found() -> None:
    assert NEAR <= FOUND_WITHIN


@given(likenesses)
def test_bands_hold_every_bit_once(bits: int) -> None:
    assert sum(band.bit_count() for band in bands_of(f"{bits:032x}")) == bits.bit_count()
    assert all(band < 1 << 16 for band in bands_of(f"{bits:032x}"))


def stamped(picture: Image.Image) -> Image.Image:
    """Return a picture with two lines of text over its lowest part."""
    marked = picture.copy()
    drawn = ImageDraw.Draw(marked)
    for line in (0.88, 0.94):
        drawn.text((4, picture.height * line), "2020-07-18 08:15 GRID 7", fill="white", font_size=8)
    return marked


def cropped(picture: Image.Image) -> Image.Image:
    """Return a picture without its margin."""
    margin = picture.width // 80
    return picture.crop((margin, margin, picture.width - margin, picture.height - margin))


SAME = {
    "compressed again": lambda one: Image.open(io.BytesIO(jpeg(one, 40))),
    "half as large": lambda one: one.resize((one.width // 2, one.height // 2), Image.Resampling.LANCZOS),
    "brighter": lambda one: ImageEnhance.Brightness(one).enhance(1.1),
    "stamped": stamped,
    "cropped": cropped,
}


@pytest.mark.parametrize("how", SAME)
def test_the_same_picture_in_another_dress_is_near(how: str) -> None:
    for name in ("shop", "road", "square"):
        picture = scene(name, 320)
        before, after = likeness_of(picture), likeness_of(SAME[how](picture))
        assert before
        assert after
        assert distance(before, after) <= NEAR, (how, name)


def test_different_pictures_are_far() -> None:
    found = [likeness_of(scene(str(n))) for n in range(40)]
    assert min(distance(a, b) for a in found for b in found if a and b and a is not b) > 2 * NEAR


def test_a_wall_resembles_nothing() -> None:
    """Two pictures of nothing would be found near each other all day long."""
    grain = random.Random(1)
    noisy = Image.frombytes("L", (160, 160), bytes(grain.randrange(110, 130) for _ in range(160 * 160)))
    assert likeness_of(wall()) is None
    assert likeness_of(noisy.convert("RGB")) is None


# -- found ---------------------------------------------------------------------------------------------


def test_one_photo_for_two_shops_is_shown_to_the_street(office: Office) -> None:
    """Li photographs one front and names the photo for two shops; Qian of the street sees both."""
    li, qian = office.device("li"), office.device("qian")
    front = jpeg(scene("front"))
    li.push(shop(li, "老王修车", front), shop(li, "老张粮油", front))
    assert send(li, shop_id("老王修车"), front) == ["verified"]
    assert matches(qian) == []
    assert send(li, shop_id("老张粮油"), front) == ["verified"]
    [match] = matches(qian)
    assert (match["kind"], match["distance"], match["settled"]) == ("exact", 0, None)
    assert named(match) == {"老王修车", "老张粮油"}
    assert match["side"]["by"] == {"id": person_id("li"), "name": "李明"}
    send(li, shop_id("老王修车"), front)
    assert len(matches(qian)) == 1


def test_a_picture_compressed_again_is_found_near(office: Office) -> None:
    """Sent from the gallery of another telephone it has another hash."""
    li, wang, qian = office.device("li"), office.device("wang"), office.device("qian")
    first, again = jpeg(scene("front")), jpeg(scene("front"), 50)
    li.push(shop(li, "老王修车", first), shop(li, "对面", jpeg(scene("another front"))))
    wang.push(shop(wang, "老张粮油", again))
    send(li, shop_id("老王修车"), first)
    send(li, shop_id("对面"), jpeg(scene("another front")))
    send(wang, shop_id("老张粮油"), again)
    [match] = matches(qian)
    assert match["kind"] == "near"
    assert 0 <= match["distance"] <= NEAR
    assert (match["side"]["record"]["name"], match["other"]["record"]["name"]) == ("老张粮油", "老王修车")


def test_two_records_waiting_for_one_photo_match_once_it_comes(office: Office) -> None:
    """Both were planned before the bytes came."""
    li, wang, qian = office.device("li"), office.device("wang"), office.device("qian")
    front = jpeg(scene("front"))
    li.push(shop(li, "一", front))
    wang.push(shop(wang, "二", front))
    plan(wang, shop_id("二"), front)
    assert send(li, shop_id("一"), front) == ["verified"]
    assert named(matches(qian)[0]) == {"一", "二"}


def check_of(device: RawDevice, shop_: str, photo: bytes) -> str:
    """Push a check of *shop_* that finds standing water, with *photo* of it, and return the check's id."""
    check = derived_id("check", shop_)
    fields = clean(SHOP_1, {"H2": 1}, target_id=shop_id(shop_), inspector_id=person_id(device.who))
    photos = [{"sha256": sha256(photo), "item": "H2", "role": "near"}]
    [outcome] = device.push(device.mutation("create", "shop_check", check, set=fields, add={"photos": photos}))
    assert outcome.outcome in ("applied", "merged"), outcome
    return check


def case_of(office: Office, check: str) -> str:
    """Return the id of the one case that a check opened."""
    made = office.record(check)
    assert made is not None
    [case] = cases_of("shop_check", check, made.grid, made.fields)
    assert office.record(case.id) is not None
    return case.id


def test_a_case_may_show_the_photo_of_its_check(office: Office) -> None:
    """And the entry of the shop that was checked may: one visit, one picture. A check of another shop may not."""
    li, qian = office.device("li"), office.device("qian")
    water = jpeg(scene("water"))
    li.push(shop(li, "老王修车", water), shop(li, "老张粮油"))
    check = check_of(li, "老王修车", water)
    for record in (check, case_of(office, check), shop_id("老王修车")):
        assert send(li, record, water) == ["verified"]
    assert matches(qian) == []
    other = check_of(li, "老张粮油", water)
    assert send(li, other, water) == ["verified"]
    found = matches(qian, "?state=all")
    assert len(found) == 3
    assert {one["side"]["record"]["id"] for one in found} == {other}


def test_cases_merged_into_one_are_one(office: Office) -> None:
    """Two checks found one puddle; their cases were merged, and one of them shows the other's picture."""
    li, wang, qian = office.device("li"), office.device("wang"), office.device("qian")
    water = jpeg(scene("water"))
    li.push(shop(li, "老王修车"), shop(li, "老张粮油"))
    one = case_of(office, check_of(li, "老王修车", jpeg(scene("my own"))))
    check = check_of(wang, "老张粮油", water)
    two = case_of(office, check)
    act = {"name": "merge", "into": one}
    [outcome] = qian.push(qian.mutation("act", "case", two, act=act))
    assert outcome.outcome in ("applied", "merged"), outcome
    for record in (two, one, check):
        assert send(wang, record, water) == ["verified"]
    assert matches(qian) == []


def test_what_was_made_void_is_no_match(office: Office) -> None:
    """Li registered the shop under a wrong name first."""
    li, qian = office.device("li"), office.device("qian")
    front = jpeg(scene("front"))
    li.push(shop(li, "老王修", front), shop(li, "老王修车", front))
    [voided] = qian.push(qian.mutation("void", "shop", shop_id("老王修")))
    assert voided.outcome in ("applied", "merged"), voided
    for name in ("老王修", "老王修车"):
        send(li, shop_id(name), front)
    assert matches(qian) == []


def test_before_and_after_of_one_record_are_one_place(office: Office) -> None:
    """And so are the copy and the original of one photo."""
    li, qian = office.device("li"), office.device("qian")
    before, after, copy = jpeg(scene("heap")), jpeg(scene("heap"), 60), jpeg(scene("heap"), 30)
    li.push(shop(li, "老王修车", before, after, copy=sha256(copy)))
    assert send(li, shop_id("老王修车"), copy, of=before) == ["verified"]
    assert send(li, shop_id("老王修车"), before, after) == ["verified", "verified"]
    assert file_of(office, copy).of == file_of(office, before).sha256
    assert matches(qian) == []


def test_walls_match_nothing(office: Office) -> None:
    li, qian = office.device("li"), office.device("qian")
    one, two = jpeg(wall()), jpeg(wall(170))
    li.push(shop(li, "一", one), shop(li, "二", two))
    assert send(li, shop_id("一"), one) + send(li, shop_id("二"), two) == ["verified", "verified"]
    assert file_of(office, one).likeness is None
    assert matches(qian) == []


def test_a_crowded_band_is_looked_at_in_part(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scene of which there are very many does not make the next photo of it slow; some of them are found."""
    monkeypatch.setattr("server.usecases.find_matches.MOST_IN_A_BAND", 3)
    li, qian = office.device("li"), office.device("qian")
    pictures = {f"店{n}": jpeg(scene("front"), 50 + n) for n in range(6)}
    li.push(*(shop(li, name, photo) for name, photo in pictures.items()))
    for name, photo in pictures.items():
        send(li, shop_id(name), photo)
    found = matches(qian, f"?record={shop_id('店5')}")
    assert 0 < len(found) < 5


def use(device: RawDevice, photo: bytes, count: int, name: str = "店") -> list[str]:
    """Register so many shops that name one photo, and return their names."""
    names = [f"{name}{n}" for n in range(count)]
    for at in range(0, count, 50):
        device.push(*(shop(device, one, photo) for one in names[at : at + 50]))
    return names


def plan_all(device: RawDevice, photo: bytes, names: list[str]) -> None:
    """Plan one photo for all shops called *names*, in one request."""
    told = {"sha256": sha256(photo), "size": len(photo), "parts": [sha256(photo)]}
    ask(device, "post", "/plan", {"photos": [told | {"record": shop_id(name)} for name in names]})


def statements_of(office: Office, work: Callable[[], object]) -> int:
    """Return how many statements the database is given by *work*."""
    seen = list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(office.store.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(office.store.engine, "before_cursor_execute", note)
    return len(seen)


def test_a_photo_that_very_many_use_takes_no_more_questions(office: Office) -> None:
    """Planned for two shops or for sixty before its bytes come, and for as many more after."""
    li, asked = office.device("li"), list[tuple[int, int]]()
    for count in (2, 60):
        photo = jpeg(scene(f"front of {count}"))
        plan_all(li, photo, use(li, photo, count, f"店{count}-"))
        ask(li, "put", f"/{sha256(photo)}/parts/0", photo, status=204)
        path, later = f"/{sha256(photo)}/complete", use(li, photo, count, f"又{count}-")
        first = statements_of(office, partial(ask, li, "post", path, b""))
        asked.append((first, statements_of(office, partial(plan_all, li, photo, later))))
    few, many = asked
    assert many == few


def test_of_a_photo_that_very_many_use_each_use_is_found(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not against all others, which would be a hundred pairs of fifteen; the operator can tell that some are left."""
    monkeypatch.setattr("server.usecases.find_matches.MOST_PAIRS", 30)
    li, qian, front = office.device("li"), office.device("qian"), jpeg(scene("front"))
    names = use(li, front, 15)
    plan_all(li, front, names)
    ask(li, "put", f"/{sha256(front)}/parts/0", front, status=204)
    with structlog.testing.capture_logs() as logged:
        ask(li, "post", f"/{sha256(front)}/complete", b"")
    found = matches(qian)
    assert 15 <= len(found) <= 30
    assert {name for match in found for name in named(match)} == set(names)
    [line] = [one for one in logged if one["event"] == "photo_matches_capped"]
    assert (line["records"], line["users"], line["pairs_left"]) == (15, 15, 15 * 14 - 30)


# -- who sees what ------------------------------------------------------------------------------------


def across_streets(office: Office) -> dict[str, Any]:
    """Let one photo be used in two streets; return the match as the district office sees it."""
    li, chen = office.device("li"), office.device("chen")
    front = jpeg(scene("front"))
    li.push(shop(li, "这边", front))
    send(li, shop_id("这边"), front)
    chen.push(shop(chen, "那边", front, grid=ELSEWHERE))
    send(chen, shop_id("那边"), front)
    [match] = matches(chen)
    assert named(match) == {"这边", "那边"}
    return match


def test_of_another_street_nothing_is_shown(office: Office) -> None:
    match = across_streets(office)
    [seen] = matches(office.device("qian"))
    assert seen["id"] == match["id"]
    assert (seen["side"], seen["other"]["record"]["name"]) == (None, "这边")
    assert "lies elsewhere" in seen["en"]
    assert "那边" not in str(seen)


def test_below_the_street_nobody_looks(office: Office) -> None:
    match = across_streets(office)["id"]
    body = {"outcome": "fine", "reason": "看过"}
    for who in ("li", "feng", "zhao", "dong", "lu", "wu"):
        device = office.device(who)
        problem = ask(device, "get", "/matches", status=403)
        assert problem["code"] == "not_allowed"
        assert "街道" in problem["next_zh"]
        assert ask(device, "post", f"/matches/{match}/settle", body, status=403)["code"] == "not_allowed"


def test_an_operator_names_a_match_by_how_its_id_begins(
    office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is everywhere else; what begins none, or is too short, changes nothing and says where to look."""
    match = across_streets(office)["id"]
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)

    def settle(typed: str) -> Result:
        words = ["photos", "settle", typed, "fine", "--as", "陈红", "--reason", "两块牌子"]
        return CliRunner().invoke(main, words)

    for typed in (match[:3], "ffff" if not match.startswith("ffff") else "0000", f"{match[:8]}%", ""):
        said = settle(typed)
        assert (said.exit_code, "photos matches" in said.output) == (1, True), typed
    assert matches(office.device("chen"))[0]["settled"] is None
    assert settle(match[:8].upper()).exit_code == 0
    assert matches(office.device("chen"), "?state=settled")[0]["settled"]["outcome"] == "fine"


def test_the_list_is_read_page_by_page(office: Office) -> None:
    li, qian, chen = office.device("li"), office.device("qian"), office.device("chen")
    front = jpeg(scene("front"))
    li.push(*(shop(li, f"店{n}", front) for n in range(4)))
    for n in range(4):
        send(li, shop_id(f"店{n}"), front)
    read, after = [], ""
    while True:
        page = ask(qian, "get", f"/matches?limit=4{after}")
        read += [one["id"] for one in page["matches"]]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert len(read) == len(set(read)) == 6
    assert len(matches(chen, f"?record={shop_id('店0')}")) == 3
    assert matches(chen, f"?area={ELSEWHERE}") == []
    assert ask(qian, "get", f"/matches?area={ELSEWHERE}", status=403)["code"] == "outside_area"


# -- settled ------------------------------------------------------------------------------------------


def test_what_was_found_is_kept_with_its_reason(office: Office) -> None:
    """Qian looks at it; the inspector finds otherwise later, and what Qian said stays."""
    match = across_streets(office)["id"]
    qian, zhou = office.device("qian"), office.device("zhou")
    fine = {"outcome": "fine", "reason": " 一个门面两块牌子 "}
    first = ask(qian, "post", f"/matches/{match}/settle", fine)
    again = ask(qian, "post", f"/matches/{match}/settle", fine)
    assert again == first
    assert (first["settled"]["outcome"], first["settled"]["reason"], first["before"]) == (
        "fine",
        "一个门面两块牌子",
        [],
    )
    assert first["settled"]["by"]["name"] == "钱伟"
    assert matches(qian) == []
    ask(zhou, "post", f"/matches/{match}/settle", {"outcome": "misuse", "reason": "没有去过那边"})
    [settled] = matches(qian, "?state=settled")
    assert settled["settled"]["outcome"] == "misuse"
    assert [one["by"]["name"] for one in settled["before"]] == ["钱伟"]
    assert ask(zhou, "get", "/matches?state=all")["matches"][0]["settled"] == settled["settled"]


def test_a_shared_computer_says_who(office: Office) -> None:
    match = across_streets(office)["id"]
    desk = office.device("qian", "chen")
    body = {"outcome": "fine", "reason": "看过"}
    assert ask(desk, "post", f"/matches/{match}/settle", body, status=400)["code"] == "invalid_request"
    told = ask(desk, "post", f"/matches/{match}/settle", body | {"person": person_id("chen")})
    assert told["settled"]["by"]["name"] == "陈红"


BAD_QUERIES = ["?state=maybe", "?limit=0", "?limit=9999", "?after=%00", "?after=AAAA", "?area=x", "?record=1", "?x=1"]
BAD_FINDINGS: list[Any] = [
    {}, {"outcome": "fine"}, {"outcome": "fine", "reason": " "}, {"outcome": "?", "reason": "看过"}, [], {"reason": 1},
]  # fmt: skip


def test_bad_questions_are_told_what_is_wrong_and_write_nothing(office: Office) -> None:
    match = across_streets(office)["id"]
    qian = office.device("qian")
    for asked in BAD_QUERIES:
        assert ask(qian, "get", f"/matches{asked}", status=400)["code"] == "invalid_request", asked
    for body in BAD_FINDINGS:
        assert ask(qian, "post", f"/matches/{match}/settle", body, status=400)["code"] == "invalid_request", body
    for unknown in ("x", derived_id("no", "match"), "0" * 36):
        told = ask(qian, "post", f"/matches/{unknown}/settle", {"outcome": "fine", "reason": "看过"}, status=404)
        assert told["code"] == "photo_match_unknown"
    assert matches(qian)[0]["settled"] is None


def test_of_another_streets_match_nobody_hears(office: Office) -> None:
    """Both records lie elsewhere: to Qian there is no such match."""
    chen = office.device("chen")
    front = jpeg(scene("front"))
    chen.push(shop(chen, "甲", front, grid=ELSEWHERE), shop(chen, "乙", front, grid=ELSEWHERE))
    send(chen, shop_id("甲"), front)
    send(chen, shop_id("乙"), front)
    [match] = matches(chen)
    body = {"outcome": "fine", "reason": "看过"}
    told = ask(office.device("qian"), "post", f"/matches/{match['id']}/settle", body, status=404)
    assert told["code"] == "photo_match_unknown"
