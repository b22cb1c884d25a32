"""
Rows of a register into wanted records 登记导入: street segments, shops, parking areas.

A row with the office's number is that number's; one without is told by what stands on the door and
where, folded, so that a file loaded twice makes nothing twice.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import grid
from schemas.fields import say
from schemas.grid import Level
from schemas.ids import derived_id
from schemas.parts import CRS
from schemas.records import TYPES, Fields
from server.core.importing.cells import code, converter_of, number, word_of
from server.core.importing.tables import Column, Named, Wrong
from server.core.importing.wanted import Wanted

GRID = Column("grid", ("所属网格", "网格", "网格编码", "网格代码", "网格编号", "社区代码", "grid_code"), code)
_SEGMENT = Column("segment_code", ("所在路段编号", "路段编号", "所属路段编号", "路段代码"), code)
_POSITION = (
    Column("lat", ("纬度", "latitude"), number),
    Column("lon", ("经度", "longitude", "lng"), number),
    Column("crs", ("坐标系", "坐标系统"), word_of(CRS)),
)
#: Further headings, as offices and crawlers write them.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "shop.code": ("店铺id", "商户id", "shop_id", "商户编码", "编号"),
    "shop.name": ("商户名称", "店铺名", "店铺名称", "门店名称", "名称", "字号名称"),
    "shop.address": ("经营地址", "店铺地址", "详细地址"),
    "shop.category": ("商户类别", "类型", "行业"),
    "shop.uscc": ("信用代码",),
    "shop.operator_name": ("负责人", "法人", "经营者姓名"),
    "shop.operator_phone": ("电话", "手机", "手机号"),
    "street_segment.code": ("编号", "路段代码"),
    "street_segment.name": ("路段名称", "道路名称", "街路名称"),
    "street_segment.kind": ("类型", "道路类别"),
    "street_segment.road_grade": ("等级", "道路等级"),
    "street_segment.from_point": ("起", "起始点"),
    "street_segment.to_point": ("止", "终点"),
    "parking_area.code": ("编号", "停车区代码"),
    "parking_area.name": ("名称", "停车场名称"),
    "parking_area.motor_capacity": ("泊位数", "车位数"),
}
#: What tells a thing without a number from another; all must be filled.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "shop": ("name", "address"),
    "street_segment": ("name", "from_point", "to_point"),
    "parking_area": ("name", "grid"),
}
#: What is written where a new record says nothing: a shop whose trade nobody gave is one of the others.
_DEFAULTS: Mapping[str, Fields] = {"shop": {"category": "other"}}


@dataclass(slots=True)
class Plan:
    """What a file amounts to: the records it wants, its mistakes, and how many rows said the same again."""

    wanted: list[Wanted] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    duplicates: int = 0


def columns_of(type_name: str) -> list[Column]:
    """Return the columns that an import of *type_name* understands."""
    found = [GRID, *([_SEGMENT] if type_name != "street_segment" else [])]
    members = TYPES[type_name].schema().fields
    for name, member in members.items():
        convert = converter_of(member)
        if convert is not None and name not in ("segment_id", "predecessor_id"):
            convert = code if name in ("code", "uscc") else convert
            label = str(member.metadata.get("label", name))
            found.append(Column(name, (label, *_ALSO.get(f"{type_name}.{name}", ())), convert))
    return found + (list(_POSITION) if "position" in members else [])


def segments_named(rows: Iterable[Named]) -> set[str]:
    """Return the street segments, by number, that the rows refer to."""
    return {row.values["segment_code"] for row in rows if "segment_code" in row.values}


def plan(
    type_name: str,
    district: str,
    rows: Sequence[Named],
    defaults: Mapping[str, Any],
    segments: Mapping[str, str],
) -> Plan:
    """
    Return what *rows* want.

    Args:
        defaults: Values for what a row does not say: ``grid``, or any field of a new record.
        segments: The ids of the street segments that are there, by number.
    """
    made = Plan()
    seen: dict[str, Named] = {}
    for row in rows:
        wrong = list(row.wrong) or _check(type_name, district, row, defaults, segments)
        if wrong:
            made.wrong += wrong
            continue
        key = _key(type_name, row)
        before = seen.setdefault(key, row)
        if before is row:
            made.wanted.append(_wanted(type_name, district, row, defaults, segments))
        elif before.values == row.values:
            made.duplicates += 1
        else:
            made.wrong.append(_contradiction(type_name, row, before))
    return made


def _wanted(
    type_name: str,
    district: str,
    row: Named,
    defaults: Mapping[str, Any],
    segments: Mapping[str, str],
) -> Wanted:
    values = dict(row.values)
    place = values.pop("grid", None)
    segment = values.pop("segment_code", None)
    if segment is not None:
        values["segment_id"] = segments[segment]
    position = {name: values.pop(name) for name in ("lat", "lon", "crs") if name in values}
    if position:
        values["position"] = position
    unnumbered = _unnumbered_id(type_name, district, row)
    number_ = values.get("code")
    return Wanted(
        type=type_name,
        id=derived_id("import", type_name, district, "code", number_) if number_ else unnumbered or "",
        grid=place or defaults["grid"],
        fields=values,
        code=number_,
        also=unnumbered if number_ else None,
        defaults=dict(_DEFAULTS.get(type_name, {})) | {n: v for n, v in defaults.items() if n != "grid"},
        row=row.number,
        moved=place is not None,
    )


def _check(
    type_name: str,
    district: str,
    row: Named,
    defaults: Mapping[str, Any],
    segments: Mapping[str, str],
) -> list[Wrong]:
    found = _check_grid(district, row, row.values.get("grid", defaults.get("grid")))
    if "code" not in row.values and (missing := [n for n in _KEYS[type_name] if n not in row.values]):
        titles = "、".join(_title(type_name, name) for name in missing)
        zh = f"没有编号时须填：{titles}"
        found.append(
            _wrong(row, "code", _title(type_name, "code"), "key", zh, f"without a number needs: {', '.join(missing)}")
        )
    segment = row.values.get("segment_code")
    if segment is not None and segment not in segments:
        found.append(
            _wrong(row, "segment_code", _SEGMENT.title, "segment", "没有这个路段编号", "is no segment's number")
        )
    position = {"lat", "lon", "crs"} & row.values.keys()
    if position and len(position) < 3:
        found.append(
            _wrong(
                row, "lat", "纬度", "position", "纬度、经度、坐标系须同时填写", "lat, lon and crs are given together"
            )
        )
    return found


def _check_grid(district: str, row: Named, place: str | None) -> list[Wrong]:
    if place is None:
        return [_wrong(row, "grid", GRID.title, "required", "必填（或用 --grid 给出）", "is required (or give --grid)")]
    if not grid.is_code(place) or len(place) < Level.DISTRICT:
        return [_wrong(row, "grid", GRID.title, "form", "不是区划代码", "is no code")]
    if not grid.lies_in(place, district):
        return [_wrong(row, "grid", GRID.title, "outside", f"不在 {district} 内", f"is not in {district}")]
    return []


def _key(type_name: str, row: Named) -> str:
    number_ = row.values.get("code")
    return f"code {number_}" if number_ else "|".join(_folded(row.values[n]) for n in _KEYS[type_name])


def _unnumbered_id(type_name: str, district: str, row: Named) -> str | None:
    parts = [_folded(row.values[name]) for name in _KEYS[type_name] if name in row.values]
    if len(parts) < len(_KEYS[type_name]):
        return None
    return derived_id("import", type_name, district, *parts)


def _folded(text: str) -> str:
    """Return *text* as it is compared: narrow, lower case, letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def _contradiction(type_name: str, row: Named, before: Named) -> Wrong:
    """Say in which column the two rows differ first, and what the other one says there."""
    names = sorted(row.values.keys() | before.values.keys())
    name = next(n for n in names if row.values.get(n) != before.values.get(n))
    other = before.texts.get(name, "")[:60]
    zh = f"与第 {before.number} 行是同一对象，那里写的是“{other}”"
    return _wrong(
        row, name, _title(type_name, name), "twice", zh, f"row {before.number} is the same thing and says '{other}'"
    )


def _wrong(row: Named, name: str, title: str, code_: str, zh: str, en: str) -> Wrong:
    return Wrong(row.number, title, row.texts.get(name, "")[:60], say(code_, zh, en))


def _title(type_name: str, name: str) -> str:
    return next(column.title for column in columns_of(type_name) if column.name == name)
