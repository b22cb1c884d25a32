"""
Ways out of the office 外发渠道: what a channel is, how long its messages may be, how fast and how often it is tried.

Pure. A channel's word names no secret: its address is in the environment, under the channel's name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas import grid

#: What a channel may be called; the variable that holds its address is named for it.
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,29}$"
#: Codes of reminders, and what else goes out by channels.
CODE_PATTERN = r"^(?:[A-Z][A-Z0-9_]{1,11}|[a-z][a-z_]{1,29})$"
#: The evening's figures of a street 日报, an attempt by hand 测试; every code there is.
DIGEST, TEST, ALL = "digest", "test", "all"
MOST_CODES, MOST_KEYWORD = 60, 20
#: After a first, second, third failure it is tried again so much later; after the fourth it has failed.
RETRY_S = (60, 600, 6_000)
WINDOW_MS = 60_000
#: What could not be sent within a day is news to nobody.
KEEP_TRYING_MS = 24 * 3_600_000


class Kind(NamedTuple):
    """A kind of channel: its name, how many bytes a message may have, how many messages a minute it takes."""

    zh: str
    most_bytes: int
    per_minute: int
    #: Whether messages are read by a whole group in any case.
    robot: bool


KINDS: Mapping[str, Kind] = {
    "wecom": Kind("企业微信群机器人", 2_048, 20, True),
    "dingtalk": Kind("钉钉群机器人", 2_048, 20, True),
    "feishu": Kind("飞书群机器人", 2_048, 20, True),
    "mail": Kind("邮件", 30_000, 60, False),
    "webhook": Kind("网络接口 webhook", 30_000, 60, False),
}


class Channel(NamedTuple):
    """
    A way out of the office.

    Attributes:
        area: What lies in it is told by this channel.
        codes: The codes it tells; ``all``: every one.
        person: Whose it is; None: a group reads it, and it never holds personal data.
        keyword: What every message must hold for a DingTalk robot to take it.
    """

    name: str
    kind: str
    area: str
    codes: tuple[str, ...]
    person: str | None = None
    keyword: str = ""

    def tells(self, code: str) -> bool:
        """Say whether this channel is for *code*; an attempt by hand goes anywhere."""
        return code == TEST or ALL in self.codes or code in self.codes

    def serves(self, area: str, code: str) -> bool:
        """Say whether what lies in *area* is told by this channel under *code*; what is sealed 封存 never is."""
        return not grid.is_sealed(area) and grid.lies_in(area, self.area) and self.tells(code)


def read_channel(name: str, said: Any) -> Channel | None:
    """Return the channel that the district's word *said* under *name* describes; None where it means nothing."""
    if not isinstance(said, dict):
        return None
    try:
        found = Channel(
            name, said["kind"], said["area"], tuple(said["codes"]), said.get("person"), said.get("keyword", "")
        )
        return None if mistake_in(found, said["area"][: grid.Level.DISTRICT]) else found
    except (KeyError, TypeError):
        return None


def word_of(channel: Channel) -> dict[str, Any]:
    """Return *channel* as it is kept."""
    return {name: value for name, value in channel._asdict().items() if name != "name" and value}


def mistake_in(channel: Channel, district: str) -> tuple[str, str] | None:
    """Return what is wrong with *channel*, in both languages; None: nothing."""
    return next(_mistakes(channel, district), None)


def _mistakes(channel: Channel, district: str) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(NAME_PATTERN, channel.name, re.ASCII):
        yield "渠道名称只能用小写字母、数字和下划线，以字母开头", "a name is lower-case letters, digits and underscores"
    yield from _mistakes_of_area(channel.area, district)
    yield from _mistakes_of_codes(channel.codes)
    kind = KINDS.get(channel.kind)
    if kind is None:
        listed = "、".join(KINDS)
        yield f"没有渠道类型“{channel.kind}”，有：{listed}", f"there is no kind '{channel.kind}'; there are: {listed}"
    elif kind.robot and channel.person is not None:
        yield "群机器人不能作为个人渠道", "a group's robot cannot be one person's channel"
    if len(channel.keyword) > MOST_KEYWORD or not channel.keyword.isprintable():
        yield f"关键词最多 {MOST_KEYWORD} 字", f"a keyword has {MOST_KEYWORD} characters at most"


