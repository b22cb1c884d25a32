"""
One change over which the office's program stumbles: it is kept aside, and nothing waits for it.

The mistake is planted where a record is signed, and later mended, as a release would.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from schemas import wire
from schemas.ids import derived_id
from server.core import merge
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from tests.server.office import GRID_7
from tests.stories.refusals import kept, let_in
from tests.stories.town import Town

#: Nobody had thought of a shop called so.
ODD = "鬼市"


def shop(tablet: FieldClient, name: str) -> str:
    return tablet.create("shop", grid=GRID_7, name=name, category="repair").id


@contextmanager
def mistaken(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception] = KeyError, *, wholly: bool = False
) -> Iterator[None]:
    """Let the office stumble over every shop called so, or over whatever is made."""
    real = merge.create

    def stumbling(mutation: Any, fields: Any, *rest: Any) -> Any:
        if wholly or fields.get("name") == ODD:
            raise error(ODD)
        return real(mutation, fields, *rest)

    with monkeypatch.context() as planted:
        planted.setattr(merge, "create", stumbling)
        yield


@pytest.mark.parametrize("error", [KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError])
def test_the_rest_of_the_day_arrives(town: Town, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Li hears of the one and is told a number; his other shops are there, also the one he made afterwards."""
    li = town.tablet("li")
    before, odd, after = (shop(li, name) for name in ("老王修车", ODD, "鑫源超市"))
    with mistaken(monkeypatch, error):
        report = li.sync()
    assert (report.applied, report.rejected) == (2, 1)
    assert li.status().waiting == 0
    assert town.office.record(odd) is None
    assert [town.on_server(one)["name"] for one in (before, after)] == ["老王修车", "鑫源超市"]
    [refused] = kept(town)
    assert refused.code == "office_fault"
    assert wire.decode_json(refused.payload)["set"]["name"] == ODD


def test_mended_it_is_let_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was built upon it, which waited."""
    li = town.tablet("li")
    shop(li, "老王修车")
    odd = shop(li, ODD)
    li.edit(odd, door_no="17")
    with mistaken(monkeypatch):
        li.sync()
    [refused] = kept(town)
    let_in(town, "chen", refused.id)
    li.sync()
    record = town.office.record(odd)
    assert record is not None
    assert (record.fields["name"], record.fields["door_no"]) == (ODD, "17")


def test_a_lost_answer_is_given_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the one is all that comes again: it was judged."""
    li = town.office.device("li")
    good, odd = (
        li.mutation("create", "shop", derived_id("record", name), set={"name": name, "category": "repair"})
        for name in ("好店", ODD)
    )
    with mistaken(monkeypatch):
        first = li.push(good, odd)
        assert [one.outcome for one in first] == ["applied", "rejected"]
        assert li.push(good, odd) == first
        assert li.push(odd) == first[1:]
    assert len(kept(town)) == 1


def test_a_group_is_kept_whole(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    li = town.tablet("li")
    shop(li, "老王修车")
    with li.group():
        pair = [shop(li, name) for name in ("鑫源超市", ODD)]
    with mistaken(monkeypatch):
        report = li.sync()
    assert (report.applied, report.rejected) == (1, 2)
    assert [town.office.record(one) for one in pair] == [None, None]
    assert len(kept(town)) == 2


def test_a_program_that_stumbles_over_everything_refuses_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is not theirs: all of it stays on the tablet, and arrives once the server is mended."""
    li = town.tablet("li")
    for name in ("老王修车", "鑫源超市"):
        shop(li, name)
    with mistaken(monkeypatch, wholly=True), pytest.raises(SyncError):
        li.sync()
    assert kept(town) == []
    assert li.status().waiting == 2
    assert li.sync().applied == 2
