"""
Pictures that somebody names 照片文件: looked at before they are taken, so that nobody carries home the wrong file.
"""

from pathlib import Path

from schemas.checks.scoring import FORMS
from sync_client.initials import folded
from sync_client.labels import NotUnderstood
from sync_client.values import Record

#: How files begin that a camera or a telephone writes: JPEG, PNG; then what stands behind the first bytes.
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_LOOKED_AT = 12


def picture_at(path: Path) -> Path:
    """
    Return *path*, where a picture lies.

    Raises:
        NotUnderstood: There is no file, or it is none of JPEG, PNG, WebP and HEIF.
    """
    if not path.is_file():
        raise NotUnderstood(f"没有这个文件：{path}。", f"There is no file {path}.")
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    if not _is_picture(head):
        zh = f"不是照片，或已损坏：{path}。应为 JPEG、PNG、WebP 或 HEIC。"
        raise NotUnderstood(zh, f"{path} is no picture, or damaged: JPEG, PNG, WebP or HEIC.")
    return path


def _is_picture(head: bytes) -> bool:
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(_BEGINNINGS) or webp or (head[4:8] == b"ftyp" and head[8:12] in _HEIF)


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
