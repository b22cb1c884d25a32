"""A caller whose line is cut in the middle of his request: the server has made no mistake, and says so."""

import io
import socket
from typing import NoReturn

import pytest
from werkzeug.test import TestResponse

from server.commands.serving import be_patient
from tests.server.office import Office
from tests.server.photographs import Porter, named, offer, picture, sha256

#: As gunicorn says it: the body ends where the stream does.
_GUNICORN = {"wsgi.input_terminated": True}


class CutLine(io.BytesIO):
    """A line that ends when the server reads from it: it was cut, or stayed silent."""

    error: OSError = ConnectionResetError(104, "Connection reset by peer")

    def read(self, _size: int | None = -1, /) -> NoReturn:
        """Be cut."""
        raise self.error

    readinto = readline = read  # type: ignore[assignment]  # however it is read


class SilentLine(CutLine):
    """A line on which nothing came for too long."""

    error = BlockingIOError(11, "Resource temporarily unavailable")


def broken_off(
    office: Office, method: str, path: str, token: str, size: int, kind: str, line: type[CutLine] = CutLine
) -> TestResponse:
    """Return what is answered to a request of which nothing arrives but its head."""
    return office.app.test_client().open(
        path,
        method=method,
        input_stream=line(),
        content_length=size,
        content_type=kind,
        environ_overrides=_GUNICORN,
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("line", [CutLine, SilentLine])
def test_a_part_is_cut_off(office: Office, capsys: pytest.CaptureFixture[str], line: type[CutLine]) -> None:
    porter = Porter(office.device("li"))
    photo = picture("cut")
    porter.ask(offer(porter.shop("老王修车", named(photo)), photo))
    path = f"/v1/photos/{sha256(photo)}/parts/0"
    answer = broken_off(office, "PUT", path, porter.device.token, len(photo), "application/octet-stream", line)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_body")
    assert "internal_error" not in "".join(capsys.readouterr())


def test_a_sync_is_cut_off(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    token = office.device("li").token
    answer = broken_off(office, "POST", "/v1/sync", token, 1_000, "application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_body")
    assert "internal_error" not in "".join(capsys.readouterr())


def test_a_silent_line_does_not_hold_its_thread() -> None:
    """What the listening socket was told, an accepted one keeps to: a read ends, though nobody hung up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        be_patient(listening, 1)
        with socket.create_connection(listening.getsockname()) as tablet:
            accepted, _ = listening.accept()
            with accepted:
                tablet.sendall(b"PUT")
                assert accepted.recv(10) == b"PUT"
                with pytest.raises(BlockingIOError):
                    accepted.recv(10)
