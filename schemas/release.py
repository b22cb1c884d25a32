"""
Release codes 解锁码: the office lets a tablet go that it cannot reach, over the telephone.

The tablet shows a challenge 申请码; an operator types it beside the device's name and reads a code back, which the
tablet checks without a network: both know the SHA-256 of its token. Pure.
"""

import hashlib
import hmac
import unicodedata

from schemas.problems import Refusal

#: Without the signs that are read for one another on a small screen: 0 O, 1 I L, U V.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
#: What a code may be asked for, by the letter its challenge begins with.
WHATS = {"L": "logout", "R": "reset"}
_DIGITS, _TAIL = 6, 6


def challenge_of(number: int, device: str, what: str) -> str:
    """Return a challenge as it is shown, ``R-482913-3F9A1C``: what for, 6 digits of *number*, the device's end."""
    letter = next(letter for letter, name in WHATS.items() if name == what)
    return f"{letter}-{number % 10**_DIGITS:0{_DIGITS}}-{_tail(device)}"


def read_challenge(text: str, device: str) -> tuple[str, str]:
    """
    Return the challenge in *text*, typed by somebody, as it was shown, and what it is for.

    Raises:
        Refusal: ``challenge_invalid`` where it is none, or another device's.
    """
    plain = _plain(text)
    letter, digits, tail = plain[:1], plain[1 : 1 + _DIGITS], plain[1 + _DIGITS :]
    if letter not in WHATS or not (digits.isascii() and digits.isdigit()) or len(digits) != _DIGITS:
        raise Refusal("challenge_invalid")
    if tail != _tail(device):
        raise Refusal("challenge_invalid")
    return f"{letter}-{digits}-{tail}", WHATS[letter]


def code_of(key: bytes, device: str, challenge: str, what: str) -> str:
    """Return the code for *challenge*; *key* is the SHA-256 of the device's token."""
    message = f"release|{device}|{challenge}|{what}".encode()
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256), "big")
    signs = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return "".join(signs)


def fits(typed: str, code: str) -> bool:
    """Say whether *typed* is *code*; case, blanks and dashes do not matter."""
    return hmac.compare_digest(_plain(typed).encode(), code.encode())


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())


def _tail(device: str) -> str:
    return device.replace("-", "")[-_TAIL:].upper()
