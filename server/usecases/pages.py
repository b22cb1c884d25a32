"""
Lists that are read page by page 分页: where a page ended, as the next request brings it back.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from schemas.explain import fault
from schemas.problems import Refusal

#: The longest ``after`` there is, in characters.
MAX_AFTER = 120
_PLACE = re.compile(r"([0-9]{1,15})\.([0-9a-f-]{36})", re.ASCII)


def written(ms: int, id_: str) -> str:
    """Return as text, opaque to whoever keeps it, that a page ended with what has this moment and this id."""
    return urlsafe_b64encode(f"{ms}.{id_}".encode()).decode().rstrip("=")


def place(after: str | None) -> tuple[int, str] | None:
    """
    Return the moment and the id that *after* was ``written`` of; None for the first page.

    Raises:
        Refusal: ``invalid_request`` for an ``after`` that is none of ours.
    """
    if after is None:
        return None
    try:
        text = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4)).decode("ascii")
    except ValueError:
        text = ""
    found = _PLACE.fullmatch(text)
    if found is None:
        zh, en = "应为上一页给出的 after", "must be the after of a page"
        raise Refusal("invalid_request", fault("cursor", zh, en, "after"))
    return int(found[1]), found[2]
