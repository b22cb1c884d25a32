"""
Hold every rule to its word 规则检查: a rule that says ``order_free`` must be so, or is found out here.

What is promised: whatever is shown of a field, whatever stands beside it, and whether a person has to
decide, is the same whoever reached a network first, however the edits were put into pushes, and however
often one was heard. It is promised of edits as they were filed: a stamp that was corrected, or cut back
to its receipt, is what everybody goes by from then on.

Every field that makes the promise is put through trials (``server.core.proving.trials``) with the very code that
merges; and its rule, which is a function of a set, through trials of its own. Pure: dice are handed in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product

from schemas import rulebook, wire
from schemas.clock import Stamp
from schemas.records import Fields, RecordType
from schemas.rulebook import NotARule
from schemas.rules import DAY_MS, Candidate, Rule, Settled, Together, ValueRule
from server.core.proving import samples, trials
from server.core.proving.findings import LAWS, Finding, Told, finding, told_row, told_scene, told_set
from server.core.proving.samples import WHOLES, Sampler
from server.core.proving.trials import MORNING_MS, PEOPLE, TABLETS, Arrival, Dice, Field, Scene
from server.values import deep

#: So many trials for each rule of each type, spread over the fields that go by it.
ROUNDS = 60
_MOST_CANDIDATES = 5
#: Verbs without trials: nobody sends what is computed, and an act makes no promise.
_UNTRIED = ("", "act")


def lint(types: Mapping[str, RecordType], dice: Dice, rounds: int = ROUNDS) -> list[Finding]:
    """Return what is wrong with the rules of *types*; nothing, if all is well."""
    return [found for kind in types.values() for found in _lint_type(kind, dice, rounds)]


def _lint_type(kind: RecordType, dice: Dice, rounds: int) -> Iterator[Finding]:
    sampler = Sampler(kind)
    yield from _lint_bareness(sampler)
    yield from _lint_completion(sampler)
    yield from _lint_likeness(sampler)
    for names in _by_rule(kind):
        rule = kind.rules.of(names[0])
        yield from _lint_writing(kind, names, rule)
        unfit = _unfit(sampler, names, rule)
        if unfit is not None:
            yield unfit
        elif rule.order_free and rule.verb not in _UNTRIED:
            yield from _lint_promise([Field(sampler, name, rule) for name in names], dice, rounds)


def _by_rule(kind: RecordType) -> list[list[str]]:
    """Return the fields of *kind* that are settled by themselves, those of one rule together."""
    found: dict[str, list[str]] = {}
    for name, rule in kind.rules.fields.items():
        if name not in kind.rules.groups:
            found.setdefault(repr(rule), []).append(name)
    return list(found.values())


# -- what needs no trial ------------------------------------------------------------------------------


def _lint_bareness(sampler: Sampler) -> Iterator[Finding]:
    bare = [name for name in sampler.declared if name not in sampler.kind.rules.fields]
    if bare:
        told = Told("没有声明冲突规则", "does not say how a contest over it is settled")
        yield finding(sampler.kind, bare, "–", "no_rule", told)


def _lint_writing(kind: RecordType, names: Sequence[str], rule: Rule) -> Iterator[Finding]:
    try:
        again: Rule | None = rulebook.rule_of(rulebook.written_rule(rule), names[0])
    except NotARule:
        again = None
    if again != rule:
        told = Told("规则册里没有，日后不能照旧重放", "is not in the rulebook, so it could not be replayed later")
        yield finding(kind, names, rule.name, "not_written", told)


def _unfit(sampler: Sampler, names: Sequence[str], rule: Rule) -> Finding | None:
    for name in names:
        for member in rule.fields if isinstance(rule, Together) else (name,):
            why = rulebook.unfit(rule, sampler.declared[member])
            if why is not None:
                return finding(sampler.kind, [name], rule.name, "unfit", Told(*why))
    return None


def _lint_completion(sampler: Sampler) -> Iterator[Finding]:
    """What is computed must follow from the rest alone, or the order of edits would show in it."""
    kind = sampler.kind
    computed = [name for name in sampler.declared if kind.rules.of(name).name == "derived"]
    before = {name: samples.samples(sampler.declared[name])[0] for name in computed}
    for place in range(WHOLES):
        clean, stale = (_completed(kind, sampler.whole(place) | rest) for rest in ({}, before))
        again = _completed(kind, deep(clean))
        # What the server alone writes is left as it stood.
        wrong = [n for n in computed if again.get(n) != clean.get(n) or stale.get(n) not in (clean.get(n), before[n])]
        if wrong:
            told = Told("算出的值取决于先前算出的值", "what is computed depends on what was computed before")
            yield finding(kind, wrong, "derived", "derived", told)
            return


def _completed(kind: RecordType, fields: Fields) -> Fields:
    kind.complete(fields)
    return fields


def _lint_likeness(sampler: Sampler) -> Iterator[Finding]:
    """Two records are a likely pair whichever of them came first."""
    likeness = sampler.kind.schema.likeness
    if likeness is None:
        return
    records = [sampler.whole(place) for place in range(WHOLES)]
    distances = (None, 0.0, likeness.within_m, likeness.within_m + 1)
    for one, other, apart in product(records, records, distances):
        if likeness.alike(one, other, apart) != likeness.alike(other, one, apart):
            told = Told("是否疑似重复取决于谁先登记", "whether two are a pair depends on which came first")
            yield finding(sampler.kind, ["likeness"], "unique", "likeness", told)
            return


# -- trials of whole edits ----------------------------------------------------------------------------


def _lint_promise(fields: Sequence[Field], dice: Dice, rounds: int) -> Iterator[Finding]:
    turns = [fields[turn % len(fields)] for turn in range(max(rounds, len(fields)))]
    # A story of people and tablets is told rather than one of candidates.
    for broken in (_broken_in_arrival, _broken_in_set):
        for field in turns:
            story = broken(field, dice)
            if story is not None:
                yield _told_breach(field, fields, *story)
                return


def _told_breach(field: Field, fields: Sequence[Field], law: str, lines: Sequence[Told]) -> Finding:
    told = Told(f"声明与先后无关，但{LAWS[law][0]}", f"claims to be order-free, but {LAWS[law][1]}")
    names = [field.name, *(other.name for other in fields if other is not field)]
    return finding(field.kind, names, field.rule.name, law, told, lines)


Story = tuple[str, list[Told]]


def _broken_in_arrival(field: Field, dice: Dice) -> Story | None:
    scene = field.imagined(dice)
    plain = trials.one_by_one(scene)
    expected = trials.play(scene, plain)
    others = {
        "order": trials.shuffled(scene, dice),
        "twice": trials.repeated(plain, dice),
        "batch": trials.batched(scene, plain),
    }
    for law, other in others.items():
        if other != plain and trials.play(scene, other) != expected:
            scene, plain, other = _shrunk(scene, plain, other)
            results = [trials.play(scene, arrival) for arrival in (plain, other)]
            return law, told_scene(scene, (plain, other), results)
    return None


def _shrunk(scene: Scene, one: Arrival, other: Arrival) -> tuple[Scene, Arrival, Arrival]:
    """Return the smallest scene, found by leaving out edits, of which two arrivals still differ."""
    place = 0
    while place < len(scene.edits):
        less = scene.without(place), trials.dropping(one, place), trials.dropping(other, place)
        if trials.play(less[0], less[1]) != trials.play(less[0], less[2]):
            scene, one, other = less
            place = 0
        else:
            place += 1
    return scene, one, other


# -- trials of a rule alone ---------------------------------------------------------------------------

Row = Sequence[Candidate]
#: Two ways of settling one row that should come to the same: how each is told, and what it comes to.
Ways = list[tuple[Told, Settled]]


def _broken_in_set(field: Field, dice: Dice) -> Story | None:
    rule = field.rule
    if rule.verb != "set":
        return None
    row = _row(field, dice)
    for law, ways in _SET_LAWS.items():
        if _differing(ways(rule, row)) is not None:  # type: ignore[arg-type]  # written by set: a rule over values
            row = _smallest(row, partial(ways, rule))  # type: ignore[arg-type]
            return law, told_set(row, _differing(ways(rule, row)) or [])  # type: ignore[arg-type]
    return None


def _row(field: Field, dice: Dice) -> Row:
    stamps = {
        Stamp(MORNING_MS + dice.randrange(5) * DAY_MS // 2, dice.randrange(2), dice.choice(TABLETS))
        for _ in range(2 + dice.randrange(_MOST_CANDIDATES - 1))
    }
    return [_candidate(field, stamp, place, dice) for place, stamp in enumerate(sorted(stamps), 1)]


def _candidate(field: Field, stamp: Stamp, version: int, dice: Dice) -> Candidate:
    values, who = dice.choice(field.writings)["set"], dice.choice(PEOPLE)
    value = values if isinstance(field.rule, Together) else values[field.name]
    return Candidate(value, stamp, who.name, who.role.rank, version)


def _in_other_orders(rule: ValueRule, row: Row) -> Ways:
    orders = (row, row[::-1], [*row[1:], row[0]])
    return [(_by_order(order, row), rule.settle(order)) for order in orders]


def _named_twice(rule: ValueRule, row: Row) -> Ways:
    settled = rule.settle(row)
    kept = settled.kept
    return [
        (_by_order(row, row), settled),
        (_by_order([*row, *row], row), rule.settle([*row, *row])),
        (Told("再裁定留下的", "settling what was kept"), rule.settle(kept)),
        (Told("再裁定留下的两遍", "settling what was kept, twice"), rule.settle([*kept, *kept])),
    ]


def _some_first(rule: ValueRule, row: Row) -> Ways:
    ways = [(_by_order(row, row), rule.settle(row))]
    for cut in range(1, len(row)):
        first, rest = told_row(row[:cut], row), told_row(row[cut:], row)
        told = Told(f"先裁定 {first} 再加 {rest}", f"settling {first} first, then with {rest}")
        ways.append((told, rule.settle([*rule.settle(row[:cut]).kept, *row[cut:]])))
    return ways


def _by_order(order: Row, row: Row) -> Told:
    signs = told_row(order, row)
    return Told(f"裁定 {signs}", f"settling {signs}")


_SET_LAWS: Mapping[str, Callable[[ValueRule, Row], Ways]] = {
    "settle_order": _in_other_orders,
    "settle_twice": _named_twice,
    "settle_batch": _some_first,
}


def _differing(ways: Ways) -> Ways | None:
    """Return the first of *ways* and one that comes to something else, if there is one."""
    first = ways[0]
    return next(([first, other] for other in ways[1:] if _verdict(other[1]) != _verdict(first[1])), None)


def _verdict(settled: Settled) -> object:
    beside, aside = ({trials.told(c) for c in row} for row in (settled.standing or settled.kept, settled.aside))
    return wire.canonical(settled.winner.value), trials.told(settled.winner), beside, aside, settled.open


def _smallest(row: Row, ways: Callable[[Row], Ways]) -> Row:
    place = 0
    while place < len(row) and len(row) > 1:
        less = [*row[:place], *row[place + 1 :]]
        if _differing(ways(less)) is not None:
            row, place = less, 0
        else:
            place += 1
    return row
