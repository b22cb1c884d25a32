"""
A check half filled in, as it stands on the screen 检查页面: the score so far, what was found, what is missing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.padding import Padding
from rich.text import Text

from schemas.activities import missing_photos
from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.checks.forms import FLAGS, Item
from schemas.checks.reading import Finding
from schemas.checks.scoring import RESULTS, Assessment
from schemas.parts import FUNCTIONAL_UNITS, PHOTO_ROLES
from schemas.wording import english, members_of, points, words_of
from sync_client.check_sheet import Sheet
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.values import Record

_RESULT_STYLES = {"excellent": GOOD, "good": GOOD, "pass": "", "fail": BAD}
_ANSWERS = {
    "m2": ("平方米", "m²"),
    "level": ("无、轻、重", "none, light, heavy"),
    "yes": ("是、否", "yes, no"),
    "piles": ("几堆 平方米", "piles, m²"),
}
_UNITS = {"m2": "平方米", "count": ""}
_ALL_CLEAN, _EXAMPLE = "a", "H1 3"
#: What may be typed, for the line above the question and for help.
_KEYS = (
    (_ALL_CLEAN, "其余全部合格", "all others clean"),
    (_EXAMPLE, "某项结果", "an item's finding"),
    ("p", "照片", "photos"),
    ("d", "其他内容", "details"),
    ("r 文字", "备注", "remark"),
    ("l", "位置", "location"),
    ("?", "检查项", "items"),
    ("q", "以后再填", "later"),
    ("x", "放弃", "discard"),
)


def show_sheet(voice: Voice, sheet: Sheet) -> None:
    """Show how far the check is: its target, what was found, the score and what follows from it."""
    title = Text.assemble((sheet.name, STRONG), "  ", (voice.pick(sheet.form.zh, sheet.form.en), QUIET))
    voice.show("", title)
    done = sheet.assessed()
    _show_findings(voice, sheet, done)
    if sheet.untouched and len(sheet.untouched) < len(sheet.form.items):
        codes = " ".join(item.code for item in sheet.untouched)
        voice.say(
            f"还有 {len(sheet.untouched)} 项未查：{codes}", f"{len(sheet.untouched)} items not looked at yet", WAIT
        )
    if done is not None:
        show_assessment(voice, done)
    for remark in sheet.remarks:
        voice.show(Text(f"  {voice.pick('备注', 'remark')}  {remark}"))


def _show_findings(voice: Voice, sheet: Sheet, done: Assessment | None) -> None:
    rows = [_row(voice, sheet, item, done) for item in sheet.form.items if _is_told(sheet, item)]
    if rows:
        voice.table([("项", "item"), ("内容", "what"), ("结果", "found"), ("扣分", "points"), ("说明", "note")], rows)


def _is_told(sheet: Sheet, item: Item) -> bool:
    return item in sheet.findings or (item.code in sheet.items and sheet.items[item.code] is None)


def _row(voice: Voice, sheet: Sheet, item: Item, done: Assessment | None) -> list[str]:
    lost = done.deductions.get(item.code) if done else None
    return [
        item.code,
        short_name(voice, item),
        value_text(voice, sheet.type, item, sheet.items[item.code]),
        f"-{points(lost)}" if lost else "",
        note_text(voice, sheet.notes.get(item.code, {})),
    ]


def short_name(voice: Voice, item: Item) -> str:
    """Return an item's name without what it lists: the form has been read by now."""
    return re.split(r"[（:(]", voice.pick(item.zh, item.en))[0].strip()


def note_text(voice: Voice, note: dict[str, Any]) -> str:
    """Return what was said beside an item: its marks, then its remark."""
    marks = [voice.pick(*FLAGS[mark]) for mark, value in note.items() if mark in FLAGS and value]
    return voice.pick("，", ", ").join([*marks, note["remark"]] if note.get("remark") else marks)


