"""
What is wrong with a rule, told to a person 检查结果: who wrote what when, and how two arrivals differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from msgspec import Struct

from schemas import wire
from schemas.clock import Stamp
from schemas.records import RecordType
from schemas.rules import Candidate, Settled
from server.core.proving.trials import OFFICE, PEOPLE, Arrival, Edit, Scene, Shown

#: What a rule's promise consists of, in words for people; by the law's code.
LAWS: Mapping[str, tuple[str, str]] = {
    "order": ("结果随到达先后而变", "the result depends on the order of arrival"),
    "twice": ("同一修改收到两次，结果就变", "hearing an edit twice changes the result"),
    "batch": ("结果随分批上报而变", "the result depends on how the edits were put into pushes"),
    "settle_order": ("候选值换个次序，裁定就变", "naming the candidates in another order changes the verdict"),
    "settle_twice": ("候选值说两遍，裁定就变", "naming the candidates twice changes the verdict"),
    "settle_batch": ("先裁定一部分，结果就变", "settling some of the candidates first changes the verdict"),
}
_HERE = timezone(timedelta(hours=8))
_SIGNS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_MOST_SIGNS = 60
_VERBS = {
    "set": ("写 {name} = {value}", "sets {name} = {value}"),
    "add": ("加 {name} + {value}", "adds {name} + {value}"),
    "remove": ("减 {name} - {value}", "removes {name} - {value}"),
    "share": ("记 {name} 份额 {value}", "counts {name}: {value}"),
}
_RANKS = {person.name: person.role.zh for person in PEOPLE}


class Told(NamedTuple):
    """One sentence, or several lines, in two languages."""

    zh: str
    en: str


class Finding(Struct, frozen=True):
    """
    One thing that is wrong with a rule.

    Attributes:
        type, fields, rule: Where it stands: the record type, its fields that go by the rule, the rule's word.
        law: Which promise is broken, a key of ``LAWS``, or what else is wrong, as a code.
        zh, en: What is wrong, in one sentence.
        story_zh, story_en: The smallest counterexample found, line by line; nothing where none is needed.
    """

    type: str
    fields: tuple[str, ...]
    rule: str
    law: str
    zh: str
    en: str
    story_zh: tuple[str, ...] = ()
    story_en: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the finding as it is printed: one language after the other."""
        return [self.zh, *(f"  {line}" for line in self.story_zh), self.en, *(f"  {line}" for line in self.story_en)]


def finding(
    kind: RecordType, names: Sequence[str], rule: str, law: str, told: Told, story: Iterable[Told] = ()
) -> Finding:
    """Return a finding about the fields *names* of *kind*."""
    where, lines = f"{kind.name}.{names[0]}", list(story)
    more = len(names) - 1
    zh = f"{where}{f' 等 {more + 1} 个字段' if more else ''}，规则 {rule}：{told.zh}"
    en = f"{where}{f' and {more} more' if more else ''}, rule {rule}: {told.en}"
    return Finding(
        kind.name, tuple(names), rule, law, zh, en, tuple(line.zh for line in lines), tuple(line.en for line in lines)
    )


# -- trials -------------------------------------------------------------------------------------------


def told_scene(scene: Scene, arrivals: Sequence[Arrival], results: Sequence[Shown]) -> list[Told]:
    """Return the story of *scene*: what was written, and what two arrivals made of it."""
    lines = [_told_born(scene), *(_told_edit(scene, place) for place in range(len(scene.edits)))]
    for arrival, shown in zip(arrivals, _differences(scene, results), strict=True):
        zh = "、".join("+".join(_SIGNS[place] for place in push) for push in arrival)
        en = ", ".join("+".join(_SIGNS[place] for place in push) for push in arrival)
        lines.append(Told(f"到达 {zh} → {shown.zh}", f"arriving {en} → {shown.en}"))
    return lines


def _told_born(scene: Scene) -> Told:
    members = [name for name in _members(scene) if name in scene.born]
    if not members:
        return Told(f"{scene.maker} 建，无 {scene.name}", f"made on {scene.maker}, without {scene.name}")
    values = "，".join(f"{name} = {_json(scene.born[name])}" for name in members)
    return Told(f"{scene.maker} 建，{values}", f"made on {scene.maker}, {values}")


def _told_edit(scene: Scene, place: int) -> Told:
    edit = scene.edits[place]
    words = [(verb, name, value) for verb, values in edit.written.items() for name, value in values.items()]
    zh, en = (
        "，".join(_VERBS[verb][side].format(name=name, value=_json(value)) for verb, name, value in words)
        for side in (0, 1)
    )
    seen, clock = _told_seen(scene, edit), _told_clock(edit)
    who, at = f"{edit.device} {edit.who.name}（{edit.who.role.zh}）", _moment(edit.received.stamp)
    return Told(
        f"{_SIGNS[place]} {who} {at} {zh}{seen.zh}{clock.zh}", f"{_SIGNS[place]} {who} {at} {en}{seen.en}{clock.en}"
    )


