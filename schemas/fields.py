"""
The fields records are made of: strict marshmallow fields whose errors speak Chinese and English.

Strict means that JSON types are taken at their word: ``"3"`` is not 3, ``true`` is not 1. Text is
never trimmed or folded, but may not hold NUL (PostgreSQL cannot keep it) or a lone surrogate. Every
error is ``{"code", "zh", "en"}``. ``schemas.derived`` builds the fast path from these very objects, so
whatever is checked here must be visible on the field: as a marshmallow validator or as ``exact``.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas import grid

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}$"
UNIT_PATTERN = r"^(?:[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|(?:dept|unit)_[a-z0-9_]{2,35})$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
#: A mobile, or a landline with its area code and perhaps an extension; +86, spaces, dashes as typed.
_AREA_CODE = r"(?:10|2[0-9]|[3-9][0-9]{2})"
PHONE_PATTERN = (
    r"^(?:(?:(?:\+|00)?86[ -]?)?1[ -]?[3-9](?:[ -]?[0-9]){9}"
    rf"|(?:(?:\+|00)86[ -]?{_AREA_CODE}|0{_AREA_CODE}|\(0{_AREA_CODE}\))"
    r"[ -]?[2-9](?:[ -]?[0-9]){6,7}(?:[-转][0-9]{1,5})?)$"
)

_COMMON = {
    "required": {"zh": "必填", "en": "is required"},
    "null": {"zh": "不能为空", "en": "must not be null"},
    "invalid": {"zh": "类型或格式不对", "en": "has the wrong type or form"},
    "type": {"zh": "类型不对", "en": "has the wrong type"},
    "validator_failed": {"zh": "取值不对", "en": "is not a value it may take"},
    "unknown": {"zh": "未知字段", "en": "is not a known field"},
}


def say(code: str, zh: str, en: str) -> dict[str, str]:
    """Return one error as it stands in an answer."""
    return {"code": code, "zh": zh, "en": en}


class Bilingual(fields.Field[Any]):
    """A field whose own errors come in both languages."""

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """Return the error *key* as a bilingual entry."""
        words = _COMMON.get(key, _COMMON["invalid"])
        return ValidationError([say(key, words["zh"], words["en"])])


class Length(validate.Length):
    """So many characters or entries, counted in code points."""

    def _format_error(self, value: Any, message: str) -> Any:
        low, high = self.min or 0, self.max
        return say("length", f"长度应为 {low} 至 {high}", f"must hold {low} to {high}")


class Range(validate.Range):
    """Between two numbers, both included."""

    def _format_error(self, value: Any, message: str) -> Any:
        return say("range", f"应在 {self.min} 至 {self.max} 之间", f"must lie between {self.min} and {self.max}")


class OneOf(validate.OneOf):
    """One of a fixed list."""

    def _format_error(self, value: Any) -> Any:
        listed = "、".join(map(str, self.choices))
        return say("choice", f"应为其中之一：{listed}", f"must be one of: {', '.join(map(str, self.choices))}")


class Pattern(validate.Regexp):
    """Text of a given form, named in both languages."""

    def __init__(self, pattern: str, zh: str, en: str) -> None:
        # ASCII and \Z: "$" would let a line end through, and Unicode digits are not digits here.
        super().__init__(re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII))
        self.pattern, self.zh, self.en = pattern, zh, en

    def _format_error(self, value: Any) -> Any:
        return say("form", f"格式不对，应为{self.zh}", f"must be {self.en}")


class Exact:
    """
    A check that no pattern expresses (a real calendar date, steps of a tenth).

    A derived validator calls ``holds`` too, so both paths refuse alike.
    """

    def __init__(self, holds: Callable[[Any], bool], zh: str, en: str) -> None:
        self.holds, self.zh, self.en = holds, zh, en

    def __call__(self, value: Any) -> Any:
        if not self.holds(value):
            raise ValidationError([say("exact", self.zh, self.en)])
        return value


def _storable(text: str) -> bool:
    return "\x00" not in text and (text.isascii() or not _SURROGATE.search(text))


_SURROGATE = re.compile("[\ud800-\udfff]")
STORABLE = Exact(_storable, "含有不能保存的字符", "holds a character that cannot be kept")


class Text(Bilingual, fields.String):
    """Text of *low* to *high* characters, kept as typed."""

    def __init__(self, low: int, high: int, *, pattern: Pattern | None = None, **kwargs: Any) -> None:
        checks: list[Any] = [Length(low, high), STORABLE]
        if pattern is not None:
            checks.append(pattern)
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return value


class Choice(Bilingual, fields.String):
    """One word of a fixed list; *labels* gives each word's Chinese name."""

    def __init__(self, labels: Mapping[str, str] | Iterable[str], **kwargs: Any) -> None:
        self.labels = dict(labels) if isinstance(labels, Mapping) else {word: word for word in labels}
        super().__init__(validate=OneOf(tuple(self.labels)), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return value


class Whole(Bilingual, fields.Integer):
    """A whole number from *low* to *high*."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=Range(low, high), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class Number(Bilingual, fields.Float):
    """A number from *low* to *high*, finite, optionally in steps of a tenth."""

    def __init__(self, low: float, high: float, *, tenths: bool = False, **kwargs: Any) -> None:
        checks: list[Any] = [Range(low, high)]
        if tenths:
            checks.append(TENTHS)
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if type(value) not in (int, float) or not _is_finite(value):
            raise self.make_error("invalid")
        return value  # type: ignore[no-any-return]  # an int stays an int: what was sent is kept


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number greater than any float
        return False


def _in_tenths(value: float) -> bool:
    # Rounding does not multiply, so it cannot overflow on a number that is out of range anyway.
    return round(value, 1) == value


TENTHS = Exact(_in_tenths, "最多一位小数", "takes steps of 0.1")


class Flag(Bilingual, fields.Boolean):
    """True or false, nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid")
        return value


class Id(Text):
    """The id of a record or person: a UUID in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(36, 36, pattern=Pattern(UUID_PATTERN, "小写 UUID", "a UUID in lower case"), **kwargs)


class Place(Text):
    """A code of district level or below."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            6,
            15,
            pattern=Pattern(grid.PLACE_PATTERN, "区划代码", "a code of 6, 9, 12 or 15 digits"),
            **kwargs,
        )


