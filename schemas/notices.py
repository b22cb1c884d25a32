"""
What a person is told by the office 通知: one notice holds what he was to be reminded of at that moment.

The server makes notices; nobody else does, and only the person a notice is for writes on it: when he saw it. It
lies where he works, so that his tablet reads it; a tablet shows only its own people's.
"""

from schemas.fields import Flag, Id, Instant, Many, Part, Text
from schemas.parts import PartSchema, labelled
from schemas.records import RecordSchema, register
from schemas.rules import FIRST

#: A notice holds at most so many lines; what is more is told in one line together.
MOST_ITEMS = 30


class NoticeItemSchema(PartSchema):
    """
    One line of a notice 提醒事项.

    ``code`` says which reminder it is (R07); ``about`` the record or the place it is about, where it is about
    one alone; a line may stand for several matters of one kind.
    """

    code = Text(1, 20, required=True, metadata={"label": "提醒"})
    zh = Text(1, 600, required=True, metadata={"label": "内容"})
    en = Text(1, 800, required=True, metadata={"label": "英文"})
    about = Text(1, 40, allow_none=True, metadata={"label": "对象"})
    critical = Flag(required=True, metadata={"label": "紧急"})


@register
class NoticeSchema(RecordSchema):
    """A notice to one person 通知; ``seen_at`` is his acknowledgement 已阅."""

    type_name = "notice"
    title_zh = "通知"
    subject_field = "person"
    time_field = "sent_at"

    person = Id(required=True, metadata=labelled("接收人", FIRST))
    title = Text(1, 120, required=True, metadata=labelled("标题", FIRST))
    items = Many(Part(NoticeItemSchema), MOST_ITEMS, required=True, metadata=labelled("事项", FIRST))
    sent_at = Instant(required=True, metadata=labelled("发出时间", FIRST))
    critical = Flag(required=True, metadata=labelled("紧急", FIRST))
    seen_at = Instant(allow_none=True, metadata=labelled("已阅时间", FIRST))
