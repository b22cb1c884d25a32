"""
The people who share one tablet 人员切换: who is admitted, who works now, and an optional PIN each.

Data belongs to the person: a mutation carries who made it, and what somebody has not sent yet survives
every switch.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable

import msgspec

from schemas.roles import Role
from sync_client.desk import Desk
from sync_client.errors import NoSuchRecord, WrongPin
from sync_client.values import Person, PersonRole

#: scrypt with N = 2^14, r = 8, p = 1: some 50 ms and 16 MiB a guess on a tablet.
_COST = {"n": 1 << 14, "r": 8, "p": 1, "maxmem": 64 << 20}
_ADMIT = """INSERT INTO person (id, name, roles) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, roles = excluded.roles"""


class Admitted(msgspec.Struct):
    """A person as the server names him at enrolment."""

    id: str
    name: str
    roles: list[PersonRole] = []


class People:
    """The people in the tablet's file; every method is part of the caller's transaction, if any."""

    def __init__(self, desk: Desk, randomness: Callable[[int], bytes]) -> None:
        self._desk = desk
        self._randomness = randomness

    def all(self) -> list[Person]:
        """Return everybody admitted to this tablet, by name."""
        current = self._desk.head().person
        rows = self._desk.db.all("SELECT id, name, roles, pin IS NOT NULL FROM person ORDER BY name, id")
        return [
            Person(person, name, tuple(_decode_roles(roles)), bool(pin), person == current)
            for person, name, roles, pin in rows
        ]

    def current(self) -> Person | None:
        """Return who works now."""
        return next((person for person in self.all() if person.current), None)

    def admit(self, persons: Iterable[Admitted], *, anew: bool) -> None:
        """
        Take people in, or learn their roles anew.

        Where nobody works, whoever is new here does at once; *anew* (the tablet got a token): the first of them.
        """
        with self._desk.writing() as head:
            known = {person_id for (person_id,) in self._desk.db.all("SELECT id FROM person")}
            for person in persons:
                roles = msgspec.json.encode(person.roles).decode()
                self._desk.db.run(_ADMIT, (person.id, person.name, roles))
                if anew or person.id not in known:
                    head.person = head.person or person.id

    def switch(self, person_id: str, pin: str | None, role: Role | None) -> Person:
        """
        Let another person work.

        Raises:
            NoSuchRecord: Nobody of that id is admitted.
            WrongPin: He has a PIN, and it is not this one.
        """
        self._check_pin(person_id, pin)
        with self._desk.writing() as head:
            head.person, head.role = person_id, role.value if role else None
        return next(person for person in self.all() if person.current)

    def set_pin(self, person_id: str, pin: str | None, present: str | None) -> None:
        """Set, change or (with None) take away a PIN; *present* is the one that holds until now."""
        self._check_pin(person_id, present)
        kept = None
        if pin is not None:
            salt = self._randomness(16)
            kept = salt.hex() + _hashed(pin, salt).hex()
        self._desk.db.run("UPDATE person SET pin = ? WHERE id = ?", (kept, person_id))

    def _check_pin(self, person_id: str, pin: str | None) -> None:
        row = self._desk.db.one("SELECT pin FROM person WHERE id = ?", (person_id,))
        if row is None:
            raise NoSuchRecord(person_id)
        if row[0] is None:
            return
        kept = bytes.fromhex(row[0])
        if not hmac.compare_digest(_hashed(pin or "", kept[:16]), kept[16:]):
            raise WrongPin


def _hashed(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, **_COST)


_decode_roles = msgspec.json.Decoder(list[PersonRole]).decode
