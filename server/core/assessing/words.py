"""
A red and black list in words 榜单文字: for print, terminals and groups. Marks are words; nobody is named in person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from schemas.ranks import MARK_REASONS, RANK_KINDS, RANK_STATES
from schemas.records import Fields

UNITS = ("week_units", "week_communities")
_EN_KINDS = {
    "week_units": "streets, weekly",
    "week_communities": "communities, weekly",
    "month_shops": "shops, monthly",
    "week_segments": "street segments, weekly",
}
_EN_REASONS = {
    "rate_and_top": "closing rate reached, among the best",
    "rate": "closing rate too low",
    "last": "last, and below the line",
    "clean": "high scores, no problems",
    "fails": "failed repeatedly",
    "veto": "vetoed",
    "refused": "refused to cooperate",
}
_EN_MARKS = {"red": "RED LIST", "black": "BLACK LIST"}
_ZH_MARKS = {"red": "【红榜】", "black": "【黑榜】"}


def rate(part: int | None, whole: int | None) -> str | None:
    """Return a rate as it is printed, 90.0%, a half rounded up; None where there is nothing to divide by."""
    if not whole or whole < 0:
        return None
    tenths = int(Fraction(min(part or 0, whole) * 1_000, whole) + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}%"


def points(tenths: int | None) -> str:
    """Return a score as it is printed, 90.6; a dash where there is none."""
    return "—" if tenths is None else f"{tenths // 10}.{tenths % 10}"


def title(fields: Fields, group: str) -> tuple[str, str]:
    """Return what a list is called in two languages; *group* is what its district or street is called."""
    span = f"{fields['first_day']}至{fields['last_day']}"
    zh = f"{group}{RANK_KINDS[fields['kind']]}（{span}）"
    return zh, f"{group}: {_EN_KINDS[fields['kind']]}, {fields['first_day']} to {fields['last_day']}"


def in_chinese(fields: Fields, group: str, passed: Mapping[str, str]) -> list[str]:
    """
    Return a list line by line.

    Args:
        fields: The list's.
        group: What its district or street is called.
        passed: The shops that passed a check again, with the day; noted beside the frozen row.
    """
    lines = [title(fields, group)[0], f"{_head(fields)}；数据截至{fields['data_until'][:16].replace('T', ' ')}"]
    lines += _marked(fields, lambda row: _zh(fields["kind"], row, passed))
    lines += _grades(fields, "{}级路段", "平均")
    if fields.get("left_out"):
        lines.append(f"另有{fields['left_out']}行未列出")
    lines += [
        f"更正：{one.get('list_no') or one['first_day']}中{one['name']}得分"
        f"{points(one.get('was'))}，更正为{points(one.get('now'))}"
        for one in fields.get("corrections") or ()
    ]
    return lines


def in_english(fields: Fields, group: str, passed: Mapping[str, str]) -> list[str]:
    """Return a list line by line, as ``in_chinese``."""
    lines = [title(fields, group)[1], f"{fields['status']} {fields.get('list_no') or ''}".strip()]
    lines += _marked(fields, lambda row: _en(fields["kind"], row, passed))
    lines += _grades(fields, "grade {}", "mean")
    if fields.get("left_out"):
        lines.append(f"{fields['left_out']} more rows are not shown")
    lines += [
        f"Correction to {one.get('list_no') or one['first_day']}: {one['name']} "
        f"{points(one.get('was'))} -> {points(one.get('now'))}"
        for one in fields.get("corrections") or ()
    ]
    return lines


def _head(fields: Fields) -> str:
    told = RANK_STATES[fields["status"]]
    if fields["status"] == "open":
        told += f"，异议截止{fields['objections_until'][:16].replace('T', ' ')}"
    return f"{fields['list_no']} {told}" if fields.get("list_no") else told


def _marked(fields: Fields, told: Callable[[Fields], str]) -> Iterator[str]:
    """Yield the rows on the red list, then those on the black list, then the others, each in its order."""
    rows: Sequence[Fields] = fields.get("rows") or ()
    for mark in ("red", "black", None):
        yield from (told(row) for row in rows if row.get("mark") == mark)


def _zh(kind: str, row: Fields, passed: Mapping[str, str]) -> str:
    mark = _ZH_MARKS.get(row.get("mark") or "", "")
    rank = f"第{row['rank']}名 " if row.get("rank") else ""
    if kind in UNITS and not row.get("rank"):
        return f"{row['name']} 本期无应销号问题，不参加排名"
    parts = [
        f"{mark}{rank}{row['name']}",
        *([row["place"]] if row.get("place") else []),
        f"{points(row.get('score'))}分",
    ]
    parts += [f"{zh}{told}" for zh, _, told in _rates(kind, row)]
    parts += ["、".join(MARK_REASONS[one] for one in row.get("why") or ())] if row.get("why") else []
    if row["about"] in passed:
        parts.append(f"已整改（{passed[row['about']]}复查合格，撤下）")
    return " ".join(parts)


def _en(kind: str, row: Fields, passed: Mapping[str, str]) -> str:
    mark = f"[{_EN_MARKS[row['mark']]}] " if row.get("mark") else ""
    if kind in UNITS and not row.get("rank"):
        return f"{row['name']}: nothing was due, not ranked"
    rank = f"{row['rank']}. " if row.get("rank") else ""
    parts = [f"{mark}{rank}{row['name']}", *([row["place"]] if row.get("place") else []), points(row.get("score"))]
    parts += [f"{en} {told}" for _, en, told in _rates(kind, row)]
    parts += [", ".join(_EN_REASONS[one] for one in row.get("why") or ())] if row.get("why") else []
    if row["about"] in passed:
        parts.append(f"put right since ({passed[row['about']]}), withdrawn")
    return "; ".join(parts)


def _rates(kind: str, row: Fields) -> list[tuple[str, str, str]]:
    if kind not in UNITS:
        return []
    told = rates_of(row["figures"])
    return [(zh, en, told[name] or "") for name, (zh, en) in _RATES.items() if told[name] is not None]


_RATES = {
    "closing": ("整改率", "closing rate"),
    "on_time": ("按期", "in time"),
    "rework": ("返工", "rework"),
    "patrol": ("巡查", "patrols"),
    "replies": ("回复", "replies"),
}


def rates_of(figures: Fields) -> dict[str, str | None]:
    """Return the rates that follow from a row's *figures*, as they are printed."""
    base = (figures.get("due") or 0) - (figures.get("deferred") or 0)
    return {
        "closing": rate(figures.get("closed"), base),
        "on_time": rate(figures.get("on_time"), base),
        "rework": rate(figures.get("returns"), figures.get("submits")),
        "patrol": rate(figures.get("patrol_done"), figures.get("patrol_due")),
        "replies": rate(figures.get("answered"), figures.get("reports")),
    }


def _grades(fields: Fields, grade: str, word: str) -> Iterator[str]:
    """Yield the mean of each cleaning grade 等级组平均, over all checks in it."""
    if fields["kind"] != "week_segments":
        return
    rows: Sequence[Fields] = fields.get("rows") or ()
    for number in sorted({row["grade"] for row in rows}):
        figures = [row["figures"] for row in rows if row["grade"] == number]
        whole, checks = sum(one["points"] for one in figures), sum(one["checks"] for one in figures)
        yield f"{grade.format(number)}：{word} {points(int(Fraction(whole, checks) + Fraction(1, 2)))}（{checks}）"
