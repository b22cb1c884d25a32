"""
The key of a sealed file 密钥, and the note beside the file that says where it is kept.

A key is 32 random bytes in the system's key store or in a file, or comes out of a PIN by scrypt. The note
(``tablet.db-seal``) never holds it: only where it is, and enough to tell a wrong key from a damaged file.

Source: Percival and Josefsson, "The scrypt Password-Based Key Derivation Function", RFC 7914.
"""

import hashlib
import hmac
import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from sync_client.driver import seal_of
from sync_client.errors import NoKey, SealUnreadable, StoreError, WrongKey
from sync_client.sealing import places

Kept = Literal["keystore", "file", "pin"]

FORMAT = 1
KEY_BYTES = 32
#: Four digits are found by trying all of them in minutes; from six signs on it takes a thief days.
LEAST_PIN = 6
SERVICE = "gridward"
#: scrypt with N = 2^16, r = 8, p = 1: some 200 ms and 64 MiB a guess.
_COST = {"n": 1 << 16, "r": 8, "p": 1}
_MOST_MEMORY = 256 << 20


class SealNote(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """
    How a file is sealed.

    Attributes:
        kept: Where the key is: ``keystore``, ``file`` or ``pin``.
        check: What tells whether a key is the right one; says nothing about it.
        name: The key's name in the key store.
        file: Where the key file lay when the tablet was sealed.
        salt, cost: What scrypt was given, as hex and as N, r, p.
    """

    kept: Kept
    check: str
    format: int = FORMAT
    name: str | None = None
    file: str | None = None
    salt: str | None = None
    cost: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """
    Whoever can bring the key.

    Attributes:
        key_file: A file to read it from, wherever the note says it is.
        ask_pin: Asks the person for the PIN; raises ``NoKey`` where nobody can be asked.
    """

    key_file: Path | None = None
    ask_pin: Callable[[], str] | None = None

    def pin(self) -> str:
        """
        Ask for the PIN.

        Raises:
            NoKey: Nobody can be asked.
        """
        if self.ask_pin is None:
            raise NoKey("PIN")
        # A Chinese keyboard may type full-width digits; they are the same PIN.
        return unicodedata.normalize("NFKC", self.ask_pin()).strip()


def new_key(kept: Kept, holder: Holder, randomness: Callable[[int], bytes]) -> tuple[bytes, SealNote]:
    """
    Make a key and keep it where *kept* says; a key file that is there already is used.

    Raises:
        NoKey: The key file is none, may be read by others, or cannot be written; the PIN is too short.
        NoSealing: There is no key store.
    """
    if kept == "pin":
        salt = randomness(16)
        key = _of_pin(_long_enough(holder.pin()), salt, _COST)
        return key, SealNote("pin", check_of(key), salt=salt.hex(), cost=dict(_COST))
    key = randomness(KEY_BYTES)
    if kept == "keystore":
        name = randomness(6).hex()
        places.put_in_store(SERVICE, name, key.hex())
        return key, SealNote("keystore", check_of(key), name=name)
    if holder.key_file is None:
        raise NoKey("--key-file")
    key = key_in_file(holder.key_file) if holder.key_file.exists() else _into_file(holder.key_file, key)
    return key, SealNote("file", check_of(key), file=str(holder.key_file.absolute()))


def find_key(note: SealNote, holder: Holder) -> bytes:
    """
    Return the key that *note* speaks of.

    Raises:
        NoKey, NoSealing: It cannot be had.
        WrongKey: What was brought is another one.
        SealUnreadable: The note does not say enough.
    """
    key = _brought(note, holder)
    if not hmac.compare_digest(check_of(key), note.check):
        raise WrongKey(note.kept)
    return key


def _brought(note: SealNote, holder: Holder) -> bytes:
    if holder.key_file is not None:
        return key_in_file(holder.key_file)
    if note.kept == "pin" and note.salt and note.cost:
        return _of_pin(holder.pin(), bytes.fromhex(note.salt), note.cost)
    if note.kept == "keystore" and note.name:
        return _key_in(places.from_store(SERVICE, note.name), f"{SERVICE}/{note.name}")
    if note.kept == "file" and note.file:
        return key_in_file(Path(note.file))
    raise SealUnreadable(note.kept)


def check_of(key: bytes) -> str:
    """Return what tells *key* from others without telling it."""
    return hmac.digest(key, b"gridward seal", "sha256")[:16].hex()


# -- the note ----------------------------------------------------------------------------------------


def read_note(path: Path) -> SealNote:
    """
    Return the note beside the file at *path*.

    Raises:
        SealUnreadable: There is none, or it says nothing we understand.
    """
    try:
        note = msgspec.json.decode(seal_of(path).read_bytes(), type=SealNote)
        bytes.fromhex(note.salt or "")
    except (OSError, ValueError) as error:
        raise SealUnreadable(f"{seal_of(path)}: {error}") from error
    if note.format > FORMAT:
        raise SealUnreadable(f"{note.format} > {FORMAT}")
    return note


def write_note(path: Path, note: SealNote) -> None:
    """Put *note* beside the file at *path*, whole, on the disk before this returns."""
    places.write_privately(seal_of(path), msgspec.json.format(msgspec.json.encode(note)) + b"\n")


# -- where keys come from ------------------------------------------------------------------------------


def _long_enough(pin: str) -> str:
    if len(pin) < LEAST_PIN:
        raise NoKey(f"PIN < {LEAST_PIN}")
    return pin


def _of_pin(pin: str, salt: bytes, cost: dict[str, int]) -> bytes:
    try:
        return hashlib.scrypt(
            pin.encode(),
            salt=salt,
            n=cost["n"],
            r=cost["r"],
            p=cost["p"],
            maxmem=_MOST_MEMORY,
            dklen=KEY_BYTES,
        )
    except (KeyError, ValueError, OverflowError, TypeError) as error:
        raise SealUnreadable(f"scrypt: {error}") from error


def key_in_file(file: Path) -> bytes:
    """
    Return the key in *file*, 64 hexadecimal digits.

    Raises:
        NoKey: It cannot be read, others may read it too, or it holds no key.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NoKey(f"{file}: {error}") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise NoKey(f"{file}: mode {stat.S_IMODE(mode):04o}, chmod 600")
    return _key_in(text, str(file))


def _into_file(file: Path, key: bytes) -> bytes:
    try:
        places.write_privately(file, key.hex().encode() + b"\n", anew=True)
    except (OSError, StoreError) as error:
        raise NoKey(f"{file}: {error}") from error
    return key


def _key_in(text: str | None, where: str) -> bytes:
    try:
        key = bytes.fromhex(text or "")
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise NoKey(where)
    return key
