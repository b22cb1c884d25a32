"""
A check half filled in 填写中的检查: every answer so far, what they come to, and how typed answers are read.

Pure. A sheet is kept as a draft after every answer, so whatever it knows is plain JSON.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from schemas.checks import parking, shop, street
from schemas.checks.forms import FLAGS, Form, Item
from schemas.checks.scoring import Assessment, assess_check
from schemas.initials import folded
from schemas.parts import PHOTO_ROLES
from schemas.records import Fields
from schemas.registry import TYPES
from schemas.wording import fields_of, members_of
from sync_client.labels import NONE, NotUnderstood, value_from
from sync_client.values import Person, Record

#: The form in use for each kind of check, and the register its targets stand in.
FORMS: dict[str, Form] = {form.type: form for form in (street.FORMS[-1], shop.FORMS[-1], parking.FORMS[-1])}
REGISTERS = {"street_check": "street_segment", "shop_check": "shop", "parking_check": "parking_area"}
DRAFT_PREFIX = "check:"

_CLEAN: dict[str, Any] = {"count": 0, "m2": 0, "level": "none", "yes": False}
#: What a stretch of street measures unless somebody says otherwise: 100 m.
_USUAL_LENGTH_M = 100
_ANSWERED_ELSEWHERE = frozenset({"inspector_id", "inspector_role", "observed_at", "form_version", "items", "mode"})
_MARK = "+"


class Photo(Struct):
    """A photo to attach: the file, what it is for, the item it shows, and whether it was taken just now."""

    path: str
    role: str
    item: str | None = None
    origin: Literal["camera", "gallery"] = "camera"


class Sheet(Struct):
    """
    The answers so far.

    Attributes:
        key: Names the draft.
        type: The kind of check.
        by, role: The inspector, and under which role he checks.
        begun: When the check began, as ISO 8601 with offset.
        grid: Where it belongs.
        name: What the target is called.
        fields: Answers beside the items, by field.
        items, notes: Values and notes by item code; an item that nobody touched is not there.
        photos: To be attached.
        remarks: Texts for the check as a whole.
    """

    key: str
    type: str
    by: str
    role: str
    begun: str
    grid: str
    name: str
    fields: Fields = {}
    items: dict[str, Any] = {}
    notes: dict[str, dict[str, Any]] = {}
    photos: list[Photo] = []
    remarks: list[str] = []

    @property
    def form(self) -> Form:
        """The form it is filled in on."""
        return FORMS[self.type]

    @property
    def untouched(self) -> list[Item]:
        """The items nobody answered yet; what nobody touched has not passed."""
        return [item for item in self.form.items if item.code not in self.items]

    @property
    def findings(self) -> list[Item]:
        """The items where something was found."""
        return [item for item in self.form.items if is_finding(item, self.items.get(item.code))]

    def item(self, code: str) -> Item | None:
        """Return the item called *code*, however it was typed, or None."""
        wanted = folded(code).upper()
        return next((item for item in self.form.items if item.code == wanted), None)

    def all_clean(self) -> None:
        """Answer every item that nobody touched with: nothing found 全部合格."""
        for item in self.untouched:
            self.items[item.code] = clean_value(item)

    def answer(self, item: Item, text: str) -> None:
        """
        Take in what was typed behind an item's code: a value, ``+marks``, and a note.

        ``3``, ``3 +当场整改``, ``2 0.5 靠墙`` (piles and square metres), ``不适用``; nothing typed means yes
        where the item asks yes or no.

        Raises:
            NotUnderstood: It is no answer to this item; the sheet is as it was.
        """
        words = text.split()
        marks = [_mark_called(word[1:], item, self.form) for word in words if word.startswith(_MARK)]
        rest = [word for word in words if not word.startswith(_MARK)]
        value, said = _value_of(self.type, item, rest)
        note: dict[str, Any] = dict.fromkeys(marks, True)
        if said:
            note["remark"] = value_from(_note_field("remark", self.type, item), said)
        self.items[item.code] = value
        self.notes.pop(item.code, None)
        if note:
            self.notes[item.code] = note

    def mark(self, item: Item, marks: list[str]) -> None:
        """Set *marks*, words of ``FLAGS``, beside *item*."""
        if marks:
            self.notes.setdefault(item.code, {}).update(dict.fromkeys(marks, True))

    def add_photo(
        self, path: str, role: str, item: Item | None, origin: Literal["camera", "gallery"] = "camera"
    ) -> Photo | None:
        """
        Name a photo to be attached; one picture proves one thing, so the last purpose named for a file counts.

        Returns:
            What the file was named for before, where that is something else.
        """
        before = next((photo for photo in self.photos if photo.path == path), None)
        named = Photo(path, role, item.code if item else None, origin)
        self.photos = [*(photo for photo in self.photos if photo is not before), named]
        return before if before and (before.item, before.role) != (named.item, named.role) else None

    def unanswered(self) -> list[str]:
        """Return the fields, beside the items, that the check cannot do without and nobody answered yet."""
        needed = [name for name, field in fields_of(self.type).items() if field.required]
        missing = [name for name in needed if name not in _ANSWERED_ELSEWHERE and self.fields.get(name) is None]
        placed = self.fields.get("position") or self.fields.get("no_fix_reason")
        return missing if placed else [*missing, "position"]

    def body(self) -> Fields:
        """Return the fields to create the check with; photos and remarks go beside them."""
        made: Fields = {
            "inspector_id": self.by,
            "inspector_role": self.role,
            "observed_at": self.begun,
            "form_version": self.form.version,
            "items": self.items,
        }
        if self.notes:
            made["notes"] = self.notes
        return made | {name: value for name, value in self.fields.items() if value is not None}

    def assessed(self) -> Assessment | None:
        """Return what the answers come to, or None while some are missing."""
        if self.untouched or any(name != "position" for name in self.unanswered()):
            return None
        photos = [{"role": photo.role, "item": photo.item} for photo in self.photos]
        return assess_check(self.type, self.body() | {"photos": photos})

    def as_draft(self) -> dict[str, Any]:
        """Return the sheet as a draft is kept."""
        kept: dict[str, Any] = msgspec.to_builtins(self)
        return kept


def from_draft(data: dict[str, Any]) -> Sheet | None:
    """Return the sheet a draft holds, or None where it is none of this client's."""
    try:
        sheet = msgspec.convert(data, Sheet)
    except msgspec.ValidationError:
        return None
    return sheet if sheet.type in FORMS else None


