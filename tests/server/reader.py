"""A device that takes pages in as a tablet does, for tests on the wire."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas import wire
from tests.server.office import Office, RawDevice


@dataclass
class Reader:
    """A device that takes pages in as a tablet does, and forgets an answer now and then."""

    device: RawDevice
    limit: int = 2_000
    holds: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    generation: dict[str, int] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    #: Every page that was taken in: feed, whether it began a reading, how many records, and what left.
    pages: list[tuple[str, bool, int, list[str]]] = field(default_factory=list)

    def ask(self) -> wire.SyncResponse:
        """Ask once, and take nothing in."""
        body = {"protocol": 1, "install": "r", "cursors": self.device.cursors, "limit": self.limit}
        response = self.device.post(body)
        assert response.status_code == 200, response.get_data(as_text=True)
        return wire.decode_response(response.data)

    def step(self, *, lost: bool = False) -> bool:
        """Ask once and take the answer in, unless it is lost; say whether there is more."""
        answer = self.ask()
        if lost:
            return True
        for feed in answer.gone_feeds:
            self._let_go(feed, lambda _id, _generation: True)
            self.device.cursors.pop(feed, None)
        for feed, page in answer.feeds.items():
            self._take(feed, page)
        return any(page.more for page in answer.feeds.values())

    def read(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Read to the end, and return what is held: grid and fields by id."""
        while self.step():
            pass
        return {i: (record["grid"], record["fields"]) for i, (_, _, record) in self.holds.items()}

    def left(self) -> list[str]:
        """Return everything that pages said had left, in order."""
        return [record for _, _, _, left in self.pages for record in left]

    def _take(self, feed: str, page: wire.FeedPage) -> None:
        self.device.cursors[feed] = page.cursor
        if page.fresh:
            self.generation[feed] = self.generation.get(feed, 0) + 1
            self.under_way.add(feed)
        now = self.generation.get(feed, 0)
        for raw in page.records:
            record = msgspec.json.decode(raw)
            self.holds[record["id"]] = feed, now, record
        self._let_go(feed, lambda i, _generation: i in page.left)
        if feed in self.under_way and not page.more:
            self._let_go(feed, lambda _id, generation: generation < now)
            self.under_way.discard(feed)
        self.pages.append((feed, page.fresh, len(page.records), page.left))

    def _let_go(self, feed: str, goes: Any) -> None:
        gone = [i for i, (of, generation, _) in self.holds.items() if of == feed and goes(i, generation)]
        for record in gone:
            del self.holds[record]


def reader(office: Office, *names: str, limit: int = 2_000) -> Reader:
    """Return a reader for some people."""
    return Reader(office.device(*names), limit)
