"""
Older shapes into today's 旧版数据升级: what a tablet away for months wrote is read as if written now.

A step turns the written fields of one version of one record type into the next version's. Steps are
pure, take any selection of the fields (a patch as well as a create), and are never removed: a journal
is kept for longer than a program. What a step cannot read it hands on as it is, so that the refusal
names what the worker's tablet really wrote.
"""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.records import Fields


def upcast(type_name: str, version: int, fields: Fields) -> Fields:
    """
    Return *fields*, written in shape *version* of the record type, in its newest shape.

    A version newer than any known here passes through unchanged; *fields* is never changed in place.
    """
    while (step := STEPS.get((type_name, version))) is not None:
        fields, version = step(dict(fields)), version + 1
    return fields


def shop_check_1(fields: Fields) -> Fields:
    """
    Turn the list of items of the first tablets into ``items`` and ``notes`` by code.

    An entry was ``{"code", "count" or "value", "not_applicable", "remark"}``; yes and no were counted
    as 1 and 0.
    """
    entries: Any = fields.get("items")
    if not _is_item_list(entries):
        return fields
    fields["items"] = {entry["code"]: _value_of(entry) for entry in entries}
    said = {entry["code"]: {"remark": entry["remark"]} for entry in entries if entry.get("remark")}
    if said and not fields.get("notes"):
        fields["notes"] = said
    return fields


_YES_NO = frozenset({"H5", "G3", "O1"})


def _is_item_list(entries: Any) -> bool:
    return isinstance(entries, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("code"), str) for entry in entries
    )


def _value_of(entry: Mapping[str, Any]) -> Any:
    if entry.get("not_applicable"):
        return None
    value = entry["value"] if "value" in entry else entry.get("count")
    counted = entry["code"] in _YES_NO and type(value) is int and value in (0, 1)
    return bool(value) if counted else value


#: ``(type, version)`` to the step from that version to the next.
STEPS: dict[tuple[str, int], Callable[[Fields], Fields]] = {("shop_check", 1): shop_check_1}
