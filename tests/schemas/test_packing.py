"""Bodies travel small, arrive whole or are refused, and never unpack past the limit."""

import gzip
import io
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from schemas.packing import ACCEPTED, WORTH_PACKING, pack, unpack
from schemas.problems import Refusal

LIMIT = 1 << 20
BODY = b'{"mutations":[' + b",".join(b'{"n":%d,"op":"patch"}' % n for n in range(1, 200)) + b"]}"


def zstd_stream(plain: bytes) -> bytes:
    """Pack as a client does that streams: without saying how large the whole is."""
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    return packer.compress(plain) + packer.flush()


def zstd_frame(plain: bytes) -> bytes:
    """Pack as this project does: in one frame that says how large it is."""
    return zstandard.ZstdCompressor(level=3).compress(plain)


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("zstd", zstd_frame),
    ("zstd", zstd_stream),
    ("gzip", gzip.compress),
]
EVERY_WAY = pytest.mark.parametrize(("encoding", "packer"), PACKERS, ids=["zstd", "zstd-stream", "gzip"])


def refusal_of(body: bytes, encoding: str | None, limit: int = LIMIT) -> Refusal:
    """Return the refusal that *body* meets."""
    with pytest.raises(Refusal) as refused:
        unpack(body, encoding, limit)
    return refused.value


@given(st.binary(max_size=3_000), st.sampled_from([ACCEPTED, "gzip", "zstd", "br, gzip;q=0.5", "identity", ""]))
def test_what_is_packed_is_unpacked(body: bytes, accepted: str) -> None:
    packed, encoding = pack(body, accepted)
    assert unpack(packed, encoding, LIMIT) == body
    assert encoding is None or encoding in accepted
    assert len(body) >= WORTH_PACKING or (packed, encoding) == (body, None)


def test_a_push_shrinks_and_zstd_is_taken_first() -> None:
    packed, encoding = pack(BODY, "gzip, zstd")
    assert encoding == "zstd"
    assert len(packed) < len(BODY) / 5


@EVERY_WAY
def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    encoding: str, packer: Callable[[bytes], bytes]
) -> None:
    plain = bytes(i * i % 251 for i in range(10_000))
    assert unpack(packer(plain), encoding, 10_000) == plain
    assert refusal_of(packer(plain), encoding, 9_999).code == "too_large"


@EVERY_WAY
def test_a_body_cut_off_anywhere_is_refused(encoding: str, packer: Callable[[bytes], bytes]) -> None:
    packed = packer(BODY)
    for end in range(len(packed)):
        assert refusal_of(packed[:end], encoding).code == "malformed_body"


@EVERY_WAY
def test_what_follows_the_body_is_not_overlooked(encoding: str, packer: Callable[[bytes], bytes]) -> None:
    assert refusal_of(packer(BODY) + b"more", encoding).code == "malformed_body"
    assert refusal_of(packer(BODY) + packer(BODY), encoding).code == "malformed_body"


@EVERY_WAY
@given(data=st.data())
def test_a_damaged_body_never_breaks_anything(
    encoding: str, packer: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    packed = bytearray(packer(BODY))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        unpack(bytes(packed), encoding, LIMIT)
    except Refusal as refused:
        problem = refused.code
        assert problem in {"malformed_body", "too_large"}, problem


@EVERY_WAY
def test_a_bomb_is_stopped_at_the_limit_and_not_afterwards(encoding: str, packer: Callable[[bytes], bytes]) -> None:
    bomb = packer(bytes(64 << 20))
    tracemalloc.start()
    try:
        assert refusal_of(bomb, encoding).code == "too_large"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20


def test_plain_bodies_have_a_limit_too() -> None:
    assert unpack(b"x" * 10, None, 10) == b"x" * 10
    assert refusal_of(b"x" * 11, "identity", 10).code == "too_large"


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd, gzip", "GZIP " * 100])
def test_other_ways_are_refused_by_name(encoding: str) -> None:
    refused = refusal_of(b"", encoding)
    assert refused.code == "unsupported_encoding"
    assert encoding[:40] in refused.message_zh


def test_a_zstd_frame_that_needs_a_huge_window_is_refused() -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    sink = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=settings).stream_writer(sink, closefd=False) as writer:
        writer.write(BODY)
    assert refusal_of(sink.getvalue(), "zstd").code == "malformed_body"
