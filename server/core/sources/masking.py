"""
Telephone numbers in what people write 号码脱敏: a record travels to many tablets, and shows none whole.
"""

import re

#: What people put between digits; full-width signs as well, which a Chinese keyboard writes.
_BETWEEN = "[\\s.·_\u2010-\u2015\uff0d\uff0e-]?"
_FULL_WIDTH = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＋"): "+"}
#: A mobile number, its digits perhaps apart; or a landline with its area code.
_MOBILE = re.compile(rf"(?<![0-9])((?:\+?86{_BETWEEN})?1{_BETWEEN}[3-9](?:{_BETWEEN}[0-9]){{9}})(?![0-9])")
_LANDLINE = re.compile(rf"(?<![0-9])(0[0-9]{{2,3}}{_BETWEEN}[2-9](?:{_BETWEEN}[0-9]){{6,7}})(?![0-9])")
_KEPT_BEFORE, _KEPT_AFTER = 3, 4


def masked(number: str) -> str:
    """Return *number* as it may be shown: 138****5678."""
    digits = "".join(sign for sign in number if sign.isascii() and sign.isdigit())
    if len(digits) > 11:
        digits = digits.removeprefix("86")
    hidden = len(digits) - _KEPT_BEFORE - _KEPT_AFTER
    if hidden <= 0:
        return "*" * len(digits)
    return digits[:_KEPT_BEFORE] + "*" * hidden + digits[-_KEPT_AFTER:]


def without_numbers(text: str) -> str:
    """Return *text* with every telephone number in it masked; it grows no longer by that."""
    plain = text.translate(_FULL_WIDTH)
    for pattern in (_MOBILE, _LANDLINE):
        plain = pattern.sub(lambda found: masked(found.group(1)), plain)
    return plain