def sheet_for(check_type: str, target: Record, person: Person, begun: str) -> Sheet:
    """Return an empty sheet for a check of *target*, with what the register knows copied into it."""
    sheet = _blank(check_type, str(target.get("name") or target.id), target.grid, person, begun)
    sheet.fields["target_id"] = target.id
    for name, source in TYPES[check_type].schema.reads.items():
        if target.get(source) is not None:
            sheet.fields[name] = target.get(source)
    return sheet


def sheet_for_stranger(check_type: str, name: str, place: str, grid: str, person: Person, begun: str) -> Sheet:
    """Return an empty sheet for a check of something that is not in the register yet 登记外对象."""
    sheet = _blank(check_type, name, grid, person, begun)
    sheet.fields["target_draft"] = {"name": name} | ({"place": place} if place else {})
    return sheet


def _blank(check_type: str, name: str, grid: str, person: Person, begun: str) -> Sheet:
    key = f"{DRAFT_PREFIX}{person.id}:{begun}"
    sheet = Sheet(key, check_type, person.id, role_in(person, grid), begun, grid, name, {"mode": "routine"})
    if FORMS[check_type].sampled:
        sheet.fields["sample_length_m"] = _USUAL_LENGTH_M
    return sheet


def role_in(person: Person, grid: str) -> str:
    """Return the role under which *person* checks something in *grid*."""
    roles = [held.role for held in person.roles if grid.startswith(held.area)] or [held.role for held in person.roles]
    return roles[0] if roles else "grid_worker"


def clean_value(item: Item) -> Any:
    """Return the value of *item* that says: looked at, nothing found."""
    return {"piles": 0, "m2": 0} if item.kind == "piles" else _CLEAN[item.kind]


def is_finding(item: Item, value: Any) -> bool:
    """Say whether *value* is something found under *item*."""
    return bool(value) and bool(item.size_of(value))


def marks_of(item: Item, form: Form) -> list[str]:
    """Return the marks that matter beside *item*, words of ``FLAGS``."""
    wanted: list[str] = ["fixed_at_once"] if form.photo_after_fix else []
    for opens in item.opens:
        wanted += opens.when.flags
        wanted += ["fixed_at_once"] if opens.when.unless_fixed else []
        wanted += ["not_started"] if opens.when.past_snow_limit else []
        wanted += [opens.major_flag] if opens.major_flag else []
    return list(dict.fromkeys(wanted))


def role_called(text: str) -> str:
    """
    Return the photo role called *text*: 全景, overview …

    Raises:
        NotUnderstood: There is none.
    """
    wanted = folded(text)
    for role, zh in PHOTO_ROLES.items():
        if wanted in (role, zh):
            return role
    listed = "、".join(f"{zh}（{role}）" for role, zh in PHOTO_ROLES.items())
    raise NotUnderstood(f"照片用途应为：{listed}。", f"A photo is one of: {', '.join(PHOTO_ROLES)}.")


def _value_of(type_name: str, item: Item, words: list[str]) -> tuple[Any, str]:
    """Return the value at the head of *words*, and the rest as one text."""
    field = members_of(type_name, "items")[item.code]
    if not words:
        if item.kind == "yes":
            return True, ""
        raise NotUnderstood(f"{item.code} 后面请写{_asked(item)}。", f"Write {item.code} and {_asked_en(item)}.")
    if item.kind != "piles":
        return value_from(field, words[0]), " ".join(words[1:])
    if folded(words[0]) in NONE:
        return None, " ".join(words[1:])
    members = field.schema.fields
    piles = value_from(members["piles"], words[0])
    if not piles:
        return clean_value(item), " ".join(words[1:])
    if len(words) < 2:
        raise NotUnderstood(f"{item.code} 后面请写{_asked(item)}。", f"Write {item.code} and {_asked_en(item)}.")
    return {"piles": piles, "m2": value_from(members["m2"], words[1])}, " ".join(words[2:])


def _asked(item: Item) -> str:
    kinds = {
        "count": f"数量（{item.unit}）",
        "m2": "面积（平方米）",
        "level": "无、轻或重",
        "piles": "堆数和面积（平方米）",
    }
    return kinds.get(item.kind, "是或否")


def _asked_en(item: Item) -> str:
    kinds = {"count": "a number", "m2": "square metres", "level": "none, light or heavy"}
    return kinds.get(item.kind, "the number of piles and their square metres")


def _mark_called(text: str, item: Item, form: Form) -> str:
    wanted = folded(text)
    known = marks_of(item, form)
    for mark in known:
        if wanted in (mark, FLAGS[mark][0]):
            return mark
    listed = "、".join(FLAGS[mark][0] for mark in known) or "无"
    raise NotUnderstood(f"{item.code} 可用的标记：{listed}。", f"Marks of {item.code}: {', '.join(known) or 'none'}.")


def _note_field(name: str, type_name: str, item: Item) -> Any:
    return members_of(type_name, "notes")[item.code].schema.fields[name]
