"""
From what stands in a cell to a value 单元格取值, by the field it is for.

Lenient in form (full-width digits, 是 and 否, five ways to write a day), strict in meaning: a number
that a spreadsheet has already spoilt is refused and never guessed back.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from marshmallow import fields

from schemas.fields import Choice, Day, Flag, Number, Phone, Place, Whole, say

Convert = Callable[[str], Any]
Error = dict[str, str]

_SCIENTIFIC = re.compile(r"^[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+$")
_DAY = re.compile(r"^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?(?:[ T]0{1,2}:00(?::00)?)?$")
_DAY_BY_DIGITS = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})$")
_YES = frozenset({"是", "有", "1", "true", "yes", "y", "√", "✓", "已"})
_NO = frozenset({"否", "无", "0", "false", "no", "n", "×", "✗", "未"})


#: What a spreadsheet shows where its formula failed; never a name.
FORMULA_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
#: A spreadsheet keeps 15 digits of a number; a longer code has been rounded.
_MOST_DIGITS = 15


class BadCell(ValueError):
    """A cell holds what its column cannot; ``error`` is as in a refusal."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.error: Error = say(code, zh, en)
        super().__init__(f"{zh} {en}")


def fold(text: str) -> str:
    """Return *text* with full-width forms made narrow and blanks at the ends cut; for matching and numbers."""
    return unicodedata.normalize("NFKC", text).strip()


def shown(value: Any) -> str:
    """
    Return a spreadsheet's typed cell as the text a person would have written.

    A number too long for a spreadsheet comes back in scientific notation, so that ``code`` refuses it.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_MOST_DIGITS:
        value = int(value)
    if isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
        return f"{value:.14E}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "seconds")
    return str(value)


def plain(text: str) -> str:
    """
    Return *text* as people wrote it, without the blanks (wide and unbreakable ones too) around it.

    Raises:
        BadCell: it is what a failed formula left behind.
    """
    if text in FORMULA_ERRORS:
        raise BadCell("formula", "是公式错误，不是内容", "is a formula's error, not a value")
    return text.strip()


def code(text: str) -> str:
    """
    Return a number that is a name (a grid's code, a telephone), digit by digit.

    Raises:
        BadCell: a spreadsheet has turned it into a rounded number.
    """
    folded = fold(text).lstrip("'")
    if _SCIENTIFIC.match(folded):
        raise BadCell(
            "scientific",
            "被表格软件改成了科学计数法，后几位已丢失；请把该列设为“文本”重新填写",
            "was turned into scientific notation and has lost digits; make the column 'text' and fill it in again",
        )
    return folded.removesuffix(".0")


def phone(text: str) -> str:
    """Return a telephone number without what people put around it."""
    return code(text).replace(" ", "").replace("—", "-").replace("－", "-")


def flag(text: str) -> bool:
    """Return yes or no."""
    folded = fold(text).lower()
    if folded in _YES or folded in _NO:
        return folded in _YES
    raise BadCell("flag", "应填“是”或“否”", "must be yes or no")


def day(text: str) -> str:
    """Return a calendar day as 2020-07-18; whether there is such a day is the field's business."""
    folded = fold(text)
    found = _DAY.match(folded) or _DAY_BY_DIGITS.match(folded)
    if found is None:
        raise BadCell("day", "不是日期，应如 2020-07-18", "is no day; write 2020-07-18")
    year, month, of_month = found.groups()
    return f"{year}-{int(month):02d}-{int(of_month):02d}"


def whole(text: str) -> int:
    """Return a whole number."""
    folded = fold(text).removesuffix(".0")
    if not re.fullmatch(r"[-+]?[0-9]{1,15}", folded):
        raise BadCell("whole", "应为整数", "must be a whole number")
    return int(folded)


def number(text: str) -> float:
    """Return a number; one without a fraction stays whole, so that it is kept as other people write it."""
    folded = fold(text)
    if not re.fullmatch(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?", folded):
        raise BadCell("number", "应为数字", "must be a number")
    value = float(folded)
    return int(value) if value.is_integer() else value


def word_of(labels: dict[str, str]) -> Convert:
    """Return how a cell becomes one of the words *labels* names, given as the word or as its Chinese."""
    words = {fold(zh).lower(): word for word, zh in labels.items()} | {word.lower(): word for word in labels}

    def word(text: str) -> str:
        found = words.get(fold(text).lower())
        if found is None:
            listed = "、".join(labels.values())
            raise BadCell("choice", f"应为其中之一：{listed}", f"must be one of: {', '.join(labels)}")
        return found

    return word


def converter_of(field: fields.Field[Any]) -> Convert | None:
    """Return how a cell becomes a value of *field*, or None where no single cell can."""
    if isinstance(field, Choice):
        return word_of(field.labels)
    for kind, convert in _BY_KIND:
        if isinstance(field, kind):
            return convert
    return plain if isinstance(field, fields.String) else None


_BY_KIND: tuple[tuple[type[fields.Field[Any]], Convert], ...] = (
    (Whole, whole),
    (Number, number),
    (Flag, flag),
    (Day, day),
    (Phone, phone),
    (Place, code),
)
