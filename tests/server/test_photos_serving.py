"""Photos shown: what is expected and what has come, small ones for all who see the record, originals for few."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from schemas.checks.opening import case_id
from schemas.checks.shop import SHOP_1
from schemas.ids import derived_id
from server.api import picture_gate
from server.storage.depot import DepotTrouble, keys
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from server.storage.photo_tables import photo_view
from server.usecases.find_font import FOLDERS, chinese_font
from server.usecases.move_records import Asked, move_records
from tests import pictures
from tests.schemas.checks_made import clean
from tests.server.clerks import MINUTE, MORNING, Clock
from tests.server.office import DISTRICT, ELSEWHERE, GRID_8, Office, open_office, person_id
from tests.server.photographs import named, offer, row, sha256
from tests.server.viewers import Viewer, checked_shop, viewer

EIGHT = "2020-07-18T08:00:00+08:00"
TOLD = {"taken_at": EIGHT, "position": (42.0, 121.6), "camera": ("HUAWEI", "BZT-W09")}


@pytest.fixture
def clock() -> Clock:
    """The office's clock."""
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office that goes by the clock."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def file_office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """The same where the database makes no difference: a file."""
    opened = open_office(f"sqlite:///{tmp_path / 'file.db'}", clock)
    yield opened
    opened.store.engine.dispose()


def photo_of(seed: object, **told: Any) -> bytes:
    return pictures.jpeg(seed, 400, 300, **(TOLD | told))


def size_of(answer: Any) -> tuple[int, int]:
    assert answer.status_code in (200, 206), answer.get_data(as_text=True)
    return Image.open(io.BytesIO(answer.data)).size


def noted(office: Office) -> int:
    """Return how many views of originals are noted."""
    with office.store.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(photo_view)).scalar_one())


def check_of_water(li: Viewer, *photos: dict[str, Any]) -> str:
    """Let Li check a shop before which water stands; return the check's id."""
    device, check = li.porter.device, derived_id("check", "water")
    made = clean(SHOP_1, {"H2": 1}, target_id=li.porter.shop("积水的店"), inspector_id=person_id(device.who))
    made |= {"observed_at": EIGHT}
    [outcome] = device.push(device.mutation("create", "shop_check", check, set=made, add={"photos": list(photos)}))
    assert outcome.outcome == "applied", outcome
    return check


# -- expected and arrived -----------------------------------------------------------------------------


def test_a_record_says_what_it_expects_and_what_has_come(office: Office) -> None:
    """Nothing, then the copy, then the original, which takes the copy's place."""
    photo, copy, later = photo_of("shop"), pictures.jpeg("shop, small", 200, 150), photo_of("later")
    li, feng = viewer(office, "li"), viewer(office, "feng")
    shop = li.porter.shop("老王修车", named(photo, copy), named(later))
    listed = feng.listed(shop)
    assert (listed["expected"], listed["arrived"], listed["originals"]) == (2, 0, 0)
    first = next(one for one in listed["photos"] if one["sha256"] == sha256(photo))
    assert (first["state"], first["urls"], first["by_name"]) == ("expected", {}, "李明")
    assert feng.code(shop, photo, "thumb") == "photo_not_here"
    assert li.code(shop, photo, "original") == "photo_not_here"

    assert li.porter.deliver(shop, copy, of=sha256(photo)) == "verified"
    listed = feng.listed(shop)
    assert (listed["expected"], listed["arrived"], listed["originals"]) == (2, 1, 0)
    small = feng.picture(shop, photo, "view")
    assert (size_of(small), small.headers["Cache-Control"]) == ((200, 150), "private, no-cache")

    assert li.porter.deliver(shop, photo) == "verified"
    listed = feng.listed(shop)
    assert (listed["arrived"], listed["originals"]) == (1, 1)
    first = next(one for one in listed["photos"] if one["sha256"] == sha256(photo))
    assert (first["state"], set(first["urls"])) == ("original", {"thumb", "view"})
    assert (first["original"]["kind"], first["original"]["width"], first["copy"]["size"]) == ("jpeg", 400, len(copy))
    large = feng.picture(shop, photo, "view", If_None_Match=small.headers["ETag"])
    assert (large.status_code, size_of(large)) == (200, (400, 300))
    assert "immutable" in large.headers["Cache-Control"]
    assert size_of(feng.picture(shop, photo, "thumb")) == (320, 240)