def _told_seen(scene: Scene, edit: Edit) -> Told:
    if edit.seen < 0:
        return Told("，没看过别人的", ", had seen nobody else's")
    seen = "".join(_SIGNS[place] for place, other in enumerate(scene.edits) if other.stage <= edit.seen)
    return Told(f"，看过 {seen}", f", had seen {seen}") if seen else Told("，看过原样", ", had seen it as made")


def _told_clock(edit: Edit) -> Told:
    if edit.received.as_claimed:
        return Told("", "")
    claimed = _moment(edit.claimed)
    if edit.received.clamped:
        return Told(f"（自称 {claimed}，已截断）", f" (claimed {claimed}, cut back)")
    return Told(f"（自称 {claimed}，已改正）", f" (claimed {claimed}, corrected)")


def _differences(scene: Scene, results: Sequence[Shown]) -> list[Told]:
    """Return what each of *results* shows of the first thing in which they differ."""
    one, other = (wire.decode_json(shown.fields) for shown in results)
    differing = [name for name in {**one, **other} if one.get(name, _NOTHING) != other.get(name, _NOTHING)]
    for name in sorted(differing, key=lambda name: name not in _members(scene)):
        return [_told_value(name, fields.get(name, _NOTHING)) for fields in (one, other)]
    if results[0].standing != results[1].standing:
        return [_told_standing(scene, shown.standing.get(scene.name)) for shown in results]
    if results[0].disputes != results[1].disputes:
        return [_told_disputes(shown.disputes) for shown in results]
    return [Told(f"时间 {shown.at}", f"stamp {shown.at}") for shown in results]


_NOTHING = object()


def _told_value(name: str, value: Any) -> Told:
    if value is _NOTHING:
        return Told(f"没有 {name}", f"no {name}")
    return Told(f"{name} = {_json(value)}", f"{name} = {_json(value)}")


def _told_standing(scene: Scene, standing: Any) -> Told:
    if standing is None:
        return Told(f"{scene.name} 没有候选值", f"{scene.name} has no candidates")
    if not isinstance(standing, tuple):
        added = "，".join(f"{_short(key)} 由 {'、'.join(devices)}" for key, devices in standing)
        return Told(f"{scene.name} 中 {added}", f"in {scene.name}: {added}")
    winner, beside, is_open = standing
    others = "、".join(_told_candidate(*candidate[:3]) for candidate in beside if candidate != winner)
    zh = f"显示 {_told_candidate(*winner[:3])}，并存 {others or '无'}，{'待裁定' if is_open else '已定'}"
    en = f"shown {_told_candidate(*winner[:3])}, beside it {others or 'nothing'}, {'open' if is_open else 'settled'}"
    return Told(zh, en)


def _told_candidate(value: str, by: str, stamp: Stamp) -> str:
    return f"{_short(value)}（{by} {_moment(stamp)}）"


def _told_disputes(disputes: Iterable[tuple[str, str]]) -> Told:
    listed = "、".join(f"{name}/{kind}" for name, kind in sorted(disputes))
    return Told(f"待办 {listed or '无'}", f"waiting: {listed or 'nothing'}")


def _members(scene: Scene) -> list[str]:
    return scene.name.split("+") if scene.name in scene.kind.rules.groups.values() else [scene.name]


# -- sets of candidates -------------------------------------------------------------------------------


def told_set(row: Sequence[Candidate], verdicts: Sequence[tuple[Told, Settled]]) -> list[Told]:
    """Return the story of the candidates *row*, and of how each of *verdicts* came about and ended."""
    lines = []
    for place, one in enumerate(row):
        said = f"{_SIGNS[place]} {one.by}（{_RANKS.get(one.by, OFFICE)}）{_moment(one.stamp)} {_json(one.value)}"
        lines.append(Told(said, said))
    for how, settled in verdicts:
        ended = _told_settled(settled)
        lines.append(Told(f"{how.zh} → {ended.zh}", f"{how.en} → {ended.en}"))
    return lines


def told_row(row: Sequence[Candidate], of: Sequence[Candidate]) -> str:
    """Return the candidates *row* by their signs in *of*."""
    places = {id(candidate): sign for candidate, sign in zip(of, _SIGNS, strict=False)}
    return "".join(places.get(id(candidate), "?") for candidate in row)


def _told_settled(settled: Settled) -> Told:
    winner, beside = settled.winner, settled.standing or settled.kept
    others = "、".join(f"{_json(c.value)}（{c.by}）" for c in beside if c is not winner) or "–"
    zh = f"显示 {_json(winner.value)}（{winner.by}），并存 {others}，{'待裁定' if settled.open else '已定'}"
    en = f"shows {_json(winner.value)} ({winner.by}), beside it {others}, {'open' if settled.open else 'settled'}"
    return Told(zh, en)


def _json(value: Any) -> str:
    return _short(wire.canonical(value).decode())


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SIGNS else f"{text[: _MOST_SIGNS - 1]}…"


def _moment(stamp: Stamp) -> str:
    moment = datetime.fromtimestamp(stamp.ms / 1000, _HERE)
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (f"#{stamp.counter}" if stamp.counter else "")
