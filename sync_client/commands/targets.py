"""
Choosing what to check 选择检查对象: look it up, pick it by its number, or describe what no register knows yet.
"""

from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from schemas.initials import folded
from schemas.wording import fields_of, title_of
from sync_client.check_sheet import FORMS, REGISTERS, Sheet, sheet_for, sheet_for_stranger
from sync_client.client import FieldClient
from sync_client.commands.voice import QUIET, WAIT, Voice
from sync_client.labels import NotUnderstood, allowed, value_from
from sync_client.names import Names, short, word
from sync_client.searching import search
from sync_client.values import Person, Record

_KINDS = {"street": "street_check", "shop": "shop_check", "parking": "parking_check"}
_STRANGER = "0"


def check_called(text: str) -> str:
    """
    Return the kind of check called *text*: street, shop, parking, or its Chinese name.

    Raises:
        NotUnderstood: There is none.
    """
    wanted = folded(text)
    for short_name, check_type in _KINDS.items():
        if wanted in (short_name, check_type, folded(title_of(check_type))):
            return check_type
    raise NotUnderstood(f"没有“{text}”这种检查，应为 street、shop 或 parking。", "It is street, shop or parking.")


@dataclass(frozen=True, slots=True)
class Chooser:
    """
    Asks what is to be checked.

    ``begun`` is the present moment, ISO 8601 with offset.
    """

    voice: Voice
    client: FieldClient
    person: Person
    begun: str

    def kind(self) -> str:
        """Ask for the kind of check."""
        kinds = list(FORMS)
        for number, check_type in enumerate(kinds, 1):
            self.voice.show(Text(f"  {number}  {self.voice.pick(FORMS[check_type].zh, FORMS[check_type].en)}"))
        while True:
            typed = self.voice.ask("查什么", "what to check")
            if typed.isdigit() and 1 <= int(typed) <= len(kinds):
                return kinds[int(typed) - 1]
            try:
                return check_called(typed)
            except NotUnderstood as error:
                self.voice.say(error.zh, error.en, WAIT)

    def named(self, check_type: str, text: str) -> Sheet:
        """
        Return a sheet for the one target *text* names, without asking.

        Raises:
            NotUnderstood: It names none, or several.
        """
        register = REGISTERS[check_type]
        if self.client.holds(text) and (target := self.client.read(text)).type == register:
            return self._sheet(check_type, target)
        found, count = search(self.client, register, text)
        if not found:
            # The number of one that was merged may still hang over the door.
            found, count = search(self.client, register, text, include_merged=True)
        if count == 1 or (found and folded(text) in (folded(str(found[0].get(n) or "")) for n in ("code", "door_no"))):
            return self._sheet(check_type, found[0])
        listed = "、".join(str(record.get("name")) for record in found)
        told = f"有 {count} 个：{listed}" if count else "一个也没有，请先同步"
        raise NotUnderstood(
            f"“{text}”不是唯一的{title_of(register)}，{told}。", f"'{text}' names {count}; be more exact."
        )

    def _sheet(self, check_type: str, target: Record) -> Sheet:
        """Return a sheet for *target*; of one that was merged, say where the office will move the check."""
        into = target.get("merged_into")
        if into:
            name = Names(self.client).of_id(str(into))
            zh = f"“{target.get('name')}”已并入“{name}”，检查会转到它名下"
            self.voice.say(zh, f"it was merged into {name}, and the check will go there", WAIT)
        return sheet_for(check_type, target, self.person, self.begun)

    def chosen(self, check_type: str, text: str = "") -> Sheet:
        """Ask until somebody has picked a target, beginning with *text* as what was typed."""
        register = REGISTERS[check_type]
        found: list[Record] = []
        while True:
            if not text:
                text = self.voice.ask(
                    f"查找{title_of(register)}（名称、编号、门牌或拼音首字母）", "name, code, door or initials"
                )
            if text.isdigit() and found and 1 <= int(text) <= len(found):
                return sheet_for(check_type, found[int(text) - 1], self.person, self.begun)
            if text == _STRANGER:
                return self._stranger(check_type)
            found = self._look_up(register, text) if text else found
            text = self._pick(found)

    def _look_up(self, register: str, text: str) -> list[Record]:
        found, count = search(self.client, register, text)
        if not found:
            self.voice.say(f"没有找到“{text}”", "nothing found", WAIT)
            if not search(self.client, register, "")[1]:
                zh = f"本机还没有{title_of(register)}资料，请先运行 gridward sync"
                self.voice.hint(zh, "there is no register on this tablet yet; run gridward sync")
            self.voice.hint("换个说法再找；输入 0 登记外对象", "try other words, or 0 for something not registered")
            return found
        rows: list[list[RenderableType]] = []
        for number, record in enumerate(found, 1):
            details = [
                word(record, name, self.voice.lang) for name in ("door_no", "code", "category", "kind", "road_grade")
            ]
            shown = "  ".join(detail for detail in details if detail != "—")
            rows.append([str(number), str(record.get("name")), shown, Text(short(record.id), QUIET)])
        self.voice.table([("", ""), (title_of(register), ""), ("", ""), ("", "")], rows)
        if count > len(found):
            self.voice.say(f"共 {count} 个，只列出 {len(found)} 个", f"{count} in all; be more exact to see others")
        return found

    def _pick(self, found: list[Record]) -> str:
        """Ask for a number of the list, or for other words to look for."""
        if not found:
            return ""
        only = "1" if len(found) == 1 else ""
        return self.voice.ask("选哪一个（序号；或重新查找；0 登记外）", "number, other words, or 0", only)

    def _stranger(self, check_type: str) -> Sheet:
        name_field = fields_of(check_type)["target_draft"].schema.fields
        name = self._until(name_field["name"], "名称", "its name")
        place = self.voice.ask("具体位置（可不填）", "where exactly, if it helps")
        areas = [held.area for held in self.person.roles]
        default = areas[0] if areas else ""
        grid = self.voice.ask("所在网格代码", "code of its grid", default)
        allowed(fields_of("shop")["territorial_unit"], grid)
        return sheet_for_stranger(check_type, name, place, grid, self.person, self.begun)

    def _until(self, field: object, zh: str, en: str) -> str:
        while True:
            try:
                return str(value_from(field, self.voice.ask(zh, en)))
            except NotUnderstood as error:
                self.voice.say(error.zh, error.en, WAIT)