def value_text(voice: Voice, type_name: str, item: Item, value: Any) -> str:
    """Return what was found under *item*, with its measure word."""
    if value is None:
        return voice.pick("不适用", "n/a")
    if item.kind == "piles":
        return voice.pick(f"{value['piles']} 堆 {value['m2']:g} 平方米", f"{value['piles']} piles, {value['m2']:g} m²")
    words = words_of(members_of(type_name, "items")[item.code], value, voice.lang)
    return f"{words} {voice.pick(item.unit or _UNITS.get(item.kind, ''), '')}".strip()


def show_assessment(voice: Voice, done: Assessment) -> None:
    """Show the score and the result, the cases that will be opened, and the photos still missing."""
    if done.score is None or done.result is None:
        voice.say("没有适用的项，不计分", "nothing applied: no score")
    else:
        style = _RESULT_STYLES[done.result]
        result = voice.pick(RESULTS[done.result], done.result)
        head = voice.pick("得分", "score")
        voice.show(Text.assemble("  ", head, "  ", (points(done.score), STRONG), "  ", (result, style)))
    if done.cases:
        _line(voice, ("立案", "cases"), (case_text(voice, case) for case in done.cases), WAIT)
    if done.missing_photos:
        _line(voice, ("缺照片", "photos missing"), photo_texts(voice, done.missing_photos), WAIT)


def _line(voice: Voice, head: tuple[str, str], texts: Iterable[str], style: str) -> None:
    voice.show(Padding(Text.assemble((voice.pick(*head), style), "  ", "；".join(texts)), (0, 0, 0, 2)))


def case_text(voice: Voice, case: Finding) -> str:
    """Return a case to be opened: its class, how grave, whose business."""
    opens = case.opens
    unit = FUNCTIONAL_UNITS.get(opens.unit, "")
    zh = f"{PROBLEM_CLASSES[opens.problem_class].zh}（{SEVERITIES[case.severity]}{'，' + unit if unit else ''}）"
    return voice.pick(zh, f"{english(opens.problem_class)} ({case.severity})")


def lacking(record: Record) -> Sequence[Mapping[str, Any]]:
    """Return the photos that a check, or a cleaning day, still lacks: item or spot, and what each is for."""
    if record.type == "cleaning_day":
        return missing_photos(record.fields)
    return record.get("missing_photos") or ()


def photo_texts(voice: Voice, photos: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return photos, there or missing, each by its item and what it is for."""
    texts = []
    for photo in photos:
        role = str(photo["role"])
        texts.append(f"{photo.get('item') or ''} {voice.pick(PHOTO_ROLES.get(role, role), role)}".strip())
    return texts


def show_items(voice: Voice, sheet: Sheet) -> None:
    """Show every item of the form with the kind of answer it takes."""
    rows = []
    for item in sheet.form.items:
        answer = value_text(voice, sheet.type, item, sheet.items[item.code]) if item.code in sheet.items else ""
        rows.append([item.code, voice.pick(item.zh, item.en), _answer_to(voice, item), answer])
    voice.table([("项", "item"), ("内容", "what"), ("填法", "answer"), ("已填", "so far")], rows)
    voice.hint(
        "例：H1 3 ／ H1 3 +当场整改 油污 ／ H1 不适用 ／ 扣错了再写一遍即可",
        "e.g. H1 3, H1 3 +fixed_at_once oil, H1 -; write it again to correct it",
    )


def _answer_to(voice: Voice, item: Item) -> str:
    if item.kind == "count":
        return voice.pick(f"几{item.unit}", "how many")
    return voice.pick(*_ANSWERS[item.kind])


def show_keys(voice: Voice, sheet: Sheet) -> None:
    """Show what may be typed now."""
    example = f"{sheet.form.items[0].code} 3"
    keys = [
        Text.assemble((example if key == _EXAMPLE else key, STRONG), " ", (voice.pick(zh, en), QUIET))
        for key, zh, en in _KEYS
        if key != _ALL_CLEAN or sheet.untouched
    ]
    voice.show(Padding(Columns(keys, padding=(0, 3)), (0, 0, 0, 2)))
