"""
Settle a dispute 裁定: what a clerk chose becomes one ordinary mutation, merged by the same rules as any other.

Pure: the dispute, the records it is over and what was asked are handed in. Who may choose what is
``server.core.desk.offering``'s question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from schemas.clock import Stamp
from schemas.explain import fault
from schemas.mutations import CHOICES, Act, Mutation, Op, Settles, SettlingChoice
from schemas.problems import Refusal
from schemas.records import TYPES, Fields, rule_of
from schemas.rules import Extreme, First, Together
from server.core.admission import PERMISSIONS, Scope
from server.core.between import pairs
from server.core.between.pairs import Pair
from server.core.decisions import DECIDED, DUPLICATE, NOTICE, PERSON, SUGGESTION
from server.values import Record

#: What may be chosen over each kind of dispute while it is open, in the order in which clerks are shown it.
POSSIBLE: Mapping[str, tuple[SettlingChoice, ...]] = {
    PERSON: ("choose", "hand", "both"),
    SUGGESTION: ("accept", "keep", "hand"),
    DUPLICATE: ("merge", "distinct"),
    NOTICE: ("seen",),
    DECIDED: ("choose", "keep", "hand", "both"),
}
_MERGED_INTO, _DISTINCT, _REMARK = "merged_into", "distinct_from", "remark"
_MOST_REMARK = 200


class Offered(NamedTuple):
    """One value to choose from, as ``decisions.told_candidate`` tells it; ``at`` is its stamp."""

    value: Any
    by: str
    at: tuple[int, int]
    rank: int
    version: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """
    One row of the office's list 争议, as settling sees it.

    Attributes:
        id, record, kind, type, open: As they are stored; see ``decisions`` for the kinds.
        field: What it is over; of a pair the smaller id.
        own: Whether the field's own rule left or settled it; else another record gave rise to it.
        candidates: All values to choose from, in the order of their versions: one that came later stands
            behind those a clerk has seen already.
        newest: The version of the latest of them.
    """

    id: str
    record: str
    field: str
    kind: str
    type: str
    open: bool
    own: bool
    candidates: tuple[Offered, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a clerk asks for.

    Attributes:
        choice: One of ``mutations.CHOICES``.
        candidate: Which of the dispute's candidates, from 0.
        value: In a tuple of one: the value written by hand, or the one expected at *candidate*.
        into: Of a pair, the record that stays.
        reason: Why, in his words.
        version: The version of the record he was looking at; None for the present one.
    """

    choice: SettlingChoice
    candidate: int | None = None
    value: tuple[Any] | None = None
    into: str | None = None
    reason: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """What a choice amounts to: what is written into which record; nothing where having seen it is all."""

    record: str
    set: Fields = field(default_factory=dict)
    add: dict[str, list[Any]] = field(default_factory=dict)
    act: Act | None = None

    @property
    def op(self) -> Op:
        """The operation of the mutation."""
        return "act" if self.act else "patch"


def dispute_of(row: Any, detail: Mapping[str, Any], record: Record | None, past: Iterable[Offered] = ()) -> Dispute:
    """
    Return the dispute stored as *row*, with everything there is to choose from.

    Args:
        row: Has ``id``, ``record``, ``kind``, ``type`` and ``open``.
        detail: The decision that stands in the row.
        record: The record it is over, as it stands.
        past: Values that once stood against each other; see ``past_candidates``.
    """
    told = _in_order(_offered(one) for one in (detail["kept"], *detail["others"]))
    name = detail["field"]
    own = detail["rule"] == rule_of(TYPES, row.type, name).name
    shown = [] if record is None or row.kind in (DUPLICATE, NOTICE) else [shown_of(record, name)]
    candidates = _joined_lists(told, past, shown)
    newest = max(one.version for one in told)
    return Dispute(row.id, row.record, name, row.kind, row.type, bool(row.open), own, candidates, newest)


def past_candidates(decisions: Iterable[Mapping[str, Any]], type_name: str, name: str) -> list[Offered]:
    """Return every value that *decisions*, as they were told, ever set against another over the field *name*."""
    rule = rule_of(TYPES, type_name, name).name
    over = [decision for decision in decisions if (decision["field"], decision["rule"]) == (name, rule)]
    return _in_order(_offered(told) for decision in over for told in (decision["kept"], *decision["others"]))


def shown_of(record: Record, name: str) -> Offered:
    """Return the value that is shown for the field *name*, whose it is, and since when."""
    members = _members(record.type, name)
    value: Any = {one: record.fields.get(one) for one in members} if members else record.fields.get(name)
    kept = [candidate for candidate in record.marks.values.get(name, ()) if candidate.value == value]
    if kept:
        last = max(kept, key=lambda candidate: candidate.stamp)
        return Offered(value, last.by, (last.stamp.ms, last.stamp.counter), last.rank, last.version)
    stamp, by, rank, _firm = record.origin
    return Offered(value, by, (stamp.ms, stamp.counter), rank, record.born)


# -- what a choice amounts to -----------------------------------------------------------------------


