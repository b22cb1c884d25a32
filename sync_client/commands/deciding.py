"""
What the server decided, in one sentence a person understands 合并结果的说法.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sync_client.labels import english, fields_of, label_of, words_of

_WHY: Mapping[str, tuple[str, str]] = {
    "later_stamp": ("按后写的为准", "the later one counts"),
    "same_value": ("两人所写相同", "both wrote the same"),
    "written_once": ("此项以最先写的为准", "the first one counts"),
    "higher_rank": ("以职级高的为准", "the higher rank's word counts"),
    "highest_value": ("取较大值", "the greater one counts"),
    "lowest_value": ("取较小值", "the smaller one counts"),
    "escalate_value": ("取较重的", "the graver one counts"),
    "a_person_decides": ("需要人工认定", "a person has to decide"),
}
_RULES: Mapping[str, tuple[str, str]] = {
    "latest": _WHY["later_stamp"],
    "workflow": ("以办公室的状态为准", "the office's state counts"),
    "union": ("两边的都保留", "both are kept"),
}
_UNKNOWN = ("由服务器裁定", "the server decided")


def sentence(type_name: str, decision: Mapping[str, Any], name_of: Callable[[str], str]) -> tuple[str, str]:
    """
    Return what *decision* says, in Chinese and in English.

    Args:
        type_name: The record's type.
        decision: As the server sent it; members of a newer server are passed over, missing ones left out.
        name_of: Returns a person's name.
    """
    name = str(decision.get("field", ""))
    field = fields_of(type_name).get(name)
    why_zh, why_en = _WHY.get(str(decision.get("reason"))) or _RULES.get(str(decision.get("rule"))) or _UNKNOWN
    zh, en = [f"“{label_of(field, name)}”"], [english(name)]
    kept, others = decision.get("kept"), decision.get("others") or []
    if isinstance(kept, Mapping):
        zh.append(f"现为 {_told(field, kept, name_of)}")
        en.append(f"is now {_told(field, kept, name_of)}")
    if others:
        listed = "；".join(_told(field, other, name_of) for other in others)
        zh.append(f"另有 {listed}，已保留")
        en.append(f"also kept: {listed}")
    return "，".join([*zh, why_zh]) + "。", ", ".join([*en, why_en]) + "."


def _told(field: Any, candidate: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    value = words_of(field, candidate.get("value"))
    return f"{value}（{name_of(str(candidate['by']))}）" if candidate.get("by") else value
