"""
What every sentence needs 措辞: the record it is about, and how the braces of a template are filled in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from schemas.telling.saying import Speech
from schemas.telling.sentences import LOOK_ALIKE, Pair
from schemas.wording import english, title_of

LANGS = ("zh", "en")
_SANE = 1 << 53


@dataclass(frozen=True, slots=True)
class About:
    """
    The record a sentence is about, and what words it needs.

    Attributes:
        type: The record's type.
        name: What people call the record (a shop's name, a check's or a case's number), or None.
        called: Returns what a person, and where that is known a record, is called by its id; else None.
        now_ms: The moment at which it is said, in milliseconds; of that day only times are named, no day.
    """

    type: str
    name: str | None
    called: Callable[[str], str | None]
    now_ms: int | None = None


class Unsaid(LookupError):
    """A sentence needs something that is not known."""


class Words:
    """What stands in the braces of a sentence: the method of that name says it, when it is needed."""

    def __init__(self, about: About, lang: str, field: Any, moments: Sequence[int]) -> None:
        self._about = about
        self._field = field if isinstance(field, str) else ""
        self._speech = Speech(lang, about.type, about.called, moments, about.now_ms)
        self._place = LANGS.index(lang)

    def __getitem__(self, name: str) -> str:
        said: str = getattr(self, name)()
        return said

    def filled(self, templates: Sequence[Pair], also: Sequence[Pair] = ()) -> str:
        """Return the first of *templates* that can be filled in, and *also* behind it; the last always can."""
        said, behind = "", list(also)
        for template in (pair[self._place] for pair in templates):
            try:
                said = template.format_map(self).strip()
            except Unsaid:
                continue
            behind += [LOOK_ALIKE] if "{kept}" in template and self.looks_alike() else []
            break
        return self._speech.pick(("", " ")).join([said, *(pair[self._place] for pair in behind)])

    def looks_alike(self) -> bool:
        """Say whether two different values of the field sound the same."""
        return False

    def what(self) -> str:
        """Return what the record is called."""
        kind = self._speech.pick((title_of(self._about.type) or "记录", f"A {english(self._about.type) or 'record'}"))
        return self._speech.name(self._about.name) or kind

    def name(self) -> str:
        """Return what the record is called, in quotation marks."""
        return self._speech.record(self._about.name)

    def field(self) -> str:
        """Return what the field is called."""
        return self._speech.label(self._field) or self._speech.pick(("有一项内容", "one field"))

    def one(self) -> str:
        """Return what two records may both be."""
        known = {"case": ("同一个问题", "one problem"), "shop": ("同一户", "one shop")}
        return self._speech.pick(known.get(self._about.type, ("同一处", "one place")))

    def _listed(self, said: list[str]) -> str:
        return self._speech.pick(("、", "; ")).join(said)

    def _signed(self, name: str, ms: Any) -> str:
        moment = self._speech.moment(ms)
        return self._speech.pick((f"{name} {moment}", f"{name}, {moment}")) if moment else name


def whole(value: Any) -> int | None:
    """Return *value* where it is a whole number that a computer wrote, else None."""
    sane = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _SANE
    return value if sane else None


def missing() -> NoReturn:
    """
    Give a sentence up.

    Raises:
        Unsaid: Always.
    """
    raise Unsaid
