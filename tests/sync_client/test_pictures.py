"""The copy that travels first, and the flags: what a reader should look at twice."""

from typing import Any

import pytest
from PIL import Image

from schemas.pictures import look
from sync_client.pictures.copies import COPY_BYTES, COPY_SIDE, copy_of, travels_as_it_is
from sync_client.pictures.flags import FAR_M, Taken, flags_of, is_editor
from tests.pictures import exif, jpeg, noise, saved, scene

CHECKED = "2020-07-18T08:15:30+08:00"
SHOP: dict[str, Any] = {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84", "accuracy_m": 8}

# -- the copy -----------------------------------------------------------------------------------------


def test_a_copy_is_upright_small_and_says_nothing() -> None:
    """A telephone's picture, held upright: no side over 1,920, a JPEG, no place or time in it."""
    told = exif(taken_at=CHECKED, position=(42.0, 121.6), orientation=6)
    content = copy_of(saved(scene("门前", 2_600, 1_950), "JPEG", exif=told))
    seen = look(content)
    assert (seen.kind, seen.width, seen.height) == ("jpeg", 1_440, COPY_SIDE)
    assert seen[3:] == look(jpeg())[3:]
    assert len(content) <= COPY_BYTES


def test_the_hardest_picture_there_is_still_fits() -> None:
    """Nothing but noise: the worst quality is not enough, so it gets fewer pixels."""
    content = copy_of(saved(noise("雪", 1_920, 1_080), "PNG"))
    seen = look(content)
    assert COPY_BYTES // 2 < len(content) <= COPY_BYTES
    assert seen.width < COPY_SIDE
    assert seen.width / seen.height == pytest.approx(16 / 9, abs=0.01)


def test_a_copy_takes_the_quality_that_just_fits() -> None:
    """Between the worst and the best, one step more would be too large."""
    picture = Image.blend(scene("街", 1_600, 1_200), noise("街", 1_600, 1_200), 0.12)
    content = copy_of(saved(picture, "PNG"))
    made = {quality: saved(picture, "JPEG", quality=quality) for quality in range(60, 89)}
    [quality] = [quality for quality, jpeg in made.items() if jpeg == content]
    assert 60 < quality < 88
    assert len(made[quality]) <= COPY_BYTES < len(made[quality + 1])


@pytest.mark.parametrize("written", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_the_same_picture_gives_the_same_copy(written: str) -> None:
    """Byte for byte: attached twice, it is one file."""
    content = saved(scene("门前", 64, 48), written)
    assert copy_of(content) == copy_of(content)


@pytest.mark.parametrize(
    ("content", "as_it_is"),
    [
        (jpeg(), True),
        (jpeg(1, 1_920, 1_080), True),
        (jpeg(1, 1_921, 1_080), False),
        (jpeg() + bytes(COPY_BYTES), False),
        (saved(scene(), "PNG"), False),
        (saved(scene(), "HEIF"), False),
    ],
)
def test_what_is_small_already_travels_as_it_is(content: bytes, as_it_is: bool) -> None:
    """A second file would only cost the worker's data."""
    assert travels_as_it_is(look(content), len(content)) is as_it_is


# -- flags --------------------------------------------------------------------------------------------


def moved(metres: float, **changed: Any) -> dict[str, Any]:
    """Return a position so many metres north of the shop."""
    return SHOP | {"lat": SHOP["lat"] + metres / 111_195} | changed


@pytest.mark.parametrize(
    ("taken", "flags"),
    [
        (Taken("camera", (CHECKED,), SHOP), []),
        (Taken("gallery", (CHECKED,), SHOP), ["gallery"]),
        (Taken("camera", (CHECKED,), SHOP, mock=True), ["mock_position"]),
        (Taken("camera", ("2020-07-18T08:45:30+08:00",)), []),
        (Taken("camera", ("2020-07-18T08:45:31+08:00",)), ["time_far"]),
        (Taken("camera", ("2020-07-18T07:45:29+08:00",)), ["time_far"]),
        # The same moment, named in another zone.
        (Taken("camera", ("2020-07-18T00:15:30+00:00",)), []),
        # What the picture says counts beside what the caller says.
        (Taken("camera", (CHECKED, "2019-07-18T08:15:30+08:00")), ["time_far"]),
        (Taken("gallery", (), SHOP), ["gallery", "no_time"]),
        (Taken("camera", (CHECKED,), moved(FAR_M + 10)), []),
        (Taken("camera", (CHECKED,), moved(FAR_M + 18)), ["position_far"]),
        (Taken("camera", (CHECKED,), moved(FAR_M + 18, accuracy_m=30)), []),
        (Taken("camera", (CHECKED,), moved(FAR_M + 18, accuracy_m=None)), ["position_far"]),
        # Read off a domestic map: some hundred metres beside, and not comparable.
        (Taken("camera", (CHECKED,), moved(500, crs="gcj02")), []),
        (Taken("camera", (CHECKED,), moved(500, crs="cgcs2000")), ["position_far"]),
        (Taken("camera", (CHECKED,), None, "Adobe Photoshop 2024"), ["edited"]),
        (
            Taken("gallery", ("2020-07-17T08:15:30+08:00",), moved(9_000), "美图秀秀 9.1", mock=True),
            ["gallery", "mock_position", "time_far", "position_far", "edited"],
        ),
    ],
)
def test_a_flag_says_what_to_look_at_twice(taken: Taken, flags: list[str]) -> None:
    """Each for its own reason, in one order, and never where nothing can be told."""
    assert flags_of(taken, CHECKED, (SHOP,)) == flags


def test_the_first_place_that_can_be_compared_counts() -> None:
    """The shop's from the register if there is one, else where the check was."""
    taken = Taken("camera", (CHECKED,), moved(900))
    assert flags_of(taken, CHECKED, (moved(900), SHOP)) == []
    assert flags_of(taken, CHECKED, (None, SHOP)) == ["position_far"]
    assert flags_of(taken, CHECKED, (SHOP | {"crs": "bd09"}, moved(900))) == []
    assert flags_of(taken, CHECKED, (None, None)) == []


@pytest.mark.parametrize(
    ("software", "edits"),
    [
        (None, False),
        ("14.4.2", False),
        ("HDR+ 1.0.345618096", False),
        ("MediaTek Camera Application", False),
        ("AGS3-W09 10.1.0.180(C00E180R4P2)", False),
        ("Nikon Transfer 1.1 W", False),
        ("Adobe Lightroom 6.0 (Macintosh)", True),
        ("GIMP 2.10", True),
        ("醒图", True),
    ],
)
def test_a_cameras_own_firmware_is_no_editor(software: str | None, edits: bool) -> None:
    """Every telephone writes its version where editors write their names."""
    assert is_editor(software) is edits
