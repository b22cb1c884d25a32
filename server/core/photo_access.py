"""
Who may see what of a photo 照片查看权限, as a table. Pure.

Whoever sees the record sees its photos small and without what EXIF says. The original, with place, time and
telephone in it, is for whoever took it and for the offices that answer for the place. "Took" is told by the
signature: of all who named the photo in a record, the first. Whoever has seen the photo of another may name it
too, in a record of his own; that does not make him its author.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from schemas import wire
from schemas.problems import Refusal, Words
from schemas.roles import Role
from server.core.admission import holds
from server.values import Person


class Who(Enum):
    """Who, of the people on a device that sees the record."""

    ANYBODY = "everybody on the device; nobody has to say who he is"
    OFFICES = "whoever holds one of the offices' roles where the record lies"
    OFFICES_AND_AUTHOR = "the same, and whoever was the first to sign a record that names the photo"


#: Street, district office, inspector. A grid leader and a community check that work was done; they need no EXIF.
OFFICES = (Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR)

#: What → who.
MAY: Mapping[str, Who] = {
    "list": Who.ANYBODY,
    "thumb": Who.ANYBODY,
    "view": Who.ANYBODY,
    "pair": Who.ANYBODY,
    "published": Who.ANYBODY,
    "original": Who.OFFICES_AND_AUTHOR,
    "redact": Who.OFFICES,
    "redactions": Who.OFFICES,
    "matches": Who.OFFICES,
    "views": Who.OFFICES,
}
_WORDS = {
    "original": ("查看原图", "see the original"),
    "redact": ("打码", "redact"),
    "redactions": ("查看打码记录", "see the redactions"),
    "matches": ("查看重复照片", "see pictures used twice"),
    "views": ("查看原图的查看记录", "see who saw originals"),
}


class Naming(NamedTuple):
    """A row of the history that may name a photo: when it was received, of which record, who signed what."""

    received_ms: int
    feed: str
    version: int
    record: str
    by: str
    payload: str


def may(what: str, person: Person, place: str, now_ms: int, *, author: str | None = None) -> bool:
    """
    Say whether *person*, on a device that sees the record, may do *what*.

    Args:
        what: One of ``MAY``.
        place: Where the record lies now.
        author: Who was the first to name the photo.
    """
    who = MAY[what]
    if who is Who.ANYBODY:
        return True
    if person.stopped_ms is not None:
        return False
    took_it = who is Who.OFFICES_AND_AUTHOR and person.id == author
    return took_it or any(holds(person, role, place, now_ms) for role in OFFICES)


def check(what: str, person: Person, place: str, now_ms: int, *, author: str | None = None) -> None:
    """
    Make sure that *person* ``may`` do *what*.

    Raises:
        Refusal: ``outside_area`` where his role would do but not here, else ``not_allowed``.
    """
    if may(what, person, place, now_ms, author=author):
        return
    if areas_of(person, now_ms):
        raise Refusal("outside_area", grid=place)
    raise refusal(what)


def check_any(what: str, people: Iterable[Person], place: str, now_ms: int) -> None:
    """
    Make sure that somebody among *people* ``may`` do *what*.

    Raises:
        Refusal: As ``check`` for the first of them.
    """
    listed = list(people)
    if not any(may(what, one, place, now_ms) for one in listed):
        for one in listed:
            check(what, one, place, now_ms)
        raise refusal(what)


def refusal(what: str) -> Refusal:
    """Return why somebody who is of no office may not do *what*."""
    zh, en = _WORDS[what]
    whose_zh, whose_en = "、".join(role.zh for role in OFFICES), ", ".join(role.en for role in OFFICES)
    return Refusal("not_allowed", what=Words(f"{zh}（须为{whose_zh}）", f"{en} (that is for: {whose_en})"))


def areas_of(person: Person, now_ms: int) -> tuple[str, ...]:
    """Return the areas in which *person* holds one of the offices' roles now."""
    if person.stopped_ms is not None:
        return ()
    return tuple(grant.area for grant in person.grants if grant.role in OFFICES and grant.holds_at(now_ms))


def first_naming(sha256: str, namings: Iterable[Naming]) -> Naming | None:
    """
    Return the row that named the photo *sha256* first; None where none does.

    Args:
        namings: Sorted.
    """
    rows = (row for row in namings if sha256 in row.payload)
    return next((row for row in rows if sha256 in photos_in(row.payload)), None)


def first_to_name(sha256: str, namings: Iterable[Naming]) -> str | None:
    """Return who was the first to sign for the photo *sha256*; None where nobody did. *namings* are sorted."""
    first = first_naming(sha256, namings)
    return first.by if first else None


def photos_in(payload: str) -> frozenset[str]:
    """Return the photos that a row of the history names: a mutation, a record that followed, or an amendment."""
    told = wire.decode_json(payload)
    if not isinstance(told, dict):
        return frozenset()
    parts = (told, *(told.get(verb) for verb in ("set", "add", "sets", "adds")))
    return frozenset(sha256 for part in parts for sha256 in _named(part))


def _named(fields: Any) -> list[str]:
    photos = fields.get("photos") if isinstance(fields, dict) else None
    elements = photos if isinstance(photos, list) else []
    return [str(one["sha256"]) for one in elements if isinstance(one, dict) and "sha256" in one]
