"""A postman who keeps what he is given, and short words for queueing, delivering and looking at what lies there."""

from collections.abc import Callable
from dataclasses import dataclass, field

from server.channels.outgoing import Outgoing
from server.core.channels import Channel
from server.storage.deliveries import Delivery, Sought
from server.usecases.deliver import Delivered, deliver
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import open_channel
from server.usecases.push_text import push_text
from tests.server.office import DISTRICT, STREET, Office

NOW = 1_595_066_400_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
GROUP = Channel("hebei", "wecom", STREET, ("digest", "R11"))


@dataclass
class Postman:
    """Keeps what it is given to send, and says what it is told to."""

    problems: dict[str, str] = field(default_factory=dict)
    carried: list[Outgoing] = field(default_factory=list)
    on_the_way: Callable[[], None] = lambda: None

    def send(self, out: Outgoing) -> str | None:
        """Carry one message."""
        self.carried.append(out)
        self.on_the_way()
        return self.problems.get(out.channel)


def begin(office: Office, *channels: Channel) -> None:
    """Open channels."""
    for one in channels:
        open_channel(office.store, DISTRICT, one, Said("街道要求", "", NOW))


def put(
    office: Office, about: str, body: str = "今日巡查：路段3个。", what: str = "digest", area: str = STREET,
    at_ms: int = NOW,
) -> int:  # fmt: skip
    """Queue a text for the groups."""
    with office.store.work(DISTRICT) as work:
        found = push_text(work, area, what, "【创卫日报】河北街道", body, about, at_ms)
        work.commit()
    return found


def lying(office: Office, channel: str | None = None) -> list[Delivery]:
    """Return everything that was ever queued, in order."""
    with office.store.work(DISTRICT, writing=False) as work:
        found = work.deliveries.find(Sought(channel=channel, limit=1_000))
    return sorted(found, key=lambda one: (one.made_ms, one.next_ms or 0))


def run(office: Office, postman: Postman, at_ms: int) -> Delivered:
    """Let what is due go out."""
    return deliver(office.store, DISTRICT, at_ms, postman)
