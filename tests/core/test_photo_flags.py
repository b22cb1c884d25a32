"""What the office finds when it compares a photo with what was said of it, and which photos show before and after."""

from typing import Any

import pytest

from server.core.photo_flags import flag, found_in
from server.core.photo_pairs import pairs_of

EIGHT = "2020-07-18T08:00:00+08:00"
HERE = {"lat": 42.0, "lon": 121.6, "crs": "wgs84"}


@pytest.mark.parametrize(
    ("element", "time", "place", "found"),
    [
        ({"taken_at": EIGHT}, "2020-07-18T08:14:59+08:00", None, []),
        ({"taken_at": EIGHT}, "2020-07-18T00:20:00+00:00", None, ["exif_time_far"]),
        ({"taken_at": EIGHT}, "2020-07-17T08:00:00+08:00", None, ["exif_time_far"]),
        ({"taken_at": EIGHT}, None, None, []),
        ({}, EIGHT, HERE, []),
        ({"position": HERE}, None, HERE | {"lat": 42.002}, []),
        ({"position": HERE}, None, HERE | {"lat": 42.003}, ["exif_position_far"]),
        ({"position": HERE | {"accuracy_m": 100}}, None, HERE | {"lat": 42.003}, []),
        ({"position": HERE | {"crs": "gcj02"}}, None, HERE | {"lat": 42.5}, []),
        ({"position": HERE, "taken_at": EIGHT}, EIGHT, HERE, []),
    ],
)
def test_the_file_is_held_against_the_record(
    element: dict[str, Any], time: str | None, place: dict[str, Any] | None, found: list[str]
) -> None:
    """A quarter of an hour and 300 m beside the receiver's own doubt; two systems of coordinates are not compared."""
    assert found_in(element, time, place) == found


def test_every_flag_has_words() -> None:
    """One of a newer tablet is shown as it is."""
    assert (flag("gallery").zh, flag("gallery").en) == ("相册导入", "from the gallery")
    assert flag("exif_time_far").zh
    assert flag("of_tomorrow").zh == "of_tomorrow"


def photo(sha256: str, role: str, item: str | None = None, at: str | None = None) -> dict[str, Any]:
    return {"sha256": sha256, "role": role, "item": item, "taken_at": at and f"2020-07-18T{at}:00+08:00"}


@pytest.mark.parametrize(
    ("photos", "pairs"),
    [
        ([photo("b", "before", "H1"), photo("a", "after", "H1")], ["H1 b a"]),
        ([photo("n", "near", "H1"), photo("a", "after", "H1")], ["H1 n a"]),
        ([photo("n", "near", "H1"), photo("b", "before", "H1"), photo("a", "after", "H1")], ["H1 b a"]),
        ([photo("b", "before", "H1"), photo("a", "after", "H2")], []),
        ([photo("b", "before", "H1"), photo("a", "after")], ["H1 b a"]),
        ([photo("b", "before"), photo("a", "after")], [" b a"]),
        ([photo("f", "far", "H1"), photo("o", "overview"), photo("a", "after", "H1")], []),
        ([photo("a1", "after", "H1", "09:00"), photo("a2", "after", "H1", "10:00"), photo("a0", "after", "H1"),
          photo("b", "before", "H1", "08:00")], ["H1 b a2"]),
        ([photo("b2", "before", "H1", "08:30"), photo("b1", "before", "H1", "08:00"), photo("a", "after", "H1"),
          photo("c", "near"), photo("d", "after")], [" c d", "H1 b1 a", "H1 b2 a"]),
        ([], []),
    ],
)  # fmt: skip
def test_before_goes_with_the_latest_after(photos: list[dict[str, Any]], pairs: list[str]) -> None:
    """By check item, or by the record as a whole; whatever the order in which they came."""
    for order in (photos, photos[::-1]):
        told = [f"{pair.item or ''} {pair.before['sha256']} {pair.after['sha256']}" for pair in pairs_of(order)]
        assert told == pairs
