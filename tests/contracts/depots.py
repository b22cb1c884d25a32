"""The depots that the contract holds to one thing, and how each is looked into from outside."""

import secrets
from pathlib import Path

from server.storage.depot import keys

DISTRICT = "210902"
SHA = "ab" * 32
OTHER = "cd" * 32
MIB = 1024 * 1024


def photo(first: str = "ab") -> str:
    """Return the key of some photo whose hash begins so."""
    return keys.whole(DISTRICT, first + secrets.token_hex(31))


def a_file(folder: Path, data: bytes) -> Path:
    """Return a file that holds *data*."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / secrets.token_hex(8)
    place.write_bytes(data)
    return place
