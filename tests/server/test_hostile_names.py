"""Fields that no form knows, called as something of the office's own: kept as they are, and nothing stumbles."""

from typing import Any

import pytest

from schemas.ids import derived_id
from tests.server.office import Office, open_office

DAY = derived_id("hostile", "day")


@pytest.fixture
def office(database_url: str) -> Any:
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()


@pytest.mark.parametrize("value", [5, {"a": 1}, ["x"], "no id at all", True])
@pytest.mark.parametrize("name", ["merged_into", "original_target_id", "target_id", "observed_at", "code"])
def test_a_strange_field_of_a_known_name_harms_nobody(office: Office, name: str, value: Any) -> None:
    """The cleaning day has none of these: made, changed and voided with them, it stays what it was sent as."""
    zhao = office.device("zhao")
    known = {"held_on": "2020-07-25", "theme": "清理楼道", name: value}
    made = zhao.mutation("create", "cleaning_day", DAY, set=known)
    changed = zhao.mutation("patch", "cleaning_day", DAY, base=1, set={"theme": "清理死角", "status": value})
    outcomes = [outcome.outcome for outcome in zhao.push(made, changed)]
    assert outcomes == ["applied", "applied"]
    record = office.record(DAY)
    assert record is not None
    assert record.fields[name] == value