def written(dispute: Dispute, asked: Asked, records: Mapping[str, Record], words: Mapping[int, str]) -> Writing:
    """
    Return what has to be written for *asked*.

    Args:
        records: The record of the dispute, of a pair both, by id, as they stand.
        words: For ``both``: each candidate in words, signed and dated, by its place.

    Raises:
        Refusal: ``invalid_request`` for a choice that this dispute does not leave, or that lacks something;
            ``conflict_changed`` where what it speaks of is not what the clerk was looking at.
    """
    _check_choice(dispute, asked.choice)
    match asked.choice:
        case "merge":
            return _merged(_pair_at_hand(dispute, records), asked)
        case "distinct":
            return _told_apart(_pair_at_hand(dispute, records))
        case "seen" | "reopen":
            return Writing(dispute.record)
        case "hand":
            return Writing(dispute.record, _setting(dispute, _by_hand(asked)))
        case "choose" | "accept":
            return Writing(dispute.record, _setting(dispute, _picked(dispute, asked, records).value))
    shown = shown_of(records[dispute.record], dispute.field)
    if asked.version is not None and shown.version > asked.version:
        raise Refusal("conflict_changed")
    beside = _beside(dispute, shown, words) if asked.choice == "both" else {}
    return Writing(dispute.record, _setting(dispute, shown.value), beside)


def why_not_again(dispute: Dispute, records: Mapping[str, Record]) -> tuple[str, str] | None:
    """Return why *dispute* cannot be opened again 不能重新裁定, in Chinese and in English; None where it can."""
    pair = pair_in(dispute, records) if dispute.kind == DUPLICATE else None
    if any(one.void for one in pair or (records[dispute.record],)):
        return "记录已作废", "the record is void"
    if pair is not None and dispute.type == "case" and _gone(pair) is not None:
        return _JOINED_FOR_GOOD
    if dispute.kind == DECIDED and not (dispute.own and _may_be_chosen(dispute)):
        return "这一项由规则决定，没有可供选用的值", "the rule decides it, there is nothing to choose"
    return None


def pair_in(dispute: Dispute, records: Mapping[str, Record]) -> Pair | None:
    """Return the two records of a dispute over a pair, where both are at hand."""
    younger, older = records.get(dispute.record), records.get(dispute.field)
    return Pair(younger, older) if younger is not None and older is not None else None


def stays(pair: Pair) -> Record:
    """Return the one that stays where nobody says otherwise 保留: the case found first, the entry made first."""
    gone = _gone(pair)
    if gone is not None:
        return pair.older if gone is pair.younger else pair.younger
    return pairs.main_of(pair) if pair.younger.type == "case" else pair.older


def signed(writing: Writing, dispute: Dispute, asked: Asked, records: Mapping[str, Record], by: str, n: int,
           stamp: Stamp) -> Mutation:  # fmt: skip
    """
    Return the mutation by which the person *by* settles *dispute*.

    It is based on the version he was looking at; see ``Asked.version``.

    Args:
        n: The number under which it goes.
        stamp: When he settles it; greater than every stamp he saw.
    """
    record = records[writing.record]
    # Versions count along a feed: of a pair over two feeds the one says nothing about the other.
    known = asked.version is not None and record.feed == records[dispute.record].feed
    base = min(asked.version or 0, record.version) if known else record.version
    return Mutation(
        n=n, op=writing.op, type=record.type, id=record.id, grid=record.grid, at=(stamp.ms, stamp.counter), by=by,
        base=base, set=writing.set, add=writing.add, act=writing.act,
        settles=Settles(dispute.id, asked.choice, asked.reason or None),
        schema=TYPES[record.type].schema.schema_version,
    )  # fmt: skip


def says_the_same(one: Mutation, other: Mutation) -> bool:
    """Say whether two settlings by one person mean the same, whenever and on whatever version they were based."""
    return _meant(one) == _meant(other)


# -- pairs ------------------------------------------------------------------------------------------

_JOINED_FOR_GOOD = "并案后不能再拆分", "cases once joined are not taken apart"


def _merged(pair: Pair, asked: Asked) -> Writing:
    into = asked.into or stays(pair).id
    if into not in {one.id for one in pair}:
        _wrong("into", "应为这两条记录之一", "must be one of the two records")
    main, gone = (pair.older, pair.younger) if pair.older.id == into else (pair.younger, pair.older)
    if main.fields.get(_MERGED_INTO) == gone.id:
        _wrong("into", "它已并入另一条，请先拆开（distinct）", "has gone into the other one; take them apart first")
    if main.type == "case":
        return Writing(gone.id, act=Act("merge", reason=asked.reason or None, into=main.id))
    return Writing(gone.id, {_MERGED_INTO: main.id})


def _told_apart(pair: Pair) -> Writing:
    gone = _gone(pair)
    if gone is None:
        return Writing(pair.younger.id, add={_DISTINCT: [pair.older.id]})
    if gone.type == "case":
        _wrong("choice", *_JOINED_FOR_GOOD)
    other = pair.older if gone is pair.younger else pair.younger
    return Writing(gone.id, {_MERGED_INTO: None}, {_DISTINCT: [other.id]})


