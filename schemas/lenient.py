"""
JSON that the fast decoder will not read 宽松读取: only to find out, and to say, what is wrong with it.
"""

import json
from typing import Any, NoReturn


def read_leniently(text: bytes) -> Any:
    """Return what *text* holds if it is JSON at all, lone surrogates included; else None."""
    try:
        # Decoded here, because Python's decoder would guess at UTF-16 and let torn characters through.
        return json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    # Python's decoder takes NaN and Infinity, which are no JSON.
    raise ValueError(name)
