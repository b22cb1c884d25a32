"""
``/v1/reminders`` 提醒: what there is, changing and pausing it, who would be told today; ``/v1/deliveries`` 投递记录.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value, fault
from schemas.fields import Choice, Flag, Id, Instant, Many, Part, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.moments import ms_of
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.core.channels import NAME_PATTERN
from server.core.desk.managing import BUSINESS, EITHER, check_managing, holds
from server.core.reminding.rules import AUDIENCES, CONDITIONS, DAYS
from server.storage.deliveries import Sought
from server.usecases.at_the_desk import signer_of
from server.usecases.decide_reminders import announce
from server.usecases.foretell_reminders import Announced, foretell, run_now
from server.usecases.list_deliveries import MAX_AFTER, MAX_LIMIT, STATES, after_of, list_deliveries
from server.usecases.manage_reminders import (
    MOST_REASON,
    change_reminder,
    list_reminders,
    pause_reminder,
    show_reminder,
)
from server.usecases.mistakes import Mistake

blueprint = Blueprint("reminders", __name__, url_prefix="/v1", description="提醒与投递 Reminders and deliveries")

CODE = r"^[A-Z][A-Z0-9_]{1,11}$"
_HOUR = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$"


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class ReminderStepSchema(Schema):
    """Whom it goes to next 升级."""

    class Meta:
        unknown = RAISE

    after_min = Whole(5, 7 * 24 * 60, required=True, metadata=_about("多少分钟未确认 minutes unacknowledged"))
    audience = Choice(AUDIENCES, required=True, metadata=_about("对象 whom"))


class ReminderMembersSchema(Schema):
    """What is to differ of a reminder; what is left out stays as it is."""

    class Meta:
        unknown = RAISE

    zh = Text(1, 40, metadata=_about("名称 what it is called"))
    en = Text(1, 60, metadata=_about("英文名称 in English"))
    condition = Choice({name: one.zh for name, one in CONDITIONS.items()}, metadata=_about("条件 when it holds"))
    audience = Choice(AUDIENCES, metadata=_about("对象 whom it tells"))
    text_zh = Text(1, 400, metadata=_about("文字，{名称} 见 places the text, {names} as in places"))
    text_en = Text(1, 400, metadata=_about("英文文字 the text in English"))
    at = Many(
        Text(5, 5, pattern=Pattern(_HOUR, "时刻", "an hour as 08:00")), 6, metadata=_about("时刻 hours of the day")
    )
    days = Choice(DAYS, metadata=_about("哪些天 on which days"))
    soon = Flag(metadata=_about("即时 as soon as it holds"))
    critical = Flag(metadata=_about("紧急，不受静默限制 passes quiet hours"))
    steps = Many(Part(ReminderStepSchema), 4, metadata=_about("升级步骤 whom next"))
    channels = Flag(metadata=_about("是否外发 may leave the tablet"))
    paused = Flag(metadata=_about("暂停 paused"))


class ForetellSchema(Schema):
    """What may be asked of the preview."""

    class Meta:
        unknown = RAISE

    dry_run = Choice(("0", "1"), metadata=_about("1：只看此刻 1: this moment alone"))


class SignerSchema(Schema):
    """Who does it."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("办理人；本机只有一人时可省略 who says so; may be left out where there is one")
    )


class ReasonSchema(SignerSchema):
    """Who says so, and why."""

    reason = Text(1, MOST_REASON, required=True, metadata=_about("理由 why"))


class AnnounceSchema(SignerSchema):
    """Where something is announced, and by when it is to be done."""

    area = Text(
        6, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 6, 9, 12 or 15 digits"), required=True,
        metadata=_about("区划 the area"),
    )  # fmt: skip
    until = Instant(required=True, metadata=_about("何时前完成 by when"))


class ReminderChangeSchema(ReasonSchema):
    """Who changes what of a reminder, and why."""

    reminder = Part(ReminderMembersSchema, required=True, metadata=_about("要改的内容 what is to differ"))


