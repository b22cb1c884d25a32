"""
What a reader should look at twice 照片提示, in words: what the tablet noted, and what the office found. Pure.

A flag is never a verdict about whoever took the photo: clocks are wrong, receivers are lost between houses.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.likeness import distance_m
from schemas.parts import PHOTO_FLAGS

#: Taken further from what the tablet said than this: seconds, and metres beside what the receiver admits to.
TIME_FAR_S = 15 * 60
PLACE_FAR_M = 300.0

_ENGLISH = {
    "gallery": "from the gallery",
    "mock_position": "mock position",
    "time_far": "taken long before or after the check",
    "position_far": "taken far from what was checked",
    "no_time": "the photo does not say when it was taken",
    "edited": "another program has written the file",
}
#: What the office finds in the file itself, or among all photos.
FOUND: Mapping[str, tuple[str, str]] = {
    "exif_time_far": ("照片内的时间与平板所报相差较大", "its EXIF time is far from what the tablet said"),
    "exif_position_far": ("照片内的位置与所报位置相距较远", "its EXIF place is far from where it was said to be"),
    "used_elsewhere": ("这张照片也用于别的记录", "the same photo is used elsewhere"),
    "like_another": ("与别处的照片几乎相同", "nearly the same as a photo used elsewhere"),
}


class Flag(Struct, frozen=True):
    """One flag, in both languages."""

    code: str
    zh: str
    en: str


def flag(code: str) -> Flag:
    """Return the flag *code* in words; one of a newer version is shown as it is."""
    if code in FOUND:
        return Flag(code, *FOUND[code])
    return Flag(code, PHOTO_FLAGS.get(code, code), _ENGLISH.get(code, code))


def found_in(element: Mapping[str, Any], exif_time: str | None, exif_place: Mapping[str, Any] | None) -> list[str]:
    """
    Return what the office finds when it compares the file with what the record says of it.

    Args:
        element: The photo as the record names it.
        exif_time: RFC 3339 with an offset.
        exif_place: A position, WGS-84.
    """
    told = element.get("position")
    found = []
    if _apart_s(element.get("taken_at"), exif_time) > TIME_FAR_S:
        found.append("exif_time_far")
    apart = distance_m(told, exif_place)
    if told and apart is not None and apart > PLACE_FAR_M + (told.get("accuracy_m") or 0):
        found.append("exif_position_far")
    return found


def _apart_s(one: str | None, other: str | None) -> float:
    """Return how many seconds lie between two moments; 0 where one is not known."""
    if not one or not other:
        return 0.0
    return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds())
