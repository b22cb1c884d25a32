"""
Finding records on the tablet 查询: what may be asked, and the SQL it becomes.

Type together with grid, time, subject or status is answered from an index; any other field is looked at
in each record that those leave over. Times compare as text, as they do within one time zone.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sync_client.database import Database
from sync_client.local_store import COLUMNS, held_of
from sync_client.overlay import kind_of
from sync_client.values import Page

#: A value to equal, or one of ``Prefix``, ``Between``, ``OneOf``.
Condition = Any

_COLUMNS = ("id", "grid", "subject", "status", "time", "by", "version", "waiting", "follows")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Prefix:
    """Text that begins with *text*: ``{"grid": Prefix("210902005")}``."""

    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """From *low* to *high*, both included; None leaves an end open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of *values*."""

    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A statement over ``record`` and its values; ``order`` is the expression it sorts by."""

    where: str
    values: tuple[Any, ...]
    order: str
    backwards: bool


def ask(
    type_name: str,
    where: Mapping[str, Condition],
    order_by: str | None,
    after: str | None,
    *,
    void: bool,
    merged: bool,
) -> Question:
    """
    Return the question as SQL.

    Args:
        type_name: The record type.
        where: Column or field to condition; a dotted name reaches into an object.
        order_by: A column or field, ``-`` before it for falling order; None for the order of arrival.
        after: What the page before handed out.
        void, merged: Whether those are wanted too that were voided, or merged into another.

    Raises:
        ValueError: A name that no field can have, or an ``after`` that is none of ours.
    """
    parts, values = ["type = ?"], [type_name]
    if not void:
        parts.append("void = 0")
    if not merged:
        parts.append("json_extract(fields, '$.merged_into') IS NULL")
    for name, condition in where.items():
        sql, given = _condition(_expression(type_name, name), condition)
        parts.append(sql)
        values += given
    backwards = bool(order_by) and str(order_by).startswith("-")
    order = _expression(type_name, order_by.lstrip("-")) if order_by else "row"
    if after is not None:
        sql, given = _beyond(order, after, backwards=backwards)
        parts.append(sql)
        values += given
    return Question(" AND ".join(parts), tuple(values), order, backwards)


def find(db: Database, question: Question, limit: int) -> Page:
    """Return one page of at most *limit* records; see ``FieldClient.find``."""
    way = "DESC" if question.backwards else "ASC"
    sql = f"""SELECT {COLUMNS}, {question.order}, row FROM record WHERE {question.where}
        ORDER BY {question.order} {way}, row {way} LIMIT ?"""  # noqa: S608  # names checked, values bound
    rows = db.all(sql, (*question.values, limit + 1))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        tuple(held_of(row).shown() for row in rows),
        _bookmark(*rows[-1][-2:]) if more and rows else None,
    )


def _bookmark(value: Any, row: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([value, row])).decode()


def _expression(type_name: str, name: str) -> str:
    schema = kind_of(type_name).schema
    promoted = {schema.subject_field: "subject", schema.status_field: "status", schema.time_field: "time"}
    column = promoted.get(name) or (name if name in _COLUMNS else None)
    if column:
        return column
    if not _NAME.match(name):
        raise ValueError(name)
    path = "$" + "".join(f'."{part}"' for part in name.split("."))
    return f"json_extract(fields, '{path}')"


def _condition(expression: str, condition: Condition) -> tuple[str, list[Any]]:
    if condition is None:
        return f"{expression} IS NULL", []
    if isinstance(condition, Prefix):
        return f"{expression} >= ? AND {expression} < ?", [condition.text, condition.text + "\U0010ffff"]
    if isinstance(condition, Between):
        bounds = ((">=", condition.low), ("<=", condition.high))
        given = [(sign, bound) for sign, bound in bounds if bound is not None]
        sql = " AND ".join(f"{expression} {sign} ?" for sign, _ in given)
        return sql or f"{expression} IS NOT NULL", [bound for _, bound in given]
    if isinstance(condition, OneOf):
        places = ", ".join("?" * len(condition.values))
        return f"{expression} IN ({places})", list(condition.values)
    return f"{expression} = ?", [condition]


def _beyond(order: str, after: str, *, backwards: bool) -> tuple[str, list[Any]]:
    try:
        value, row = msgspec.json.decode(base64.urlsafe_b64decode(after), type=tuple[Any, int])
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(after) from error
    # Records without the value stand first, and last in falling order.
    if value is None:
        rest = f"{order} IS NULL AND row {'<' if backwards else '>'} ?"
        return (rest, [row]) if backwards else (f"({rest} OR {order} IS NOT NULL)", [row])
    if backwards:
        return f"(({order}, row) < (?, ?) OR {order} IS NULL)", [value, row]
    return f"({order}, row) > (?, ?)", [value, row]
