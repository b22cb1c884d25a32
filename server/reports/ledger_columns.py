"""
The 29 columns of the ledger 问题台账, in the order in which offices fill it in.
"""

from typing import Literal, NamedTuple

#: What stands in the cells: a count, a word (a name, a code, a telephone), a sentence, a moment, a picture or its name.
Kind = Literal["count", "word", "text", "moment", "picture"]


class Column(NamedTuple):
    """
    One column.

    Attributes:
        name: Its name in the program.
        title: Its heading.
        width: In characters of the standard font; a Chinese one takes two.
    """

    name: str
    title: str
    width: float
    kind: Kind = "text"


COLUMNS = (
    Column("serial", "序号", 5, "count"),
    Column("number", "问题编号", 12, "word"),
    Column("source", "问题来源", 7, "word"),
    Column("found_at", "发现时间", 15.5, "moment"),
    Column("street", "所属街道", 9, "word"),
    Column("community", "所属社区", 9, "word"),
    Column("grid", "所属网格", 9, "word"),
    Column("place_text", "点位（具体位置）", 16),
    Column("problem_class", "问题类别", 9, "word"),
    Column("description", "存在问题", 24),
    Column("severity", "严重程度", 7, "word"),
    Column("before", "整改前照片", 13, "picture"),
    Column("territorial_unit", "责任单位（属地）", 8.6, "word"),
    Column("functional_unit", "责任部门（属事）", 8.6, "word"),
    Column("owner", "责任人", 7.5, "word"),
    Column("phone", "联系电话", 12.5, "word"),
    Column("measure", "整改措施", 16),
    Column("due_at", "整改时限", 15.5, "moment"),
    Column("state", "整改情况", 11, "word"),
    Column("rectified_at", "完成时间", 15.5, "moment"),
    Column("after", "整改后照片", 13, "picture"),
    Column("verified_by", "核查人", 7.5, "word"),
    Column("verified_at", "核查时间", 15.5, "moment"),
    Column("closed", "是否销号", 7, "word"),
    Column("closed_at", "销号时间", 15.5, "moment"),
    Column("returns", "退回次数", 7, "count"),
    Column("extensions", "延期次数", 7, "count"),
    Column("overdue", "是否超期", 7, "word"),
    Column("remark", "备注", 14),
)
PLACES = {column.name: place for place, column in enumerate(COLUMNS)}
TITLES = tuple(column.title for column in COLUMNS)
