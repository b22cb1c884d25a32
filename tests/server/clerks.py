"""Clerks at the desk, for the server's tests, and what they find there."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, insert, select

from schemas.checks.shop import SHOP_1
from schemas.ids import derived_id
from server.storage.quarantine_tables import quarantine
from server.storage.tables import GrantRow, PersonRow, history
from tests.schemas.checks_made import clean
from tests.server.office import COMMUNITY, DISTRICT, Office, RawDevice, person_id

SHOP = derived_id("record", "shop")
SECOND = derived_id("record", "the second shop")
CHECK, OTHER_CHECK = derived_id("record", "check"), derived_id("record", "the other check")
CASE, OTHER_CASE = derived_id("record", "case"), derived_id("record", "the other case")
AT_THE_DOOR = {"lat": 42.0, "lon": 121.6, "crs": "wgs84", "accuracy_m": 5}
NEXT_DOOR = AT_THE_DOOR | {"lat": 42.00005}
#: 2020-07-18 08:00 in Fuxin; the shops were registered two days before.
MORNING = 1_595_030_400_000
MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR


@dataclass
class Clock:
    """The server's clock, which a test turns."""

    ms: int = MORNING

    def __call__(self) -> int:
        return self.ms


@dataclass
class Clerk:
    """Somebody with an office computer."""

    device: RawDevice

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        """Ask for *path* below the desk's address (with a body: post it) and return the raw response."""
        told = {"Authorization": f"Bearer {self.device.token}"} | headers
        client = self.device.office.app.test_client()
        if body is None:
            return client.get(f"/v1/conflicts{path}", headers=told)
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        told = {"Content-Type": "application/json"} | told
        return client.post(f"/v1/conflicts{path}", data=data, headers=told)

    def list(self, asked: str = "") -> Any:
        """Return the items of the list."""
        return good(self.ask(asked))["conflicts"]

    def only(self, asked: str = "") -> Any:
        """Return the one item of the list."""
        [item] = self.list(asked)
        return item

    def show(self, conflict: str) -> Any:
        """Return one item with everything about it."""
        return good(self.ask(f"/{conflict}"))

    def settle(self, item: Any, choice: str, **asked: Any) -> Any:
        """Settle *item* as it was seen."""
        return good(self.try_to_settle(item, choice, **asked))

    def try_to_settle(self, item: Any, choice: str, **asked: Any) -> Any:
        """Try to settle *item* as it was seen, and return the raw response."""
        body = {"choice": choice, "version": item["version"]} | asked
        return self.ask(f"/{item['id']}/settle", {k: v for k, v in body.items() if v is not ...})

    def reopen(self, item: Any, **asked: Any) -> Any:
        """Open *item* again."""
        return good(self.ask(f"/{item['id']}/reopen", asked))


def good(response: Any) -> Any:
    """Return the body of an answer that must be good."""
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()


def code(response: Any) -> str:
    """Return the code of a refusal, which must be told in both languages."""
    told = response.get_json()
    assert response.status_code >= 400, told
    assert told["message_zh"]
    assert told["message_en"]
    assert "隔离区" not in told["next_zh"]
    found: str = told["code"]
    return found


def clerk(office: Office, *names: str) -> Clerk:
    """Return a clerk at a new computer that speaks for the people called *names*."""
    return Clerk(office.device(*names))


def shop(name: str, **more: Any) -> dict[str, Any]:
    """Return the fields of a shop."""
    return {"name": name, "category": "repair", **more}


def register(
    office: Office, by: str = "qian", id_: str = SHOP, at_ms: int = MORNING - 2 * DAY, **more: Any
) -> RawDevice:
    """Let somebody register a shop, two days ago; return his device."""
    device = office.device(by)
    device.clock_ms = at_ms
    [outcome] = device.push(device.mutation("create", "shop", id_, set=shop("老王修车", **more)))
    assert outcome.outcome in ("applied", "merged")
    return device


def rename(office: Office, name: str, by: str, base: int, at_ms: int = MORNING, field_: str = "name") -> RawDevice:
    """Let somebody rename the shop on a new tablet, having seen it at *base*; return the tablet."""
    device = office.device(by)
    device.clock_ms = at_ms
    device.push(device.mutation("patch", "shop", SHOP, base=base, set={field_: name}))
    return device


def dispute_over_the_name(office: Office) -> tuple[RawDevice, RawDevice]:
    """Li and Wang, both grid workers, rename one shop on the same morning; return their tablets."""
    register(office, "li")
    base = version(office)
    return rename(office, "王记修车行", "li", base), rename(office, "老王汽修", "wang", base, MORNING + MINUTE)


def second_community(office: Office) -> None:
    """Let there be a second person of the community: Hu."""
    hu = person_id("hu")
    grant = {"id": derived_id("grant", "hu"), "person": hu, "role": "community", "area": COMMUNITY, "from_ms": 0}
    with office.store.engine.begin() as connection:
        person = {"district": DISTRICT, "id": hu, "name": "胡梅", "title": "", "unit": ""}
        connection.execute(insert(PersonRow), person)
        connection.execute(insert(GrantRow), {"district": DISTRICT, "to_ms": None, **grant})


def version(office: Office, id_: str = SHOP) -> int:
    """Return the version of a record."""
    record = office.record(id_)
    assert record is not None
    return record.version


def fields(office: Office, id_: str = SHOP) -> dict[str, Any]:
    """Return a record's fields."""
    record = office.record(id_)
    assert record is not None
    return record.fields


def rows(office: Office) -> tuple[int, int]:
    """Return how many rows the history has, and the quarantine."""
    with office.store.engine.connect() as connection:
        counted = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (history, quarantine)]
    return counted[0], counted[1]


def ids(*names: str) -> list[str]:
    """Return the ids of people."""
    return sorted(person_id(name) for name in names)


def two_shops(office: Office) -> None:
    """Li and Wang register the same shop, a day apart."""
    register(office, "li", SHOP, position=AT_THE_DOOR)
    register(office, "wang", SECOND, MORNING - DAY, position=NEXT_DOOR)


def two_cases(office: Office) -> None:
    """Li and Wang report one heap of rubbish within the hour; Wang found it first."""
    for who, id_, found in (("li", CASE, "08:30"), ("wang", OTHER_CASE, "08:10")):
        tablet = office.device(who)
        tablet.clock_ms = MORNING
        found_at = f"2020-07-18T{found}:00+08:00"
        case = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": found_at}
        tablet.push(tablet.mutation("create", "case", id_, set=case | {"position": AT_THE_DOOR}))


def check(office: Office, who: str, id_: str, at_ms: int = MORNING, **more: Any) -> RawDevice:
    """Let somebody check the shop."""
    tablet = office.device(who)
    tablet.clock_ms = at_ms
    made = clean(SHOP_1, **({"inspector_id": person_id(who), "target_id": SHOP} | more))
    [outcome] = tablet.push(tablet.mutation("create", "shop_check", id_, set=made))
    assert outcome.outcome in ("applied", "merged"), outcome
    return tablet
