"""
The body of a push, read so that one spoilt mutation never spoils the others 同步请求的读取.

``SyncRequestSchema`` is the definition of ``wire.SyncRequest``; as with records, msgspec says yes and
marshmallow says why not.
"""

import json

import msgspec
from marshmallow import EXCLUDE, Schema, fields

from schemas.explain import errors_of_fields
from schemas.fields import Length, Pattern, Text, Whole
from schemas.lenient import read_leniently
from schemas.problems import Refusal
from schemas.wire import (
    FEED_PATTERN,
    INSTALL_PATTERN,
    MAX_HAD,
    MAX_MUTATIONS,
    MAX_PAGE_RECORDS,
    MAX_SHARING,
    SyncRequest,
    decode_request,
)

_MOST = 1 << 53
_MOST_CURSORS = 400


class WaitsSchema(Schema):
    """The definition of ``wire.Waits``."""

    class Meta:
        unknown = EXCLUDE

    records = Whole(0, _MOST)
    photos = Whole(0, _MOST)
    oldest_at = Text(0, 40, allow_none=True)


class ReportSchema(Schema):
    """The definition of ``wire.Report``."""

    class Meta:
        unknown = EXCLUDE

    waiting = Whole(0, _MOST)
    photos_waiting = Whole(0, _MOST)
    oldest_waiting_at = Text(0, 40, allow_none=True)
    app = Text(0, 60, allow_none=True)
    free_mb = Whole(0, _MOST, allow_none=True)
    clock_offset_s = Whole(-_MOST, _MOST)
    by = fields.Dict(keys=Text(0, 36), values=fields.Nested(WaitsSchema), validate=Length(0, MAX_SHARING))


class SyncRequestSchema(Schema):
    """The definition of ``wire.SyncRequest``; what a newer client adds to the envelope is passed over."""

    class Meta:
        unknown = EXCLUDE

    protocol = Whole(1, 1_000, required=True)
    install = Text(
        1,
        40,
        required=True,
        pattern=Pattern(INSTALL_PATTERN, "平台自用名称以外的安装编号", "no name of the server's own"),
    )
    mutations = fields.List(fields.Raw(allow_none=True), validate=Length(0, MAX_MUTATIONS))
    cursors = fields.Dict(
        keys=Text(6, 9, pattern=Pattern(FEED_PATTERN, "街道或区的代码", "the code of a street office or a district")),
        values=Text(0, 400),
        validate=Length(0, _MOST_CURSORS),
    )
    limit = Whole(0, MAX_PAGE_RECORDS)
    now = Whole(0, _MOST, allow_none=True)
    last = Whole(0, _MOST, allow_none=True)
    report = fields.Nested(ReportSchema, allow_none=True)
    had = fields.Dict(keys=Text(0, 36), values=Text(0, 40), validate=Length(0, MAX_HAD))


_DEFINITION = SyncRequestSchema()
_BESIDE_MUTATIONS = SyncRequestSchema(exclude=("mutations",))


def read_request(body: bytes) -> SyncRequest:
    """
    Return the request that *body* (JSON, unpacked) holds; its mutations are not read yet.

    A lone surrogate, which JSON allows and nobody can store, is the fault of the mutation it stands
    in: there it is refused, and the others go on.

    Raises:
        Refusal: ``malformed_body`` where it is no JSON, or nested past all reason;
            ``invalid_request``, with errors per path, where the envelope is out of shape.
    """
    try:
        asked = decode_request(body)
    except (ValueError, RecursionError):
        return _salvage(body)
    if rb"\u0000" in body:
        _refuse_unstorable(asked)
    return asked


def _salvage(body: bytes) -> SyncRequest:
    value = read_leniently(body)
    if value is None:
        raise Refusal("malformed_body", why="JSON")
    found = errors_of_fields(_DEFINITION, value, partial=False)
    if found:
        raise Refusal("invalid_request", found)
    # Everything beside the mutations was found sound, so what could not be read is one of them.
    mutations = [msgspec.Raw(json.dumps(mutation).encode()) for mutation in value.pop("mutations", ())]
    return msgspec.structs.replace(msgspec.convert(value, SyncRequest), mutations=mutations)


def _refuse_unstorable(asked: SyncRequest) -> None:
    beside = msgspec.to_builtins(msgspec.structs.replace(asked, mutations=[]))
    found = errors_of_fields(_BESIDE_MUTATIONS, beside, partial=False)
    if found:
        raise Refusal("invalid_request", found)
