"""
Rows of administrative divisions into areas 区划导入: the city, the district and everything below it.

A place is its code and never its name: seven villages may share one name. Codes come as the bureau
of statistics writes them, 12 digits filled up with zeros, or as short as their level.
"""

from collections.abc import Iterable, Mapping, Sequence

from schemas import grid
from schemas.directory import area_id
from schemas.fields import say
from schemas.grid import Level
from server.core.importing.cells import BadCell, code, fold, plain
from server.core.importing.registers import Plan
from server.core.importing.tables import Column, Named, Wrong
from server.core.importing.wanted import Wanted

#: Levels as the bureau numbers them; 1 is the province, 6 the grid, which is made locally.
_NUMBERED = {2: Level.CITY, 3: Level.DISTRICT, 4: Level.STREET, 5: Level.COMMUNITY, 6: Level.GRID}
_PROVINCE_DIGITS = 2
_WORDS: Mapping[str, Level] = {
    **{str(n): level for n, level in _NUMBERED.items()},
    **{level.name.lower(): level for level in Level},
    "市": Level.CITY, "地级市": Level.CITY, "区": Level.DISTRICT, "县": Level.DISTRICT, "区县": Level.DISTRICT,
    "街道": Level.STREET, "乡": Level.STREET, "镇": Level.STREET, "乡镇": Level.STREET,
    "社区": Level.COMMUNITY, "村": Level.COMMUNITY, "网格": Level.GRID,
}  # fmt: skip


def short_code(text: str) -> str:
    """
    Return a code without the zeros it was filled up with: 210902003000 is the street 210902003.

    Raises:
        BadCell: it is no code of any length, or a spreadsheet spoilt it.
    """
    digits = code(text)
    if len(digits) == Level.COMMUNITY:
        digits = digits.removesuffix("000").removesuffix("000") if digits.endswith("000") else digits
    if len(digits) == Level.DISTRICT and digits.endswith("00"):
        digits = digits.removesuffix("00")
    if len(digits) == Level.CITY and digits.endswith("00"):
        digits = digits.removesuffix("00")
    province = len(digits) == _PROVINCE_DIGITS and digits.isascii() and digits.isdigit()
    if not province and not grid.is_code(digits):
        raise BadCell("form", "不是 4、6、9、12 或 15 位的区划代码", "is no code of 4, 6, 9, 12 or 15 digits")
    return digits


def level_word(text: str) -> Level | None:
    """Return the level a cell names, as a number or a word; None for the province."""
    folded = fold(text).lower().removesuffix(".0")
    if folded in ("1", "省", "province"):
        return None
    if folded not in _WORDS:
        raise BadCell("choice", "应为 1 至 6，或省、市、区、街道、社区、网格", "must be 1 to 6, or the level's name")
    return _WORDS[folded]


COLUMNS = (
    Column("code", ("代码", "区划代码", "编码", "行政区划代码", "统计用区划代码", "网格编码"), short_code, True),
    Column("name", ("名称", "区划名称", "网格名称"), plain, True),
    Column("level", ("级别", "层级", "等级"), level_word),
    Column("parent", ("上级代码", "上级", "父级代码", "parent_code"), short_code),
)


def plan(district: str, rows: Sequence[Named], there: Iterable[str]) -> tuple[Plan, int]:
    """
    Return the areas that *rows* want in *district*, and how many rows are about other places.

    Args:
        there: The codes of the areas that were brought in before.
    """
    made, elsewhere = Plan(), 0
    named = {row.values["code"]: row for row in reversed(rows) if "code" in row.values}
    known = set(there)
    # From the top down, so that what hangs on a refused place is refused too.
    for row in sorted(rows, key=lambda row: (len(row.values.get("code", "")), row.number)):
        place = row.values.get("code", "")
        if place and not _concerns(place, district):
            elsewhere += 1
        elif wrong := row.wrong or _check(row, known):
            made.wrong += wrong
        elif named[place] is not row:
            _count_again(made, row, named[place])
        else:
            known.add(place)
            made.wanted.append(_wanted(row, district))
    return made, elsewhere


def _concerns(place: str, district: str) -> bool:
    return grid.lies_in(place, district) or place == district[: Level.CITY]


def _wanted(row: Named, district: str) -> Wanted:
    place, name = row.values["code"], row.values["name"]
    level = grid.level_of(place)
    said = {"code": place, "name": name, "level": level.name.lower(), "parent": grid.parent_of(place)}
    lies_at = place if level >= Level.DISTRICT else district
    return Wanted("area", area_id(place), lies_at, said, row=row.number)


def _check(row: Named, known: set[str]) -> list[Wrong]:
    if "code" not in row.values:
        return [_wrong(row, "code", "required", "必填", "is required")]
    place, above = row.values["code"], grid.parent_of(row.values["code"])
    found: list[Wrong] = []
    if grid.is_sealed(place):
        found.append(_wrong(row, "code", "sealed", "街道码 999 留作暗访封存", "999 is kept for covert findings"))
    if "name" not in row.values:
        found.append(_wrong(row, "name", "required", "必填", "is required"))
    if "level" in row.values and row.values["level"] is not grid.level_of(place):
        zh = f"与代码不符：{len(place)} 位是{grid.level_of(place).zh}"
        found.append(
            _wrong(
                row,
                "level",
                "level",
                zh,
                f"does not fit: {len(place)} digits are a {grid.level_of(place).name.lower()}",
            )
        )
    # A city's code is above the district's; the province is not kept.
    if above is not None and row.values.get("parent", above) != above:
        found.append(
            _wrong(row, "parent", "parent", f"与代码不符，应为 {above}", f"does not fit the code; {above} would")
        )
    if above is not None and len(above) >= Level.DISTRICT and above not in known:
        found.append(
            _wrong(row, "code", "orphan", f"上级 {above} 不存在或有误", f"{above} above it is missing or wrong")
        )
    return found


def _count_again(made: Plan, row: Named, first: Named) -> None:
    if first.values == row.values:
        made.duplicates += 1
    else:
        zh = f"与第 {first.number} 行代码相同，但内容不同"
        made.wrong.append(_wrong(row, "code", "twice", zh, f"has the code of row {first.number}, told differently"))


def _wrong(row: Named, name: str, code_: str, zh: str, en: str) -> Wrong:
    title = next(column.title for column in COLUMNS if column.name == name)
    return Wrong(row.number, title, row.texts.get(name, "")[:60], say(code_, zh, en))
