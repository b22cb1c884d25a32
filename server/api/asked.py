"""
What a desk is asked 请求内容: a small JSON body or an address's parameters, each fault told by the name of its member.
"""

from collections.abc import Collection, Mapping
from typing import Any

from flask import request
from marshmallow import Schema

from schemas import wire
from schemas.explain import Errors, errors_of_fields, fault
from schemas.fields import Whole, say
from schemas.problems import Refusal
from server.api import body

MAX_BODY = 16 * 1024
_MOST_DIGITS = 12


def read_body(shape: Schema) -> dict[str, Any]:
    """
    Return the request's JSON body, which is as *shape* says.

    Raises:
        Refusal: ``invalid_request``, or as ``body.received`` raises it.
    """
    raw = body.received(MAX_BODY, MAX_BODY)
    try:
        asked = wire.decode_json(raw)
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_request", fault("invalid", "不是 JSON", "is no JSON", "record")) from error
    if not isinstance(asked, dict):
        raise Refusal("invalid_request", fault("invalid", "应为对象", "must be an object", "record"))
    _refuse(errors_of_fields(shape, asked, partial=False))
    return asked


def read_query(shape: Schema, many: str | Collection[str] = ()) -> dict[str, Any]:
    """
    Return the address's parameters, which are as *shape* says; numbers as numbers.

    Args:
        many: What may be given several times, and is a list; nothing by default.

    Raises:
        Refusal: ``invalid_request``.
    """
    numbers = {name for name, field in shape.fields.items() if isinstance(field, Whole)}
    lists = {many} if isinstance(many, str) else set(many)
    given: dict[str, Any] = {}
    errors: Errors = {}
    for name in request.args:
        texts = request.args.getlist(name)
        if len(texts) > 1 and name not in lists:
            errors[name] = [say("repeated", "只能给出一次", "may be given once")]
        given[name] = list(dict.fromkeys(texts)) if name in lists else _value(texts[0], number=name in numbers)
    _refuse(errors | errors_of_fields(shape, given, partial=False))
    return given


def _value(text: str, *, number: bool) -> Any:
    """Return the whole number that *text* says where one is asked for; the text itself where it says none."""
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if number and plain else text


def _refuse(errors: Mapping[str, Any]) -> None:
    if errors:
        raise Refusal("invalid_request", errors)
