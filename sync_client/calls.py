"""
One call to the server 调用: JSON there, JSON back, and every way in which it may go wrong told apart.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas import wire
from schemas.packing import ACCEPTED, pack, unpack
from schemas.problems import Refusal
from schemas.wire import MAX_BODY_INFLATED, MAX_BODY_PACKED
from sync_client.errors import (
    Busy,
    CaptivePortal,
    GarbledAnswer,
    NoAddress,
    NotEnrolled,
    OutdatedClient,
    Refused,
)
from sync_client.transport import Request, Response, Transport

_JSON = "application/json"
BYTES = "application/octet-stream"
_PROBLEM = "application/problem+json"
_ENROLMENT = frozenset({"not_enrolled", "device_revoked"})
_TRY_LATER = frozenset({429, 500, 502, 503, 504})

#: What decoding raises of something that is not ours: msgspec lets broken UTF-8 and deep pits through as they are.
UNREADABLE = (ValueError, RecursionError)


class TooLarge(Exception):
    """A body is larger than the server takes; only sending less helps."""


@dataclass(slots=True)
class Traffic:
    """Bytes of bodies as they travelled."""

    up: int = 0
    down: int = 0


class _Pong(msgspec.Struct):
    nonce: str
    now_ms: int


class Office:
    """
    The server as the tablet speaks with it.

    Args:
        transport: The way there; None where the tablet was never given one.
        randomness: Returns so many random bytes, for the ping's nonce.
    """

    def __init__(self, transport: Transport | None, randomness: Callable[[int], bytes]) -> None:
        self._transport = transport
        self._randomness = randomness
        self._packing = ACCEPTED
        self.traffic = Traffic()

    def post(self, path: str, value: Any, token: str | None) -> bytes:
        """
        Send *value* as JSON and return the answer's JSON, unpacked.

        Raises:
            Unreachable: No answer of the server's came; see its kinds.
            Refused: The server said no to the request.
            TooLarge: The packed body is over the limit; it was not sent.
        """
        body = wire.encode(value)
        try:
            return self._post(path, body, token)
        except Refused as error:
            if error.told.get("code") != "unsupported_encoding" or not self._packing:
                raise
            # gzip is what every server reads; without any, it is still the same request.
            self._packing = "gzip" if "zstd" in self._packing else ""
            return self._post(path, body, token)

    def _post(self, path: str, body: bytes, token: str | None) -> bytes:
        packed, encoding = pack(body, self._packing)
        if len(packed) > MAX_BODY_PACKED or len(body) > MAX_BODY_INFLATED:
            raise TooLarge
        headers = {"Content-Type": _JSON, "Accept-Encoding": ACCEPTED}
        if encoding:
            headers["Content-Encoding"] = encoding
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._send(Request("POST", path, headers, packed))

    def ping(self) -> bool:
        """
        Say whether it is really the server that answers: it returns the caller's nonce.

        Raises:
            Unreachable: Nobody answered at all.
        """
        nonce = self._randomness(6).hex()
        try:
            pong = _decode_pong(self._send(Request("GET", f"/v1/ping?nonce={nonce}")))
        except (CaptivePortal, Refused, *UNREADABLE):
            return False
        return pong.nonce == nonce

    def get(self, path: str, token: str) -> bytes:
        """
        Ask for *path* and return the answer's JSON, unpacked.

        Raises:
            Unreachable, Refused: As ``post``.
        """
        return answer_of(self.fetch(path, token, {"Accept-Encoding": ACCEPTED}))

    def fetch(self, path: str, token: str, headers: Mapping[str, str]) -> Response:
        """
        Ask for *path* and return the answer as it travelled, whatever it says; see ``expect``.

        Raises:
            Unreachable: No whole answer came.
        """
        return self._carry(Request("GET", path, {"Authorization": f"Bearer {token}", **headers}))

    def put(self, path: str, body: bytes, token: str) -> Response:
        """
        Put *body* at *path*, as it is, and return the answer as it travelled; see ``expect``.

        Raises:
            Unreachable: No whole answer came.
        """
        headers = {"Authorization": f"Bearer {token}", "Content-Type": BYTES}
        return self._carry(Request("PUT", path, headers, body))

    def put_elsewhere(self, address: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """
        Put *body* at another host's *address* with these headers and no others: our token is none of its business.

        Raises:
            UnsafeAddress: Nothing may go there.
            Unreachable: No whole answer came.
        """
        return self._carry(Request("PUT", address, headers, body))

    def _send(self, request: Request) -> bytes:
        return answer_of(self._carry(request))

    def _carry(self, request: Request) -> Response:
        if self._transport is None:
            raise NoAddress
        self.traffic.up += len(request.body)
        response = self._transport.send(request)
        self.traffic.down += len(response.body)
        return response


def answer_of(response: Response) -> bytes:
    """
    Return the JSON of an answer, or raise what it means instead.

    Raises:
        CaptivePortal: It is somebody's page.
        GarbledAnswer: It was cut off or damaged on its way.
        Busy, NotEnrolled, OutdatedClient, Refused: What the server said.
    """
    return _unpacked(expect(response, _JSON, {200}))


def expect(response: Response, kind: str, statuses: Collection[int]) -> Response:
    """
    Return *response* if it is of the *kind* (a media type) and has one of the *statuses*.

    Raises:
        CaptivePortal, GarbledAnswer, Busy, NotEnrolled, OutdatedClient, Refused: As ``answer_of``.
    """
    found = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found == _PROBLEM or (found == _JSON and response.status >= 400):
        raise _said_no(response)
    if response.status in _TRY_LATER:
        raise Busy(str(response.status), retry_after_s=_retry_after(response))
    if found != kind or response.status not in statuses:
        raise CaptivePortal(f"{response.status} {found}".strip())
    return response


def _said_no(response: Response) -> Exception:
    try:
        told = _decode_object(_unpacked(response))
    except UNREADABLE:
        return GarbledAnswer(str(response.status))
    code = told.get("code")
    if response.status in _TRY_LATER:
        return Busy(str(code), retry_after_s=_retry_after(response))
    if code == "malformed_body":  # what we sent was damaged on its way
        return GarbledAnswer(str(code))
    if code in _ENROLMENT:
        return NotEnrolled(told, response.status)
    return (OutdatedClient if code == "upgrade_needed" else Refused)(told, response.status)


def _unpacked(response: Response) -> bytes:
    try:
        return unpack(response.body, response.headers.get("content-encoding"), MAX_BODY_INFLATED)
    except Refusal as error:
        raise GarbledAnswer(error.code) from error


def _retry_after(response: Response) -> int | None:
    """Return Retry-After in seconds; its other form, a date, would need a clock that is right."""
    text = response.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() else None


_decode_pong = msgspec.json.Decoder(_Pong).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
