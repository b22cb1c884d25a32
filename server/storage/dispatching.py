"""
Which units a district lets lead which problems 派遣规则: every rule is kept, in the order in which they were written.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas import wire
from schemas.dispatching import Rule
from server.storage.ledger_tables import dispatch_rule as table


class Written(NamedTuple):
    """A rule, its place in the order, and who wrote it when and why."""

    n: int
    rule: Rule
    reason: str
    by: str
    at_ms: int


class DispatchStore:
    """The dispatch rules of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def all(self) -> list[Written]:
        """Return every rule, as they were written."""
        names = [*Rule._fields, "n", "reason", "by", "at_ms"]
        asked = select(*(table.c[name] for name in names)).where(table.c.district == self._district)
        return [
            Written(row.n, _rule(row), row.reason, row.by, row.at_ms)
            for row in self._connection.execute(asked.order_by(table.c.n))
        ]

    def write(self, rules: Sequence[Rule], reason: str, by: str, at_ms: int) -> list[Written]:
        """Add *rules*, and return them with the places they got."""
        # Whoever writes at the same moment takes the same number, and one of the two tries again.
        last = select(func.coalesce(func.max(table.c.n), 0)).where(table.c.district == self._district)
        first = self._connection.execute(last).scalar_one() + 1
        written = [Written(n, rule, reason, by, at_ms) for n, rule in enumerate(rules, first)]
        rows = [
            {"district": self._district, **one.rule._asdict(), "n": one.n, "reason": reason, "by": by, "at_ms": at_ms}
            | {"assist": wire.canonical(list(one.rule.assist)).decode()}
            for one in written
        ]
        if rows:
            self._connection.execute(insert(table), rows)
        return written


def _rule(row: object) -> Rule:
    said = {name: getattr(row, name) for name in Rule._fields}
    return Rule(**said | {"assist": tuple(wire.decode_json(said["assist"]))})
