"""
A small picture 演示照片: drawn from its caption, so that no two are alike and the same one is always the same.
"""

import struct
import zlib
from hashlib import sha256

_WIDTH, _HEIGHT = 64, 48


def picture(caption: str) -> bytes:
    """Return a PNG of 64 by 48 points in the colours that *caption* comes to."""
    seed = sha256(caption.encode()).digest()
    rows = b"".join(
        b"\0" + bytes(_point(seed, x, y, part) for x in range(_WIDTH) for part in range(3)) for y in range(_HEIGHT)
    )
    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _point(seed: bytes, x: int, y: int, part: int) -> int:
    cell = (x // 16) + 4 * (y // 16)
    return (seed[cell] * (part + 1) + seed[part + 16] + 2 * x + y) % 256


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
