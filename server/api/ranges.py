"""
Bytes that lie ready, from anywhere on 断点续传: one range, an entity tag, and what a caller holds already (RFC 9110).
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Response, request
from werkzeug.http import parse_range_header, quote_etag

from schemas.problems import Refusal
from server.api.problems import refused

_TOLD = {
    "ETag": {"schema": {"type": "string"}, "description": "内容的标识 which bytes these are"},
    "Accept-Ranges": {"schema": {"type": "string"}, "description": "bytes"},
}
_PLACE = {"Content-Range": {"schema": {"type": "string"}, "description": "bytes 0-99/12345"}}
#: What may be asked in headers, for the interface's document.
HEADERS = [
    {"name": name, "in": "header", "schema": {"type": "string"}, "description": about}
    for name, about in (
        ("Range", "一个字节范围 one range of bytes, bytes=524288-"),
        ("If-Range", "ETag；不符则给全部 the ETag; the whole where it is another"),
        ("If-None-Match", "ETag"),
    )
]


class Lying(NamedTuple):
    """What lies ready: its size in bytes, and what tells these bytes from any others (unquoted)."""

    size: int
    etag: str


def answers(*media: str, headers: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return the answers of whatever is handed out so, by status; with what other *headers* say."""
    told = {**_TOLD, **headers}
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in media}
    return {
        "200": {"description": "全部 The whole", "headers": told, "content": content},
        "206": {"description": "所要的字节 The bytes asked for", "headers": told | _PLACE, "content": content},
        "304": {"description": "没有变化 It is the one you have", "headers": told},
    }


def is_held(etag: str) -> bool:
    """Say whether the caller holds these very bytes already."""
    return request.if_none_match.contains_weak(etag)


def unchanged(etag: str, headers: Mapping[str, str]) -> Response:
    """Return that nothing has changed."""
    return Response(status=304, headers={**headers, "ETag": quote_etag(etag), "Accept-Ranges": "bytes"})


def handed_out(
    lying: Lying, read: Callable[[int, int], bytes | Iterator[bytes]], media: str, headers: Mapping[str, str]
) -> Response:
    """
    Return what the caller asked for of *lying*: the whole, a range, or that it holds it already.

    Args:
        read: Returns the bytes from one place up to another; only called where bytes go out.
        headers: What else to say of it.
    """
    if is_held(lying.etag):
        return unchanged(lying.etag, headers)
    wanted = _wanted(lying)
    start, stop = wanted or (0, lying.size)
    if start >= stop:
        return _beyond(lying.size)
    told = {**headers, "ETag": quote_etag(lying.etag), "Accept-Ranges": "bytes", "Content-Length": str(stop - start)}
    if wanted:
        told["Content-Range"] = f"bytes {start}-{stop - 1}/{lying.size}"
    return Response(read(start, stop), 206 if wanted else 200, told, mimetype=media)


def _beyond(size: int) -> Response:
    response = refused(Refusal("range_not_satisfiable", size=size))
    response.headers["Content-Range"] = f"bytes */{size}"
    return response


def _wanted(lying: Lying) -> tuple[int, int] | None:
    """
    Return the bytes asked for, from and up to (an empty range lies beyond the end), or None for the whole.

    What is no range, or several, is answered by the whole, as RFC 9110 allows (§14.2).
    """
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _still(lying.etag):
        return None
    begin, end = asked.ranges[0]
    if begin < 0:
        return max(0, lying.size + begin), lying.size
    return begin, lying.size if end is None else min(end, lying.size)


def _still(etag: str) -> bool:
    """Say whether what the caller holds the beginning of is this; without If-Range it is."""
    held = request.headers.get("If-Range")
    # Compared as it stands: a weak tag or a date never vouches for bytes.
    return held is None or held.strip() == quote_etag(etag)
