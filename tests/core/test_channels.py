"""Messages cut for their channels, failures and rests, and the last look before a group reads something."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.channels import (
    KINDS,
    Channel,
    messages,
    mistake_in,
    next_attempt,
    read_channel,
    rest_until,
    room,
    split,
    word_of,
)
from server.core.reminding.pushing import group_text, personal_in

GROUP = Channel("hebei", "wecom", "210902005", ("digest", "R11"))
TEXTS = st.text(st.sampled_from("清扫保洁a1，\n😀é"), max_size=900)


@given(text=TEXTS, most=st.integers(4, 300))
def test_a_text_is_cut_into_whole_characters_and_loses_none(text: str, most: int) -> None:
    """Every piece fits, and together they say what was said; a line that fits stays in one piece."""
    pieces = split(text, most)
    assert all(len(piece.encode()) <= most for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    whole = {line for piece in pieces for line in piece.split("\n")}
    assert {line for line in text.split("\n") if line and len(line.encode()) <= most} <= whole


@given(
    kind=st.sampled_from(sorted(KINDS)), title=st.text(max_size=1_500), body=TEXTS.map(lambda text: text * 5),
    keyword=st.sampled_from(["", "创卫"]),
)  # fmt: skip
def test_every_message_fits_its_channel_and_holds_its_keyword(kind: str, title: str, body: str, keyword: str) -> None:
    """However long a title is."""
    channel = GROUP._replace(kind=kind, keyword=keyword)
    for message in messages(channel, title, body):
        assert len(message.text.encode()) <= KINDS[kind].most_bytes
        assert keyword in message.text


def test_what_is_short_stays_one_message() -> None:
    """A Chinese character is three bytes: 682 of them and a line break are 2,047."""
    assert [m.text for m in messages(GROUP, "报", "创" * 681)] == ["报\n" + "创" * 681]
    assert [m.title for m in messages(GROUP, "报", "创" * 682)] == ["报（1/2）", "报（2/2）"]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"name": "Hebei"}, "name"),
        ({"name": "河北"}, "name"),
        ({"kind": "fax"}, "kind"),
        ({"area": "210903005"}, "area"),
        ({"area": "21090"}, "area"),
        ({"area": "210902999"}, "sealed"),
        ({"codes": ()}, "codes"),
        ({"codes": ("r1!",)}, "code"),
        ({"person": "p"}, "robot"),
        ({"keyword": "a\n"}, "keyword"),
    ],
)
def test_a_channel_that_means_nothing_is_told_why(changed: dict[str, Any], word: str) -> None:
    """In one sentence each."""
    wrong = mistake_in(GROUP._replace(**changed), "210902")
    assert wrong is not None
    assert word in wrong[1]


def test_a_channel_is_kept_and_read_again() -> None:
    """What is no channel any more is none; nothing secret is part of a word."""
    assert mistake_in(GROUP, "210902") is None
    assert read_channel("hebei", word_of(GROUP)) == GROUP
    word = word_of(GROUP)
    wrong: list[Any] = [None, [], {}, {"kind": "wecom"}, word | {"kind": "fax"}, word | {"codes": None}]
    for bad in wrong:
        assert read_channel("hebei", bad) is None


def test_failures_rest_and_return() -> None:
    """One message's fault does not silence the channel; DingTalk is silent for ten minutes, so are we."""
    assert [next_attempt(n, 0) for n in (1, 2, 3, 4)] == [60_000, 600_000, 6_000_000, None]
    assert rest_until("wecom", None, 0) is None
    assert rest_until("wecom", "robot_40058", 0) is None
    assert rest_until("webhook", "http_404", 0) is None
    assert rest_until("webhook", "http_429", 0) == rest_until("webhook", "http_503", 0) == 60_000
    assert rest_until("wecom", "too_fast", 0) == 60_000
    assert (rest_until("dingtalk", "too_fast", 0) or 0) > 600_000
    assert [room("wecom", used) for used in (0, 19, 20, 30)] == [20, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("联系电话13841800000", "phone"),
        ("电话１３８ 4180－0000", "phone"),
        ("+86 138-4180-0000", "phone"),
        ("0418-2812345", "phone"),
        ("辽J12345", "plate"),
        ("辽 J·D12345 占道", "plate"),
        ("辽j1234警 WJ辽12345", "plate"),
        ("辽J 12 345", "plate"),
        ("138\u200b4180\u200b0000", "phone"),
        ("138、4180、0000", "phone"),
        ("（0418）2812345", "phone"),
        ("𝟏𝟑𝟖𝟒𝟏𝟖𝟎𝟎𝟎𝟎𝟎", "phone"),
        ("١٣٨٤١٨٠٠٠٠٠", "phone"),
        ("一三八四一八零零零零零", "phone"),
        ("210902 19900101 123x", "identity"),
        ("新增 138 件，销号 1234 件，在办 5678 件；巡查 138/1234 人", None),
        ("210902199001011234", "identity"),
        ("编号 HZ-2020-河北-WT00001、HZ-2020-新兴-WTYA00002 2020-07-18 08:00", None),
        ("一、今日巡查：路段12个、商户3456户、停车区18处，完成率98.5%。", None),
        ("2020年7月18日 13:41 80件", None),
    ],
)
def test_a_last_look_finds_what_no_group_may_read(text: str, found: str | None) -> None:
    """And leaves numbers of cases, days and figures alone."""
    assert personal_in(text) == found


@given(count=st.integers(1, 99_999), known=st.integers(0, 60))
def test_a_group_is_told_nothing_that_looks_personal(count: int, known: int) -> None:
    """Whatever the numbers, the last look lets them pass."""
    numbers = [f"HZ-2020-河北-WT{n * 1_637:05}" for n in range(min(known, count))]
    assert personal_in(group_text("督办", "Supervision", numbers, count).text) is None