def test_what_is_shown_says_nothing_of_where_and_by_what(file_office: Office) -> None:
    """Thumbnail and view carry no EXIF; the original is what the tablet sent, byte for byte, and never a page."""
    photo = photo_of("shop") + b"<html><script>alert(1)</script></html>"
    shop = checked_shop(file_office, "li", photo)
    qian = viewer(file_office, "qian")
    for what in ("thumb", "view"):
        shown = qian.picture(shop, photo, what)
        assert not Image.open(io.BytesIO(shown.data)).getexif()
        assert b"HUAWEI" not in shown.data
        assert b"<html" not in shown.data
    original = qian.picture(shop, photo, "original")
    assert original.data == photo
    for answer, how in ((shown, "inline"), (original, "attachment")):
        assert answer.mimetype == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Disposition"].startswith(f'{how}; filename="{sha256(photo)[:12]}-')
    assert original.headers["Cache-Control"] == "private, no-store"


def test_a_case_shows_the_photos_of_its_check(file_office: Office) -> None:
    """They were sent for the check; the case names them too, and Li took them there as well."""
    photo = photo_of("water")
    li = viewer(file_office, "li")
    check = check_of_water(li, named(photo) | {"item": "H2", "role": "near"})
    assert li.porter.deliver(check, photo) == "verified"
    case = case_id(check, "H2")
    listed = viewer(file_office, "feng").listed(case)
    assert (listed["type"], listed["expected"], listed["arrived"]) == ("case", 1, 1)
    assert (listed["photos"][0]["item"], listed["photos"][0]["by_name"]) == ("H2", "李明")
    assert li.picture(case, photo, "original").data == photo
    assert size_of(viewer(file_office, "dong").picture(case, photo, "thumb")) == (320, 240)


def test_flags_of_the_tablet_and_of_the_office_stand_together(office: Office) -> None:
    """What the tablet noted, what the file itself says, and, for the street alone, that it is used elsewhere."""
    photo = photo_of("shop", taken_at="2020-07-17T08:00:00+08:00")
    li, wang = viewer(office, "li"), viewer(office, "wang")
    there = {"lat": 42.1, "lon": 121.6, "crs": "wgs84"}
    told = {"taken_at": EIGHT, "position": there, "origin": "gallery", "flags": ["gallery"]}
    shop = li.porter.shop("老王修车", named(photo) | told)
    assert li.porter.deliver(shop, photo) == "verified"
    check = check_of_water(wang, named(photo) | {"item": "H2", "role": "near"})
    assert wang.porter.deliver(check, photo) == "verified"
    [first] = li.listed(shop)["photos"]
    assert [one["code"] for one in first["flags"]] == ["gallery", "exif_time_far", "exif_position_far"]
    assert first["flags"][0]["zh"] == "相册导入"
    assert first["origin"] == "gallery"
    [first] = viewer(office, "qian").listed(shop)["photos"]
    assert first["flags"][-1]["code"] == "used_elsewhere"


# -- who may see what ---------------------------------------------------------------------------------


