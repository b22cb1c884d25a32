"""
Pictures that somebody names 照片文件: looked at before they are taken, so that nobody carries home the wrong file.
"""

from pathlib import Path
from typing import Any

from schemas.checks.scoring import FORMS
from schemas.initials import folded
from schemas.parts import PHOTO_FLAGS, PositionSchema
from schemas.pictures import look
from schemas.problems import Refusal
from schemas.wording import english, size_of, title_of
from sync_client.attaching import Prepared
from sync_client.commands.naming import when
from sync_client.commands.sheet_view import lacking, photo_texts
from sync_client.commands.voice import GOOD, WAIT, Voice
from sync_client.labels import NotUnderstood, allowed, value_from
from sync_client.names import Names, short
from sync_client.values import Attached, Record

_LEAST = 2


def file_at(path: Path) -> Path:
    """
    Return *path*, where a file lies.

    Raises:
        NotUnderstood: There is none.
    """
    if not path.is_file():
        raise NotUnderstood(f"没有这个文件：{path}。", f"There is no file {path}.")
    return path


def picture_at(path: Path) -> Path:
    """
    Return *path*, where a sound picture lies.

    Raises:
        NotUnderstood: There is no file, or it is no picture that can be taken.
    """
    try:
        with file_at(path).open("rb") as file:
            look(file)
    except Refusal as refusal:
        zh, en = refusal.message_zh.rstrip("。"), refusal.message_en.rstrip(".")
        raise NotUnderstood(
            f"{zh}：{path}。{refusal.kind.next_zh}", f"{en}: {path}. {refusal.kind.next_en}"
        ) from refusal
    except OSError as error:
        raise NotUnderstood(f"文件读不出来：{path}。", f"{path} cannot be read.") from error
    return path


def position_called(text: str) -> dict[str, Any]:
    """
    Return the position that *text* means: ``lat,lon`` or ``lat,lon,metres``, WGS-84.

    Raises:
        NotUnderstood: It means none.
    """
    members = PositionSchema().fields
    parts = [part for part in text.replace("，", ",").replace(",", " ").split() if part]
    names = ("lat", "lon", "accuracy_m")
    if not _LEAST <= len(parts) <= len(names):
        zh = "位置请写 纬度,经度 或 纬度,经度,精度（米），如 42.0189,121.6542,8。"
        raise NotUnderstood(zh, "A position is lat,lon or lat,lon,metres, as 42.0189,121.6542,8.")
    named = zip(names, parts, strict=False)
    return {name: allowed(members[name], value_from(members[name], part)) for name, part in named} | {"crs": "wgs84"}


def tell_attached(voice: Voice, names: Names, ready: Prepared, now: Attached) -> None:
    """Say that a photo is kept, how large it travels, what to look at twice, and what the form still misses."""
    voice.say("照片已存到本机", "the photo is saved on this tablet", GOOD)
    size = size_of(ready.original.size)
    if ready.copy:
        copy = size_of(ready.copy.size)
        voice.hint(f"原图 {size}，先传的副本 {copy}", f"original {size}, the copy that travels first {copy}")
    else:
        voice.hint(f"原图 {size}，直接上传", f"original {size}, small enough to travel as it is")
    tell_purpose(voice, now)
    flags = now.photo.get("flags") or []
    if flags:
        zh = "、".join(PHOTO_FLAGS.get(flag, flag) for flag in flags)
        voice.say(f"提示：{zh}", ", ".join(map(english, flags)), WAIT)
    tell_elsewhere(voice, names, now)
    missing = photo_texts(voice, lacking(now))
    if missing:
        voice.say(f"还缺照片：{'；'.join(missing)}", "photos still missing", WAIT)


def tell_purpose(voice: Voice, now: Attached) -> None:
    """Say that the record named the photo already, and what for: it is named once, for what was said last."""
    if now.before is None:
        return
    was, here = (photo_texts(voice, [photo])[0] for photo in (now.before, now.photo))
    if now.repurposed:
        voice.say(f"这张照片已在这条记录里，用途已改：{was} → {here}", "it was here already; now for this", WAIT)
    else:
        voice.say(f"这张照片已在这条记录里，用途不变：{here}", "it was here already, for the same", WAIT)


def tell_elsewhere(voice: Voice, names: Names, now: Attached) -> None:
    """Say which other records of this tablet name the photo."""
    for record_id in now.elsewhere:
        other = names.record(record_id)
        zh = f"提示：这张照片也用在{title_of(other.type)}“{names.of(other)}”（{when(other.at)}，{short(record_id)}）"
        voice.say(zh, f"it is used on this {english(other.type)} as well", WAIT)


def item_called(record: Record, text: str) -> str:
    """
    Return the code of the item of *record*'s form, or the spot of a cleaning day, that *text* names.

    Raises:
        NotUnderstood: The form has none such, or the record none at all.
    """
    form = FORMS.get((record.type, str(record.get("form_version"))))
    codes = [item.code for item in form.items] if form else []
    spots = {folded(spot): str(spot) for spot in record.get("spots") or ()}
    if folded(text) in spots:
        return spots[folded(text)]
    wanted = folded(text).upper()
    if wanted not in codes:
        codes = codes or list(spots.values())
        listed = "、".join(codes)
        told = f"应为：{listed}" if codes else "这条记录没有检查项，请去掉 --item"
        raise NotUnderstood(
            f"没有{'点位' if spots else '检查项'}“{text}”，{told}。", f"There is no item '{text}' here."
        )
    return wanted
