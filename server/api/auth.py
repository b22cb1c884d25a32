"""
Who is calling 身份: a device by its opaque token, of which only a hash is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from schemas.problems import Refusal
from server.api import body
from server.storage.devices import Device
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.enrol_device import token_hash

_BEARER = "Bearer "
_MAX_TOKEN = 120


def bearer() -> tuple[str, bytes]:
    """
    Return the district a token names and the token's hash.

    Raises:
        Refusal: ``not_enrolled`` where there is no token, or none of ours.
    """
    header = request.headers.get("Authorization", "")
    token = header.removeprefix(_BEARER)
    district = token.partition(".")[0]
    plausible = header.startswith(_BEARER) and len(token) <= _MAX_TOKEN and token.isascii()
    if not plausible or not (district.isdigit() and len(district) == 6):
        raise Refusal("not_enrolled")
    return district, token_hash(token)


def device_of(work: UnitOfWork, hashed: bytes, install: str = "", *, revoked_too: bool = False) -> Device:
    """
    Return the calling device.

    Args:
        revoked_too: Return a revoked one as well; the caller looks.

    Raises:
        Refusal: ``not_enrolled`` or ``device_revoked``.
    """
    device = work.devices.by_token(hashed, install)
    if device is None:
        raise Refusal("not_enrolled")
    if device.revoked and not revoked_too:
        raise Refusal("device_revoked")
    return device


@contextmanager
def reading() -> Iterator[tuple[UnitOfWork, Desk]]:
    """
    Yield a unit of work to read with, and the desk of the device that is calling.

    Raises:
        Refusal: As ``device_of``.
    """
    district, hashed = bearer()
    with body.store().work(district, writing=False) as work:
        device = device_of(work, hashed)
        yield work, Desk(district, device.id, device.people)


def caller() -> Desk:
    """
    Return the desk of the device that is calling.

    Raises:
        Refusal: As ``device_of``.
    """
    with reading() as (_, desk):
        return desk
