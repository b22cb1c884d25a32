"""
Who and where: areas with their holders, and people as others may see them 目录.
"""

from marshmallow import fields

from schemas import ids
from schemas.fields import Choice, Many, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN, Level
from schemas.parts import labelled
from schemas.records import RecordSchema, register
from schemas.roles import Role
from schemas.rules import authority, union

OFFICE = authority()
LEVELS = {level.name.lower(): level.zh for level in Level}
_CODE = Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits")


def area_id(code: str) -> str:
    """Return the id of the area *code*: a code is unique, so the id follows from it."""
    return ids.derived_id("area", code)


@register
class AreaSchema(RecordSchema):
    """
    A district, street office, community or grid 区域, with the people who hold it.

    ``patrol`` is the district's own word on how often things are checked there, see ``schemas.patrol``.
    """

    type_name = "area"
    title_zh = "区域"

    code = Text(4, 15, pattern=_CODE, required=True, metadata=labelled("代码", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("名称", OFFICE))
    level = Choice(LEVELS, required=True, metadata=labelled("层级", OFFICE))
    parent = Text(4, 15, pattern=_CODE, allow_none=True, metadata=labelled("上级代码", OFFICE))
    holders = Many(Text(1, 30), 40, metadata=labelled("责任人", union()))
    patrol = fields.Dict(
        keys=Text(1, 40), values=Whole(1, 31, metadata={"label": "天数"}), allow_none=True,
        metadata=labelled("巡查周期", OFFICE),
    )  # fmt: skip


@register
class PersonSchema(RecordSchema):
    """
    A person as shown beside what they did 人员; the record's id is the person's.

    There is no telephone here: this travels to every tablet of the district.
    """

    type_name = "person"
    title_zh = "人员"

    name = Text(1, 30, required=True, metadata=labelled("姓名", OFFICE))
    name_pinyin = Text(1, 100, allow_none=True, metadata=labelled("姓名拼音", OFFICE))
    title = Text(1, 40, allow_none=True, metadata=labelled("职务", OFFICE))
    role = Choice({role.value: role.zh for role in Role}, allow_none=True, metadata=labelled("身份", OFFICE))
    unit = Text(1, 60, allow_none=True, metadata=labelled("单位", OFFICE))
