"""Whoever sits at the quarantine desk, for the server's tests, and what he finds there."""

from dataclasses import dataclass
from typing import Any

import msgspec

from tests.server.office import Office, RawDevice


@dataclass
class QuarantineDesk:
    """Somebody with an office computer that lets in what was refused."""

    device: RawDevice

    def ask(self, path: str = "", body: Any = None) -> Any:
        """Ask for *path* below the desk's address (with a body: post it) and return the raw response."""
        told = {"Authorization": f"Bearer {self.device.token}"}
        client = self.device.office.app.test_client()
        if body is None:
            return client.get(f"/v1/quarantine{path}", headers=told)
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return client.post(f"/v1/quarantine{path}", data=data, headers=told | {"Content-Type": "application/json"})

    def list(self, asked: str = "") -> Any:
        """Return the items of the list."""
        return good(self.ask(asked))["refusals"]

    def only(self, asked: str = "") -> Any:
        """Return the one item of the list."""
        [item] = self.list(asked)
        return item

    def show(self, refused: str) -> Any:
        """Return one refusal with everything about it."""
        return good(self.ask(f"/{refused}"))

    def readmit(self, refused: str, **asked: Any) -> Any:
        """Let one in, and return what became of it and what belongs to it."""
        return good(self.ask(f"/{refused}/readmit", asked))["items"]

    def dismiss(self, refused: str, reason: str = "重复") -> Any:
        """Put one aside."""
        return good(self.ask(f"/{refused}/dismiss", {"reason": reason}))


def desk(office: Office, *names: str) -> QuarantineDesk:
    """Return a desk at a new computer that speaks for the people called *names*."""
    return QuarantineDesk(office.device(*names))


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
    found: str = told["code"]
    return found
