"""
Bodies in and out 报文: limits before reading, compression both ways, JSON by the fast path.
"""

from collections.abc import Callable

from flask import Response, current_app, request

from schemas import packing, wire
from schemas.problems import Refusal
from server.settings import Settings
from server.storage.depot import Depot
from server.storage.store import Store

JSON = "application/json"


def received(limit_packed: int = wire.MAX_BODY_PACKED, limit: int = wire.MAX_BODY_INFLATED) -> bytes:
    """
    Return the request's body, inflated.

    Raises:
        Refusal: ``too_large``, ``unsupported_encoding``, ``unsupported_media_type``, ``malformed_body``.
    """
    return inflated(arrived(limit_packed, limit), limit)


def arrived(limit_packed: int = wire.MAX_BODY_PACKED, limit: int = wire.MAX_BODY_INFLATED) -> bytes:
    """
    Return the request's body as it travelled; on a weak line this takes its time.

    Raises:
        Refusal: ``too_large``, ``unsupported_media_type``.
    """
    if request.mimetype != JSON:
        raise Refusal("unsupported_media_type")
    encoding = request.headers.get("Content-Encoding")
    packed = limit_packed if encoding else limit
    if (request.content_length or 0) > packed:
        raise Refusal("too_large", limit=f"{packed // 1024} KiB")
    # One byte beyond the limit is enough to know; a body without a length is never read further.
    body = request.stream.read(packed + 1)
    if len(body) > packed:
        raise Refusal("too_large", limit=f"{packed // 1024} KiB")
    return body


def inflated(body: bytes, limit: int = wire.MAX_BODY_INFLATED) -> bytes:
    """
    Return what *arrived* with this request, unpacked.

    Raises:
        Refusal: ``too_large``, ``unsupported_encoding``, ``malformed_body``.
    """
    return packing.unpack(body, request.headers.get("Content-Encoding"), limit)


def answer(body: bytes, status: int = 200, mimetype: str = JSON) -> Response:
    """Return *body* as a response, compressed where the caller reads that."""
    packed, encoding = packing.pack(body, request.headers.get("Accept-Encoding", ""))
    response = Response(packed, status, mimetype=mimetype)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response


def store() -> Store:
    """Return the app's store."""
    found: Store = current_app.extensions["gridward"]
    return found


def depot() -> Depot:
    """Return where the app's photos lie."""
    found: Depot = current_app.extensions["gridward.depot"]
    return found


def now_ms() -> int:
    """Return the app's time in milliseconds since 1970-01-01 UTC."""
    clock: Callable[[], int] = current_app.config["GRIDWARD_CLOCK"]
    return clock()


def settings() -> Settings:
    """Return the app's settings."""
    found: Settings = current_app.config["GRIDWARD"]
    return found
