"""
Conditions and changes as they are typed 条件与修改: ``field=value`` on a command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.fields import Part
from schemas.records import TYPES
from schemas.wording import brief, fields_of, label_of, members_of, title_of
from sync_client.finding import Between, Condition, OneOf, Prefix
from sync_client.initials import folded
from sync_client.labels import NotUnderstood, value_from
from sync_client.values import Record

_BESIDE_FIELDS = frozenset({"grid", "by", "id", "waiting", "version", "follows", "subject", "status", "time"})


def condition(kind: str, text: str) -> tuple[str, Condition]:
    """
    Return the field and the condition that *text* means.

    ``name=老王*`` begins with, ``score=850..1000`` a range, ``status=open|vacant`` any of, ``code=`` not
    filled in.

    Raises:
        NotUnderstood: It is no ``field=value``, or the field is not known, or cannot have the value.
    """
    name, value = _split(text)
    field_name = name if name in _BESIDE_FIELDS else _field_called(kind, name)
    if not value:
        return field_name, None
    if value.endswith("*"):
        return field_name, Prefix(value[:-1])
    if ".." in value:
        low, _, high = value.partition("..")
        return field_name, Between(_meant(kind, field_name, low), _meant(kind, field_name, high))
    if "|" in value:
        return field_name, OneOf([_meant(kind, field_name, each) for each in value.split("|")])
    return field_name, _meant(kind, field_name, value)


@dataclass(slots=True)
class Changes:
    """What a person wants changed, by the verb that each field's rule asks for."""

    set: dict[str, Any] = field(default_factory=dict)
    add: dict[str, list[Any]] = field(default_factory=dict)
    remove: dict[str, list[str]] = field(default_factory=dict)
    share: dict[str, float] = field(default_factory=dict)


def changes(record: Record, texts: Sequence[str]) -> Changes:
    """
    Return the changes that *texts* mean for *record*.

    ``name=新店名`` sets, ``code=`` clears, ``items.H1=3`` changes one member of an object; on a set or a
    signed list ``remark=文字`` adds, and ``photos-=sha256`` takes an element out.

    Raises:
        NotUnderstood: As ``condition``.
    """
    found = Changes()
    for text in texts:
        _read(found, record, text)
    return found


def _read(found: Changes, record: Record, text: str) -> None:
    name, value = _split(text)
    if name.endswith("-"):
        found.remove.setdefault(_field_called(record.type, name[:-1]), []).append(value)
        return
    top, _, member = name.partition(".")
    field_name = _field_called(record.type, top)
    known = fields_of(record.type)[field_name]
    verb = TYPES[record.type].rules.of(field_name).verb
    if member:
        whole = dict(found.set.get(field_name) or record.get(field_name) or {})
        whole[_member_called(record.type, field_name, member)] = _member_value(record.type, field_name, member, value)
        found.set[field_name] = whole
    elif verb == "add":
        inner = known.inner
        found.add.setdefault(field_name, []).append(value if isinstance(inner, Part) else value_from(inner, value))
    elif verb == "share":
        found.share[field_name] = value_from(known, value)
    else:
        found.set[field_name] = value_from(known, value)


def _member_called(kind: str, name: str, member: str) -> str:
    wanted = folded(member)
    for known, about in members_of(kind, name).items():
        if wanted in (folded(known), folded(label_of(about, known))):
            return known
    raise NotUnderstood(f"“{name}”没有“{member}”这一项。", f"'{name}' has no '{member}'.")


def _member_value(kind: str, name: str, member: str, value: str) -> Any:
    return value_from(members_of(kind, name)[_member_called(kind, name, member)], value)


def _field_called(kind: str, text: str) -> str:
    wanted = folded(text)
    for name, known in fields_of(kind).items():
        label = label_of(known, name)
        if wanted in (folded(name), folded(label), folded(brief(label))):
            return name
    listed = "、".join(f"{name}（{label_of(known, name)}）" for name, known in fields_of(kind).items())
    raise NotUnderstood(f"{title_of(kind)}没有“{text}”这个字段，应为：{listed}。", f"{kind} has no field '{text}'.")


def _meant(kind: str, name: str, text: str) -> Any:
    known = fields_of(kind).get(name)
    if not text or known is None:
        return text or None
    return value_from(known, text)


def _split(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise NotUnderstood(f"“{text}”应写成 字段=值。", f"'{text}' should be field=value.")
    return name.strip(), value.strip()
