"""Photos for the server's tests: little pictures, and devices that send them by hand, as wrongly as a test needs."""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec

from schemas.ids import derived_id
from schemas.photos import PART_BYTES
from server.storage.depot import keys
from server.storage.photos import Photo
from tests.pictures import jpeg
from tests.server.office import DISTRICT, Office, RawDevice


@cache
def picture(seed: object = 0, size: int = 0) -> bytes:
    """
    Return a picture that no other seed gives.

    Args:
        size: Fill it up to so many bytes with what stands behind its end and shows nothing.
    """
    return jpeg(seed, 120, 160).ljust(size, b"\0")


def sha256(data: bytes) -> str:
    """Return the name of a file."""
    return hashlib.sha256(data).hexdigest()


def cut(data: bytes) -> list[bytes]:
    """Return the parts of a file."""
    return [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]


def offer(record: str, data: bytes, /, **changes: Any) -> dict[str, Any]:
    """Return what a tablet says of a file that it would send."""
    told = {"sha256": sha256(data), "record": record, "size": len(data), "parts": [sha256(part) for part in cut(data)]}
    return told | changes


def named(original: bytes, copy: bytes | None = None) -> dict[str, Any]:
    """Return a photo as a record names it."""
    return {"sha256": sha256(original), "role": "overview"} | ({"copy": sha256(copy)} if copy else {})


@dataclass
class Porter:
    """Somebody's device, and the photos it carries to the office."""

    device: RawDevice
    sent: list[tuple[str, int]] = field(default_factory=list)

    @property
    def office(self) -> Office:
        """Where it carries them."""
        return self.device.office

    def shop(self, name: str, *photos: dict[str, Any]) -> str:
        """Register a shop that names photos, and return its id."""
        shop = derived_id("photographed", name)
        told = {"name": name, "category": "retail"}
        made = self.device.mutation("create", "shop", shop, set=told, add={"photos": list(photos)})
        [outcome] = self.device.push(made)
        assert outcome.outcome == "applied", outcome
        return shop

    def call(self, method: str, path: str, data: bytes = b"", **headers: str) -> Any:
        """Call an endpoint of photos, and return the raw response."""
        told = {"Authorization": f"Bearer {self.device.token}"} | headers
        return self.office.app.test_client().open(f"/v1/photos/{path}", method=method, data=data, headers=told)

    def ask(self, *offers: dict[str, Any]) -> Any:
        """Ask for a plan, and return the raw response."""
        body = msgspec.json.encode({"photos": offers})
        return self.call("POST", "plan", body, **{"Content-Type": "application/json"})

    def plan(self, *offers: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask for a plan, and return what becomes of each file."""
        answer = self.ask(*offers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        planned: list[dict[str, Any]] = answer.get_json()["photos"]
        return planned

    def put(self, file: str, n: int, part: bytes, **headers: str) -> Any:
        """Send one part, and return the raw response."""
        self.sent.append((file, n))
        return self.call("PUT", f"{file}/parts/{n}", part, **headers)

    def complete(self, file: str) -> Any:
        """Say that all parts are there, and return the raw response."""
        return self.call("POST", f"{file}/complete")

    def deliver(self, record: str, data: bytes, /, **changes: Any) -> str:
        """Send one file as a tablet does, as often as it takes; return how its last word ends: a state or a code."""
        file = sha256(data)
        for _ in range(4):
            [told] = self.plan(offer(record, data, **changes))
            if told["state"] != "send":
                return str(told["state"])
            for part in told.get("parts", []):
                self.put(file, part["n"], cut(data)[part["n"]])
            done = self.complete(file)
            if done.status_code != 200:
                return str(done.get_json()["code"])
            if done.get_json()["state"] == "verified":
                return "verified"
        return "never"


def row(office: Office, file: str) -> Photo | None:
    """Return what the office knows of a file."""
    with office.store.work(DISTRICT, writing=False) as work:
        return work.photos.get([file]).get(file)


def lying(office: Office, file: str) -> bytes | None:
    """Return the bytes that lie whole under a name."""
    if office.depot.size(keys.whole(DISTRICT, file)) is None:
        return None
    return b"".join(office.depot.read(keys.whole(DISTRICT, file)))


def parts_lying(office: Office, file: str) -> list[str]:
    """Return the keys of the parts of a file that lie in the depot."""
    return [one.key for one in office.depot.lying(keys.parts(DISTRICT, file))]
