"""A worker records a morning without signal, comes back, and the office has it, merged."""

from typing import Any

import msgspec

from sync_client.testing import Weather
from tests.benchmarks.checks import Day
from tests.server.office import GRID_7, STREET
from tests.stories.town import Town, same_bytes


def test_a_lost_answer_doubles_nothing(town: Town) -> None:
    """The server took the morning in; the tablet never heard of it and simply asks again."""
    li = town.tablet("li", seed=3)
    shops = [li.create("shop", grid=GRID_7, name=f"第{i}家店", category="retail") for i in range(30)]
    town.sync("li", weather=Weather(lose_answer=0.6))
    town.sync("li")
    assert li.outbox().waiting == ()
    with town.office.store.work("210902", writing=False) as work:
        taken = [entry.n for entry, _ in work.history.entries(STREET) if entry.n]
    assert sorted(taken) == list(range(1, len(shops) + 1))


def test_office_and_both_tablets_show_the_same_bytes(town: Town) -> None:
    """After a quiet exchange every device shows the server's state of its view."""
    li, wang, qian = town.tablet("li"), town.tablet("wang"), town.tablet("qian")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li", "wang")
    town.pass_time(60)
    li.edit(shop, name="王记修车行")
    wang.edit(shop.id, operator_phone="13804180000")
    town.sync("wang", "li", "qian", "wang")
    fields = town.on_server(shop.id)
    assert (fields["name"], fields["operator_phone"]) == ("王记修车行", "13804180000")
    for tablet in (li, wang, qian):
        assert same_bytes(tablet.read(shop.id).fields) == same_bytes(fields)


def test_a_check_opens_its_case_at_once_and_the_office_opens_the_same(town: Town) -> None:
    """The worker sees the case before there is a network; the street office gets that very case."""
    li, qian = town.tablet("li"), town.tablet("qian")
    found = _check_with_waste()
    check = li.create(found["type"], grid=GRID_7, set=found["set"], add=found["add"])
    [case] = [c for c in li.find("case").records if c.fields["check_id"] == check.id]
    town.sync("li", "qian", "li")
    assert same_bytes(qian.read(case.id).fields) == same_bytes(town.on_server(case.id))
    assert same_bytes(li.read(case.id).fields) == same_bytes(town.on_server(case.id))
    assert town.on_server(case.id)["problem_class"] == "exposed_garbage"


def _check_with_waste() -> dict[str, Any]:
    day = Day("li", seed=5)
    for raw in day.mutations(50):
        body = msgspec.json.decode(raw)
        if body["type"] == "shop_check":
            body["set"]["items"] = dict.fromkeys(body["set"]["items"], 0) | {
                "H4": 0.5, "H5": None, "O1": False, "G1": None, "G2": None, "G3": None,
            }  # fmt: skip
            body["set"]["has_green"] = False
            check: dict[str, Any] = body
            return check
    raise LookupError("shop_check")
