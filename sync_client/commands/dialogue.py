"""
The conversation of a check 检查对话: one line at a time, each kept as a draft before the next question.

``take`` reads one line the way it is typed; ``talk`` asks for lines until the check is saved or put off. So
what a person can type, a program can hand over with ``--answer``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from schemas.checks.forms import FLAGS, Item
from schemas.initials import folded
from schemas.parts import NO_FIX_REASONS
from schemas.wording import english, fields_of, label_of, words_of
from sync_client.check_sheet import Sheet, marks_of, role_called
from sync_client.client import FieldClient
from sync_client.commands.pictures import picture_at
from sync_client.commands.sheet_view import photo_texts, show_items, show_keys, show_sheet
from sync_client.commands.voice import WAIT, Voice
from sync_client.labels import NotUnderstood, allowed, value_from

#: Asked by themselves, or not by name.
_NOT_DETAILS = frozenset(
    {"inspector_id", "inspector_role", "target_id", "target_draft", "observed_at", "position", "no_fix_reason",
     "form_version", "items", "notes", "photos", "remark", "score_revision", "real_grid", "embargo_until"}
)  # fmt: skip
_AFTER_FINDINGS = ("notice_given", "operator_reaction")
_LATITUDE_AND_LONGITUDE = 2
#: How it is said that a photo was not taken just now.
_FROM_GALLERY = ("+相册", "+相册导入", "+gallery")


class Postponed(Exception):
    """The check was put off; its draft is kept."""


class Discarded(Exception):
    """The check was thrown away, draft and all."""


@dataclass(slots=True)
class Dialogue:
    """The conversation about one sheet."""

    voice: Voice
    client: FieldClient
    sheet: Sheet

    def keep(self) -> None:
        """Put every answer so far on the disk."""
        self.client.save_draft(self.sheet.key, self.sheet.as_draft())

    # -- one line --------------------------------------------------------------------------------

    def take(self, line: str) -> None:
        """
        Take in one line and keep it.

        Raises:
            NotUnderstood: It means nothing; the sheet is as it was.
        """
        head, _, rest = line.strip().partition(" ")
        item = self.sheet.item(head)
        ways: dict[str, Callable[[str], None]] = {
            "a": self._all_clean, "全部合格": self._all_clean,
            "p": self._photo, "照片": self._photo,
            "r": self._remark, "备注": self._remark,
            "d": self._detail, "其他": self._detail,
            "l": self._locate, "位置": self._locate,
        }  # fmt: skip
        way = ways.get(folded(head))
        if item is not None:
            self.sheet.answer(item, rest)
        elif way is not None:
            way(rest.strip())
        else:
            raise NotUnderstood(f"不明白“{line}”。输入 ? 看检查项。", f"'{line}' is not understood; ? shows the items.")
        self.keep()

    def _all_clean(self, rest: str) -> None:
        self.sheet.all_clean()

    def _remark(self, rest: str) -> None:
        field = fields_of(self.sheet.type)["remark"].inner.schema.fields["text"]
        self.sheet.remarks.append(str(allowed(field, rest)))

    def _detail(self, rest: str) -> None:
        name, sign, value = rest.partition("=")
        known = self._details()
        wanted = folded(name)
        called = next((n for n, field in known.items() if wanted in (folded(n), folded(label_of(field, n)))), None)
        if not sign or called is None:
            listed = "、".join(f"{name}（{label_of(field, name)}）" for name, field in known.items())
            raise NotUnderstood(f"请写 d 字段=值，字段有：{listed}。", "Write d field=value.")
        self.sheet.fields[called] = value_from(known[called], value)

    def _details(self) -> dict[str, Any]:
        return {
            name: field
            for name, field in fields_of(self.sheet.type).items()
            if name not in _NOT_DETAILS and field.metadata["rule"].verb == "set"
        }

    def _locate(self, text: str) -> None:
        parts = [part for part in text.replace("，", ",").replace(",", " ").split() if part]
        fields = fields_of(self.sheet.type)
        if len(parts) < _LATITUDE_AND_LONGITUDE:
            self.sheet.fields["no_fix_reason"] = value_from(fields["no_fix_reason"], text or "-")
            self.sheet.fields.pop("position", None)
            return
        members = fields["position"].schema.fields
        names = ("lat", "lon", "accuracy_m")
        point = {name: value_from(members[name], part) for name, part in zip(names, parts, strict=False)}
        self.sheet.fields["position"] = allowed(fields["position"], point | {"crs": "wgs84"})
        self.sheet.fields.pop("no_fix_reason", None)

    def _photo(self, rest: str) -> None:
        """Read ``[item] [role] [+gallery] file``; an item's is near, the check's the whole view."""
        item, role = None, None
        origin: Literal["camera", "gallery"] = "camera"
        while rest:
            head, _, tail = rest.partition(" ")
            if folded(head) in _FROM_GALLERY:
                origin = "gallery"
            elif item is None and (found := self.sheet.item(head)):
                item = found
            elif role is None and (called := _role(head)):
                role = called
            else:
                break
            rest = tail.strip()
        path = Path(rest.strip("'\"")).expanduser()
        if not rest:
            raise NotUnderstood("请写照片文件，如 p H1 近景 near.jpg。", "Name a file: p H1 near near.jpg.")
        place, purpose = str(picture_at(path).resolve()), role or ("near" if item else "overview")
        if before := self.sheet.add_photo(place, purpose, item, origin):
            was, here = photo_texts(self.voice, msgspec.to_builtins([before, self.sheet.photos[-1]]))
            self.voice.say(f"这张照片的用途已改：{was} → {here}", "this photo is for something else now", WAIT)

    # -- the conversation ------------------------------------------------------------------------

    def talk(self) -> None:
        """
        Ask until everything is answered and somebody says to save.

        Raises:
            Postponed, Discarded: Somebody said so.
        """
        self._ask_unanswered()
        if not self.sheet.items:
            show_items(self.voice, self.sheet)
        changed = True
        while True:
            if changed:
                show_sheet(self.voice, self.sheet)
                show_keys(self.voice, self.sheet)
            line = self._ask_line()
            if not line and self._is_complete():
                return
            changed = bool(line) and self._follow(line)

    def _ask_line(self) -> str:
        if len(self.sheet.untouched) == len(self.sheet.form.items):
            return self.voice.ask("全部合格输入 a，有问题直接写，如 H1 3", "a if all is clean, or what you found")
        return self.voice.ask("直接回车保存，或继续填写", "Enter saves; or go on")

    def _is_complete(self) -> bool:
        if self.sheet.untouched:
            self.voice.say(
                "没查的项不算合格；确实都好，请输入 a", "what nobody looked at has not passed: a if clean", WAIT
            )
            return False
        self._ask_unanswered()
        if self.sheet.findings:
            self._ask_named(name for name in _AFTER_FINDINGS if name in self._details() and not self._has(name))
        return True

    def _has(self, name: str) -> bool:
        return self.sheet.fields.get(name) is not None

    def _follow(self, line: str) -> bool:
        """Do what *line* says; return whether the sheet is worth showing anew."""
        plain = folded(line)
        if plain in ("q", "以后"):
            raise Postponed
        if plain in ("x", "放弃"):
            if self.voice.agrees("放弃这份检查？", "throw this check away?"):
                self.client.drop_draft(self.sheet.key)
                raise Discarded
            return False
        if plain in ("?", "help"):
            show_items(self.voice, self.sheet)
            return False
        walks = {
            "p": self._ask_photos, "照片": self._ask_photos,
            "d": self._ask_details, "其他": self._ask_details,
            "l": self._ask_position, "位置": self._ask_position,
        }  # fmt: skip
        if plain in walks:
            walks[plain]()
            return True
        return self._take_kindly(line)

    def _take_kindly(self, line: str) -> bool:
        """Take a line, or say why not; ask for the marks that matter beside a finding."""
        try:
            self.take(line)
        except NotUnderstood as error:
            self.voice.say(error.zh, error.en, WAIT)
            return False
        item = self.sheet.item(line.split()[0])
        if item in self.sheet.findings and "+" not in line:
            self._ask_marks(item)
        return True

    def _ask_marks(self, item: Item) -> None:
        marks = marks_of(item, self.sheet.form)
        if not marks:
            return
        self.voice.choices([self.voice.pick(*FLAGS[mark]) for mark in marks])
        typed = self.voice.ask(f"{item.code} 的情况（可多选，没有直接回车）", "which apply; Enter for none")
        numbers = [int(word) for word in typed.replace(",", " ").replace("，", " ").split() if word.isdigit()]
        self.sheet.mark(item, [marks[n - 1] for n in numbers if 1 <= n <= len(marks)])
        self.keep()

    # -- questions in a row ----------------------------------------------------------------------

    def _ask_unanswered(self) -> None:
        missing = self.sheet.unanswered()
        self._ask_named(name for name in missing if name != "position")
        if "position" in missing:
            self._ask_position()

    def _ask_named(self, names: Any) -> None:
        for name in names:
            self._ask_one(name)

    def _ask_one(self, name: str) -> None:
        field = self._details()[name]
        zh, en = label_of(field, name), english(name)
        if not field.required:
            zh, en = f"{zh}（可不填）", f"{en}, Enter for none"
        labels = getattr(field, "labels", {})
        while True:
            self.voice.choices([self.voice.pick(label, english(word)) for word, label in labels.items()])
            typed = self.voice.ask(zh, en)
            if not typed and not field.required:
                return
            if typed and self._take_kindly(f"d {name}={typed}"):
                return

    def _ask_position(self) -> None:
        usual = str(list(NO_FIX_REASONS).index("switched_off") + 1)
        typed = ""
        while not typed or not self._take_kindly(f"l {typed}"):
            self.voice.choices([self.voice.pick(zh, english(word)) for word, zh in NO_FIX_REASONS.items()])
            typed = self.voice.ask("位置：写 纬度,经度，没有就选原因", "lat,lon, or why there is none", usual)

    def _ask_photos(self) -> None:
        done = self.sheet.assessed()
        for photo in done.missing_photos if done else []:
            [text] = photo_texts(self.voice, [photo])
            path = self.voice.ask(f"{text}（文件，没有直接回车）", "file, Enter for none")
            if path:
                self._take_kindly(f"p {photo['item'] or ''} {photo['role']} {path}".replace("  ", " "))
        if done is None or not done.missing_photos:
            path = self.voice.ask("照片（可写：H1 近景 文件）", "a photo: H1 near file")
            if path:
                self._take_kindly(f"p {path}")

    def _ask_details(self) -> None:
        while True:
            known = self._details()
            names = list(known)
            rows = [
                [
                    str(n),
                    label_of(known[name], name),
                    english(name),
                    words_of(known[name], self.sheet.fields.get(name), self.voice.lang),
                ]
                for n, name in enumerate(names, 1)
            ]
            self.voice.table([("", ""), ("内容", ""), ("", ""), ("现填", "now")], rows)
            typed = self.voice.ask("改哪一项（序号，没有直接回车）", "number, Enter when done")
            if not typed.isdigit() or not 1 <= int(typed) <= len(names):
                return
            self._ask_one(names[int(typed) - 1])


def _role(text: str) -> str | None:
    try:
        return role_called(text)
    except NotUnderstood:
        return None
