"""
Every error as one JSON body (RFC 9457) with a stable code, Chinese and English 错误应答.

Endpoints catch nothing: what goes wrong anywhere ends up here, and never as a page of HTML.
"""

import secrets

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from schemas import wire
from schemas.problems import Refusal
from server.api import body
from server.storage.depot import DepotTrouble
from server.storage.unit_of_work import DatabaseBusy, DatabaseError, OurMistake

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_log = structlog.get_logger()
#: What Flask itself may refuse before an endpoint runs.
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def register(app: Flask) -> None:
    """Let every error of *app* be answered as a problem."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, _refused_by_flask)
    app.register_error_handler(DatabaseError, _database_unavailable)
    app.register_error_handler(DatabaseBusy, _database_unavailable)
    app.register_error_handler(DepotTrouble, _depot_unavailable)
    app.register_error_handler(MemoryError, _out_of_memory)
    app.register_error_handler(ConnectionError, _gone)
    # A line that was silent for too long ends so.
    app.register_error_handler(BlockingIOError, _gone)
    app.register_error_handler(Exception, _broken)


def refused(refusal: Refusal) -> Response:
    """Return *refusal* as a response."""
    told = refusal.body()
    told |= {
        "type": f"urn:gridward:problem:{refusal.code}",
        "title": refusal.message_en,
        "status": refusal.kind.status,
        "detail": refusal.message_zh,
    }
    response = body.answer(wire.encode(told), refusal.kind.status, MEDIA_TYPE)
    if refusal.kind.retryable:
        response.headers["Retry-After"] = str(refusal.retry_after_s or RETRY_AFTER_S)
    if refusal.kind.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refused_by_flask(error: HTTPException) -> Response:
    status = error.code or 500
    if status >= 500:
        return _broken(error)
    code = _CODES.get(status, "invalid_request")
    response = refused(Refusal(code, limit="8 MiB"))
    if status == 405:
        # Werkzeug knows which methods the address does take.
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _database_unavailable(error: Exception) -> Response:
    if isinstance(error, OurMistake):
        return _broken(error)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    _log.error("database_unavailable", kind=type(error).__name__, state=state)
    return refused(Refusal("busy"))


def _depot_unavailable(error: Exception) -> Response:
    _log.error("depot_unavailable", kind=type(error).__name__)
    return refused(Refusal("storage_unavailable"))


def _out_of_memory(error: Exception) -> Response:
    """Ask to come again: too many large pictures at once, most likely, and none of them is to blame."""
    _log.error("out_of_memory", place=_place(error))
    return refused(Refusal("busy"))


def _gone(error: Exception) -> Response:
    """Say to whoever may still hear it that his request broke off; the server has made no mistake."""
    _log.info("caller_gone", kind=type(error).__name__)
    return refused(Refusal("malformed_body", why="连接中断 the line was cut"))


def _broken(error: Exception) -> Response:
    incident = secrets.token_hex(4)
    # The exception's text and the variables around it may hold what a worker wrote; its place does not.
    _log.error("internal_error", incident=incident, kind=type(error).__name__, place=_place(error))
    return refused(Refusal("internal_error", incident=incident))


def _place(error: BaseException) -> str:
    """Return where *error* was raised, innermost last, without any value."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-8:])
