"""
Records and their changes as they are read out at the desk 宣读: in the words of the schemas, people by name.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from schemas import wording
from schemas.mutations import CHOICES, OPS, Mutation
from schemas.numbers import number_of
from schemas.registry import TYPES
from schemas.roles import Role
from schemas.wording import BEIJING, NOTHING, fields_of, title_of
from schemas.workflow import MACHINES
from server.core.between.pairs import name_of
from server.values import Record

_MOST_TEXT = 120

Names = Mapping[str, str]


def moment(ms: int) -> str:
    """Return a moment as ISO 8601 with +08:00, to the second."""
    return datetime.fromtimestamp(ms / 1000, BEIJING).isoformat(timespec="seconds")


def clock_time(ms: int) -> str:
    """Return a moment as people here write it, to the minute."""
    return datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%Y-%m-%d %H:%M")


def called(record: Record) -> str:
    """Return what people call *record*: its name or its number, else its type."""
    number = number_of(record.type, record.grid, record.born, record.fields)
    return name_of(record) or number or record.fields.get("code") or title_of(record.type)


def label_of(type_name: str, name: str) -> str:
    """Return the Chinese label of a field, or of several joined by ``+``."""
    known = fields_of(type_name)
    return "、".join(str(known[one].metadata.get("label", one)) if one in known else one for one in name.split("+"))


def words_of(type_name: str, name: str, value: Any, names: Names) -> str:
    """
    Return *value* as a value of the field *name*, in words.

    Args:
        names: What ids in it are called: people, and records beside.
    """
    return _shortened(_worded(fields_of(type_name).get(name), value, names))


def role_zh(role: str | None) -> str:
    """Return what offices call a role; nothing for what no person signed."""
    return Role(role).zh if role else ""


def changes(mutation: Mutation, names: Names) -> list[str]:
    """Return what *mutation* changed, one sentence each."""
    said = list(_changes(mutation, names))
    if mutation.settles is not None:
        said.append(f"裁定：{CHOICES[mutation.settles.choice]}")
    return said or [OPS[mutation.op]]


def written_by_server(type_name: str, sets: Mapping[str, Any], adds: Mapping[str, Any], names: Names) -> list[str]:
    """Return what the server itself wrote, one sentence each."""
    said = [f"{label_of(type_name, name)}：{words_of(type_name, name, v, names)}" for name, v in sets.items()]
    return said + [f"{label_of(type_name, name)}：增加 {len(elements)} 项" for name, elements in adds.items()]


def _changes(mutation: Mutation, names: Names) -> Iterator[str]:
    kind = mutation.type
    for name, value in mutation.set.items():
        yield f"{label_of(kind, name)}：{words_of(kind, name, value, names)}"
    for name, elements in mutation.add.items():
        yield f"{label_of(kind, name)}：增加{_elements(elements, names)}"
    for name, keys in mutation.remove.items():
        yield f"{label_of(kind, name)}：删除 {len(keys)} 项"
    for name, amount in mutation.share.items():
        yield f"{label_of(kind, name)}：{amount}"
    if mutation.act is not None:
        into = f" {names.get(mutation.act.into, mutation.act.into)}" if mutation.act.into else ""
        reason = f"（{mutation.act.reason}）" if mutation.act.reason else ""
        yield f"操作：{_act_zh(kind, mutation.act.name)}{into}{reason}"


def _elements(elements: list[Any], names: Names) -> str:
    if all(isinstance(element, str) for element in elements):
        return "“" + "”“".join(_shortened(names.get(element, element)) for element in elements) + "”"
    return f" {len(elements)} 项"


def _act_zh(type_name: str, act: str) -> str:
    known = TYPES.get(type_name)
    step = MACHINES[known.machine].acts.get(act) if known and known.machine else None
    return step.zh if step else act


def _worded(field: Any, value: Any, names: Names) -> str:
    if isinstance(value, str) and value in names:
        return names[value]
    if isinstance(value, list) and all(isinstance(one, str) and one in names for one in value):
        return "、".join(names[one] for one in value) or NOTHING
    return wording.words_of(field, value)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
