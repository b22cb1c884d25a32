"""
Which photos may go, and which bytes nobody needs 照片清理的判定. Pure; times are milliseconds since 1970-01-01 UTC.

Nothing a record names ever goes by the collection; a photo of an open case never goes by the retention policy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from schemas.workflow import CASE

DAY_MS = 24 * 3_600_000
#: What no record names, and what never came, is kept for so long.
KEEP_DAYS = 30
#: What the sync or the plan of a moment ago has answered is written down by then.
GRACE_MS = 3_600_000

_HASH = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(
    r"(?P<district>[0-9]{6})/(?:"
    r"(?P<parts>parts)/(?P<file>[0-9a-f]{64})/[0-9]{5}"
    r"|(?P<what>photos|thumb|view)/[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})"
    r"|(?P<published>published)/(?P<redaction>[0-9a-f-]{36}))"
)

What = Literal["parts", "photos", "thumb", "view", "published"]


class File(Protocol):
    """One file as it is stored; see ``storage.photos.Photo``."""

    @property
    def state(self) -> str:
        """``expected``, ``verified``, ``refused``, ``expired`` or ``collected``."""

    @property
    def ended_ms(self) -> int | None:
        """When it ceased to be here."""


class Kept(NamedTuple):
    """What lies under a key of the depot: a file's parts, the file, a picture made from it, a published copy."""

    what: What
    name: str


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is decided; and what lay there before this, and belongs to nobody, may go."""

    now_ms: int

    @property
    def cutoff_ms(self) -> int:
        """Thirty days before."""
        return self.now_ms - KEEP_DAYS * DAY_MS


def named_in(*texts: str | None) -> set[str]:
    """Return every hash that a record's fields and marks (JSON text) speak of, however deep it stands."""
    return {found for text in texts if text for found in _HASH.findall(text)}


def key_of(key: str) -> Kept | None:
    """Return what lies under *key*; None for a key that is none of ours."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    if match["parts"]:
        return Kept("parts", match["file"])
    if match["published"]:
        return Kept("published", match["redaction"])
    what: Any = match["what"]
    return Kept(what, match["sha256"])


def is_left_over(kept: Kept, put_ms: int, file: File | None, at: Moment) -> bool:
    """
    Say whether nobody needs what lies under a key since *put_ms*.

    Args:
        file: The file it belongs to, of a published copy any file of its photo that is still here; None where
            none is known. A file that ceased to be here is asked about its names once more before its bytes go.
    """
    old = put_ms < at.cutoff_ms
    state = file.state if file else None
    if state == "verified":
        return kept.what == "parts" and put_ms < at.now_ms - GRACE_MS
    if file is not None and state in ("collected", "expired"):
        return (file.ended_ms or 0) <= at.now_ms - GRACE_MS and put_ms < at.now_ms - DAY_MS
    if state == "expected" and kept.what in ("photos", "published"):
        # The next ``complete`` finds it whole; the copy for publication is wanted once the lost file is back.
        return False
    return old


def let_go(settled_ms: int | None, users: Iterable[tuple[int, bool]], at: Moment) -> bool:
    """
    Say whether the records that once used a file have all let go of it for long enough.

    Args:
        settled_ms: When it was verified; None for a file that never came.
        users: Of each, when it last changed and whether it names the file today.
    """
    told = [(settled_ms or 0, False), *users]
    # When a record let go is not written anywhere; it was no later than its last change.
    return all(not names and changed_ms < at.cutoff_ms for changed_ms, names in told)


# -- the retention policy ---------------------------------------------------------------------------


class Case(NamedTuple):
    """What matters of a case here: whether it was made void, and its fields."""

    id: str
    void: bool
    fields: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        """Whether nothing will be done about it any more."""
        return self.void or self.fields.get("status") in CASE.final


def standing_on(cases: Iterable[Case]) -> Iterator[str]:
    """Yield the records on which open cases stand: themselves, what was merged into them, and their checks."""
    known = {case.id: case for case in cases}
    for case in known.values():
        if not _root(case, known).is_over:
            yield case.id
            if isinstance(check := case.fields.get("check_id"), str):
                yield check


def _root(case: Case, known: Mapping[str, Case]) -> Case:
    passed = {case.id}
    while (into := case.fields.get("merged_into")) in known and into not in passed:
        case = known[str(into)]
        passed.add(case.id)
    return case


def is_past(settled_ms: Iterable[int | None], keep_days: int, now_ms: int) -> bool:
    """Say whether files verified at *settled_ms* have been here for more than *keep_days*; 0 keeps for ever."""
    return keep_days > 0 and max((ms or now_ms for ms in settled_ms), default=now_ms) < now_ms - keep_days * DAY_MS
