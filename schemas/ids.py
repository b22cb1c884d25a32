"""
Names for records: made where the record is made, or derived from what it follows from 编号.

Pure: the caller brings time and randomness along.
"""

import uuid

_DERIVED = uuid.UUID("6f1c2d0e-2109-5202-9b0a-9e1d7a5c3f10")


def uuid7(ms: int, randomness: bytes) -> str:
    """
    Return a UUIDv7 (RFC 9562) of the moment *ms*.

    Args:
        ms: Milliseconds since 1970-01-01 UTC, 48 bits.
        randomness: 10 random bytes; 74 of their bits are used.
    """
    value = (ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(randomness, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derived_id(*parts: str) -> str:
    """Return the id that follows from *parts*: the same wherever it is computed (UUIDv5)."""
    return str(uuid.uuid5(_DERIVED, "\x1f".join(parts)))