def test_each_sees_what_is_his(office: Office) -> None:
    """Whoever sees the record sees the small ones; its author and three offices the original; others nothing."""
    photo = photo_of("shop")
    shop = checked_shop(office, "li", photo)
    seen = dict.fromkeys(("wang", "feng", "zhao", "dong", "lu"), "not_allowed")
    seen |= dict.fromkeys(("sun", "wu"), "photo_unknown")
    for who, code in seen.items():
        somebody = viewer(office, who)
        assert somebody.code(shop, photo, "original") == code, who
        small = somebody.picture(shop, photo, "thumb").status_code
        assert small == (404 if code == "photo_unknown" else 200), who
        assert somebody.ask("GET", f"{shop}/photos").status_code == small, who
    assert noted(office) == 0
    for who in ("li", "qian", "chen", "zhou"):
        somebody = viewer(office, who)
        assert "original" in somebody.listed(shop)["photos"][0]["urls"], who
        assert somebody.picture(shop, photo, "original").data == photo, who
    assert noted(office) == 4


def test_naming_anothers_photo_does_not_make_it_ones_own(file_office: Office) -> None:
    """Wang has read the name of Li's photo; in a record of his own he sees it small, as he did before."""
    photo = photo_of("shop")
    checked_shop(file_office, "li", photo)
    wang = viewer(file_office, "wang")
    own = wang.porter.shop("王记修车行", named(photo))
    assert wang.porter.deliver(own, photo) == "verified"
    assert wang.code(own, photo, "original") == "not_allowed"
    assert set(wang.listed(own)["photos"][0]["urls"]) == {"thumb", "view"}


def test_an_office_elsewhere_gets_no_original_by_its_hash(file_office: Office) -> None:
    """Qian's new street names Li's photo in a record of its own: that does not make the place its own."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    file_office.posted("qian", ELSEWHERE[:9])
    qian, chen = viewer(file_office, "qian"), viewer(file_office, "chen")
    device, own = qian.porter.device, derived_id("photographed", "elsewhere")
    told = {"name": "在别的街道", "category": "retail"}
    device.push(device.mutation("create", "shop", own, grid=ELSEWHERE, set=told, add={"photos": [named(photo)]}))
    assert qian.picture(own, photo, "view").status_code == 200
    assert qian.code(own, photo, "original") == "outside_area"
    assert noted(file_office) == 0
    for record in (shop, own):
        assert chen.picture(record, photo, "original").data == photo


def test_anothers_file_is_not_shown_as_the_copy_of_ones_own_photo(file_office: Office) -> None:
    """A record may name whatever it likes as a copy; only what was made from this very photo is shown."""
    photo = photo_of("in another street")
    checked_shop(file_office, "li", photo)
    own = photo_of("mine")
    wang = viewer(file_office, "wang")
    shop = wang.porter.shop("王记修车行", named(own, photo))
    [listed] = wang.listed(shop)["photos"]
    assert (listed["state"], listed["copy"]) == ("expected", None)
    assert wang.code(shop, own, "view") == "photo_not_here"


@pytest.mark.parametrize("before", [True, False], ids=["before it was planned", "when it is here"])
def test_a_copy_that_a_colleague_names_too_stays_the_copy_it_is(office: Office, *, before: bool) -> None:
    """Wang registers Li's copy as a photo of his own: Li's photo is shown all the same, and the street sees both."""
    photo, copy = photo_of("shop"), pictures.jpeg("shop", 200, 150)
    li, wang, feng, qian = (viewer(office, name) for name in ("li", "wang", "feng", "qian"))
    shop = li.porter.shop("老王修车", named(photo, copy))
    if not before:
        assert li.porter.deliver(shop, copy, of=sha256(photo)) == "verified"
    own = wang.porter.shop("王记修车行", named(copy))
    [planned] = wang.porter.plan(offer(own, copy))
    assert planned["state"] == ("send" if before else "verified")
    assert li.porter.deliver(shop, copy, of=sha256(photo)) == "verified"

    listed = feng.listed(shop)
    assert (listed["arrived"], listed["originals"]) == (1, 0)
    [shown] = listed["photos"]
    assert (shown["state"], set(shown["urls"]), shown["original"]) == ("copy", {"thumb", "view"}, None)
    assert size_of(feng.picture(shop, photo, "view")) == (200, 150)
    assert (feng.listed(own)["arrived"], feng.listed(own)["photos"][0]["by_name"]) == (1, "王芳")
    for record in (shop, own):
        assert "used_elsewhere" in [flag["code"] for flag in qian.listed(record)["photos"][0]["flags"]]

    assert li.porter.deliver(shop, photo) == "verified"
    assert feng.listed(shop)["originals"] == 1


def test_a_photo_goes_with_its_record(office: Office) -> None:
    """A record that was moved takes its photos along; one taken out of a record is not to be had through it."""
    photo = photo_of("shop")
    shop = checked_shop(office, "li", photo)
    wang, sun, qian = viewer(office, "wang"), viewer(office, "sun"), viewer(office, "qian")
    assert wang.picture(shop, photo, "view").status_code == 200
    move_records(office.store, DISTRICT, Asked(GRID_8, (shop,)), MORNING)
    assert wang.code(shop, photo, "view") == "photo_unknown"
    assert wang.ask("GET", f"{shop}/photos").get_json()["code"] == "photo_unknown"
    assert sun.picture(shop, photo, "view").status_code == 200
    assert qian.picture(shop, photo, "original").data == photo

    record = office.record(shop)
    assert record is not None
    device = qian.porter.device
    taken_out = {"photos": [sha256(photo)]}
    device.push(device.mutation("patch", "shop", shop, grid=GRID_8, base=record.version, remove=taken_out))
    for who in (sun, qian):
        assert who.code(shop, photo, "view") == "photo_unknown"
        assert who.listed(shop)["expected"] == 0


def test_a_lost_tablet_and_a_stranger_see_nothing(file_office: Office) -> None:
    """Nor is anything shown of a record that lies in quarantine."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    li, lost = viewer(file_office, "li"), viewer(file_office, "li")
    file_office.revoke(lost.porter.device)
    paths = [f"{shop}/photos", f"{shop}/photos/pair", f"{shop}/photos/pair.jpg", f"{shop}/photos/{sha256(photo)}/view"]
    for path in paths:
        assert lost.ask("GET", path).get_json()["code"] == "device_revoked"
        assert li.ask("GET", path, Authorization="Bearer nobody").get_json()["code"] == "not_enrolled"
    refused = derived_id("record", "refused")
    device = li.porter.device
    made = device.mutation("create", "shop", refused, grid=GRID_8, set={"name": "别处", "category": "retail"},
                           add={"photos": [named(photo)]})  # fmt: skip
    assert [outcome.outcome for outcome in device.push(made)] == ["rejected"]
    assert li.code(refused, photo, "view") == "photo_unknown"


