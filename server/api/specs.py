"""
What the interface document says of bodies that marshmallow does not parse here 接口说明.

The sync path decodes with the fast validator; its shapes are described from the same definitions.
"""

from typing import Any

from schemas.envelope import SyncRequestSchema

_PROBLEM = {
    "description": "问题 A problem (RFC 9457) with code, message_zh and message_en",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["code", "status", "message_zh", "message_en", "retryable"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                    "message_zh": {"type": "string"},
                    "message_en": {"type": "string"},
                    "next_zh": {"type": "string"},
                    "next_en": {"type": "string"},
                    "retryable": {"type": "boolean"},
                    "errors": {"type": "object"},
                },
            }
        }
    },
}


def problems(*statuses: int) -> dict[str, Any]:
    """Return the answers with which an endpoint refuses, by status."""
    return {str(status): _PROBLEM for status in statuses}


def answered(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return one JSON answer."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_PAGE = {
    "type": "object",
    "required": ["cursor"],
    "properties": {
        "cursor": {"type": "string"},
        "records": {"type": "array", "items": {"type": "object"}},
        "left": {"type": "array", "items": {"type": "string"}},
        "more": {"type": "boolean"},
        "fresh": {"type": "boolean"},
    },
}

SYNC: dict[str, Any] = {
    "security": [{"device": []}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": SyncRequestSchema}}},
    "responses": {
        "200": answered(
            "每条修改的结果与缺少的记录 Outcomes and what was missed",
            {
                "type": "object",
                "required": ["server"],
                "properties": {
                    "server": {
                        "type": "object",
                        "required": ["epoch", "now_ms"],
                        "properties": {"epoch": {"type": "string"}, "now_ms": {"type": "integer"}},
                    },
                    "settled": {"type": "integer"},
                    "outcomes": {"type": "array", "items": {"type": "object", "required": ["n", "outcome"]}},
                    "feeds": {"type": "object", "additionalProperties": _PAGE},
                    "gone_feeds": {"type": "array", "items": {"type": "string"}},
                    "next_sync_after_s": {"type": "integer"},
                },
            },
        ),
        **problems(400, 401, 403, 409, 410, 413, 415, 426, 429, 503),
    },
}

PING: dict[str, Any] = {
    "parameters": [{"name": "nonce", "in": "query", "schema": {"type": "string", "maxLength": 64}}],
    "responses": {
        "200": answered(
            "同一随机串与服务器时间 The nonce and the server's time",
            {
                "type": "object",
                "required": ["nonce", "now_ms"],
                "properties": {"nonce": {"type": "string"}, "now_ms": {"type": "integer"}},
            },
        ),
        **problems(400),
    },
}
