"""
The door for whoever comes without a token 公众入口: how often an address may report, and how often it may guess.

Addresses are kept in memory for a day, in no table and in no log.
"""

import ipaddress
import time
from threading import Lock
from typing import NamedTuple

from flask import current_app, request

from schemas.problems import Refusal
from server.core.attempts import Attempts
from server.core.pace import WINDOW_S, Pace

#: Reports of one address; a mobile network lets many people come from one.
A_MINUTE, A_DAY = 5, 60
#: Reports of a whole district.
DISTRICT_A_MINUTE = 60
#: Wrong codes, of one address and of all: at that rate nobody finds one in a thousand years.
WRONG_OF_ONE, WRONG_OF_ALL = 10, 600
_DAY_S = 24 * 3600.0
#: Whoever has an IPv6 line has so many bits of it to himself.
_OWN_NETWORK = 64
_lock = Lock()


class _Door(NamedTuple):
    minute: Pace
    day: Pace
    district: Pace
    wrong: Attempts


def admit_report(district: str) -> None:
    """
    Count a report of this request's address; before anything of it is read.

    Raises:
        Refusal: ``too_many_attempts``, with the seconds to wait.
    """
    door, who, now_s = _door(), address(), time.monotonic()
    with _lock:
        wait_s = door.minute.wait_s(who, now_s) or door.day.wait_s(who, now_s) or door.district.wait_s(district, now_s)
    if wait_s:
        raise Refusal("too_many_attempts", retry_after_s=wait_s)


def refuse_guessing() -> None:
    """
    Refuse an address that has typed too many wrong codes of late.

    Raises:
        Refusal: ``too_many_attempts``.
    """
    with _lock:
        wait_s = _door().wrong.wait_s(address(), time.monotonic())
    if wait_s:
        raise Refusal("too_many_attempts", retry_after_s=wait_s)


def note_wrong() -> None:
    """Remember that this request's address typed a wrong code."""
    with _lock:
        _door().wrong.note_wrong(address(), time.monotonic())


def address() -> str:
    """Return whose request this is: an IPv4 address, or the network of an IPv6 one."""
    told = request.remote_addr or ""
    try:
        found = ipaddress.ip_address(told)
    except ValueError:
        return told
    if isinstance(found, ipaddress.IPv4Address):
        return told
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _OWN_NETWORK), strict=False))


def _door() -> _Door:
    made = _Door(
        Pace(A_MINUTE), Pace(A_DAY, _DAY_S), Pace(DISTRICT_A_MINUTE, WINDOW_S), Attempts(WRONG_OF_ONE, WRONG_OF_ALL)
    )
    found: _Door = current_app.extensions.setdefault("gridward.public_door", made)
    return found
