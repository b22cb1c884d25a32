"""
Open, change and close the ways out of the office 渠道管理: who said so, when and why is kept.
"""

from typing import Any

from schemas.ids import derived_id
from schemas.moments import instant
from server.core.channels import KINDS, TEST, Channel, mistake_in, read_channel, word_of
from server.core.reminding.pushing import pushes
from server.storage.channels import ChannelWord
from server.storage.deliveries import Delivery
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.manage_calendar import Said, by_of, reason_of
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake


def open_channel(store: Store, district: str, channel: Channel, said: Said) -> Channel:
    """
    Open *channel*, or change the one of that name; ``person`` may be a name or a staff number.

    Raises:
        Mistake: it means nothing; another channel of the name was of another kind; nobody is called that.
    """

    def attempt() -> Channel:
        with store.work(district) as work:
            person = find_person(work, channel.person).id if channel.person else None
            meant = channel._replace(person=person)
            wrong = mistake_in(meant, district)
            if wrong is not None:
                raise Mistake(f"{wrong[0]}。", f"{wrong[1].capitalize()}.")
            _refuse_other_kind(work, meant)
            _say(work, meant.name, word_of(meant), said)
            work.commit()
        return meant

    return retrying(attempt)


def close_channel(store: Store, district: str, name: str, said: Said) -> int:
    """
    Close the channel *name*: what waits for it is dropped; return how many that were.

    Raises:
        Mistake: there is none of that name.
    """

    def attempt() -> int:
        with store.work(district) as work:
            find_channel(work, name)
            work.channels.lock(name)
            _say(work, name, None, said)
            dropped = work.deliveries.drop_waiting(name, said.now_ms, "closed")
            work.commit()
        return dropped

    return retrying(attempt)


def words_on(store: Store, district: str, name: str | None = None) -> list[ChannelWord]:
    """Return everything that was ever said of the channels, or of one."""
    with store.work(district, writing=False) as work:
        return work.channels.words(name)


def queue_test(store: Store, district: str, name: str, now_ms: int) -> str:
    """
    Queue a message that says that it is a test; return the delivery's id.

    Raises:
        Mistake: there is no channel of that name.
    """
    about = f"{TEST}-{now_ms}"

    def attempt() -> str:
        with store.work(district) as work:
            channel = find_channel(work, name)
            [push] = pushes([channel], *test_text(now_ms))
            id_ = derived_id("delivery", district, about, name, "0")
            message = push.message
            work.deliveries.put([
                Delivery(id_, name, channel.person, about, True, message.title, message.body, now_ms, next_ms=now_ms)
            ])  # fmt: skip
            work.commit()
        return id_

    return retrying(attempt)


def test_text(now_ms: int) -> tuple[str, str]:
    """Return the title and the body of a message that says that it is a test."""
    return "【渠道测试】Gridward 网格卫", f"这是一条测试消息，{instant(now_ms)}。This is a test."


def find_channel(work: UnitOfWork, name: str) -> Channel:
    """Return the open channel *name*; Mistake: there is none."""
    found = read_channel(name, work.channels.standing().get(name))
    if found is None:
        listed = "、".join(sorted(work.channels.standing())) or "—"
        raise Mistake(f"没有渠道“{name}”，现有：{listed}。", f"There is no channel '{name}'; there are: {listed}.")
    return found


def _refuse_other_kind(work: UnitOfWork, meant: Channel) -> None:
    """What was queued under a name was cut for its kind."""
    kinds = {word.said["kind"] for word in work.channels.words(meant.name) if word.said is not None}
    for kind in kinds - {meant.kind}:
        told = KINDS[kind].zh if kind in KINDS else kind
        raise Mistake(
            f"“{meant.name}”一直是{told}，换类型请另起名称。",
            f"'{meant.name}' has always been {kind}; take another name for another kind.",
        )


def _say(work: UnitOfWork, name: str, word: dict[str, Any] | None, said: Said) -> None:
    work.channels.say(ChannelWord(name, word, reason_of(said), by_of(work, said), said.now_ms))
