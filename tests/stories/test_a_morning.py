"""A worker records a morning without signal, comes back, and the office has it, merged."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from sync_client.testing import Weather
from sync_client.values import Progress
from tests.benchmarks.checks import Day
from tests.pictures import jpeg
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


def test_an_edit_made_before_the_page_arrived_does_not_pass_for_one_that_saw_it(town: Town) -> None:
    """
    Li's first edit is taken although Wang has meanwhile renamed the shop; then his network fails.

    Had the receipt told him the newest version, his own renaming would silently have replaced hers.
    """
    li, wang = town.tablet("li"), town.tablet("wang")
    shop = li.create("shop", grid=GRID_7, name="无名店", category="repair")
    town.sync("li", "wang")
    town.pass_time(60)
    wang.edit(shop.id, name="王记修车行")
    town.sync("wang")
    town.pass_time(60)
    li.edit(shop.id, door_no="3")
    with suppress(_NetworkGone):
        li.sync(_cut_after("ACKNOWLEDGED"))
    town.pass_time(60)
    li.edit(shop.id, name="老王汽修")
    town.sync("li", "wang")
    [dispute] = town.disputes()
    assert (dispute.record, dispute.field, dispute.kind) == (shop.id, "name", "person")
    assert town.on_server(shop.id)["name"] == "王记修车行"
    assert town.on_server(shop.id)["door_no"] == "3"


def test_an_office_voids_a_check_and_says_why(town: Town) -> None:
    """The reason stands beside the worker's own remarks, signed and dated."""
    li, qian = town.tablet("li"), town.tablet("qian")
    found = _check_with_waste()
    check = li.create(found["type"], grid=GRID_7, set=found["set"])
    town.sync("li", "qian")
    qian.void(check.id, reason="重复录入")
    town.sync("qian", "li")
    assert not qian.outbox().attention
    assert li.read(check.id).void
    assert town.on_server(check.id)["remark"][-1]["text"] == "重复录入"


class _NetworkGone(Exception):
    """The network fails at a moment the story chose."""


def _cut_after(state: str) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.state == state:
            raise _NetworkGone

    return watch


def test_a_photo_attached_to_a_check_later_stands_in_its_case_too(town: Town) -> None:
    """The case was opened before the picture was taken; its evidence is the check's."""
    li, qian = town.tablet("li"), town.tablet("qian")
    found = _check_with_waste()
    check = li.create(found["type"], grid=GRID_7, set=found["set"])
    [case] = li.find("case").records
    town.sync("li", "qian")
    li.attach(check, jpeg("a heap of waste"), item="H4")
    town.sync("li", "qian", "li")
    [photo] = town.on_server(case.id)["photos"]
    assert photo["item"] == "H4"
    for tablet in (li, qian):
        assert same_bytes(tablet.read(case.id).fields) == same_bytes(town.on_server(case.id))
