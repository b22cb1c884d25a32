"""What a worker reads out over the telephone is what everybody else reads, whatever the network did."""

import pytest

from schemas.numbers import number_of
from sync_client.client import FieldClient
from sync_client.testing import Weather
from tests.server.office import GRID_7
from tests.stories.ground import case, check, everybody_agrees, nothing_is_broken, shop
from tests.stories.town import Town, same_bytes

#: Every other answer is lost on its way back.
BAD = Weather(0.3, 0.5, 0.1, 0.2, 0.1, 0.1, 0.1)


def called(tablet: FieldClient, record: str) -> str | None:
    """Return the number of a record as a tablet knows it."""
    known = tablet.read(record)
    return number_of(known.type, known.grid, known.born, dict(known.fields))


@pytest.mark.parametrize("seed", range(3))
def test_the_number_is_on_every_tablet(town: Town, seed: int) -> None:
    """
    Li checks and reports without signal, and goes on writing; half of the answers are lost.

    Until the office has spoken there is no number; then his own copy has it without having come down again, what
    still waits lies over it, and Wang, a second tablet and the office read the same.
    """
    li, wang = town.tablet("li", seed=seed), town.tablet("wang")
    known = shop(li)
    checked = check(li, "li", known.id, town.now_ms)
    report = case(li, known.id, town.now_ms, GRID_7)
    assert [called(li, one.id) for one in (checked, report)] == [None, None]
    for turn in range(6):
        town.sync("li", weather=BAD)
        li.edit(checked.id, add={"remark": [f"第{turn}次"]})
    second = town.tablet("li/2")
    town.sync("li", "wang", "li/2")
    assert called(li, checked.id) == "XC-20200718-000001"
    for record in (checked.id, report.id, *(one.id for one in li.find("case", where={"check_id": checked.id}))):
        office = town.on_server(record)
        assert {called(tablet, record) for tablet in (li, wang, second)} == {
            office.get("case_no") or office["check_no"]
        }
        assert same_bytes(dict(li.read(record).fields)) == same_bytes(office)
    found = li.verify()
    assert (found.proven, found.repaired) == (True, 0)
    everybody_agrees(town)
    nothing_is_broken(town)
