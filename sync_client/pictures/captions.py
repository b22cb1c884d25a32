"""
What a watermark says 水印文字, in lines, the most important first. Words in, words out: nothing is drawn here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.checks.scoring import FORMS
from schemas.grid import Level
from schemas.parts import CRS, NO_FIX_REASONS, PHOTO_ORIGINS, PHOTO_ROLES
from schemas.wording import written
from sync_client.values import Record

Fields = dict[str, Any]
#: Levels named on a picture: who holds the district knows which it is.
_LEVELS = (Level.STREET, Level.COMMUNITY, Level.GRID)


class Known(NamedTuple):
    """
    What the tablet knows beside the record.

    Attributes:
        subject: What the record is about: a shop's name, a road's; empty where nothing is known.
        worker: Who attached the photo; empty where nobody knows.
        area: Returns the name of the area with a code, or None.
    """

    subject: str
    worker: str
    area: Callable[[str], str | None]


def caption(record: Record, photo: Fields, known: Known) -> list[str]:
    """
    Return the lines printed on *photo*, an element of *record*'s photos.

    What it shows and of whom, when (Beijing time), where by name, by whom, where by coordinates or why not, and
    whether it came from the gallery 相册导入.
    """
    shown = " ".join(part for part in (PHOTO_ROLES.get(photo["role"], photo["role"]), _item(record, photo)) if part)
    return [
        line
        for line in (
            shown,
            known.subject,
            _time(photo),
            _place(record.grid, known.area),
            f"记录人 {known.worker}" if known.worker else "",
            _position(record, photo),
            PHOTO_ORIGINS["gallery"] if photo.get("origin") == "gallery" else "",
        )
        if line
    ]


def _item(record: Record, photo: Fields) -> str:
    code = photo.get("item")
    form = FORMS.get((record.type, str(record.get("form_version"))))
    item = next((item for item in form.items if item.code == code), None) if form else None
    return f"{item.code} {item.zh}" if item else str(code or "")


def _time(photo: Fields) -> str:
    told = photo.get("taken_at")
    if not told:
        return "拍摄时间不详"
    minute = written(str(told))
    # Whole seconds are the same in every zone of whole minutes.
    seconds = str(told)[16:19]
    return minute + seconds if minute != told else minute


def _place(grid: str, area: Callable[[str], str | None]) -> str:
    named = [name for level in _LEVELS if len(grid) >= level and (name := area(grid[:level]))]
    return " ".join(named) or f"网格 {grid}"


def _position(record: Record, photo: Fields) -> str:
    where = photo.get("position")
    if not where:
        reason = record.get("no_fix_reason")
        return f"无定位：{NO_FIX_REASONS.get(str(reason), str(reason))}" if reason else "照片无定位"
    accuracy = where.get("accuracy_m")
    exact = f" ±{accuracy:.0f} 米" if accuracy is not None else ""
    system = "" if where["crs"] == "wgs84" else f" {CRS.get(where['crs'], where['crs'])}"
    mock = "（模拟定位）" if "mock_position" in (photo.get("flags") or ()) else ""
    return f"{where['lat']:.6f}, {where['lon']:.6f}{exact}{system}{mock}"