class SoughtDeliveriesSchema(Schema):
    """What may be asked of the log."""

    class Meta:
        unknown = RAISE

    channel = Text(
        1, 30, pattern=Pattern(NAME_PATTERN, "渠道名称", "a channel's name"), metadata=_about("渠道 the channel")
    )
    state = Choice(STATES, metadata=_about("状态 the state"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_CODE: dict[str, Any] = {
    "name": "code", "in": "path", "required": True, "description": "提醒代码 code",
    "schema": {"type": "string", "pattern": CODE},
}  # fmt: skip
_REFUSED = specs.problems(400, 401, 403, 404, 413, 415, 503)


def _changes(shape: type[Schema]) -> dict[str, Any]:
    return {
        **_DEVICE,
        "parameters": [_CODE],
        "requestBody": specs.taken(shape),
        "responses": {
            "200": specs.answered(
                "现在的规则与改动记录 As it stands now, with its history", specs.reference("ReminderFile")
            ),
            **_REFUSED,
        },
    }


@blueprint.get("/reminders")
@blueprint.doc(
    **_DEVICE,
    responses={
        "200": specs.answered("全部提醒 All of them, by code", specs.reference("Reminders")),
        **specs.problems(401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the reminders as they count; read by the district's office and by operations.

    列出全部提醒规则；区创卫办和运维可查看。
    """
    with auth.reading() as (work, desk):
        check_managing(desk.people.values(), EITHER, desk.district, body.now_ms())
        told = list_reminders(work)
    return body.answer(wire.encode(told))


@blueprint.get("/reminders/preview")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ForetellSchema),
    responses={
        "200": specs.answered("今天谁会收到什么 Who would get what today", specs.reference("Preview")),
        **specs.problems(400, 401, 403, 503),
    },
)
def preview() -> Response:
    """
    Tell who would get what until the end of the day, as things stand now, or (dry_run) at this moment; nothing is
    written. Operations read the counts.

    预览今天（或此刻）谁会收到什么提醒，不写入任何内容；运维只看数量。
    """
    given = read_query(ForetellSchema())
    with auth.reading() as (work, desk):
        people, now_ms = desk.people.values(), body.now_ms()
        check_managing(people, EITHER, desk.district, now_ms)
        whole = any(holds(person, BUSINESS, desk.district, now_ms) for person in people)
        told = foretell(work, now_ms, dry_run=given.get("dry_run") == "1", whole=whole)
    return body.answer(wire.encode(told))


@blueprint.post("/reminders/run")
@blueprint.doc(
    **_DEVICE,
    requestBody=specs.taken(SignerSchema),
    responses={
        "200": specs.answered("判定与发送的数量 What was decided and sent", specs.reference("Ran")),
        **specs.problems(400, 401, 403, 413, 415, 503),
    },
)
def run() -> Response:
    """
    Decide and send now what is due, as the server does every minute by itself; nothing is sent twice.

    立即判定并发送到期的提醒；已发过的不重发。
    """
    asked = read_body(SignerSchema())
    desk, now_ms = auth.caller(), body.now_ms()
    check_managing([signer_of(desk, asked.get("person"))], EITHER, desk.district, now_ms)
    return body.answer(wire.encode(run_now(body.store(), desk.district, now_ms)))


@blueprint.post("/reminders/<code>/announce")
@blueprint.doc(
    **_DEVICE,
    parameters=[_CODE],
    requestBody=specs.taken(AnnounceSchema),
    responses={
        "200": specs.answered("多少人会收到 How many people are told", specs.reference("Announced")),
        **_REFUSED,
    },
)
def announce_one(code: str) -> Response:
    """
    Let everybody of an area be reminded of what the office announces: R16, the snow has stopped.

    由区创卫办发布：如 R16 降雪已停，请清雪。重复发布不重发。
    """
    asked = read_body(AnnounceSchema())
    desk, now_ms = auth.caller(), body.now_ms()
    check_managing([signer_of(desk, asked.get("person"))], BUSINESS, desk.district, now_ms)
    try:
        told = announce(body.store(), desk.district, code, asked["area"], ms_of(asked["until"]), now_ms)
    except Mistake as mistake:
        raise Refusal("invalid_request", fault("invalid", mistake.zh, mistake.en, "reminder")) from mistake
    return body.answer(wire.encode(Announced(len({due.person for due in told}))))


@blueprint.get("/reminders/<code>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_CODE],
    responses={
        "200": specs.answered("一条提醒与改动记录 One, with its history", specs.reference("ReminderFile")),
        **specs.problems(401, 403, 404, 503),
    },
)
def show(code: str) -> Response:
    """
    Show one reminder with everything that was said of it.

    查看一条提醒及其全部改动。
    """
    with auth.reading() as (work, desk):
        check_managing(desk.people.values(), EITHER, desk.district, body.now_ms())
        told = show_reminder(work, code)
    return body.answer(wire.encode(told))


@blueprint.post("/reminders/<code>")
@blueprint.doc(**_changes(ReminderChangeSchema))
def change(code: str) -> Response:
    """
    Change one reminder, or make a new one under a new code; the district's office alone may.

    修改一条提醒，或用新代码新建一条；仅区创卫办。
    """
    asked = read_body(ReminderChangeSchema())
    members = dict(asked["reminder"])
    if "steps" in members:
        members["steps"] = [[step["after_min"], step["audience"]] for step in members["steps"]]
    if errors_of_value(Text(2, 12, pattern=Pattern(CODE, "提醒代码", "a reminder's code")), code):
        raise Refusal("reminder_unknown")
    return _changed(code, asked, members)


@blueprint.post("/reminders/<code>/reset")
@blueprint.doc(**_changes(ReasonSchema))
def reset(code: str) -> Response:
    """
    Take the district's own words on a reminder back: the standard counts again, one of the district's own is gone.

    取消本区对一条提醒的改动，恢复标准；本区自建的即删除。
    """
    return _changed(code, read_body(ReasonSchema()), None)


@blueprint.post("/reminders/<code>/pause")
@blueprint.doc(**_changes(ReasonSchema))
def pause(code: str) -> Response:
    """
    Let one reminder be silent until somebody resumes it.

    暂停一条提醒。
    """
    return _paused(code, paused=True)


@blueprint.post("/reminders/<code>/resume")
@blueprint.doc(**_changes(ReasonSchema))
def resume(code: str) -> Response:
    """
    Let one reminder speak again; what would have been told meanwhile is not made up for.

    恢复一条提醒；暂停期间的不补发。
    """
    return _paused(code, paused=False)


@blueprint.get("/deliveries")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtDeliveriesSchema),
    responses={
        "200": specs.answered("一页投递记录 One page, the newest first", specs.reference("DeliveryPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_sent() -> Response:
    """
    List what went out by the channels, and what became of it; operations read how it fared, not what it said.

    列出外发记录及结果；运维只看投递情况，不看内容和收件人。
    """
    given = read_query(SoughtDeliveriesSchema())
    after = after_of(given.pop("after")) if "after" in given else None
    with auth.reading() as (work, desk):
        people, now_ms = desk.people.values(), body.now_ms()
        check_managing(people, EITHER, desk.district, now_ms)
        whole = any(holds(person, BUSINESS, desk.district, now_ms) for person in people)
        page = list_deliveries(work, Sought(**given, after=after), whole=whole)
    return body.answer(wire.encode(page))


def _changed(code: str, asked: dict[str, Any], members: dict[str, Any] | None) -> Response:
    desk, now_ms = auth.caller(), body.now_ms()
    signer = signer_of(desk, asked.get("person"))
    check_managing([signer], BUSINESS, desk.district, now_ms)
    told = change_reminder(body.store(), desk.district, code, members, asked["reason"], signer.id, now_ms)
    return body.answer(wire.encode(told))


def _paused(code: str, *, paused: bool) -> Response:
    asked = read_body(ReasonSchema())
    desk, now_ms = auth.caller(), body.now_ms()
    signer = signer_of(desk, asked.get("person"))
    check_managing([signer], BUSINESS, desk.district, now_ms)
    told = pause_reminder(body.store(), desk.district, code, asked["reason"], signer.id, now_ms, paused=paused)
    return body.answer(wire.encode(told))