class Unit(Text):
    """A unit that answers for something 责任单位: a code of district level or below, or a department's key."""

    def __init__(self, **kwargs: Any) -> None:
        form = Pattern(
            UNIT_PATTERN, "区划代码或单位代码（dept_…、unit_…）", "a code, or a unit's word (dept_…, unit_…)"
        )
        super().__init__(6, 40, pattern=form, **kwargs)


class Sha256(Text):
    """The name of a photo: its SHA-256, 64 hexadecimal digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(64, 64, pattern=Pattern(SHA256_PATTERN, "SHA-256 值", "a SHA-256 in hexadecimal"), **kwargs)


class Phone(Text):
    """A telephone number, kept as typed."""

    def __init__(self, **kwargs: Any) -> None:
        form = Pattern(PHONE_PATTERN, "手机号或带区号的座机号", "a mobile or a landline with area code")
        super().__init__(7, 30, pattern=form, **kwargs)


def is_moment(text: str) -> bool:
    """Say whether *text* is a moment that a record can hold."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    # In the first and the last year there is may be a moment that another time zone cannot write.
    return moment.tzinfo is not None and MINYEAR < moment.year < MAXYEAR


class Instant(Text):
    """A moment as ISO 8601 with offset, as 2020-07-18T08:15:30+08:00; kept as written."""

    def __init__(self, **kwargs: Any) -> None:
        form = Pattern(INSTANT_PATTERN, "带时区的时间", "an ISO 8601 time with offset")
        super().__init__(25, 32, pattern=form, **kwargs)
        self.validators.append(Exact(is_moment, "不是真实的时间", "is not a real moment"))


class Day(Text):
    """A calendar day as 2020-07-18."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(10, 10, pattern=Pattern(DATE_PATTERN, "日期", "a day as 2020-07-18"), **kwargs)
        self.validators.append(Exact(_is_day, "不是真实的日期", "is not a real day"))


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


class Many(Bilingual, fields.List[Any]):
    """A list of at most *most* entries."""

    def __init__(self, inner: Any, most: int, **kwargs: Any) -> None:
        super().__init__(inner, validate=Length(0, most), **kwargs)


class Part(Bilingual, fields.Nested):
    """An object of a given shape inside a record."""
