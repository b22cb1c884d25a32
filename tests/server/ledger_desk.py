"""A clerk at the ledger, for the server's tests, and a heap of rubbish that goes all the way."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import update

from schemas.ids import derived_id
from server.storage.tables import GrantRow
from tests.server.clerks import MORNING, good
from tests.server.office import GRID_7, Office, RawDevice, person_id

CASE = derived_id("record", "case")
AFTER, BEFORE = "a" * 64, "b" * 64
PLACE = {"lat": 42.0, "lon": 121.6, "crs": "wgs84", "accuracy_m": 5}


@dataclass
class LedgerClerk:
    """Somebody with an office computer, at the ledger."""

    device: RawDevice

    def ask(self, path: str = "", body: Any = None, **headers: str) -> Any:
        """Ask for *path* below the ledger's address (with a body: post it) and return the raw response."""
        told = {"Authorization": f"Bearer {self.device.token}"} | headers
        client = self.device.office.app.test_client()
        if body is None:
            return client.get(f"/v1/cases{path}", headers=told)
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return client.post(f"/v1/cases{path}", data=data, headers={"Content-Type": "application/json"} | told)

    def list(self, asked: str = "") -> list[str]:
        """Return the ids of the list."""
        return [one["id"] for one in good(self.ask(asked))["cases"]]

    def show(self, case: str = CASE) -> Any:
        """Return one case with everything about it."""
        return good(self.ask(f"/{case}"))

    def try_to(self, act: str, case: str = CASE, **asked: Any) -> Any:
        """Try to do something with a case, and return the raw response."""
        return self.ask(f"/{case}/acts", {"act": act, **asked})

    def do(self, act: str, case: str = CASE, **asked: Any) -> Any:
        """Do something with a case, and return what became of it."""
        return good(self.try_to(act, case, **asked))

    def may(self, case: str = CASE, **asked: Any) -> dict[str, Any]:
        """Return every act by its name, as it stands for the person."""
        person = f"?person={person_id(asked['person'])}" if asked else ""
        return {one["act"]: one for one in good(self.ask(f"/{case}/next-acts{person}"))["acts"]}


def at_the_ledger(office: Office, *names: str) -> LedgerClerk:
    """Return a clerk at a new computer that speaks for the people called *names*."""
    return LedgerClerk(office.device(*names))


def report(office: Office, id_: str = CASE, who: str = "li", grid: str = GRID_7, **more: Any) -> RawDevice:
    """Let somebody report a heap of rubbish this morning; return his tablet."""
    tablet = office.device(who)
    tablet.clock_ms = MORNING
    found = {"source": "check", "problem_class": "exposed_garbage", "severity": "minor", "position": PLACE}
    found |= {"found_at": "2020-07-18T08:00:00+08:00", "place_text": "中华路12号门前", "description": "便道有积存垃圾"}
    [outcome] = tablet.push(tablet.mutation("create", "case", id_, grid=grid, set=found | more))
    assert outcome.outcome == "applied", outcome
    return tablet


def acts_for(office: Office, name: str, unit: str) -> None:
    """Let somebody act for a department."""
    with office.store.engine.begin() as connection:
        connection.execute(update(GrantRow).where(GrantRow.person == person_id(name)).values(unit=unit))


def photographed(office: Office, tablet: RawDevice, case: str = CASE) -> None:
    """Add the photo of after, which lies where the problem was."""
    record = office.record(case)
    assert record is not None
    taken = {"role": "after", "taken_at": "2020-07-18T10:00:00+08:00", "position": PLACE, "sha256": AFTER}
    tablet.push(tablet.mutation("patch", "case", case, base=record.version, add={"photos": [taken]}))
