"""
The forms as tables for people to read 检查表说明; ``docs/forms.md`` holds what ``tables`` returns.
"""

from collections.abc import Iterator

from schemas.cases import CLOCKS, PROBLEM_CLASSES, SEVERITIES, Limit
from schemas.checks import parking, shop, street
from schemas.checks.forms import FLAGS, AboveLimit, ByLevel, ByPile, Deduction, Each, Form, Item, Once, Opens, When
from schemas.parts import FUNCTIONAL_UNITS, PHOTO_ROLES

FORMS = (*street.FORMS, *shop.FORMS, *parking.FORMS)
_APPLIES = {
    "always": "",
    "green": "无绿化时不适用 not without greenery",
    "winter": "仅 11 月 1 日至 3 月 31 日或雪后 1 Nov to 31 Mar, or after snow",
    "dry": "降雪时跳过 skipped during snow",
}


def tables() -> str:
    """Return the three forms, the marks and the problem classes as Markdown."""
    parts = [line for form in FORMS for line in _form(form)]
    return "\n".join([*parts, *_flags(), *_classes()])


def _form(form: Form) -> Iterator[str]:
    yield f"## {form.zh} {form.en} (`{form.type}`, `{form.version}`)"
    yield ""
    yield from _table(
        ("code", "检查项 item", "单位 unit", "扣分 deduction", "上限 max", "照片 photos", "立案 opens a case when"),
        (_line(form, item) for item in form.items),
    )
    if form.sampled:
        yield "每 1000 平方米限值 Limits per 1000 m², by grade; 值不超过限值为合格 a value up to the limit passes:"
        yield ""
        yield from _table(
            ("code", "一级 1", "二级 2", "三级 3", "四级 4"),
            (
                (item.code, *(_tenths(limit) for limit in item.deduct.limits))
                for item in form.items
                if isinstance(item.deduct, AboveLimit)
            ),
        )
    yield "一票否决 Vetoes:"
    yield ""
    for veto in form.vetoes:
        effect = "不合格 the check fails" if veto.cap is None else f"得分不超过 {_tenths(veto.cap)} score at most"
        opens = f"；立案 opens {_class(veto.opens)}" if veto.opens else ""
        yield f"- `{veto.code}` {veto.zh} {veto.en}: {effect}{opens}"
    yield ""


def _line(form: Form, item: Item) -> tuple[str, ...]:
    name = f"{item.zh}<br>{item.en}" + (f"<br>*{_APPLIES[item.applies]}*" if item.applies != "always" else "")
    unit = {"count": item.unit, "m2": "m²", "level": "无/轻/重", "yes": "是/否", "piles": "堆 + m²"}[item.kind]
    shared = [other.code for other in form.items if other.cap and other.cap == item.cap and other is not item]
    most = _tenths(item.most) + (f" 与 with {', '.join(shared)}" if shared else "")
    opens = "<br>".join(_opening(opens, item) for opens in item.opens) or "–"
    return f"`{item.code}`", name, unit, _deduction(item.deduct), most, _photos(item), opens


def _deduction(deduct: Deduction) -> str:
    match deduct:
        case AboveLimit(points=points, step=step):
            cost, over = _tenths(points), _tenths(step)
            return f"超限每 {over}（不足按其计）扣 {cost} per started {over} above the limit"
        case Each(points=points, per=1):
            return f"每个 {_tenths(points)} each"
        case Each(points=points, per=per):
            return f"每 {per} 个（不足按其计）{_tenths(points)} per started {per}"
        case ByLevel(light=light, heavy=heavy):
            return f"轻 light {_tenths(light)}，重 heavy {_tenths(heavy)}"
        case ByPile(each=each, large=large):
            return f"<1 m² 每堆 each {_tenths(each)}；≥1 m² {_tenths(large)}"
        case Once(points=points):
            return f"有即扣 if any {_tenths(points)}"
    raise TypeError(f"no words for {deduct!r}")


def _photos(item: Item) -> str:
    roles = "、".join(PHOTO_ROLES[role] for role in item.photos.roles) + f" {', '.join(item.photos.roles)}"
    when = item.photos.when
    return f"{roles}: " + ("扣分时 if deducted" if when is None else _when(when, item))


def _opening(opens: Opens, item: Item) -> str:
    severity = opens.severity or PROBLEM_CLASSES[opens.problem_class].severity
    unit = FUNCTIONAL_UNITS.get(opens.unit, "按停车区类型 by kind of area")
    raised = []
    if opens.major_m2 is not None:
        raised.append(f"≥{opens.major_m2:g} m² 较重 major")
    if opens.major_flag is not None:
        raised.append(f"{FLAGS[opens.major_flag][0]} 较重 major")
    tail = f"（{SEVERITIES[severity]}{'；' if raised else ''}{'；'.join(raised)}；{unit}）"
    return f"{_when(opens.when, item)} → {_class(opens)}{tail}"


def _when(when: When, item: Item) -> str:
    if item.kind == "level" and when.least > 1:
        said = ["重 heavy"]
    elif when.times_limit:
        said = [f"> {when.times_limit} × 限值 limit"]
    else:
        said = [f"≥{when.least:g}" if when.least >= 1 else "有 any"]
    if when.flags:
        said.append(" 或 or ".join(f"{FLAGS[flag][0]} `{flag}`" for flag in when.flags))
    if when.unless_fixed:
        said.append("未当场整改 not `fixed_at_once`")
    if when.after_notice:
        said.append("已告知 after notice")
    if when.past_snow_limit:
        said.append("超过清雪时限 past the snow limit")
    return "，".join(said)


def _class(opens: Opens) -> str:
    return f"`{opens.problem_class}` {PROBLEM_CLASSES[opens.problem_class].zh}"


def _flags() -> Iterator[str]:
    yield "## 检查项说明 Marks beside an item (`notes`)"
    yield ""
    yield from _table(("mark", "按钮 button", "meaning"), ((f"`{flag}`", zh, en) for flag, (zh, en) in FLAGS.items()))


def _classes() -> Iterator[str]:
    yield "## 问题类别与时限 Problem classes and clocks"
    yield ""
    yield from _table(
        ("class", "类别", "默认 severity", "一级 1", "二级 2", "三级 3", "四级 4", "另有 also"),
        (
            (
                f"`{word}`",
                known.zh,
                f"{SEVERITIES[known.severity]} {known.severity}",
                *map(_limit, known.limits),
                "；".join(f"{name}: {_limit(limit)}" for name, limit in known.also.items()) or "–",
            )
            for word, known in PROBLEM_CLASSES.items()
        ),
    )


def _limit(limit: Limit) -> str:
    return f"{limit.amount:g} {CLOCKS[limit.clock]}"


def _tenths(tenths: int) -> str:
    return f"{tenths / 10:g}"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield "| " + " | ".join(row) + " |"
    yield ""
