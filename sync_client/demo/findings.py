"""
What is found in the mornings 检查发现: in turn, so that two mornings differ and the same one never does.

Answers are written as a worker types them: ``12``, ``1 0.6 墙根`` (piles and square metres), ``1 +当场整改``.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
Answers = Mapping[str, str]

#: Each opens at least one case.
STREETS: Sequence[Answers] = (
    {"A2": "9", "A3": "34", "E1": "1 0.6 墙根生活垃圾"},
    {"A4": "16", "C1": "6 树穴、雨水口", "D1": "1"},
    {"A6": "5", "B1": "轻", "F1": "5 电线杆"},
)
FIRST_LOOKS: Sequence[Answers] = (
    {"H1": "2", "O2": "1 +当场整改"},
    {"H1": "1", "G4": "1"},
    {"O1": "是 +当场整改", "O4": "4"},
)
SECOND_LOOKS: Sequence[Answers] = (
    {"H1": "3", "O4": "5"},
    {"H1": "2", "O6": "1 +当场整改"},
    {"H1": "1", "O2": "2 +当场整改"},
)
PARKINGS: Sequence[Answers] = ({"M2": "3", "N1": "8", "N4": "是"}, {"M2": "2", "N3": "4"}, {"N1": "6", "F1": "1"})
QUIET_PARKINGS: Sequence[Answers] = ({"M2": "1"}, {"N1": "3"}, {"M2": "1", "N1": "2"})

#: What stands on a sign behind the owner's name, by the trade's category.
SIGNS: Mapping[str, str] = {
    "catering": "饭店", "retail": "生活超市", "service": "服务社", "repair": "维修中心", "office": "工作室",
}  # fmt: skip
LUCK = ("康达", "金桥", "鸿运", "春风", "瑞祥", "和顺", "锦绣")
REMARKS = (
    ("门前台阶破损，已拍照", "牌匾灯箱不亮，已告知"),
    ("下水口有异味", "店主答应明日清理"),
    ("遮阳棚低垂", "已发责任书"),
)


def turn(choices: Sequence[T], morning: int) -> T:
    """Return the one of *choices* whose turn it is on *morning*, numbered from 1."""
    return choices[(morning - 1) % len(choices)]


def phone(morning: int, number: int) -> str:
    """Return a telephone number of a block (154) that no network hands out, new every morning."""
    return f"154{morning % 10_000:04d}{number:04d}"
