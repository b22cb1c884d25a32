"""
The keys of the depot 照片库的键, made here alone: of hashes and numbers, never of what somebody typed.
"""

import re

_DISTRICT = re.compile(r"[0-9]{6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Small letters alone, since some file systems take A for a; and no name that Windows keeps for itself.
_NAME = re.compile(r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z))[0-9a-z]+(?:[-.][0-9a-z]+)*")
_PART = re.compile(f"{_DISTRICT.pattern}/parts/{_SHA256.pattern}/[0-9]{{5}}")
#: The longest key, in characters.
MAX_KEY = 400
#: Under it lies what only tries out whether the depot works.
TRIALS = "trials/"


def is_name(text: str) -> bool:
    """Say whether *text* may stand between two ``/`` of a key."""
    return _NAME.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Say whether *text* is a key: names between ``/``, and not too long."""
    return len(text) <= MAX_KEY and all(map(is_name, text.split("/")))


def checked(key: str) -> str:
    """
    Return *key* where it is one; every depot asks once more, whoever made it.

    Raises:
        ValueError: It is none.
    """
    if not is_key(key):
        raise ValueError(f"no key: {key[:80]!r}")
    return key


def trial(tag: str) -> str:
    """Return where something may be put for a moment, to try the depot; *tag* is random."""
    return checked(f"{TRIALS}{tag}")


def part(district: str, sha256: str, n: int) -> str:
    """Return where part *n* of a file lies until the file is verified."""
    return f"{parts(district, sha256)}{n:05d}"


def parts(district: str, sha256: str) -> str:
    """Return what the keys of a file's parts begin with."""
    return f"{all_parts(district)}{_held(_SHA256, sha256)}/"


def all_parts(district: str) -> str:
    """Return what the keys of all parts of a district begin with."""
    return f"{_held(_DISTRICT, district)}/parts/"


def is_part(key: str) -> bool:
    """Say whether a part lies under *key*: of a file that is not verified yet, and can be sent again."""
    return _PART.fullmatch(key) is not None


def whole(district: str, sha256: str) -> str:
    """Return where a verified file lies: an original or a copy, byte for byte as the tablet sent it."""
    return f"{_held(_DISTRICT, district)}/photos/{_held(_SHA256, sha256)[:2]}/{sha256}"


def derived(district: str, what: str, sha256: str) -> str:
    """Return where a picture made from a verified file lies; *what* is ``thumb`` or ``view``."""
    return f"{_held(_DISTRICT, district)}/{_held(re.compile('thumb|view'), what)}/{_held(_SHA256, sha256)[:2]}/{sha256}"


def published(district: str, redaction: str) -> str:
    """Return where a copy for publication lies."""
    return f"{_held(_DISTRICT, district)}/published/{_held(_UUID, redaction)}"


def _held(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(text)
    return text