def test_tricks_in_the_address_lead_nowhere(file_office: Office) -> None:
    """What is no id and no hash is asked of nobody; nothing outside the depot is read."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    qian, name = viewer(file_office, "qian"), sha256(photo)
    for path in (
        f"..%2F..%2Fetc/photos/{name}/view",
        f"{shop}/photos/..%2f..%2f{name}/view",
        f"{shop}/photos/{name.upper()}/view",
        f"{shop}/photos/{name[:-1]}/view",
        f"{shop}/photos/{name}%00/view",
        f"{shop.upper()}/photos/{name}/view",
        f"{shop}/photos/{name}/whole",
        f"{shop}/photos/{name}/..%2foriginal",
        f"{shop}/photos/{name}/view%0d%0aSet-Cookie:%20a",
        f"{'9' * 5000}/photos",
    ):
        answer = qian.ask("GET", path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path
    assert qian.picture(shop, photo, "view", "?width=9999").status_code == 400
    assert qian.picture(shop, photo, "original", "?person=nobody").status_code == 400


# -- from anywhere on ---------------------------------------------------------------------------------


def test_a_download_goes_on_where_it_stopped(file_office: Office) -> None:
    """Ranges, with what vouches for the first half; beyond the end; and what one has already."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    qian = viewer(file_office, "qian")
    whole = qian.picture(shop, photo, "original")
    etag = whole.headers["ETag"]
    assert (whole.headers["Accept-Ranges"], int(whole.headers["Content-Length"])) == ("bytes", len(photo))
    rest = qian.picture(shop, photo, "original", Range="bytes=100-", If_Range=etag)
    assert (rest.status_code, rest.data) == (206, photo[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(photo) - 1}/{len(photo)}"
    assert qian.picture(shop, photo, "original", Range="bytes=-10").data == photo[-10:]
    assert qian.picture(shop, photo, "original", Range="bytes=5-9").data == photo[5:10]
    for other in ('"another"', f"W/{etag}", "Sat, 18 Jul 2020 00:00:00 GMT"):
        assert qian.picture(shop, photo, "original", Range="bytes=100-", If_Range=other).status_code == 200
    beyond = qian.picture(shop, photo, "original", Range=f"bytes={len(photo)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(photo)}")
    many = ",".join(f"{n}-{n}" for n in range(5000))
    assert qian.picture(shop, photo, "original", Range=f"bytes={many}").data == photo
    assert qian.picture(shop, photo, "original", Range="bytes=9-5").data == photo
    view = qian.picture(shop, photo, "view")
    assert qian.picture(shop, photo, "view", Range="bytes=10-19").data == view.data[10:20]
    unchanged = qian.picture(shop, photo, "view", If_None_Match=view.headers["ETag"])
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["Cache-Control"] == view.headers["Cache-Control"]
    assert qian.ask("HEAD", f"{shop}/photos/{sha256(photo)}/view").headers["ETag"] == view.headers["ETag"]


def test_a_large_original_goes_out_in_pieces(file_office: Office) -> None:
    """However large it is: no answer holds it whole."""
    photo = photo_of("large").ljust(1 << 20, b"\0")
    shop = checked_shop(file_office, "li", photo)
    app, token = file_office.app, viewer(file_office, "qian").porter.device.token
    with app.test_request_context(
        f"/v1/records/{shop}/photos/{sha256(photo)}/original", headers={"Authorization": f"Bearer {token}"}
    ):
        answer = app.full_dispatch_request()
        pieces = [len(piece) for piece in answer.iter_encoded()]
    assert sum(pieces) == len(photo)
    assert max(pieces) <= 256 * 1024


def test_what_was_deleted_after_its_time_is_said_to_be(office: Office) -> None:
    """Nobody is sent to look for it on a tablet; as long as its copy stays, that is shown."""
    photo, copy = photo_of("old"), pictures.jpeg("old, small", 200, 150)
    li, qian = viewer(office, "li"), viewer(office, "qian")
    shop = li.porter.shop("老王修车", named(photo, copy))
    assert li.porter.deliver(shop, copy, of=sha256(photo)) == "verified"
    assert li.porter.deliver(shop, photo) == "verified"
    qian.good("POST", f"{shop}/photos/{sha256(photo)}/redactions", {"boxes": [[0, 0, 100, 100]]})
    for file, state in ((photo, "copy"), (copy, "expired")):
        known = row(office, sha256(file))
        assert known is not None
        with office.store.work(DISTRICT) as work:
            work.photos.change([known._replace(state="expired")])
            work.commit()
        [listed] = qian.listed(shop)["photos"]
        assert (listed["state"], "view" in listed["urls"]) == (state, state == "copy")
        assert qian.code(shop, photo, "original") == "photo_expired"
    for what in ("thumb", "published"):
        assert qian.picture(shop, photo, what).status_code == 410
        assert qian.code(shop, photo, what) == "photo_expired"


# -- what goes wrong ----------------------------------------------------------------------------------


def test_a_depot_that_stumbles_is_told_and_notes_no_view(file_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Come again later: for what cannot be read just now, and for what the books say is there and is not."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    qian = viewer(file_office, "qian")
    assert qian.picture(shop, photo, "thumb").status_code == 200

    def stumbles(*_: Any) -> Any:
        raise DepotTrouble

    with monkeypatch.context() as patched:
        patched.setattr(MemoryDepot, "size", stumbles)
        answers = [qian.picture(shop, photo, what) for what in ("thumb", "view", "original")]
    file_office.depot.delete([keys.whole(DISTRICT, sha256(photo))])
    answers += [qian.picture(shop, photo, what) for what in ("view", "original")]
    for answer in answers:
        assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert noted(file_office) == 0
    assert qian.picture(shop, photo, "thumb").status_code == 200


def test_only_so_many_pictures_are_made_at_once(file_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes then is told when to come again; what lies ready is handed out all the same."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    qian = viewer(file_office, "qian")
    assert qian.picture(shop, photo, "thumb").status_code == 200
    with file_office.app.app_context(), picture_gate.gate(), picture_gate.gate():
        monkeypatch.setattr(picture_gate, "WAIT_S", 0.01)
        busy = qian.picture(shop, photo, "view")
        assert qian.picture(shop, photo, "thumb").status_code == 200
    assert (busy.status_code, busy.get_json()["code"], busy.headers["Retry-After"]) == (503, "busy", "5")
    assert qian.picture(shop, photo, "view").status_code == 200


# -- who saw originals --------------------------------------------------------------------------------


def test_every_view_of_an_original_is_noted(office: Office, clock: Clock) -> None:
    """Who, of which record, on which device, when and why; for the offices of the place to read."""
    photo, other = photo_of("shop"), photo_of("other")
    shop, second = checked_shop(office, "li", photo), checked_shop(office, "wang", other)
    qian = viewer(office, "qian")
    assert qian.picture(shop, photo, "original", "?why=居民投诉").status_code == 200
    clock.ms += MINUTE
    assert viewer(office, "li").picture(shop, photo, "original").status_code == 200
    clock.ms += MINUTE
    assert viewer(office, "zhou").picture(second, other, "original").status_code == 200
    told = qian.views().get_json()
    assert [(one["person_name"], one["record"], one["at_ms"], one["why"]) for one in told["views"]] == [
        ("周涛", second, MORNING + 2 * MINUTE, None),
        ("李明", shop, MORNING + MINUTE, None),
        ("钱伟", shop, MORNING, "居民投诉"),
    ]
    assert told["views"][2]["device_name"]
    assert len(viewer(office, "chen").views(f"?record={shop}").get_json()["views"]) == 2
    assert len(qian.views(f"?photo={sha256(other)}").get_json()["views"]) == 1
    assert len(qian.views(f"?person={person_id('li')}").get_json()["views"]) == 1
    pages = [qian.views("?limit=2").get_json()]
    pages.append(qian.views(f"?limit=2&after={pages[0]['after']}").get_json())
    assert [one for page in pages for one in page["views"]] == told["views"]
    assert pages[1]["after"] is None
    for who in ("li", "feng", "zhao", "dong", "wu"):
        assert viewer(office, who).views().get_json()["code"] == "not_allowed"
    assert qian.views("?after=%F0%9F").status_code == 400
    assert qian.views("?record=1").status_code == 400


def test_one_look_is_noted_once(office: Office, clock: Clock) -> None:
    """A download in pieces is one view; ten minutes later, for another reason or by another person it is another."""
    photo = photo_of("shop")
    shop = checked_shop(office, "li", photo)
    shared = viewer(office, "qian", "chen")
    assert shared.code(shop, photo, "original") == "invalid_request"
    assert shared.code(shop, photo, "original", f"?person={person_id('zhou')}") == "not_admitted_person"
    assert noted(office) == 0
    qian, chen = (f"?person={person_id(who)}" for who in ("qian", "chen"))
    for start in (0, 100, 200):
        assert shared.picture(shop, photo, "original", qian, Range=f"bytes={start}-{start + 99}").status_code == 206
        clock.ms += 4 * MINUTE
    held = f'"{sha256(photo)}"'
    clock.ms -= 4 * MINUTE
    assert shared.picture(shop, photo, "original", qian, If_None_Match=held).status_code == 304
    assert noted(office) == 1
    assert shared.picture(shop, photo, "original", f"{qian}&why=核实").status_code == 200
    assert shared.picture(shop, photo, "original", chen).status_code == 200
    assert noted(office) == 3
    clock.ms += 3 * MINUTE
    assert shared.picture(shop, photo, "original", qian, If_None_Match=held).status_code == 304
    assert noted(office) == 4


def test_a_view_is_noted_before_the_first_byte_goes_out(file_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log cannot be written, nothing is shown."""
    photo = photo_of("shop")
    shop = checked_shop(file_office, "li", photo)
    seen_by_then: list[int] = []
    read = MemoryDepot.read

    def watched(depot: MemoryDepot, key: str, *span: Any) -> Any:
        seen_by_then.append(noted(file_office))
        return read(depot, key, *span)

    monkeypatch.setattr(MemoryDepot, "read", watched)
    assert viewer(file_office, "qian").picture(shop, photo, "original").data == photo
    assert seen_by_then == [1]


# -- before and after ---------------------------------------------------------------------------------


def test_before_and_after_are_fetched_side_by_side(file_office: Office) -> None:
    """By item, as one picture; with words where the server has a font for them."""
    before, after, later = photo_of("dirty"), photo_of("half clean"), photo_of("clean")
    times = {before: "08:00", after: "09:00", later: "10:00"}
    roles = {before: "near", after: "after", later: "after"}
    li = viewer(file_office, "li")
    check = check_of_water(li, *({"sha256": sha256(one), "item": "H2", "role": roles[one],
                                  "taken_at": f"2020-07-18T{times[one]}:00+08:00"} for one in times))  # fmt: skip
    feng = viewer(file_office, "feng")
    [pair] = feng.good("GET", f"{check}/photos/pair")["pairs"]
    assert (pair["item"], pair["before"], pair["after"], pair["url"]) == ("H2", sha256(before), sha256(later), None)
    assert feng.ask("GET", f"{check}/photos/pair.jpg?item=H2").get_json()["code"] == "photo_not_here"
    for one in times:
        assert li.porter.deliver(check, one) == "verified"
    [pair] = feng.good("GET", f"{check}/photos/pair")["pairs"]
    shown = feng.ask("GET", pair["url"].removeprefix("/v1/records/"))
    assert size_of(shown) == (2 * 1280 + 12, 960 + 64)
    assert shown.headers["Gridward-Captions"] == ("zh" if chinese_font(FOLDERS) else "plain")
    assert feng.ask("GET", f"{check}/photos/pair.jpg?item=H2").data == shown.data
    again = feng.ask("GET", f"{check}/photos/pair.jpg", If_None_Match=shown.headers["ETag"])
    assert again.status_code == 304
    assert feng.ask("GET", f"{check}/photos/pair.jpg?item=H1").get_json()["code"] == "photo_unknown"
    assert feng.ask("GET", f"{check}/photos/pair.jpg?item=").status_code == 400
    assert viewer(file_office, "sun").ask("GET", f"{check}/photos/pair.jpg").get_json()["code"] == "photo_unknown"


def test_photos_lie_in_a_folder_as_well(tmp_path: Path, clock: Clock) -> None:
    """The same, where an office keeps its photos in a folder."""
    office = open_office(f"sqlite:///{tmp_path / 'gridward.db'}", clock, FolderDepot(tmp_path / "photos"))
    photo = photo_of("shop")
    shop = checked_shop(office, "li", photo)
    qian = viewer(office, "qian")
    assert size_of(qian.picture(shop, photo, "thumb")) == (320, 240)
    assert qian.picture(shop, photo, "original", Range="bytes=7-").data == photo[7:]
    office.store.engine.dispose()
