"""
How names, moments and values are spoken in one sentence 措辞: short, masked where they must be, never an exception.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from schemas.fields import Choice, Id, Instant, Phone
from schemas.roles import Role
from schemas.wording import BEIJING, brief, english, fields_of, label_of, points, words_of

#: Longer text is cut in a sentence; the whole stands in the record or the history.
MOST_TEXT = 30
_MOST_NAME = 24
#: So many entries of a list, or members of an object, are named.
_MOST_NAMED = 3
_MOST_DIGITS = 15
_MOST_UNIT = 6
_SHORT_ID, _SHORT_PHOTO = 8, 4
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_PHOTO = re.compile(r"[0-9a-f]{64}")
#: Fields kept in tenths of a point.
SCORES = frozenset({"score", "score_revision"})
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_SOMEBODY, _ANOTHER, _EMPTY = ("某人", "somebody"), ("另一条记录", "another record"), ("（空）", "(empty)")


def _roles_by_rank() -> dict[int, Role]:
    """Return the role that a rank means, where it means but one."""
    by_rank: dict[int, list[Role]] = {}
    for role in Role:
        by_rank.setdefault(role.rank, []).append(role)
    return {rank: roles[0] for rank, roles in by_rank.items() if len(roles) == 1}


ROLES = _roles_by_rank()


class Speech:
    """
    One sentence in one language.

    Args:
        lang: ``zh`` or ``en``.
        type_name: The type of the record it is about.
        called: Returns what a person or record is called by its id, or None.
        moments: All moments the sentence may name, in milliseconds: of one day the day is named at most once.
        now_ms: The moment at which it is said; of that day only the time is named.
    """

    def __init__(
        self, lang: str, type_name: str, called: Callable[[str], str | None], moments: Iterable[int], now_ms: int | None
    ) -> None:
        self.lang = lang
        self.type = type_name
        self._called = called
        days = {day for ms in moments if (day := _day(ms)) is not None}
        self._one_day = len(days) == 1
        self._today = _day(now_ms) if now_ms is not None else None
        self._named = self._today if self._today is not None else next(iter(days), None)

    def pick(self, pair: tuple[str, str]) -> str:
        """Return the words of the language spoken."""
        return pair[1] if self.lang == "en" else pair[0]

    def person(self, person_id: Any) -> str:
        """Return a person's name."""
        return self._name(person_id) or self.pick(_SOMEBODY)

    def role(self, rank: Any) -> str:
        """Return the role that *rank* means, or nothing where it may mean several."""
        role = ROLES.get(rank) if isinstance(rank, int) else None
        return "" if role is None else self.pick((role.zh, english(role.value)))

    def name(self, text: Any) -> str:
        """Return what a record is called; nothing where it has no name."""
        return _cut(_masked(_plain(text)), _MOST_NAME) if isinstance(text, str) else ""

    def record(self, text: Any) -> str:
        """Return what a record is called, in quotation marks."""
        name = self.name(text)
        return self.quoted(name) if name else self.pick(_ANOTHER)

    def record_of(self, record_id: Any) -> str:
        """Return what the record of an id is called."""
        return self.record(self._name(record_id))

    def moment(self, ms: Any) -> str:
        """Return a moment: the time alone where the day is plain from before; nothing for what is no moment."""
        at = _at(ms)
        if at is None:
            return ""
        day = at.date()
        if self._one_day and day == self._named:
            return at.strftime("%H:%M")
        if self._one_day:
            self._named = day
        return f"{self.day(day)} {at:%H:%M}"

    def written(self, text: Any) -> str:
        """Return a moment written as ISO 8601."""
        return self.moment(ms_of(text))

    def day(self, day: date) -> str:
        """Return a day, with its year where that is another."""
        other = self._today is not None and day.year != self._today.year
        if self.lang == "en":
            return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if other else "")
        return (f"{day.year}年" if other else "") + f"{day.month}月{day.day}日"

    def label(self, name: str) -> str:
        """Return what people call a field, or several that are set as one."""
        known = fields_of(self.type)
        names = [part for part in name.split("+") if part]
        said = [english(part) if self.lang == "en" else _label(known.get(part), part) for part in names[:_MOST_NAMED]]
        return (", " if self.lang == "en" else "、").join(_cut(_plain(part), MOST_TEXT) for part in said)

    def member(self, field: Any, name: str) -> str:
        """Return what people call one member of an object."""
        return english(name) if self.lang == "en" else _cut(_label(field, _plain(name)), MOST_TEXT)

    def value(self, name: str, value: Any) -> str:
        """Return the value of a field: in quotation marks, but for photos and what is empty."""
        known = fields_of(self.type)
        if value is None or value == "" or value == [] or value == {}:
            return self.pick(_EMPTY)
        if name in SCORES:
            return self.score(value)
        if "+" in name and isinstance(value, Mapping):
            listed = [f"{self.label(str(part))} {self.plain(known.get(part), one)}" for part, one in value.items()]
            return self.quoted(self._listed(listed))
        said = self.plain(known.get(name), value)
        return said if _is_photo(value) else self.quoted(said)

    def plain(self, field: Any, value: Any) -> str:
        """Return a value of *field* in words, without quotation marks."""
        if value is None or value == "":
            return self.pick(_EMPTY)
        if _is_photo(value):
            return self.pick(("照片", "photo ")) + _sha_of(value)[:_SHORT_PHOTO] + "…"
        if isinstance(value, list):
            inner = getattr(field, "inner", field)
            return self._listed([self.plain(inner, one) for one in value[:_MOST_NAMED]], len(value))
        if isinstance(value, Mapping) and "lat" in value and "lon" in value:
            return self._place(value)
        return _cut(_masked(_plain(self._simple(getattr(field, "inner", field), value))), MOST_TEXT)

    def score(self, value: Any) -> str:
        """Return a score, or an inspector's revision of one."""
        tenths = value.get("score") if isinstance(value, Mapping) else value
        known = isinstance(tenths, int) and not isinstance(tenths, bool) and abs(tenths) < 10**_MOST_DIGITS
        return f"{points(tenths) if known else '—'}{self.pick((' 分', ' points'))}"

    def quoted(self, text: str) -> str:
        """Return *text* in quotation marks."""
        return f'"{text}"' if self.lang == "en" else f"“{text}”"

    def _simple(self, field: Any, value: Any) -> str:
        if isinstance(field, Instant) and isinstance(value, str):
            return self.written(value) or value
        if isinstance(field, Phone) and isinstance(value, str):
            return _masked_phone(value)
        if isinstance(field, Id) and isinstance(value, str):
            return self._name(value) or f"…{value[-_SHORT_ID:]}"
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**_MOST_DIGITS:
            return "…"
        if isinstance(value, Mapping):
            return self._listed([_member(self, field, part, one) for part, one in value.items()])
        return words_of(field if isinstance(field, Choice) else None, value, self.lang)

    def _place(self, value: Mapping[str, Any]) -> str:
        lat, lon, within = (value.get(name) for name in ("lat", "lon", "accuracy_m"))
        if not (isinstance(lat, int | float) and isinstance(lon, int | float)):
            return "—"
        metres = f"{within:g}" if isinstance(within, int | float) else ""
        near = self.pick((f"（±{metres} 米）", f" (±{metres} m)")) if metres else ""
        return f"{float(lat):.5f},{float(lon):.5f}{near}"

    def _listed(self, said: list[str], count: int | None = None) -> str:
        shown = (", " if self.lang == "en" else "、").join(said[:_MOST_NAMED])
        total = len(said) if count is None else count
        return shown + (self.pick((f"等 {total} 项", f" and others, {total} in all")) if total > _MOST_NAMED else "")

    def _name(self, record_id: Any) -> str | None:
        found: object = self._called(record_id) if isinstance(record_id, str) and record_id else None
        return self.name(found) or None


