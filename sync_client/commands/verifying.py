"""
Proving this tablet equal to the office 核对: ``verify``.
"""

import click

from sync_client.commands.exits import Exit
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, WAIT, Voice
from sync_client.values import FeedVerified, Verified

_HEADS = (
    ("流", "feed"), ("记录", "records"), ("不同", "changed"), ("缺少", "missing"), ("多余", "surplus"),
    ("结果", "result"),
)  # fmt: skip


@click.command("verify")
@pass_session
@click.pass_context
def verify_command(context: click.Context, session: Session) -> None:
    """
    逐字节核对本机与平台，只修复不同之处；待发的不动。 Prove this tablet equal to the office, and repair what differs.

    先同步，再核对。退出码 0：一致；6：有不同，已修复；1：平台一直在变，没有核对完。
    It syncs first. Exit code 0: equal; 6: something differed and was repaired; 1: the office kept changing.
    """
    with session.tablet() as client:
        verified = client.verify()
    code = _code(verified)
    told = {"verified": verified, "repaired": verified.repaired, "proven": verified.proven, "exit": int(code)}
    session.voice.answer(told, lambda: _tell(session.voice, verified))
    context.exit(code)


def _code(verified: Verified) -> Exit:
    if not verified.proven:
        return Exit.TROUBLE
    return Exit.REPAIRED if verified.repaired else Exit.DELIVERED


def _tell(voice: Voice, verified: Verified) -> None:
    if not verified.proven:
        unproven = "、".join(one.feed for one in verified.feeds if not one.proven)
        voice.say(f"平台一直在变，没有核对完：{unproven}", "the office kept changing; not all was compared", WAIT)
        voice.hint("请稍后再运行 gridward verify", "run gridward verify again later")
    elif verified.repaired:
        zh = f"有 {verified.repaired} 处不同，已按平台修复，现在一致"
        voice.say(zh, f"{verified.repaired} differed and were repaired; now they are equal", GOOD)
    else:
        voice.say("与平台逐字节一致", "equal to the office, byte for byte", GOOD)
    voice.table(_HEADS, [_row(voice, one) for one in verified.feeds])
    if verified.strays:
        voice.say(
            f"另有 {verified.strays} 条不属于任何流，已移除", f"{verified.strays} stood in no feed and were removed"
        )
    if verified.relaid:
        voice.say(
            f"另有 {verified.relaid} 条待发的显示有误，已更正",
            f"{verified.relaid} with waiting work were shown wrongly",
        )
    kib = f"{(verified.bytes_up + verified.bytes_down) / 1024:.1f} KiB"
    voice.pairs([("核对用流量", "compared with", kib)])


def _row(voice: Voice, one: FeedVerified) -> tuple[str, ...]:
    if not one.proven:
        result = voice.pick("未核对完", "not compared")
    else:
        result = voice.pick("已从头读取", "read anew") if one.read_anew else voice.pick("一致", "equal")
    return (one.feed, str(one.records), str(one.changed), str(one.missing), str(one.surplus), result)
