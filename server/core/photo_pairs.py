"""
Which photos show one place before and after 整改前后配对. Pure.

Before is what is called so; where nothing is, what was photographed near (a finding put right at once). Each goes
with the latest photo called after of its check item, or, where the item has none, of the record as a whole.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

_Element = Mapping[str, Any]
_EVER = datetime.min.replace(tzinfo=UTC)


class Pair(NamedTuple):
    """Two photos, as the record names them, of one check item (None: of the record as a whole)."""

    item: str | None
    before: _Element
    after: _Element


def pairs_of(photos: Sequence[_Element]) -> list[Pair]:
    """Return the pairs among the *photos* of one record, by item and by when the first was taken."""
    return [
        Pair(item, before, after)
        for item in sorted({one.get("item") for one in photos}, key=lambda item: (item is not None, item or ""))
        if (after := _latest(photos, item) or _latest(photos, None))
        for before in _befores(photos, item)
    ]


def _befores(photos: Sequence[_Element], item: str | None) -> list[_Element]:
    of_item = [one for one in photos if one.get("item") == item]
    called = [one for one in of_item if one["role"] == "before"] or [one for one in of_item if one["role"] == "near"]
    return sorted(called, key=_moment)


def _latest(photos: Sequence[_Element], item: str | None) -> _Element | None:
    afters = [one for one in photos if one["role"] == "after" and one.get("item") == item]
    return max(afters, key=_moment, default=None)


def _moment(photo: _Element) -> tuple[datetime, str]:
    """Return when a photo was taken, and its name where that is the same; one without a time comes first."""
    taken = photo.get("taken_at")
    return (datetime.fromisoformat(taken) if taken else _EVER), str(photo["sha256"])
