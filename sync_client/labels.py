"""
What a person typed, as a value 取值的读法: what is wrong with it is said in both languages before anything is written.

The other way round, a value in words, is ``schemas.wording``.
"""

import json
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from schemas.fields import Bilingual, Choice, Flag, Many, Number, Part, Whole
from schemas.initials import folded
from schemas.registry import TYPES
from schemas.wording import english, label_of

YES = frozenset({"y", "yes", "true", "1", "是", "有", "对"})
NO = frozenset({"n", "no", "false", "0", "否", "无", "没有"})
#: How "not applicable", or an emptied field, is typed.
NONE = frozenset({"-", "—", "na", "n/a", "不适用"})

Field = Any


class NotUnderstood(Exception):
    """
    Something typed that cannot be taken; nothing was written.

    Args:
        zh, en: What is wrong, and what would be right.
    """

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")


def type_called(text: str) -> str:
    """
    Return the record type called *text*: its word, a part of it that no other has, or its Chinese name.

    Raises:
        NotUnderstood: There is none.
    """
    wanted = folded(text).replace("-", "_")
    for name, known in TYPES.items():
        if wanted in (name, f"{name}s", folded(known.title_zh)):
            return name
    alike = [name for name in TYPES if wanted.removesuffix("s") in name.split("_")]
    if len(alike) == 1:
        return alike[0]
    listed = "、".join(f"{name}（{known.title_zh}）" for name, known in TYPES.items())
    raise NotUnderstood(f"没有“{text}”这类记录，应为：{listed}。", f"No record type '{text}'; see the list.")


def value_from(field: Field, text: str) -> Any:
    """
    Return the value that *text* means for *field*; ``-`` means none.

    Raises:
        NotUnderstood: It means nothing there, or is not allowed.
    """
    plain = folded(text)
    if plain in NONE or not plain:
        return allowed(field, None)
    if isinstance(field, Choice):
        return allowed(field, _choice(field, text))
    read: dict[type, Callable[[str], Any]] = {Whole: _whole, Number: _number, Flag: _flag, Part: _json, Many: _json}
    reader = next((reader for kind, reader in read.items() if isinstance(field, kind)), str.strip)
    return allowed(field, reader(text))


def allowed(field: Field, value: Any) -> Any:
    """
    Return *value*, where *field* may have it.

    Raises:
        NotUnderstood: It may not; the first reason is told.
    """
    if not isinstance(field, Bilingual):
        return value
    try:
        field.deserialize(value)
    except ValidationError as error:
        first = _first(error.messages)
        name = field.name or "value"
        raise NotUnderstood(f"{label_of(field, name)}：{first['zh']}。", f"{english(name)} {first['en']}.") from error
    return value


def _first(messages: Any) -> dict[str, str]:
    """Return the first error of marshmallow's tree; of several about a value, the one that says how it is written."""
    while not (isinstance(messages, dict) and "zh" in messages):
        here = list(messages.values() if isinstance(messages, dict) else messages)
        forms = [one for one in here if isinstance(one, dict) and one.get("code") == "form"]
        messages = (forms or here)[0]
    return messages


def _whole(text: str) -> int:
    try:
        return int(folded(text))
    except ValueError:
        raise NotUnderstood(f"“{text}”不是整数。", f"'{text}' is no whole number.") from None


def _number(text: str) -> float:
    try:
        value = float(folded(text))
    except ValueError:
        raise NotUnderstood(f"“{text}”不是数字。", f"'{text}' is no number.") from None
    return int(value) if value.is_integer() else value


def _flag(text: str) -> bool:
    plain = folded(text)
    if plain in YES | NO:
        return plain in YES
    raise NotUnderstood("请答是或否。", "Answer yes or no.")


def _choice(field: Field, text: str) -> str:
    plain, labels = folded(text), field.labels
    for word, label in labels.items():
        if plain in (folded(word), folded(label)):
            return str(word)
    if plain.isdigit() and 1 <= int(plain) <= len(labels):
        return str(list(labels)[int(plain) - 1])
    listed = "、".join(f"{label}（{word}）" for word, label in labels.items())
    raise NotUnderstood(f"应为其中之一：{listed}。", f"Choose one of: {', '.join(labels)}.")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise NotUnderstood("此项应为 JSON。", "This field takes JSON.") from None
