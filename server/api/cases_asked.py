"""
What may be asked of the ledger 台账的请求内容: how to filter and sort it, what to do with a case.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, fields

from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES
from schemas.fields import Choice, Day, Id, Instant, Many, Part, Pattern, Sha256, Text, Unit, Whole
from schemas.grid import CODE_PATTERN
from schemas.lights import LIGHTS
from schemas.mutations import MAX_N
from schemas.roles import Role
from schemas.workflow import CASE
from server.usecases.act_on_case import MAX_ITEMS
from server.usecases.list_cases import MAX_AFTER, MAX_LIMIT, Sought

SORTS = {
    "found": "发现时间，新的在前",
    "oldest": "发现时间，早的在前",
    "due": "整改时限，先到期的在前",
    "closed": "销号时间，新的在前；只列已销号",
    "number": "问题编号；只列已编号",
    "returns": "退回次数，多的在前；只列退回过的",
}
GROUPS = {"lead": "按主办单位", "street": "按街道"}
#: What may be given several times.
MANY = ("state", "light", "class", "severity", "source", "lead")
_YES = {"true": "是", "false": "否"}
_ROLES = {role.value: role.zh for role in Role}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


def _several(words: Mapping[str, str], description: str) -> Many:
    return Many(Choice(words), max(1, len(words)), metadata=_about(description))


class SoughtSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE
        # A word that Python keeps for itself.
        include: ClassVar[dict[str, Any]] = {
            "class": _several({w: k.zh for w, k in PROBLEM_CLASSES.items()}, "问题类别，可重复 classes of problems"),
        }

    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("区划代码，须在本机可见范围内 a code; must lie in what the device may read"),
    )  # fmt: skip
    state = _several(CASE.states, "状态，可重复 states; may be given several times")
    light = _several({word: zh for word, (zh, _) in LIGHTS.items()}, "亮灯，可重复 lights, as of now")
    severity = _several(SEVERITIES, "严重程度，可重复 severities")
    source = _several(SOURCES, "问题来源，可重复 sources")
    lead = Many(Unit(), 20, metadata=_about("主办单位，可重复 lead units"))
    owner = Id(metadata=_about("责任人 who is answerable"))
    found_from = Day(metadata=_about("发现日期，从 found on this day or later"))
    found_to = Day(metadata=_about("发现日期，到（含当日） found on this day or earlier"))
    due_from = Day(metadata=_about("整改时限，从 due on this day or later"))
    due_to = Day(metadata=_about("整改时限，到（含当日） due on this day or earlier"))
    closed_from = Day(metadata=_about("销号日期，从 struck off on this day or later"))
    closed_to = Day(metadata=_about("销号日期，到（含当日） struck off on this day or earlier"))
    overdue = Choice(_YES, metadata=_about("只看超期 overdue ones only"))
    returned = Choice(_YES, metadata=_about("只看退回过的 those ever returned only"))
    void = Choice(_YES, metadata=_about("只看已作废 voided ones instead of all others"))
    q = Text(
        1, 60, metadata=_about("检索：编号、点位、描述或拼音首字母，空格隔开的词都须出现 words, or pinyin initials")
    )
    sort = Choice(SORTS, metadata=_about("排序，默认 found order, found by default"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页件数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class FiguresSchema(SoughtSchema):
    """Of which period the figures are wanted, and of which cases."""

    first = Day(required=True, metadata=_about("首日 the first day"))
    last = Day(required=True, metadata=_about("末日（含） the last day"))
    by = Choice(GROUPS, metadata=_about("分组 by lead unit or street"))


class PersonSchema(Schema):
    """Who is meant."""

    class Meta:
        unknown = RAISE

    person = Id(metadata=_about("谁；本机只有一人时可省略 who; may be left out where there is one"))


class ActingSchema(Schema):
    """What is to be done with a case 办理."""

    class Meta:
        unknown = RAISE

    act = Choice(
        {name: step.zh for name, step in CASE.acts.items()}, required=True, metadata=_about("操作，见 next-acts")
    )
    person = Id(
        allow_none=True, metadata=_about("办理人；本机只有一人时可省略 who; may be left out where there is one")
    )
    role = Choice(_ROLES, allow_none=True, metadata=_about("以何身份 as what, where he holds several roles"))
    reason = Text(0, 300, allow_none=True, metadata=_about("理由 why"))
    evidence = Many(Sha256(), 40, metadata=_about("照片的 SHA-256 the photos that prove it"))
    into = Id(allow_none=True, metadata=_about("并案：主案 of a merger the case that stays"))
    details = fields.Dict(keys=Text(1, 80), metadata=_about("所需内容，见 next-acts 的 details what the act asks for"))
    version = Whole(
        0, MAX_N, allow_none=True, metadata=_about("看到的版本；重复请求凭它只生效一次 the version that was seen")
    )


class OneToDispatchSchema(Schema):
    """One case of many; what it does not say is as it is said for all."""

    class Meta:
        unknown = RAISE

    id = Id(required=True, metadata=_about("编号 id"))
    version = Whole(0, MAX_N, allow_none=True, metadata=_about("看到的版本 the version that was seen"))
    lead = Unit(allow_none=True, metadata=_about("主办单位；不写则按派遣规则 by the rules where it is left out"))
    assist = Many(Unit(), 20, metadata=_about("协办单位 units that help"))
    owner = Id(allow_none=True, metadata=_about("责任人 who is answerable"))
    due_at = Instant(allow_none=True, metadata=_about("指定的整改时限 a date that an order names"))


class DispatchSchema(Schema):
    """Many cases to be dispatched 批量派遣."""

    class Meta:
        unknown = RAISE

    cases = Many(Part(OneToDispatchSchema), MAX_ITEMS, required=True, metadata=_about("逐件 the cases, one by one"))
    person = Id(
        allow_none=True, metadata=_about("派遣人；本机只有一人时可省略 who; may be left out where there is one")
    )
    lead = Unit(allow_none=True, metadata=_about("各件的主办单位 the lead of all of them"))
    assist = Many(Unit(), 20, metadata=_about("各件的协办单位 units that help with all of them"))
    owner = Id(allow_none=True, metadata=_about("各件的责任人 who is answerable for all of them"))
    due_at = Instant(allow_none=True, metadata=_about("各件的整改时限 a date for all of them"))


def sought(given: Mapping[str, Any]) -> Sought:
    """Return what was asked of the list, read by ``SoughtSchema``."""
    return Sought(
        area=given.get("area"),
        states=tuple(given.get("state", ())),
        lights=tuple(given.get("light", ())),
        classes=tuple(given.get("class", ())),
        severities=tuple(given.get("severity", ())),
        sources=tuple(given.get("source", ())),
        leads=tuple(given.get("lead", ())),
        owner=given.get("owner"),
        found=(given.get("found_from"), given.get("found_to")),
        due=(given.get("due_from"), given.get("due_to")),
        closed=(given.get("closed_from"), given.get("closed_to")),
        overdue=given.get("overdue") == "true",
        returned=given.get("returned") == "true",
        void=given.get("void") == "true",
        text=given.get("q"),
        sort=given.get("sort", "found"),
        limit=given.get("limit", 50),
        after=given.get("after"),
    )
