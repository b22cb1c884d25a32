"""
What the interface document says of bodies that marshmallow does not parse here 接口说明.

The sync path decodes and encodes with structs; the document's shapes are made from these very structs.
"""

import json
from typing import Any

import msgspec
from flask_smorest import Api
from marshmallow import Schema, fields

from schemas.digests import FeedDigest, Repair, RepairRequest
from schemas.fields import UUID_PATTERN, Pattern
from schemas.mutations import Mutation
from schemas.photos import Completed, PlanAnswer, PlanRequest
from schemas.rescue import Manifest, RescueAnswer, RescueRequest
from schemas.wire import Snapshot, SyncRequest, SyncResponse, WireRecord
from server.core.desk.cases import CaseFile
from server.core.desk.dossier import Dossier
from server.core.desk.escalated import ListedEscalation
from server.core.desk.matched import ListedMatch
from server.core.desk.refusals import RefusalFile
from server.core.responsibility import Coverage
from server.usecases.act_on_case import Acted, Dispatched
from server.usecases.foretell_reminders import Announced, Preview, Ran
from server.usecases.ledger_figures import CaseFigures
from server.usecases.list_cases import CaseCounts, CasePage
from server.usecases.list_channels import ChannelList
from server.usecases.list_conflicts import ConflictPage
from server.usecases.list_contact_views import ContactViewPage
from server.usecases.list_deliveries import DeliveryPage
from server.usecases.list_devices import DevicePage
from server.usecases.list_escalations import EscalationPage
from server.usecases.list_exports import ExportPage
from server.usecases.list_instructions import Instructions
from server.usecases.list_matches import MatchPage
from server.usecases.list_quarantine import QuarantinePage
from server.usecases.list_views import ViewPage
from server.usecases.list_waiting import ReviewList, WaitingList
from server.usecases.manage_day import DayFile, DayPage, ToldDay
from server.usecases.manage_manners import MannersFile
from server.usecases.manage_reminders import ReminderFile, Reminders
from server.usecases.office_reports import Contact, ListedReport, ReportPage
from server.usecases.read_ranks import RankFile, RankListPage
from server.usecases.readmit import Readmission
from server.usecases.redact_photo import ListedRedaction, Redactions
from server.usecases.settle_conflict import Settlement
from server.usecases.show_case import NextActs
from server.usecases.show_device import DeviceFile
from server.usecases.show_photos import RecordPairs, RecordPhotos

_SHAPES = (
    SyncRequest,
    SyncResponse,
    WireRecord,
    Mutation,
    ConflictPage,
    Dossier,
    Settlement,
    QuarantinePage,
    RefusalFile,
    Readmission,
    Snapshot,
    FeedDigest,
    RepairRequest,
    Repair,
    Manifest,
    RescueRequest,
    RescueAnswer,
    PlanRequest,
    PlanAnswer,
    Completed,
    MatchPage,
    ListedMatch,
    EscalationPage,
    ListedEscalation,
    WaitingList,
    ReviewList,
    RecordPhotos,
    RecordPairs,
    Redactions,
    ListedRedaction,
    ViewPage,
    Coverage,
    Instructions,
    ReportPage,
    ListedReport,
    Contact,
    ContactViewPage,
    ExportPage,
    CasePage,
    CaseCounts,
    CaseFile,
    CaseFigures,
    NextActs,
    Acted,
    Dispatched,
    RankListPage,
    RankFile,
    DevicePage,
    ToldDay,
    DayPage,
    DayFile,
    DeviceFile,
    Reminders,
    ReminderFile,
    MannersFile,
    Preview,
    Ran,
    Announced,
    DeliveryPage,
    ChannelList,
)
_REFERENCE = "#/components/schemas/"

_REPORTED = ("district", "kind", "street", "place", "lat", "lon", "crs", "problem_class", "text", "contact")
#: A report of the public as a form with a picture; the same members as in JSON.
PUBLIC_REPORT_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {
        **{name: {"type": "string"} for name in _REPORTED},
        "photo": {"type": "string", "format": "binary", "description": "照片，至多 10 MB the picture"},
    },
}

_FAULTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["code", "zh", "en"],
        "properties": {"code": {"type": "string"}, "zh": {"type": "string"}, "en": {"type": "string"}},
    },
}
_PROBLEM = {
    "type": "object",
    "required": [
        "type", "title", "status", "detail", "code", "message_zh", "message_en", "next_zh", "next_en", "retryable",
    ],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:gridward:problem:[a-z_]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-z_]+$"},
        "message_zh": {"type": "string"},
        "message_en": {"type": "string"},
        "next_zh": {"type": "string"},
        "next_en": {"type": "string"},
        "retryable": {"type": "boolean"},
        "errors": {"type": "object", "additionalProperties": _FAULTS, "description": "由字段路径 by path of the field"},
    },
    "additionalProperties": False,
}  # fmt: skip


def reference(name: str) -> dict[str, str]:
    """Return the reference to the shape *name* of the document."""
    return {"$ref": _REFERENCE + name}


def problems(*statuses: int) -> dict[str, Any]:
    """Return the answers with which an endpoint refuses, by status."""
    told = {
        "description": "问题 A problem (RFC 9457) with code, message_zh and message_en",
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }
    return {str(status): told for status in (*statuses, 500)}


def answered(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return one JSON answer."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def asked_in_query(shape: type[Schema]) -> list[dict[str, Any]]:
    """Return the query parameters that *shape* describes."""
    return [{"in": "query", "schema": shape}]


def taken(shape: type[Schema]) -> dict[str, Any]:
    """Return the JSON body that *shape* describes."""
    return {"required": True, "content": {"application/json": {"schema": shape}}}


def describe(api: Api) -> None:
    """Add the shapes of the sync path, of the desk and of problems to the document of *api*."""
    # Every answer of ours is declared; the library's own idea of an error is none of them.
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    if api.ma_plugin.converter is not None:
        api.ma_plugin.converter.add_attribute_function(_as_it_is)
    for name, shape in _components().items():
        api.spec.components.schema(name, shape)
    api.spec.components.schema("Problem", _PROBLEM)
    api.spec.components.schema("PublicReportForm", PUBLIC_REPORT_FORM)


def _as_it_is(_converter: Any, field: fields.Field[Any], **_beside: Any) -> dict[str, Any]:
    """Return what the library says wrongly of *field*: a pattern of Python's, any value at all as null alone."""
    if type(field) is fields.Raw:
        return {"type": ["object", "array", "string", "number", "boolean", "null"]}
    patterns = [check.pattern for check in field.validators if isinstance(check, Pattern)]
    return {"pattern": patterns[0]} if patterns else {}


def _components() -> dict[str, Any]:
    _, found = msgspec.json.schema_components(_SHAPES, ref_template=_REFERENCE + "{name}")
    # Python's \Z is the "$" of every other language.
    written = json.dumps(found).replace(r"\\Z", "$")
    shapes: dict[str, Any] = json.loads(written, object_hook=_without_closed_tuples)
    # Kept raw on their way, so the structs do not say what they are.
    shapes["SyncRequest"]["properties"]["mutations"]["items"] = reference("Mutation")
    shapes["FeedPage"]["properties"]["records"]["items"] = reference("WireRecord")
    shapes["Repair"]["properties"]["records"]["items"] = reference("WireRecord")
    shapes["FeedPage"]["properties"]["left"]["items"] = {"type": "string", "pattern": UUID_PATTERN}
    shapes["WireRecord"]["properties"]["fields"] = {"type": "object"}
    shapes["RescueRequest"]["properties"]["manifest"] = reference("Manifest")
    shapes["RescueRequest"]["properties"]["mutations"]["items"] = reference("Mutation")
    shapes["Outcome"]["properties"]["problem"] = {"type": "object", "required": ["code", "message_zh", "message_en"]}
    return shapes


def _without_closed_tuples(shape: dict[str, Any]) -> dict[str, Any]:
    # The document's writer takes the word False for the name of a shape; maxItems says the same.
    return {key: value for key, value in shape.items() if (key, value) != ("items", False)}


SYNC: dict[str, Any] = {
    "security": [{"device": []}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": reference("SyncRequest")}}},
    "responses": {
        "200": answered("每条修改的结果与缺少的记录 Outcomes and what was missed", reference("SyncResponse")),
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
