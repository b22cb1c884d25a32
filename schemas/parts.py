"""
The shapes several record types share: a place, a photo, a signed entry 公用部件.
"""

from typing import Any

from marshmallow import INCLUDE, Schema

from schemas.fields import Choice, Id, Instant, Many, Number, Part, Sha256, Text, Whole
from schemas.rules import LATEST, Rule, settled_by

#: A receiver gives WGS-84; a point read off a domestic map says so, and is never taken for one.
CRS = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02（火星坐标）", "bd09": "BD-09（百度坐标）"}
FIX_SOURCES = {"gnss": "卫星定位", "network": "网络定位", "map": "地图点选", "photo": "照片位置"}
NO_FIX_REASONS = {
    "no_signal": "无定位信号",
    "indoors": "室内或地下",
    "device_fault": "设备故障",
    "switched_off": "定位未开启",
    "other": "其他",
}
PHOTO_ROLES = {"overview": "全景", "far": "远景", "near": "近景", "before": "整改前", "after": "整改后"}
PHOTO_ORIGINS = {"camera": "当场拍摄", "gallery": "相册导入"}
#: What a reader should look at twice; never a verdict about whoever took it.
PHOTO_FLAGS = {
    "gallery": "相册导入",
    "mock_position": "模拟定位",
    "time_far": "拍摄时间与检查时间相差较大",
    "position_far": "拍摄位置离检查对象较远",
    "no_time": "照片没有拍摄时间",
    "edited": "经其他软件处理过",
}
#: Who answers for a matter 属事部门; a matter without a clear department is the street office's.
FUNCTIONAL_UNITS = {
    "dept_health": "卫健局（爱卫办）",
    "dept_housing": "住建局",
    "dept_market": "市场监管局",
    "dept_urban": "综合执法局（城管）",
    "dept_traffic": "交警大队",
    "street": "街道办事处",
}


def labelled(zh: str, rule: Rule = LATEST) -> dict[str, Any]:
    """Return the metadata of a record's field: its Chinese label, and how a contest over it is settled."""
    return settled_by(rule) | {"label": zh}


class PartSchema(Schema):
    """An object inside a record; members of a newer version are kept."""

    class Meta:
        unknown = INCLUDE


class PointSchema(PartSchema):
    """One corner of a line or an outline 坐标点, degrees."""

    lat = Number(-90, 90, required=True, metadata={"label": "纬度"})
    lon = Number(-180, 180, required=True, metadata={"label": "经度"})


class PositionSchema(PointSchema):
    """Where something was seen 位置: as measured, never converted."""

    crs = Choice(CRS, required=True, metadata={"label": "坐标系"})
    accuracy_m = Number(0, 100_000, allow_none=True, metadata={"label": "精度（米）"})
    fix_source = Choice(FIX_SOURCES, allow_none=True, metadata={"label": "定位方式"})


class LineSchema(PartSchema):
    """A line or an outline 线或范围: its corners, in one system of coordinates."""

    crs = Choice(CRS, required=True, metadata={"label": "坐标系"})
    points = Many(Part(PointSchema), 500, required=True, metadata={"label": "折点"})


class PhotoSchema(PartSchema):
    """
    A photo named by the SHA-256 of its original 照片; the evidence exists before its bytes arrive.

    ``copy`` is the SHA-256 of the smaller picture that travels first, where one was made.
    """

    sha256 = Sha256(required=True, metadata={"label": "文件指纹"})
    copy = Sha256(allow_none=True, metadata={"label": "副本指纹"})
    item = Text(1, 20, allow_none=True, metadata={"label": "检查项"})
    role = Choice(PHOTO_ROLES, required=True, metadata={"label": "用途"})
    taken_at = Instant(allow_none=True, metadata={"label": "拍摄时间"})
    origin = Choice(PHOTO_ORIGINS, allow_none=True, metadata={"label": "来源"})
    position = Part(PositionSchema, allow_none=True, metadata={"label": "拍摄位置"})
    flags = Many(Choice(PHOTO_FLAGS), len(PHOTO_FLAGS), metadata={"label": "提示"})


class EntrySchema(PartSchema):
    """One signed and dated remark 备注; a mutation brings its text, the stamp and the person are its own."""

    at = Many(Whole(0, 1 << 53), 2, metadata={"label": "时间"})
    by = Id(metadata={"label": "署名"})
    text = Text(1, 200, required=True, metadata={"label": "内容"})
