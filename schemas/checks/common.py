"""
What every check has, whatever it looks at 检查公用字段.
"""

from typing import Any

from marshmallow import Schema

from schemas import sealing
from schemas.checks.forms import FLAGS, LEVELS, Form, Item
from schemas.checks.scoring import FORMS, RESULTS
from schemas.fields import Choice, Day, Exact, Flag, Id, Instant, Many, Number, Part, Place, Text, Whole
from schemas.parts import (
    NO_FIX_REASONS,
    PHOTO_ROLES,
    EntrySchema,
    PartSchema,
    PhotoSchema,
    PositionSchema,
    labelled,
)
from schemas.records import Fields, RecordSchema
from schemas.roles import Role
from schemas.rules import APPEND, DERIVED, FIRST, authority, union

MODES = {
    "routine": "日常",
    "self": "自查",
    "announced": "明查",
    "covert": "暗访",
    "recheck": "复查",
    "sweep": "举一反三",
    "cleaning_day": "清扫日",
}
WEATHER = {"clear": "晴", "cloudy": "多云", "rain": "雨", "snow": "雪", "wind": "大风"}
MAX_COUNT = 9_999


class TargetDraftSchema(PartSchema):
    """A thing that is not in the register yet 登记外对象: what the inspector saw of it."""

    name = Text(1, 60, required=True, metadata={"label": "名称"})
    place = Text(1, 120, allow_none=True, metadata={"label": "具体位置"})
    position = Part(PositionSchema, allow_none=True, metadata={"label": "位置"})
    photo = Text(64, 64, allow_none=True, metadata={"label": "照片"})


class MissingPhotoSchema(PartSchema):
    """A photo the form asks for and nobody has taken yet 缺少的照片."""

    item = Text(1, 20, allow_none=True, metadata={"label": "检查项"})
    role = Choice(PHOTO_ROLES, required=True, metadata={"label": "用途"})


class RevisionSchema(PartSchema):
    """An inspector's score on top of the worker's 督查改分; the worker's own stays beside it."""

    score = Whole(0, 1000, required=True, metadata={"label": "改后得分（十分之一分）"})
    reason = Text(1, 200, required=True, metadata={"label": "理由"})
    by = Id(required=True, metadata={"label": "改分人"})
    at = Instant(required=True, metadata={"label": "改分时间"})


class PilesSchema(PartSchema):
    """Piles of waste 暴露垃圾: how many, and their area together."""

    piles = Whole(0, MAX_COUNT, required=True, metadata={"label": "堆数"})
    m2 = Number(0, MAX_COUNT, tenths=True, required=True, metadata={"label": "面积（平方米）"})


class _NoteBase(PartSchema):
    remark = Text(0, 60, allow_none=True, metadata={"label": "说明"})


#: What may be said beside one item 检查项说明: a short text and the marks of ``forms.FLAGS``.
NoteSchema = _NoteBase.from_dict(
    {flag: Flag(allow_none=True, metadata={"label": zh}) for flag, (zh, _) in FLAGS.items()},
    name="NoteSchema",
)


def items_part(*forms: Form) -> type[Schema]:
    """
    Return the shape of ``items`` for checks made with any of *forms*.

    An item that all of them ask for must be there, with a value or with null for "not applicable":
    what nobody touched has not passed. Whether an item that only some ask for is there is checked
    against the form a check names.
    """
    known = {item.code: item for form in forms for item in form.items}
    everywhere = set.intersection(*({item.code for item in form.items} for form in forms))
    members = {code: _value_of(item, required=code in everywhere) for code, item in known.items()}
    return PartSchema.from_dict(members, name=f"{forms[0].type}_items")


def notes_part(*forms: Form) -> type[Schema]:
    """Return the shape of ``notes``: a note for some of the items."""
    known = {item.code: item.zh for form in forms for item in form.items}
    members: dict[str, Any] = {
        code: Part(NoteSchema, allow_none=True, metadata={"label": f"{zh}：说明"}) for code, zh in known.items()
    }
    return PartSchema.from_dict(members, name=f"{forms[0].type}_notes")


