"""
Try other rules on what was really taken 试规则: what would have come out differently. Nothing is written.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas import rulebook, wire
from schemas.records import TYPES, RecordType
from schemas.rulebook import NotARule
from schemas.rules import Rule, RuleTable, Together
from server.core.proving.replay import BROKEN, RulesOf
from server.storage.store import Store
from server.usecases.mistakes import Mistake
from server.usecases.replay_history import Progress, Replaying, Unreadable, feeds_of, pages
from server.values import Record

#: By record type and field.
NewRules = Mapping[str, Mapping[str, Rule]]


class Change(NamedTuple):
    """
    One field that would show something else.

    ``now`` and ``then`` are JSON text, None for "not there"; ``by_now`` and ``by_then`` whose they are.
    """

    field: str
    now: str | None
    then: str | None
    by_now: str
    by_then: str


class Tried(NamedTuple):
    """
    What the new rules would have made of one record.

    Attributes:
        name: What people call it.
        changes: The fields that would differ.
        opens, ends: The fields over which a person would have to decide, or would not have to any more.
        decided_now, decided_then: How many decisions were made on the way, and would have been.
        why: Why it could not be replayed, if it could not.
    """

    record: str
    type: str
    name: str
    changes: tuple[Change, ...] = ()
    opens: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    decided_now: int = 0
    decided_then: int = 0
    why: str | None = None


def read_rules(written: Any, types: Mapping[str, RecordType] = TYPES) -> NewRules:
    """
    Return the rules that *written* names: by record type and field, a rule's word or the rule in full.

    Raises:
        Mistake: a type, field or rule is unknown, or the rule cannot settle that field.
    """
    if not isinstance(written, dict) or not written:
        raise Mistake(
            "规则文件应为 {记录类型: {字段: 规则}}", "The file must hold {record type: {field: rule}}, as JSON."
        )
    return {name: _read_type(name, fields, types) for name, fields in written.items()}


def _read_type(name: str, fields: Any, types: Mapping[str, RecordType]) -> dict[str, Rule]:
    kind = types.get(name)
    if kind is None:
        listed, listed_en = (between.join(sorted(types)) for between in ("、", ", "))
        raise Mistake(f"没有记录类型 {name}，现有：{listed}", f"There is no record type {name}; there are: {listed_en}")
    if not isinstance(fields, dict) or not fields:
        raise Mistake(
            f"{name} 应为 {{字段: 规则}}，至少一个字段", f"{name} must be {{field: rule}}, with a field at least."
        )
    return {field: _read_rule(kind, field, rule) for field, rule in fields.items()}


def _read_rule(kind: RecordType, field: str, written: Any) -> Rule:
    where = f"{kind.name}.{field}"
    now = kind.rules.fields.get(field)
    if now is None:
        raise Mistake(f"{where}：没有这个字段", f"{where}: there is no such field.")
    if field in kind.rules.groups:
        group = kind.rules.groups[field]
        raise Mistake(f"{where}：与 {group} 整组裁定", f"{where}: is settled together, as {group}.")
    if not isinstance(written, (str, dict)):
        raise Mistake(
            f'{where}：应为规则名（如 "latest"）或 {{"rule": 规则名, …}}',
            f'{where}: must be a rule\'s word, as "latest", or {{"rule": word, …}}.',
        )
    try:
        rule = rulebook.rule_of(written, where)
    except NotARule as error:
        raise Mistake(error.zh, f"{error.en}.") from error
    _check_fits(kind, field, where, now, rule)
    return rule


def _check_fits(kind: RecordType, field: str, where: str, now: Rule, rule: Rule) -> None:
    members = now.fields if isinstance(now, Together) else (field,)
    grouped = rule.fields if isinstance(rule, Together) else (field,)
    if rule.verb != now.verb or grouped != members:
        raise Mistake(
            f"{where}：规则 {rule.name} 与该字段的写法不合（现为 {now.name}）",
            f"{where}: the rule {rule.name} does not go with how the field is written (now {now.name}).",
        )
    declared = kind.schema().fields
    for member in members:
        why = rulebook.unfit(rule, declared[member])
        if why is not None:
            raise Mistake(f"{where}：{rule.name} {why[0]}", f"{where}: {rule.name} {why[1]}.")


def try_rules(
    store: Store,
    district: str,
    rules: NewRules,
    feed: str | None = None,
    progress: Progress = lambda _done: None,
) -> Iterator[Tried]:
    """
    Replay every record of the types that *rules* speak of, under the rules of its days and with *rules* in
    their place, and yield what differs.

    Args:
        progress: Told how many records were looked at, after each page.

    Raises:
        Mistake: there is no such feed.
    """
    with store.work(district, writing=False) as work:
        replaying, done = Replaying(work), 0
        for code in feeds_of(work, feed):
            for page in pages(work, code):
                wanted = [record_id for record_id, type_name in page.items() if type_name in rules]
                for record_id, record in replaying.stored(wanted).items():
                    if isinstance(record, Unreadable):
                        yield Tried(record_id, page[record_id], "", why=record.why)
                    else:
                        yield _try(replaying, record, rules[record.type])
                done += len(page)
                progress(done)


def _try(replaying: Replaying, record: Record, rules: Mapping[str, Rule]) -> Tried:
    name = str(record.fields.get("name") or record.fields.get("code") or "")
    try:
        now = replaying.replay(record)
        then = replaying.replay(record, _with(replaying.rules_of(record.type), rules))
    except BROKEN as error:
        return Tried(record.id, record.type, name, why=f"{type(error).__name__}: {error}")
    return Tried(
        record.id,
        record.type,
        name,
        tuple(_changes(now.record, then.record)),
        tuple(sorted(then.disputes - now.disputes)),
        tuple(sorted(now.disputes - then.disputes)),
        now.decided,
        then.decided,
    )


def _with(rules_of: RulesOf, rules: Mapping[str, Rule]) -> RulesOf:
    def changed(mark: str | None) -> RuleTable:
        table = rules_of(mark)
        return dataclasses.replace(table, fields={**table.fields, **rules})

    return changed


def _changes(now: Record, then: Record) -> Iterator[Change]:
    for name in sorted(now.fields.keys() | then.fields.keys()):
        one, other = (_value(record, name) for record in (now, then))
        if one != other:
            yield Change(name, one, other, _whose(now, name), _whose(then, name))


def _value(record: Record, name: str) -> str | None:
    return wire.canonical(record.fields[name]).decode() if name in record.fields else None


def _whose(record: Record, name: str) -> str:
    """Return who wrote what is shown of a field: whose candidate stands there, else whoever made the record."""
    for field, kept in record.marks.values.items():
        if name == field or name in field.split("+"):
            shown = [c for c in kept if _shows(c.value, record, name, field)]
            return shown[0].by if shown else record.by
    return record.origin.by


def _shows(value: Any, record: Record, name: str, field: str) -> bool:
    written = value if name == field or not isinstance(value, dict) else value.get(name)
    return bool(written == record.fields.get(name))
