"""
Names for records: made where the record is made, or derived from what it follows from 编号.

Pure: the caller brings time and randomness along.
"""

import hashlib

_DERIVED = bytes.fromhex("6f1c2d0e210952029b0a9e1d7a5c3f10")


def uuid7(ms: int, randomness: bytes) -> str:
    """
    Return a UUIDv7 (RFC 9562) of the moment *ms*.

    Args:
        ms: Milliseconds since 1970-01-01 UTC, 48 bits.
        randomness: 10 random bytes; 74 of their bits are used.
    """
    value = (ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(randomness, "big")
    return _written(value & ~(0xF << 76) | 0x7 << 76)


def derived_id(*parts: str) -> str:
    """Return the id that follows from *parts*: the same wherever it is computed (UUIDv5, RFC 9562)."""
    digest = hashlib.sha1(_DERIVED + "\x1f".join(parts).encode(), usedforsecurity=False).digest()
    value = int.from_bytes(digest[:16], "big")
    return _written(value & ~(0xF << 76) | 0x5 << 76)


def _written(value: int) -> str:
    """Return the 128 bits of *value* as a UUID of the RFC's variant."""
    text = f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
