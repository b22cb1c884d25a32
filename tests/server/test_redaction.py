"""Faces and plates painted over: black to the last pixel, and nothing of them left anywhere in the copy."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from schemas.ids import derived_id
from server.pictures.redacting import LEAST, SCALE, Box, redacted
from server.storage.depot import keys
from tests import pictures
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, Office, open_office, person_id
from tests.server.photographs import named, sha256
from tests.server.viewers import Viewer, checked_shop, viewer
from tests.test_pictures_made import TOLD, segments

WHOLE = Box(0, 0, SCALE, SCALE)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(0, SCALE - LEAST)), draw(st.integers(0, SCALE - LEAST))
    return Box(left, top, draw(st.integers(LEAST, SCALE - left)), draw(st.integers(LEAST, SCALE - top)))


@settings(max_examples=30, deadline=None)
@given(st.lists(boxes(), min_size=1, max_size=4), st.integers(1, 90), st.integers(1, 90))
@example([WHOLE], 64, 48)
@example([Box(SCALE - LEAST, SCALE - LEAST, LEAST, LEAST)], 90, 1)
def test_every_pixel_in_a_box_is_black(drawn: list[Box], width: int, height: int) -> None:
    """Wherever it lies, whatever the picture's size: every pixel that a box so much as touches is wholly black."""
    made = redacted(pictures.saved(pictures.noise("face", width, height), "PNG"), drawn)
    image = Image.open(io.BytesIO(made)).convert("RGB")
    assert image.size == (width, height)
    for box in drawn:
        left, top = box.left * width // SCALE, box.top * height // SCALE
        right = -(-(box.left + box.width) * width // SCALE)
        bottom = -(-(box.top + box.height) * height // SCALE)
        assert image.crop((left, top, right, bottom)).getextrema() == ((0, 0), (0, 0), (0, 0))


def test_a_large_camera_gives_a_copy_that_can_be_handled() -> None:
    """The boxes hide the same part of it."""
    made = redacted(pictures.jpeg("crowd", 6000, 3000), [Box(5000, 0, 5000, 5000)])
    image = Image.open(io.BytesIO(made))
    assert image.size == (4000, 2000)
    assert image.crop((2000, 0, 4000, 1000)).getextrema() == ((0, 0), (0, 0), (0, 0))


def test_two_faces_under_one_box_give_one_copy() -> None:
    """What lay under a box has no part in the bytes: two pictures that differ only there become the same file."""
    street = pictures.noise("street", 160, 120)
    made = []
    for face in ("li", "wang"):
        seen = street.copy()
        seen.paste(pictures.noise(face, 40, 40), (60, 40))
        photo = pictures.saved(seen, "PNG")
        made.append(redacted(photo, [Box(60 * SCALE // 160, 40 * SCALE // 120, SCALE // 4, SCALE // 3)]))
    assert made[0] == made[1]


def test_the_copy_is_upright_whole_and_says_nothing() -> None:
    """The boxes are told of the picture as it is seen; EXIF, thumbnail, profile and comment are gone."""
    held = pictures.scene("held", 120, 80)
    exif = pictures.exif(orientation=6, **TOLD)
    photo = pictures.saved(held, "JPEG", exif=exif, comment=b"plate", icc_profile=b"profile" * 20, quality=95) + b"tail"
    made = redacted(photo, [Box(0, 0, SCALE, SCALE // 2)])
    image = Image.open(io.BytesIO(made))
    assert image.size == (80, 120)
    assert image.crop((0, 0, 80, 60)).convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))
    assert image.crop((0, 72, 80, 120)).convert("L").getextrema() != (0, 0)
    assert segments(made)[0] == 0xE0
    assert not {*range(0xE1, 0xF0), 0xFE} & set(segments(made))
    assert not image.getexif()


# -- at the office ------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office; that its rows are the same in every database is told beside the serving of photos."""
    opened = open_office(f"sqlite:///{tmp_path / 'gridward.db'}")
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def qian(office: Office) -> Viewer:
    """Qian's computer, at the street office."""
    return viewer(office, "qian")


def test_a_street_office_makes_a_copy_for_publication(office: Office, qian: Viewer) -> None:
    """The latest is the published one, everybody who sees the record may see it, and the original stays as it is."""
    photo = pictures.jpeg("crowd", 160, 120, **TOLD)
    shop = checked_shop(office, "li", photo)
    li = viewer(office, "li")
    assert li.code(shop, photo, "published") == "photo_not_published"
    first = qian.good("POST", f"{shop}/photos/{sha256(photo)}/redactions", {"boxes": [[0, 0, 5000, 5000]]})
    second = qian.good("POST", f"{shop}/photos/{sha256(photo)}/redactions", {"boxes": [[5000, 5000, 5000, 5000]]})
    assert (first["by"], first["by_name"], first["boxes"]) == (person_id("qian"), "钱伟", [[0, 0, 5000, 5000]])
    published = li.picture(shop, photo, "published")
    assert published.mimetype == "image/jpeg"
    assert hashlib.sha256(published.data).hexdigest() == second["sha256"]
    assert Image.open(io.BytesIO(published.data)).getpixel((120, 90)) == (0, 0, 0)
    assert qian.picture(shop, photo, "original").data == photo
    [listed] = li.listed(shop)["photos"]
    assert (listed["published"]["id"], listed["published"]["by_name"]) == (second["id"], "钱伟")
    told = qian.good("GET", f"{shop}/photos/{sha256(photo)}/redactions")["redactions"]
    assert [one["id"] for one in told] == [second["id"], first["id"]]


def test_asking_for_the_same_copy_twice_makes_it_once(office: Office, qian: Viewer) -> None:
    """A computer that lost the answer may simply ask once more."""
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    asked = {"boxes": [[0, 0, 5000, 5000]]}
    told = [qian.good("POST", f"{shop}/photos/{sha256(photo)}/redactions", asked) for _ in range(2)]
    assert told[0] == told[1]
    assert len(list(office.depot.lying(f"{DISTRICT}/published/"))) == 1


def test_another_streets_office_draws_nothing_for_this_one(office: Office, qian: Viewer) -> None:
    """
    It can name the photo in a record of its own and make a copy with next to nothing hidden: Qian's stays published.
    """
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    ours = qian.good("POST", f"{shop}/photos/{sha256(photo)}/redactions", {"boxes": [[0, 0, 9000, 9000]]})
    chen = viewer(office, "chen")
    there = derived_id("photographed", "在别的街道")
    device = chen.porter.device
    told = {"name": "在别的街道", "category": "retail"}
    device.push(device.mutation("create", "shop", there, grid=ELSEWHERE, set=told, add={"photos": [named(photo)]}))
    theirs = chen.good("POST", f"{there}/photos/{sha256(photo)}/redactions", {"boxes": [[0, 0, LEAST, LEAST]]})
    for record, id_ in ((shop, ours["id"]), (there, theirs["id"])):
        assert [one["id"] for one in chen.good("GET", f"{record}/photos/{sha256(photo)}/redactions")["redactions"]] == [
            id_
        ]
        assert chen.listed(record)["photos"][0]["published"]["id"] == id_
    assert hashlib.sha256(qian.picture(shop, photo, "published").data).hexdigest() == ours["sha256"]


def test_a_copy_that_came_first_can_be_redacted(office: Office, qian: Viewer) -> None:
    """The original may lie on the tablet for days yet."""
    photo, copy = pictures.jpeg("far away", 160, 120), pictures.jpeg("far away, small", 80, 60)
    porter = viewer(office, "li").porter
    shop = porter.shop("shop", named(photo, copy))
    path = f"{shop}/photos/{sha256(photo)}/redactions"
    assert qian.ask("POST", path, {"boxes": [[0, 0, 5000, 5000]]}).get_json()["code"] == "photo_not_here"
    porter.deliver(shop, copy, of=sha256(photo))
    qian.good("POST", path, {"boxes": [[0, 0, 5000, 5000]]})
    assert Image.open(io.BytesIO(qian.picture(shop, photo, "published").data)).size == (80, 60)


NO_BOXES: list[Any] = [
    [],
    [[0, 0, 100, 100]] * 61,
    [[9950, 0, 100, 100]],
    [[0, 9991, 10, 10]],
    [[0, 0, 9, 100]],
    [[0, 0, 100, 0]],
    [[-1, 0, 100, 100]],
    [[0, 0, 100]],
    [[0, 0, 100, 100, 100]],
    [[0, 0, 10001, 100]],
    [[0.5, 0, 100, 100]],
    ["0,0,100,100"],
    {"0": [0, 0, 100, 100]},
    None,
]


def test_a_box_that_hides_nothing_is_refused(office: Office, qian: Viewer) -> None:
    """None, too many, too narrow, outside the picture, or no box at all."""
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    for wrong in NO_BOXES:
        answer = qian.ask("POST", f"{shop}/photos/{sha256(photo)}/redactions", {"boxes": wrong})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request"), wrong
        assert "boxes" in str(answer.get_json()["errors"])
    assert not list(office.depot.lying(f"{DISTRICT}/published/"))


def test_only_offices_redact(office: Office) -> None:
    """Grid, community, department and leaders do not; and who does not see the record is not even told of it."""
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    path = f"{shop}/photos/{sha256(photo)}/redactions"
    told = dict.fromkeys(("li", "feng", "zhao", "dong", "lu"), "not_allowed")
    told |= dict.fromkeys(("wu", "sun"), "photo_unknown")
    for who, code in told.items():
        somebody = viewer(office, who)
        assert somebody.ask("POST", path, {"boxes": [[0, 0, 100, 100]]}).get_json()["code"] == code, who
        assert somebody.ask("GET", path).get_json()["code"] == code, who


def test_who_sees_the_record_and_works_elsewhere_does_not_redact(office: Office) -> None:
    """A computer shared with the street's own people shows what is theirs; a clerk signs for his own area only."""
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    office.end_grants("qian", 1)
    shared = viewer(office, "qian", "zhao")
    path = f"{shop}/photos/{sha256(photo)}/redactions"
    answer = shared.ask("POST", path, {"boxes": [[0, 0, 100, 100]], "person": person_id("qian")})
    assert answer.get_json()["code"] == "not_allowed"
    assert "隔离区" not in answer.get_json()["next_zh"]
    answer = shared.ask("POST", path, {"boxes": [[0, 0, 100, 100]]})
    assert answer.get_json()["code"] == "invalid_request"


def test_a_copy_that_could_not_be_laid_down_is_not_published(office: Office, qian: Viewer) -> None:
    """The picture lies in the depot before any row says so."""
    photo = pictures.jpeg("crowd", 160, 120)
    shop = checked_shop(office, "li", photo)
    whole = keys.whole(DISTRICT, sha256(photo))
    office.depot.delete([whole])
    path = f"{shop}/photos/{sha256(photo)}/redactions"
    answer = qian.ask("POST", path, {"boxes": [[0, 0, 100, 100]]})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_unavailable")
    assert qian.code(shop, photo, "published") == "photo_not_published"
    record = office.record(shop)
    assert record is not None
    assert record.grid == GRID_7