def ms_of(text: Any) -> int | None:
    """Return the moment written as ISO 8601 in milliseconds, or None."""
    try:
        return round(datetime.fromisoformat(text).astimezone(BEIJING).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _member(speech: Speech, field: Any, name: Any, value: Any) -> str:
    members = getattr(getattr(field, "schema", None), "fields", {})
    member = members.get(name) if isinstance(name, str) else None
    label = speech.member(member, str(name))
    # Deeper than this nobody listens.
    said = "…" if isinstance(value, Mapping | list) and member is None else speech.plain(member, value)
    return f"{label} {said}"


def _label(field: Any, name: str) -> str:
    label = label_of(field, name)
    # What stands in brackets behind a number's name is its unit, if it is short.
    counted = getattr(field, "num_type", None) is not None and len(label) - len(brief(label)) <= _MOST_UNIT
    return label if counted else brief(label) or label


def _is_photo(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_photo, value[:_MOST_NAMED]))
    return _PHOTO.fullmatch(_sha_of(value)) is not None


def _sha_of(value: Any) -> str:
    sha = value.get("sha256") if isinstance(value, Mapping) else value
    return sha if isinstance(sha, str) else ""


def _plain(text: Any) -> str:
    """Return *text* on one line, without what cannot be written down."""
    return " ".join(str(text).encode("utf-8", "replace").decode().split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _masked(text: str) -> str:
    return _MOBILE.sub(r"\1****\2", text)


def _masked_phone(text: str) -> str:
    digits = "".join(sign for sign in text if sign.isdecimal())
    if len(digits) >= 11 and digits[-11:-9] in {f"1{second}" for second in "3456789"}:
        return f"{digits[-11:-8]}****{digits[-4:]}"
    return f"{digits[:4]}****{digits[-3:]}" if len(digits) > 7 else "****"


def _at(ms: Any) -> datetime | None:
    # A stamp of 0 was never made by a clock.
    if not isinstance(ms, int) or isinstance(ms, bool) or not ms:
        return None
    try:
        return datetime.fromtimestamp(ms / 1000, BEIJING)
    except (ValueError, OverflowError, OSError):
        return None


def _day(ms: Any) -> date | None:
    at = _at(ms)
    return at.date() if at is not None else None
