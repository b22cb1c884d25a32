"""
Enrol a device, or admit a further person to one that is enrolled already 设备登记.

A one-time code names a person, not a device: an operator gives it to somebody, who types it (or lets
the tablet read the picture) within a quarter of an hour. The token that the tablet receives is random
and long, so its plain SHA-256 is all the server keeps: there is nothing to guess back, and a slow
password hash on every sync would only cost battery and time.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass, field
from functools import partial

from schemas import ids
from schemas.problems import Refusal
from schemas.roles import Role
from server.storage.devices import Device
from server.storage.people import Account
from server.storage.store import Place, Store
from server.storage.unit_of_work import UnitOfWork, retrying

CODE_LIVES_MS = 15 * 60 * 1000
#: Without the signs that are read for one another on a small screen: 0 O, 1 I L, U V.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person a device speaks for, with the roles held now: (role, area)."""

    id: str
    name: str
    title: str
    roles: tuple[tuple[Role, str], ...]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a device is told; ``token`` only where it is a new one, and never again."""

    device: str
    place: Place
    people: list[Admitted] = field(default_factory=list)
    token: str | None = None


def offer_code(store: Store, district: str, person: Account, now_ms: int) -> str:
    """Return a fresh one-time code that admits *person*, as it is shown: XXXX-XXXX."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    with store.work(district) as work:
        work.enrolment.offer(_code_hash(district, code), person.id, now_ms + CODE_LIVES_MS)
        work.commit()
    return f"{code[:4]}-{code[4:]}"


def enrol_device(store: Store, code: str, device_name: str, now_ms: int, *, known: Device | None = None) -> Enrolled:
    """
    Use *code* up: a new device gets its token, the device *known* gets one more person.

    A *known* device that was revoked is let in again under its old id, with a new token: what it had already
    delivered is recognised.

    Args:
        code: As typed; case, blanks and dashes do not matter.
        device_name: What the office will see in its list of devices.

    Raises:
        Refusal: ``enrol_code_invalid``, the same for a wrong, used and expired code.
    """
    for district, place in sorted(store.places().items()):
        if known is not None and known.district != district:
            continue
        enrolled = retrying(partial(_attempt, store, place, code, device_name, now_ms, known))
        if enrolled is not None:
            return enrolled
    raise Refusal("enrol_code_invalid")


def _attempt(
    store: Store, place: Place, code: str, device_name: str, now_ms: int, known: Device | None
) -> Enrolled | None:
    with store.work(place.district) as work:
        person = work.enrolment.use(_code_hash(place.district, code), now_ms)
        if person is None or not _still_works(work, person):
            return None
        device, token = _let_in(work, known, device_name, now_ms)
        work.enrolment.admit(device, [person], now_ms)
        people = [*known.people, person] if known else [person]
        enrolled = Enrolled(device, place, admitted_people(work, people, now_ms), token)
        work.commit()
    return enrolled


def admitted_people(work: UnitOfWork, people: list[str], now_ms: int) -> list[Admitted]:
    """Return *people* as a device is told of them."""
    admitted = []
    for account in (a for person in dict.fromkeys(people) for a in work.people.named(person) if a.id == person):
        held = [h.grant for h in work.people.held(account.id) if h.grant.holds_at(now_ms)]
        roles = tuple(dict.fromkeys((grant.role, grant.area) for grant in held))
        admitted.append(Admitted(account.id, account.name, account.title, roles))
    return admitted


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _still_works(work: UnitOfWork, person: str) -> bool:
    return any(a.id == person and a.stopped_ms is None for a in work.people.named(person))


def _let_in(work: UnitOfWork, known: Device | None, name: str, now_ms: int) -> tuple[str, str | None]:
    """Return the device, and its token where it gets one."""
    if known is not None and not known.revoked:
        return known.id, None
    token = f"{work.district}.{secrets.token_urlsafe(_TOKEN_BYTES)}"
    if known is not None:
        work.enrolment.reinstate(known.id, token_hash(token))
        return known.id, token
    device = ids.uuid7(now_ms, secrets.token_bytes(10))
    work.enrolment.add(device, name, token_hash(token), now_ms)
    return device, token


def _code_hash(district: str, code: str) -> bytes:
    plain = "".join(c for c in unicodedata.normalize("NFKC", code).upper() if c.isalnum())
    return hashlib.sha256(f"{district}|{plain}".encode()).digest()
