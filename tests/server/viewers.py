"""People who look at photos, for the server's tests, each at a computer of his own."""

from dataclasses import dataclass
from typing import Any

import msgspec

from tests.server.office import Office
from tests.server.photographs import Porter, named, sha256


@dataclass
class Viewer:
    """Somebody who asks for photos; with the same device he can bring some."""

    porter: Porter

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask for *path* below the records' address, and return the raw response."""
        told = {"Authorization": f"Bearer {self.porter.device.token}"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = b"" if body is None else msgspec.json.encode(body)
        if body is not None:
            told["Content-Type"] = "application/json"
        client = self.porter.office.app.test_client()
        return client.open(f"/v1/records/{path}", method=method, data=data, headers=told)

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for *path* and return the JSON of a good answer."""
        answer = self.ask(method, path, body)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def listed(self, record: str) -> Any:
        """Return the photos of a record as they are listed."""
        return self.good("GET", f"{record}/photos")

    def picture(self, record: str, photo: bytes, what: str, asked: str = "", **headers: str) -> Any:
        """Ask for a picture of *photo*, and return the raw response."""
        return self.ask("GET", f"{record}/photos/{sha256(photo)}/{what}{asked}", **headers)

    def code(self, record: str, photo: bytes, what: str, asked: str = "") -> str:
        """Return with which code a picture is refused; told in both languages."""
        told = self.picture(record, photo, what, asked).get_json()
        assert told["message_zh"]
        assert told["next_en"]
        return str(told["code"])

    def views(self, asked: str = "") -> Any:
        """Ask who saw originals, and return the raw response."""
        told = {"Authorization": f"Bearer {self.porter.device.token}"}
        return self.porter.office.app.test_client().get(f"/v1/photos/views{asked}", headers=told)


def viewer(office: Office, *names: str) -> Viewer:
    """Return a new device that speaks for the people called *names*."""
    return Viewer(Porter(office.device(*names)))


def checked_shop(office: Office, who: str, *photos: bytes) -> str:
    """Let *who* register a shop with *photos* and bring their originals; return its id."""
    porter = Porter(office.device(who))
    shop = porter.shop(f"老王修车 {sha256(b''.join(photos))[:8]}", *map(named, photos))
    for photo in photos:
        assert porter.deliver(shop, photo) == "verified"
    return shop
