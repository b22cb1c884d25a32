"""
What the commands of the desk share 裁定台命令公用: who sits there, what is refused to him, how it is said.
"""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from schemas.problems import Refusal
from server.commands.common import pick_district, plain
from server.commands.desk_words import told_refusal
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk, desk_of, operators_desk
from server.usecases.manage_people import find_person

P = ParamSpec("P")
T = TypeVar("T")


def refusing(command: Callable[P, T]) -> Callable[P, T]:
    """Let every refusal inside say what is wrong with which option, or what to do next."""

    @wraps(command)
    def refused(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except Refusal as refusal:
            raise told_refusal(refusal) from refusal

    return refused


def reading(store: Store, district: str | None) -> UnitOfWork:
    """Return a unit of work that only reads, in the district meant."""
    return store.work(pick_district(store, district), writing=False)


def desk_for(work: UnitOfWork, who: str | None) -> Desk:
    """Return the desk of the person called *who*, or the operator's own, which sees all."""
    return desk_of(work, find_person(work, who)) if who else operators_desk(work)


def say(lines: Iterable[str]) -> None:
    """Print *lines*, without the signs that a terminal obeys."""
    for line in lines:
        click.echo(plain(line))


def say_or_json(told: Any, lines: Iterable[str], *, json_wanted: bool) -> None:
    """Print *told* as JSON, or *lines*, which say the same to people; these are asked for only then."""
    if json_wanted:
        click.echo(json.dumps(msgspec.to_builtins(told), ensure_ascii=False, indent=2))
    else:
        say(lines)
