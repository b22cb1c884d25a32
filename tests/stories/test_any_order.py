"""
Two workers, one shop, no signal: whoever reaches a network first, and however badly it works, the
shop ends up the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_client.client import FieldClient
from sync_client.testing import FINE, Weather
from tests.server.office import GRID_7
from tests.stories.town import Town, same_bytes, town_at

SIGNS = ("老王修车", "王记修车行", "老王汽修", "便民修车")
PHONES = ("13804180001", "13804180002", "0418-3309188")
STATES = ("open", "closed_temporarily", "closed")
PHOTOS = tuple(f"{i:064x}" for i in range(1, 5))
REMARKS = ("已劝导", "下午复查", "老板不在")

#: Cuts at every place an answer or a question can be cut, doubled questions, a captive portal.
STORMY = Weather(0.15, 0.2, 0.15, 0.15, 0.05, 0.05, 0.05)

edit = st.one_of(
    st.tuples(st.just("name"), st.sampled_from(SIGNS)),
    st.tuples(st.just("operator_phone"), st.sampled_from(PHONES)),
    st.tuples(st.just("status"), st.sampled_from(STATES)),
    st.tuples(st.just("has_green"), st.booleans()),
    st.tuples(st.just("+photo"), st.sampled_from(PHOTOS)),
    st.tuples(st.just("-photo"), st.sampled_from(PHOTOS)),
    st.tuples(st.just("remark"), st.sampled_from(REMARKS)),
)
#: Who edits what, in the order of the clock on the wall.
scripts = st.lists(st.tuples(st.sampled_from(("li", "wang", "zhao")), edit), min_size=2, max_size=9)
#: In which order they find a network, some of them more than once, and what the network is like.
arrivals = st.lists(st.tuples(st.sampled_from(("li", "wang", "zhao")), st.sampled_from((FINE, STORMY))), max_size=6)


@pytest.fixture(scope="module")
def long_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for all the examples; each has shops of its own in it."""
    folder: Path = tmp_path_factory.mktemp("town")
    with town_at(f"sqlite:///{folder / 'gridward.db'}", folder) as town:
        for name in ("li", "wang", "zhao"):
            town.tablet(name, seed=len(name))
        yield town


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=scripts, here=arrivals, there=arrivals)
def test_the_order_of_arrival_makes_no_difference(
    long_town: Town, script: list[Any], here: list[Any], there: list[Any]
) -> None:
    """The same edits, arriving in two orders through two kinds of weather, make the same shop."""
    assert outcome(long_town, script, here) == outcome(long_town, script, there)


def outcome(town: Town, script: list[Any], arrivals: list[Any]) -> tuple[Any, ...]:
    """Play *script* on a new shop, let the tablets arrive, and return what everybody shows afterwards."""
    shop = town.tablet("zhao").create("shop", grid=GRID_7, name="无名店", category="repair", status="open")
    town.tablet("zhao").edit(shop, add={"photos": [{"sha256": PHOTOS[0], "role": "overview"}]})
    town.sync("zhao", "li", "wang")
    for who, (what, value) in script:
        town.pass_time(1)
        change(town.tablet(who), shop.id, what, value)
    for who, weather in arrivals:
        town.sync(who, weather=weather)
    town.sync("li", "wang", "zhao", "li", "wang")

    fields = town.on_server(shop.id)
    for name in ("li", "wang", "zhao"):
        assert same_bytes(town.tablet(name).read(shop.id).fields) == same_bytes(fields), name
        assert not town.tablet(name).outbox().waiting
    disputed = {c.field for c in town.disputes() if c.record == shop.id and c.kind == "person"}
    remarks = [(entry["by"], entry["text"]) for entry in fields.pop("remark", ())]
    return same_bytes(fields), remarks, disputed


def change(tablet: FieldClient, shop: str, what: str, value: Any) -> None:
    """Make one edit."""
    if what == "+photo":
        tablet.edit(shop, add={"photos": [{"sha256": value, "role": "near"}]})
    elif what == "-photo":
        tablet.edit(shop, remove={"photos": [value]})
    elif what == "remark":
        tablet.edit(shop, add={"remark": [value]})
    else:
        tablet.edit(shop, set={what: value})
