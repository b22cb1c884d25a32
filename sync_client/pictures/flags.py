"""
What to look at twice 提示: facts about a photo that a reader should know; never a verdict about whoever took it.
"""

from typing import Any, NamedTuple

from schemas.likeness import distance_m, seconds_between, within
from schemas.parts import PHOTO_FLAGS

#: Further from the check than this, seconds, is worth a look.
FAR_S = 30 * 60
#: Further from what is checked than this, metres, the errors of both positions added.
FAR_M = 200.0
#: Programs that change pictures, as they name themselves; a camera's own firmware is none of them.
_EDITORS = (
    *("photoshop", "lightroom", "gimp", "snapseed", "picasa", "paint", "pixlr", "affinity", "acdsee", "luminar"),
    *("canva", "polarr", "vsco", "facetune", "picsart", "b612", "meitu", "beautyplus", "xingtu", "capture one"),
    *("darktable", "imagemagick", "irfanview", "photos 1", "photoscape", "faststone", "美图", "醒图", "美颜"),
    *("天天p图", "泼辣修图", "光影魔术手", "轻颜", "无他"),
)


class Taken(NamedTuple):
    """
    How a photo came to be, as far as it and the tablet say.

    Attributes:
        origin: ``camera`` or ``gallery``.
        times: Every moment somebody or something gave for it, RFC 3339: the picture's own, the caller's.
        position: Where it was taken, as in ``schemas.parts.PositionSchema``; None where nobody knows.
        software: What wrote the file last.
        mock: Whether the tablet says that the position is simulated.
    """

    origin: str
    times: tuple[str, ...] = ()
    position: dict[str, Any] | None = None
    software: str | None = None
    mock: bool = False


def flags_of(taken: Taken, when: str, places: tuple[dict[str, Any] | None, ...], now: str | None = None) -> list[str]:
    """
    Return the words of ``PHOTO_FLAGS`` that hold, in their order.

    Args:
        taken: How it came to be.
        when: When it should have been taken, RFC 3339: when the check was, or now.
        places: Where it should have been taken; the first that can be compared counts. Positions of two systems of
            coordinates are never compared.
        now: The tablet's corrected time, RFC 3339: what claims to come after it is far from every check.
    """
    held = {
        "gallery": taken.origin == "gallery",
        "mock_position": taken.mock,
        "time_far": any(not _near_in_time(time, when) or _lies_ahead(time, now) for time in taken.times),
        "position_far": _is_far(taken.position, places),
        "no_time": not taken.times,
        "edited": is_editor(taken.software),
    }
    return [flag for flag in PHOTO_FLAGS if held.get(flag)]


def is_editor(software: str | None) -> bool:
    """Say whether *software*, as a picture names it, is a program that changes pictures."""
    return any(name in (software or "").casefold() for name in _EDITORS)


def _near_in_time(one: str, other: str) -> bool:
    try:
        return within(one, other, FAR_S)
    except (ValueError, TypeError):
        # What is no moment is refused where the record is written.
        return True


def _lies_ahead(time: str, now: str | None) -> bool:
    try:
        return now is not None and seconds_between(now, time) > FAR_S
    except (ValueError, TypeError):
        return False


def _is_far(position: dict[str, Any] | None, places: tuple[dict[str, Any] | None, ...]) -> bool:
    for place in places:
        apart = distance_m(position, place) if position and place else None
        if apart is not None and position and place:
            errors = (float(each.get("accuracy_m") or 0) for each in (position, place))
            return apart > FAR_M + sum(errors)
    return False
