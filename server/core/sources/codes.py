"""
The code by which a reporter asks what became of his report 查询码: unguessable, and short enough to read out.

Twelve signs of thirty: 58 bits. With a million reports a guess hits one of 5 · 10¹¹; ten a minute are answered
to one address. Kept as a hash only, like every code that opens something.
"""

import hashlib
import unicodedata

#: Without the signs that are read for one another: 0 O, 1 I L, U V.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
SIGNS, GROUP = 12, 4
#: So many random bytes make a code: more than it holds, so that every sign is as likely as any other.
RANDOM_BYTES = 24


def code_of(randomness: bytes) -> str:
    """Return the code that follows from ``RANDOM_BYTES`` random bytes, as it is shown: XXXX-XXXX-XXXX."""
    value, signs = int.from_bytes(randomness, "big"), ""
    for _ in range(SIGNS):
        value, place = divmod(value, len(ALPHABET))
        signs += ALPHABET[place]
    return "-".join(signs[at : at + GROUP] for at in range(0, SIGNS, GROUP))


def read_code(text: str) -> str | None:
    """Return the signs of a code as somebody typed it, however wide and with whatever between; None: it is none."""
    folded = unicodedata.normalize("NFKC", text[:60]).upper()
    signs = "".join(sign for sign in folded if sign not in " -—–_.·")
    return signs if len(signs) == SIGNS and all(sign in ALPHABET for sign in signs) else None


def hash_of(district: str, signs: str) -> bytes:
    """Return what is kept of a code."""
    return hashlib.sha256(f"report.{district}.{signs}".encode()).digest()
