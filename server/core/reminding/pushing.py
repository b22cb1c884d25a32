"""
Which message goes out by which channel 推送, and what may be said there.

Pure. A group's message names codes, numbers and counts, nobody; before anything is queued for a group it is looked
through once more for what a group must never read.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.core.channels import Channel, Message, messages
from server.core.sources.masking import without_numbers

#: How many numbers of cases a group is told one by one.
MOST_NUMBERS = 20
_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
#: As in 辽J12345, of eight signs for a new-energy car, 辽J1234警, WJ辽12345; perhaps with a dot or blanks.
_PLATE = re.compile(
    rf"(?:{_PROVINCE}\s?[A-Z]|WJ\s?{_PROVINCE}?)\s?[·•.\-]?\s?(?=[A-Z\s]*[0-9])"
    r"(?:(?:\s?[A-Z0-9]){5,6}(?![A-Z0-9])|(?:\s?[A-Z0-9]){4,5}\s?[警学挂领试超港澳])",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}\W?(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]\W?[0-9]{3}[0-9X](?![0-9])", re.IGNORECASE
)
#: Telephone numbers with anything at all between their groups, or written out.
_PHONE = re.compile(
    r"(?<![0-9])0?1[3-9][0-9]\W{0,3}[0-9]{4}\W{0,3}[0-9]{4}(?![0-9])"
    r"|(?<![0-9])0[0-9]{2,3}\W{1,3}[2-9][0-9]{2,3}\W?[0-9]{4}(?![0-9])"
    "|[一幺][零〇一二三四五六七八九幺]{10}"
)
#: Numbers of cases and days: read together with what follows they might look like a telephone number.
_HARMLESS = re.compile(
    r"[A-Z]{2,4}-(?:19|20)[0-9]{2}-[^\s\-]{1,12}-[A-Z]{2,4}[0-9]{4,7}(?![0-9])|20[0-9]{2}-[01][0-9]-[0-3][0-9]"
)


class Push(NamedTuple):
    """One message for one channel; ``problem`` says why it must not go out."""

    channel: Channel
    n: int
    message: Message
    problem: str | None = None


def personal_in(text: str) -> str | None:
    """Return what of a person stands in *text*: ``phone``, ``plate``, ``identity``; None: nothing that was found."""
    plain = _HARMLESS.sub("□", _unmasked(text))
    if _IDENTITY.search(plain):
        return "identity"
    if _PHONE.search(plain) or without_numbers(plain) != plain:
        return "phone"
    return "plate" if _PLATE.search(plain) else None


def _unmasked(text: str) -> str:
    """Return *text* with every digit and letter as plain as it reads, and without signs that nobody sees."""
    signs = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in signs)


def channels_for(channels: Iterable[Channel], codes: Iterable[str], area: str, person: str | None) -> list[Channel]:
    """Return those of *channels* that tell of one of *codes* in *area*: *person*'s own ones, or (None) groups'."""
    told = tuple(codes)
    return [one for one in channels if one.person == person and any(one.serves(area, code) for code in told)]


def pushes(channels: Sequence[Channel], title: str, body: str) -> list[Push]:
    """
    Return what goes out by each of *channels*, in pieces that it takes, numbered from 0.

    A text for a group in which something of a person was found is one push with a ``problem`` and no words.
    """
    found: list[Push] = []
    for channel in channels:
        problem = None if channel.person else personal_in(f"{title}\n{body}")
        if problem is not None:
            found.append(Push(channel, 0, Message("", ""), f"personal_{problem}"))
            continue
        pieces = messages(channel, title, body)
        found += [Push(channel, n, piece) for n, piece in enumerate(pieces)]
    return found


def group_text(title_zh: str, title_en: str, numbers: Sequence[str], count: int) -> Message:
    """
    Return what a group is told of *count* matters: nothing but how many, and the numbers that cases are known by.

    Args:
        numbers: The case numbers, as many as there are; only the first ``MOST_NUMBERS`` are named.
    """
    named = "、".join(numbers[:MOST_NUMBERS])
    more = f" 等 and {count - MOST_NUMBERS} more" if named and count > MOST_NUMBERS else ""
    lines = [f"【{title_zh}】{count} 件，请登录系统查看。{title_en}: {count}, see the system."]
    if named:
        lines.append(f"编号 No.：{named}{more}")
    return Message("", "\n".join(lines))