def _value_of(item: Item, *, required: bool) -> Any:
    about: dict[str, Any] = {"required": required, "allow_none": True, "metadata": {"label": item.zh}}
    if item.kind == "count":
        return Whole(0, MAX_COUNT, **about)
    if item.kind == "m2":
        return Number(0, MAX_COUNT, tenths=True, **about)
    if item.kind == "level":
        return Choice(LEVELS, **about)
    return Flag(**about) if item.kind == "yes" else Part(PilesSchema, **about)


def _has_one(first: str, second: str) -> Any:
    return lambda fields: (fields.get(first) is None) != (fields.get(second) is None)


def _answers_all(type_name: str) -> Any:
    def answers(fields: Fields) -> bool:
        form = FORMS.get((type_name, fields["form_version"]))
        return form is not None and form.codes <= fields["items"].keys()

    return answers


def whole_check(type_name: str) -> tuple[Exact, ...]:
    """Return what a new check of *type_name* must be as a whole."""
    return (
        Exact(_has_one("target_id", "target_draft"), "检查对象与登记外对象应填且只填一项",
              "needs a target or a draft of one, not both"),
        Exact(_has_one("position", "no_fix_reason"), "位置与无定位原因应填且只填一项",
              "needs a position or a reason for having none, not both"),
        Exact(sealing.is_covert, "只有暗访可以封存", "only a covert check may be sealed"),
        Exact(_answers_all(type_name), "检查项未逐项填写，或表单版本未知",
              "leaves items of its form untouched, or names a form nobody knows"),
    )  # fmt: skip


class CheckSchema(RecordSchema):
    """
    What every check has 检查: an observation, the fact of one person at one time.

    The record's id is the ``check_id`` 检查编号, and the grid stands in the envelope. Two people's
    checks are two facts and never become one.

    A score stands on what was copied from the register when the check was made (``reads``), so it does not
    move when the register does; ``basis_changed`` names what the register has come to say otherwise. A
    check of a thing that was merged into another stands with the other, and keeps the id it was made with
    in ``original_target_id``.
    """

    subject_field = "target_id"
    time_field = "observed_at"

    inspector_id = Id(required=True, metadata=labelled("检查人", FIRST))
    inspector_role = Choice({role.value: role.zh for role in Role}, required=True, metadata=labelled("身份", FIRST))
    target_id = Id(allow_none=True, metadata=labelled("检查对象", FIRST))
    original_target_id = Id(allow_none=True, metadata=labelled("原检查对象", DERIVED))
    target_draft = Part(TargetDraftSchema, allow_none=True, metadata=labelled("登记外对象"))
    mode = Choice(MODES, required=True, metadata=labelled("检查方式"))
    observed_at = Instant(required=True, metadata=labelled("检查时间", FIRST))
    clock_offset_s = Whole(-(1 << 40), 1 << 40, allow_none=True, metadata=labelled("时钟偏差（秒）", DERIVED))
    #: Of a covert check that is sealed: where it belongs, and until when 暗访封存; see ``schemas.sealing``.
    real_grid = Place(allow_none=True, metadata=labelled("实际网格", FIRST))
    embargo_until = Day(allow_none=True, metadata=labelled("封存至", authority()))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", FIRST))
    no_fix_reason = Choice(NO_FIX_REASONS, allow_none=True, metadata=labelled("无定位原因"))
    weather = Choice(WEATHER, allow_none=True, metadata=labelled("天气"))
    campaign_ids = Many(Id(), 10, metadata=labelled("所属行动", union()))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))
    check_no = Text(1, 40, allow_none=True, metadata=labelled("巡查编号", DERIVED))
    score = Whole(0, 1000, allow_none=True, metadata=labelled("得分（十分之一分）", DERIVED))
    result = Choice(RESULTS, allow_none=True, metadata=labelled("结果", DERIVED))
    vetoes = Many(Text(1, 40), 20, metadata=labelled("一票否决", DERIVED))
    basis_changed = Many(Text(1, 40), 20, metadata=labelled("依据已调整", DERIVED))
    missing_photos = Many(Part(MissingPhotoSchema), 200, metadata=labelled("缺少的照片", DERIVED))
    score_revision = Part(RevisionSchema, allow_none=True, metadata=labelled("督查改分", authority()))


def counted_score(fields: Fields) -> int | None:
    """Return the score that counts, in tenths of a point: an inspector's revision, else the check's own."""
    revision = fields.get("score_revision")
    score: int | None = revision["score"] if revision else fields.get("score")
    return score
