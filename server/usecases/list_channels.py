"""
The ways out of the office, as they are read 渠道清单: what each is for, whether it can speak, how it fares.
"""

from collections.abc import Callable

from msgspec import Struct

from server.core.channels import KINDS
from server.storage.unit_of_work import UnitOfWork
from server.usecases.push_text import channels_of


class ListedChannel(Struct, frozen=True):
    """
    One channel; its address is not told.

    Attributes:
        owner: Whose own channel it is, by name; None: a group's.
        variable: The variable of the environment that holds its address.
        configured: Whether that is set here.
        counts: How many of its deliveries are in which state.
    """

    name: str
    kind: str
    kind_zh: str
    area: str
    codes: list[str]
    owner: str | None
    keyword: str
    variable: str
    configured: bool
    counts: dict[str, int]


class ChannelList(Struct, frozen=True):
    """The open channels of a district, by name."""

    channels: list[ListedChannel]


def list_channels(work: UnitOfWork, address: Callable[[str], str | None]) -> ChannelList:
    """Return the open channels; *address* looks up whether one has its address."""
    counted, channels = work.deliveries.standing(), channels_of(work)
    names = work.people.names({one.person for one in channels if one.person})
    return ChannelList([
        ListedChannel(
            name=one.name, kind=one.kind, kind_zh=KINDS[one.kind].zh, area=one.area, codes=list(one.codes),
            owner=names.get(one.person or ""), keyword=one.keyword, variable=f"GRIDWARD_CHANNEL_{one.name.upper()}",
            configured=address(one.name) is not None,
            counts={state: n for (name, state), n in counted.items() if name == one.name},
        )
        for one in channels
    ])  # fmt: skip
