"""
What every scene of the day stands on 公用: the clock, the devices, and waiting for what the server does by itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.moments import BEIJING, ms_of
from sync_client.demo.cast import Tablet
from sync_client.demo.day.clock import Clock
from sync_client.demo.script import Broken, Script, promise
from sync_client.values import Record

#: What the server does by itself it does within a second or two; so long nobody would wait.
_PATIENCE_S = 20.0
_PAUSE_S = 0.4


def _pause() -> None:
    time.sleep(_PAUSE_S)


@dataclass
class Ground:
    """
    The day as the scenes share it.

    Attributes:
        li, wang: Two grid workers of one grid.
        zhao: Their community's secretary.
        office: The PC of the street office.
        grid, community, street: Where they work.
        cases: What was found, by the word the story calls it.
        heard: The notices that were told already, by id.
        pause: Lets a moment go by in which the server does what is due.
    """

    script: Script
    clock: Clock
    day: str
    li: Tablet
    wang: Tablet
    zhao: Tablet
    office: Tablet
    grid: str
    cases: dict[str, str] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    pause: Callable[[], None] = _pause

    @property
    def community(self) -> str:
        """The community's code."""
        return self.grid[:12]

    @property
    def street(self) -> str:
        """The street's code."""
        return self.grid[:9]

    @property
    def everybody(self) -> tuple[Tablet, ...]:
        """All devices."""
        return (self.li, self.wang, self.zhao, self.office)

    def scene(self, time_of_day: str, zh: str, en: str) -> None:
        """Put the clock forward, and begin the next scene."""
        self.clock.put_forward(time_of_day)
        self.script.scene(f"{self.clock.shown()}  {zh}", en)

    def sync(self, *tablets: Tablet) -> None:
        """Let each of *tablets* sync."""
        for tablet in tablets:
            tablet.sync()

    def case(self, tablet: Tablet, called: str) -> Record:
        """Return a case of the story as *tablet* shows it."""
        return tablet.client.read(self.cases[called])

    def notice(self, tablet: Tablet, code: str) -> list[str]:
        """
        Wait until a notice of *code* reaches *tablet* by its ordinary sync; return what it says, and acknowledge it.

        Raises:
            Broken: None came.
        """
        found = self.until(tablet, lambda: list(self._news(tablet, code)), f"{tablet.name} 没有收到 {code}", code)
        for record in found:
            self.heard.add(record.id)
            tablet.client.edit(record, set={"seen_at": self.moment()})
        return [str(item["zh"]) for record in found for item in record["items"] if item["code"] == code]

    def until(self, tablet: Tablet, look: Callable[[], Any], zh: str, en: str) -> Any:
        """
        Let *tablet* sync until *look* finds something, and return that.

        Raises:
            Broken: It never did; *zh* and *en* say what is missing.
        """
        give_up = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up:
            tablet.sync()
            if found := look():
                return found
            self.pause()
        raise Broken(zh, f"missing: {en}")

    def moment(self) -> str:
        """Return the moment the clock shows, as records hold it."""
        return datetime.fromtimestamp(self.clock() // 1000, BEIJING).isoformat()

    def _news(self, tablet: Tablet, code: str) -> Iterator[Record]:
        person = tablet.person.id
        for record in tablet.client.find("notice", where={"person": person}, limit=200).records:
            if record.id not in self.heard and any(item["code"] == code for item in record["items"]):
                yield record


def time_of(record: Record, name: str) -> str:
    """Return the time of day of a moment in *record*, 16:10."""
    moment = record.get(name)
    promise(moment, f"没有{name}", f"{name} is not set")
    return datetime.fromtimestamp(ms_of(str(moment)) // 1000, BEIJING).strftime("%H:%M")


def joined(words: Iterable[str]) -> str:
    """Return *words* as Chinese lists them."""
    return "、".join(words)
