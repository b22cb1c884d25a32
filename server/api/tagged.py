"""
Answers that tell whether they changed 未变则不再传: an entity tag of what was said (RFC 9110).
"""

import hashlib
from typing import Any

from flask import Response, request

from server.api import body, specs

_TOLD = {"ETag": {"schema": {"type": "string"}, "description": "内容的标识 which content it is"}}
#: What may be asked in a header, for the interface's document.
HEADERS = [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "description": "ETag"}]


def answers(description: str, shape: str) -> dict[str, Any]:
    """Return the two answers: the content, and that the caller holds it already."""
    whole = specs.answered(description, specs.reference(shape))
    return {"200": whole | {"headers": _TOLD}, "304": {"description": "没有变化 Nothing has changed", "headers": _TOLD}}


def tagged(said: bytes) -> Response:
    """Return *said* with its tag, or only that it has not changed."""
    # Weak: the same content may travel packed or not.
    tag = hashlib.sha256(said).hexdigest()[:32]
    held = request.if_none_match.contains_weak(tag)
    response = Response(status=304) if held else body.answer(said)
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