def _mistakes_of_area(area: str, district: str) -> Iterator[tuple[str, str]]:
    if not grid.is_code(area) or not grid.lies_in(area, district):
        yield f"区划代码 {area} 不在本区", f"{area} is no area of this district"
    elif grid.is_sealed(area):
        yield "封存处没有渠道", "what is sealed has no channel"


def _mistakes_of_codes(codes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not codes or len(codes) > MOST_CODES:
        yield "请写明发送哪些提醒", "say which codes it tells"
    for code in codes:
        if not re.fullmatch(CODE_PATTERN, code, re.ASCII):
            yield f"“{code}”不是提醒代码", f"'{code}' is no code"


class Message(NamedTuple):
    """One message as a channel takes it; an empty title stands in the text already."""

    title: str
    body: str

    @property
    def text(self) -> str:
        """What a robot, which knows no titles, is told."""
        return f"{self.title}\n{self.body}" if self.title and self.body else self.title or self.body


def messages(channel: Channel, title: str, body: str) -> list[Message]:
    """
    Return *title* and *body* as messages that *channel* takes, in order.

    Cut between lines where it can be, and never inside a character; several are counted in their titles, 2/3.
    Every one holds the channel's keyword.
    """
    headed = " ".join(title.split())
    if channel.keyword and channel.keyword not in headed:
        headed = f"【{channel.keyword}】{headed}"
    most = KINDS[channel.kind].most_bytes
    whole = Message(headed, body)
    if _size(whole.text) <= most:
        return [whole]
    room = most - _size(headed) - len("（999/999）\n".encode())
    pieces = split(body, max(room, most // 4))
    if room < most // 4:  # a title as long as that is no title
        headed = next(iter(split(headed, most // 2)))
    return [Message(f"{headed}（{n}/{len(pieces)}）", piece) for n, piece in enumerate(pieces, 1)]


def split(text: str, most: int) -> list[str]:
    """
    Return *text* in pieces of at most *most* bytes of UTF-8: whole lines, a longer line cut between characters.

    Args:
        most: At least 4, the bytes of the longest character.
    """
    first, *others = text.split("\n")
    pieces = list(_cut(first, most))
    for line in others:
        joined = f"{pieces[-1]}\n{line}"
        pieces[-1:] = [joined] if _size(joined) <= most else [pieces[-1], *_cut(line, most)]
    return [piece for piece in pieces if piece] or [""]


def _cut(line: str, most: int) -> Iterator[str]:
    raw = line.encode()
    while len(raw) > most:
        end = most
        # A byte that goes on with a character begins with the bits 10.
        while raw[end] & 0xC0 == 0x80:
            end -= 1
        yield raw[:end].decode()
        raw = raw[end:]
    yield raw.decode()


def _size(text: str) -> int:
    return len(text.encode())


#: Of one message, not of the way it goes: others may go that way meanwhile.
_OF_A_MESSAGE = re.compile(r"robot_[0-9-]+|mail_refused|http_4(?!29)[0-9]{2}", re.ASCII)
#: So long nothing goes by a channel that failed; DingTalk is silent for ten minutes after it was spoken to too fast.
_REST_S, _SILENCE_S = 60, 660


def rest_until(kind: str, problem: str | None, ended_ms: int) -> int | None:
    """Return until when nothing more is tried by a channel after *problem*; None: it concerned one message alone."""
    if problem is None or _OF_A_MESSAGE.fullmatch(problem):
        return None
    return ended_ms + (_SILENCE_S if (kind, problem) == ("dingtalk", "too_fast") else _REST_S) * 1000


def room(channel_kind: str, used: int) -> int:
    """Return how many more messages may go out now, where *used* went out within the last minute."""
    return max(0, KINDS[channel_kind].per_minute - used)


def next_attempt(attempts: int, ended_ms: int) -> int | None:
    """Return when what failed for the *attempts*-th time is tried again; None: it has failed for good."""
    return ended_ms + RETRY_S[attempts - 1] * 1000 if attempts <= len(RETRY_S) else None
