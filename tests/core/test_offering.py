"""Who is offered which choice over what: the table of the office, played through."""

from typing import Any

import pytest

from schemas.clock import Stamp
from schemas.roles import Role
from schemas.rules import Candidate
from server.core.admission import SETTLING
from server.core.decisions import DECIDED, KINDS, NOTICE, PERSON, SUGGESTION
from server.core.desk.offering import offered
from server.core.desk.settling import (
    Dispute,
)
from tests.core.desk import DISTRICT, GRID_7, MORNING, QIAN, STREET, WANG, always, person
from tests.core.disputes import ELSEWHERE, NOW, OLDER, dispute, pair, record, told, two

HERE = {OLDER: record()}

COLUMNS = {
    "GW": (Role.GRID_WORKER, GRID_7),
    "GL": (Role.GRID_LEADER, GRID_7),
    "CM": (Role.COMMUNITY, GRID_7[:12]),
    "ST": (Role.STREET, STREET),
    "DO": (Role.DISTRICT_OFFICE, DISTRICT),
    "DP": (Role.DEPARTMENT, DISTRICT),
    "IN": (Role.INSPECTOR, DISTRICT),
    "LG": (Role.LEADING_GROUP, DISTRICT),
    "OP": (Role.OPS, DISTRICT),
    "PB": (Role.PUBLIC, DISTRICT),
}
#: +: offered; –: not. Everything lies in the grid of all of them; a street made the shop and wrote its name.
MATRIX = """
                                   GW GL CM ST DO DP IN LG OP PB
choose a shop's name               –  –  +  +  +  –  –  –  –  –
write a shop's name by hand        –  –  +  +  +  –  –  –  –  –
keep both names                    –  –  +  +  +  –  –  –  –  –
accept a suggestion                –  –  –  +  +  –  –  –  –  –
keep against a suggestion          –  +  +  +  +  –  –  –  –  –
join two shops                     –  –  +  +  +  –  –  –  –  –
tell two shops apart               –  –  +  +  +  –  –  –  –  –
join two cases                     –  –  +  +  +  –  +  –  –  –
tell two cases apart               –  –  +  +  +  –  +  –  –  –
see a notice about a shop          –  +  +  +  +  –  –  –  –  –
see a notice about a check         –  +  +  +  +  –  +  –  –  –
open a name again                  –  –  +  +  +  –  –  –  –  –
open two cases again               –  –  +  +  +  –  +  –  –  –
"""
BY_WORKERS = (told("甲"), told("乙", WANG, 6))


def attempts() -> dict[str, tuple[Dispute, Any, str]]:
    """Return, for every row of the table, the dispute, its records and the choice."""
    disputed = record(name="甲")
    disputed.marks.values["name"] = tuple(
        Candidate(one["value"], Stamp(one["at"][0], 0, "d"), one["by"], 1, one["version"]) for one in BY_WORKERS
    )
    names = dispute(PERSON, "name", *BY_WORKERS, here=disputed), {OLDER: disputed}
    suggested = dispute(SUGGESTION, "name", told("老王修车", QIAN, 1, 4), told("王记")), HERE
    shops, cases = (pair(), two()), (pair(type_="case"), two("case"))
    check = record(type_="shop_check")
    seen = dispute(NOTICE, "score", type_="shop_check", here=check), {OLDER: check}
    settled = dispute(PERSON, "name", *BY_WORKERS, here=disputed, open_=False), {OLDER: disputed}
    return {
        "choose a shop's name": (*names, "choose"),
        "write a shop's name by hand": (*names, "hand"),
        "keep both names": (*names, "both"),
        "accept a suggestion": (*suggested, "accept"),
        "keep against a suggestion": (*suggested, "keep"),
        "join two shops": (*shops, "merge"),
        "tell two shops apart": (*shops, "distinct"),
        "join two cases": (*cases, "merge"),
        "tell two cases apart": (*cases, "distinct"),
        "see a notice about a shop": (dispute(NOTICE, "photos"), HERE, "seen"),
        "see a notice about a check": (*seen, "seen"),
        "open a name again": (*settled, "reopen"),
        "open two cases again": (pair(type_="case", open_=False), two("case"), "reopen"),
    }


def cells() -> list[tuple[str, str, str]]:
    header, *lines = MATRIX.strip("\n").splitlines()
    start = header.index("GW")
    return [
        (line[:start].strip(), column, cell)
        for line in lines
        for column, cell in zip(header.split(), line[start:].split(), strict=True)
    ]


@pytest.mark.parametrize(("action", "column", "cell"), cells())
def test_the_table_holds(action: str, column: str, cell: str) -> None:
    """At the moment of asking, in an area that covers it; nobody else is offered anything."""
    over, records, choice = attempts()[action]
    role, area = COLUMNS[column]
    somebody = person("somebody", always(role, area))
    assert (choice in offered(over, records, somebody, NOW)) is (cell == "+")
    elsewhere = person("somebody", always(role, ELSEWHERE[:6]))
    stopped = person("somebody", always(role, area), stopped_ms=1)
    assert offered(over, records, elsewhere, NOW) == offered(over, records, stopped, NOW) == ()


def test_the_table_is_whole() -> None:
    """Every kind is in it, and nobody is offered what admission would refuse him."""
    assert {action for action, _, _ in cells()} == attempts().keys()
    assert {over.kind for over, _, _ in attempts().values()} | {DECIDED} == set(KINDS) == SETTLING.keys()


def test_what_outweighs_a_clerk_is_not_offered() -> None:
    """The inspector gave the shop another name: the community sees both, and may only leave it be."""
    here = record(name="甲")
    here.marks.values["name"] = (Candidate("甲", Stamp(MORNING, 0, "d"), "zhou", 6, 5),)
    over = dispute(SUGGESTION, "name", told("甲", QIAN, 5, 6), told("乙", WANG, 6), here=here)
    clerk = person("zhao", always(Role.COMMUNITY, GRID_7[:12]))
    assert offered(over, {OLDER: here}, clerk, NOW) == ("keep",)
