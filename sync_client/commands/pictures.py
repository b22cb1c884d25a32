"""
Pictures that somebody names 照片文件: looked at before they are taken, so that nobody carries home the wrong file.
"""

from pathlib import Path
from typing import Any

from schemas.checks.scoring import FORMS
from schemas.parts import PHOTO_FLAGS, PositionSchema
from schemas.pictures import look
from schemas.problems import Refusal
from schemas.wording import english
from sync_client.attaching import Prepared
from sync_client.commands.sheet_view import photo_texts
from sync_client.commands.voice import GOOD, WAIT, Voice, size_of
from sync_client.initials import folded
from sync_client.labels import NotUnderstood, allowed, value_from
from sync_client.values import Record

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


def tell_attached(voice: Voice, ready: Prepared, now: Record) -> None:
    """Say that a photo is kept, how large it travels, what to look at twice, and what the form still misses."""
    voice.say("照片已存到本机", "the photo is saved on this tablet", GOOD)
    size = size_of(ready.original.size)
    if ready.copy:
        copy = size_of(ready.copy.size)
        voice.hint(f"原图 {size}，先传的副本 {copy}", f"original {size}, the copy that travels first {copy}")
    else:
        voice.hint(f"原图 {size}，直接上传", f"original {size}, small enough to travel as it is")
    photo = next(photo for photo in now["photos"] if photo["sha256"] == ready.original.sha256)
    flags = photo.get("flags") or []
    if flags:
        zh = "、".join(PHOTO_FLAGS.get(flag, flag) for flag in flags)
        voice.say(f"提示：{zh}", ", ".join(map(english, flags)), WAIT)
    missing = photo_texts(voice, now.get("missing_photos") or ())
    if missing:
        voice.say(f"还缺照片：{'；'.join(missing)}", "photos still missing", WAIT)


def item_called(record: Record, text: str) -> str:
    """
    Return the code of the item of *record*'s form that *text* names.

    Raises:
        NotUnderstood: The form has none such, or the record none at all.
    """
    form = FORMS.get((record.type, str(record.get("form_version"))))
    codes = [item.code for item in form.items] if form else []
    wanted = folded(text).upper()
    if wanted not in codes:
        listed = "、".join(codes)
        told = f"应为：{listed}" if codes else "这条记录没有检查项，请去掉 --item"
        raise NotUnderstood(f"没有检查项“{text}”，{told}。", f"There is no item '{text}' here.")
    return wanted
