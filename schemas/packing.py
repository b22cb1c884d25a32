"""
Compressed bodies 压缩: zstd where it is installed, gzip everywhere; never inflating past a limit.

A body that claims to be small and unpacks to gigabytes is stopped at the limit, not afterwards.
"""

import zlib
from importlib import import_module
from typing import Any

from schemas.problems import Refusal

_zstandard: Any
try:
    _zstandard = import_module("zstandard")
except ModuleNotFoundError:
    _zstandard = None

#: What this side can read, best first, as an Accept-Encoding value.
ACCEPTED = "zstd, gzip" if _zstandard else "gzip"
#: Bodies shorter than this travel as they are: packing them saves nothing.
WORTH_PACKING = 400
#: Bytes unpacked at once where the size is unknown: 4 bytes may hold 128 KiB, so this overshoots by 8 MiB at most.
_PIECE = 256


def pack(body: bytes, accepted: str) -> tuple[bytes, str | None]:
    """Return *body*, compressed by the best way *accepted* names, and that way's name."""
    if len(body) < WORTH_PACKING:
        return body, None
    if _zstandard and "zstd" in accepted:
        return _zstandard.ZstdCompressor(level=3).compress(body), "zstd"
    if "gzip" in accepted:
        packer = zlib.compressobj(5, zlib.DEFLATED, 31)
        return packer.compress(body) + packer.flush(), "gzip"
    return body, None


def unpack(body: bytes, encoding: str | None, limit: int) -> bytes:
    """
    Return *body* inflated.

    Raises:
        Refusal: ``too_large`` past *limit* bytes, ``unsupported_encoding``, or ``malformed_body``
            where the compressed stream is damaged or cut off.
    """
    if encoding in (None, "", "identity"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    if encoding == "gzip":
        return _gunzip(body, limit)
    if encoding == "zstd" and _zstandard:
        return _unzstd(body, limit)
    raise Refusal("unsupported_encoding", encoding=str(encoding)[:40])


def _gunzip(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(31)
    try:
        plain = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal("malformed_body", why="gzip") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not inflater.eof or inflater.unused_data:
        raise Refusal("malformed_body", why="gzip")
    return plain


def _unzstd(body: bytes, limit: int) -> bytes:
    try:
        claimed = _zstandard.get_frame_parameters(body).content_size
        if claimed == _zstandard.CONTENTSIZE_UNKNOWN:
            return _unzstd_piecewise(body, limit)
        if claimed > limit:
            raise _too_large(limit)
        # Checks itself that the frame is whole and no larger than it claims.
        plain: bytes = _unpacker().decompress(body, allow_extra_data=False)
    except _zstandard.ZstdError as error:
        raise Refusal("malformed_body", why="zstd") from error
    return plain


def _unzstd_piecewise(body: bytes, limit: int) -> bytes:
    """Inflate a frame that does not say how large it is: it may be a bomb until it is all unpacked."""
    inflater = _unpacker().decompressobj()
    pieces, size = [], 0
    for start in range(0, len(body), _PIECE):
        if inflater.eof:
            raise Refusal("malformed_body", why="zstd")
        pieces.append(inflater.decompress(body[start : start + _PIECE]))
        size += len(pieces[-1])
        if size > limit:
            raise _too_large(limit)
    if not inflater.eof or inflater.unused_data:
        raise Refusal("malformed_body", why="zstd")
    return b"".join(pieces)


def _unpacker() -> Any:
    return _zstandard.ZstdDecompressor(max_window_size=1 << 23)


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", limit=f"{limit // 1024} KiB")
