"""
Rules written down and read back 规则册: what was declared beside the fields, as plain data.

A decision names the rules it was made under by their mark. Because the rules themselves are kept under
that mark, a record's history can be replayed years later with the rules of its day, and new rules can
be tried on old work before they go live.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from marshmallow import fields as kinds

from schemas import rules, workflow
from schemas.fields import Choice
from schemas.rules import Append, Authority, Extreme, Rule, RuleTable, Share, Together, Union, Unique, Workflow

Declared = dict[str, Any]

_MARK_DIGITS = 12
_ALONE = "unique"


class NotARule(ValueError):
    """
    What was written down is no rule known here.

    Args:
        where: The field, or what else it stands beside.
        zh, en: What is wrong.
    """

    def __init__(self, where: str, zh: str, en: str) -> None:
        self.where, self.zh, self.en = where, f"{where}：{zh}", f"{where}: {en}"
        super().__init__(self.en)


# -- written down -------------------------------------------------------------------------------------


def declared(table: RuleTable) -> Declared:
    """Return the rules of one record type as plain data, which ``table_of`` reads back."""
    written: Declared = {"fields": {name: written_rule(rule) for name, rule in sorted(table.fields.items())}}
    if table.unique is not None:
        written["unique"] = written_rule(table.unique)
    return written


def mark_of(table: RuleTable) -> str:
    """Return the mark of the rules: twelve hexadecimal digits that change when any of them does."""
    written = msgspec.json.encode(declared(table), order="deterministic")
    return hashlib.sha256(written).hexdigest()[:_MARK_DIGITS]


def written_rule(rule: Rule) -> Declared:
    """Return one rule as its word and whatever it was given."""
    given = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}  # type: ignore[arg-type]
    given.pop("name", None)
    inner = given.pop("inner", None)
    written: Declared = {"rule": rule.name, **{name: _plain(value) for name, value in given.items()}}
    return written | ({"inner": written_rule(inner)} if inner is not None else {})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# -- read back ----------------------------------------------------------------------------------------


def table_of(written: Any) -> RuleTable:
    """
    Return the rules that ``declared`` wrote down.

    Raises:
        NotARule: Something in it is none.
    """
    members = _object(_object(written, "rules").get("fields"), "fields")
    fields = {name: rule_of(rule, name) for name, rule in members.items()}
    groups = {member: name for name, rule in fields.items() if isinstance(rule, Together) for member in rule.fields}
    unique = rule_of(written["unique"], _ALONE) if written.get("unique") else None
    if unique is not None and not isinstance(unique, Unique):
        raise NotARule(_ALONE, "应为 unique 规则", "must be the rule unique")
    return RuleTable(fields=fields, groups=groups, unique=unique)


def rule_of(written: Any, where: str) -> Rule:
    """
    Return one rule; a bare word stands for the rule without anything given.

    Args:
        written: As ``written_rule`` wrote it, or as a person did.
        where: The field it stands beside, named in what is said of a mistake.

    Raises:
        NotARule: There is no such rule, or it is not given what it needs.
    """
    given: Declared = {"rule": written} if isinstance(written, str) else dict(_object(written, where))
    make = _MAKERS.get(str(given.pop("rule", "")))
    if make is None:
        raise NotARule(
            where, f"没有这种规则，可用：{'、'.join(_MAKERS)}", f"no such rule; there are: {', '.join(_MAKERS)}"
        )
    for name, value in given.items():
        fits = _GIVEN.get(name)
        if fits is None or not fits(value):
            raise NotARule(where, f"规则的参数“{name}”不对", f"the rule cannot be given this as '{name}'")
    if "inner" in given:
        given["inner"] = _inner(given["inner"], where)
    try:
        return make(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
    except TypeError as error:
        raise NotARule(where, "规则的参数多了或少了", "the rule is given too much or too little") from error


def _inner(written: Any, where: str) -> Rule:
    inner = rule_of(written, where)
    if inner.verb != "set" or isinstance(inner, Together):
        raise NotARule(where, f"“{inner.name}”不能用作内层规则", f"'{inner.name}' cannot be the inner rule")
    return inner


def _words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _number(value: Any) -> bool:
    return type(value) is int and value >= 0


#: Whatever a rule may be given, and whether a value from JSON will do.
_GIVEN: Mapping[str, Callable[[Any], bool]] = {
    "inner": lambda value: isinstance(value, (str, dict)),
    "window_ms": _number,
    "settler": _number,
    "greatest": lambda value: type(value) is bool,
    "ladder": lambda value: value == [] or (_words(value) and len(set(value)) == len(value)),
    "fields": _words,
    "key": lambda value: value is None or isinstance(value, str) or _words(value),
    "machine": lambda value: isinstance(value, str),
    "policy": lambda value: isinstance(value, str),
}


def _authority(inner: Any = rules.LATEST) -> Rule:
    return Authority(inner)


def _extreme(name: str) -> Callable[..., Rule]:
    def make(greatest: bool = name != "lowest", ladder: tuple[str, ...] = ()) -> Rule:
        return Extreme(name, greatest, ladder)

    return make


_MAKERS: Mapping[str, Callable[..., Rule]] = {
    "latest": rules.Latest,
    "first": rules.First,
    "highest": _extreme("highest"),
    "lowest": _extreme("lowest"),
    "escalate": _extreme("escalate"),
    "person": rules.Person,
    "authority": _authority,
    "together": Together,
    "union": Union,
    "append": Append,
    "share": Share,
    "workflow": Workflow,
    "derived": rules.Derived,
    _ALONE: Unique,
}


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise NotARule(where, "应为对象", "must be an object")
    return value


# -- does it suit the field ---------------------------------------------------------------------------


def unfit(rule: Rule, field: kinds.Field[Any]) -> tuple[str, str] | None:
    """Return why *rule* cannot settle what *field* holds, in Chinese and English, or None where it can."""
    return next((why for wrong, why in _objections(rule, field) if wrong), None)


def _objections(rule: Rule, field: kinds.Field[Any]) -> Iterator[tuple[bool, tuple[str, str]]]:
    match rule:
        case Authority() | Together():
            yield from _objections(rule.inner, field)
        case Extreme() if rule.ladder or rule.name == "escalate":
            words = set(field.labels) if isinstance(field, Choice) else None
            yield (
                words is None or not words <= set(rule.ladder),
                (
                    "只升不降的梯级须列出该字段的每一个选项",
                    "the ladder must name every choice of the field",
                ),
            )
        case Extreme() | Share():
            yield not isinstance(field, (kinds.Integer, kinds.Float)), ("只用于数字", "is for numbers only")
        case Union() | Append():
            yield not isinstance(field, kinds.List), ("只用于列表", "is for lists only")
            yield (
                isinstance(rule, Union) and not _has_key(rule, field),
                (
                    f"列表的元素没有 {getattr(rule, 'key', None)}",
                    f"the elements have no {getattr(rule, 'key', None)}",
                ),
            )
        case Workflow():
            yield rule.machine not in workflow.MACHINES, (f"没有流程 {rule.machine}", f"no workflow {rule.machine}")


def _has_key(rule: Union, field: kinds.Field[Any]) -> bool:
    inner = getattr(field, "inner", None)
    return rule.key is None or (isinstance(inner, kinds.Nested) and rule.key in inner.schema.fields)