def _gone(pair: Pair) -> Record | None:
    """Return the one of the two that went into the other, if one did."""
    younger, older = pair
    if younger.fields.get(_MERGED_INTO) == older.id:
        return younger
    return older if older.fields.get(_MERGED_INTO) == younger.id else None


def _pair_at_hand(dispute: Dispute, records: Mapping[str, Record]) -> Pair:
    pair = pair_in(dispute, records)
    if pair is None:
        raise Refusal("conflict_unknown")
    return pair


# -- values -----------------------------------------------------------------------------------------


def _picked(dispute: Dispute, asked: Asked, records: Mapping[str, Record]) -> Offered:
    """Return the candidate that is meant: by its place, by its value, or because there is but one suggestion."""
    listed = dispute.candidates
    if asked.candidate is not None:
        if asked.candidate >= len(listed):
            _wrong("candidate", f"候选值编号应为 0 至 {len(listed) - 1}", f"must be 0 to {len(listed) - 1}")
        return _as_seen(dispute, asked, listed[asked.candidate])
    if asked.value is not None:
        named = [one for one in listed if one.value == asked.value[0]]
        return named[0] if named else _wrong("value", "不在候选值之中", "is none of the candidates")
    shown = shown_of(records[dispute.record], dispute.field).value
    others = [one for one in listed if one.value != shown]
    if asked.choice == "accept" and others and all(one.value == others[0].value for one in others):
        return _as_seen(dispute, asked, others[0])
    return _wrong("candidate", "请指明选用哪一个候选值", "say which of the candidates")


def _as_seen(dispute: Dispute, asked: Asked, picked: Offered) -> Offered:
    """Make sure that the candidate at a place is the one the clerk saw there: lists change while one looks."""
    expected = asked.value is None or asked.value[0] == picked.value
    # Versions of values that another record brought in count along that record's feed.
    unseen = dispute.own and asked.value is None and asked.version is not None and dispute.newest > asked.version
    if unseen or not expected:
        raise Refusal("conflict_changed")
    return picked


def _by_hand(asked: Asked) -> Any:
    return _wrong("value", "请填写内容", "is required") if asked.value is None else asked.value[0]


def _setting(dispute: Dispute, value: Any) -> Fields:
    """Return the fields to write, which may be several that are set as one."""
    members = _members(dispute.type, dispute.field)
    if not members:
        return {dispute.field: value}
    if not isinstance(value, dict) or set(value) != set(members):
        _wrong("value", f"应同时给出：{'、'.join(members)}", f"must give all of: {', '.join(members)}")
    return dict(value)


def _members(type_name: str, name: str) -> tuple[str, ...]:
    rule = rule_of(TYPES, type_name, name)
    return rule.fields if isinstance(rule, Together) else ()


def _beside(dispute: Dispute, shown: Offered, words: Mapping[int, str]) -> dict[str, list[Any]]:
    """Return the remarks that keep what is not shown."""
    texts = [words[place] for place, one in enumerate(dispute.candidates) if one.value != shown.value]
    cut = [text if len(text) <= _MOST_REMARK else text[: _MOST_REMARK - 1] + "…" for text in texts]
    return {_REMARK: cut} if cut else {}


def _may_be_chosen(dispute: Dispute) -> bool:
    """Say whether somebody else than its author may write the field, and the rule lets a choice stand."""
    rule: Any = rule_of(TYPES, dispute.type, dispute.field)
    while (inner := getattr(rule, "inner", None)) is not None:
        rule = inner
    writers = PERMISSIONS.get((dispute.type, "patch"), {})
    return rule.verb == "set" and not isinstance(rule, (First, Extreme)) and Scope.AREA in writers.values()


def _joined_lists(*lists: Iterable[Offered]) -> tuple[Offered, ...]:
    """Return the lists as one, a value of later ones only where it was not offered by anybody before."""
    found: list[Offered] = []
    for offers in lists:
        known = list(found)
        found += [one for one in offers if all(one.value != other.value for other in known)]
    return tuple(found)


def _in_order(offers: Iterable[Offered]) -> list[Offered]:
    return sorted(offers, key=lambda one: (one.version, one.at, one.by))


def _offered(told: Mapping[str, Any]) -> Offered:
    ms, counter = told["at"]
    return Offered(told["value"], told["by"], (ms, counter), told["rank"], told["version"])


def _meant(mutation: Mutation) -> tuple[Any, ...]:
    settles = mutation.settles
    named = (settles.conflict, settles.choice) if settles else None
    return (mutation.by, mutation.op, mutation.id, mutation.set, mutation.add, mutation.act, named)


def _check_choice(dispute: Dispute, choice: str) -> None:
    possible = POSSIBLE[dispute.kind]
    if choice not in (*possible, "reopen"):
        named = "、".join(f"{word}（{CHOICES[word]}）" for word in possible)
        _wrong("choice", f"这一项可以：{named}", f"for this one: {', '.join(possible)}")


def _wrong(path: str, zh: str, en: str) -> NoReturn:
    raise Refusal("invalid_request", fault("choice", zh, en, path))
