"""
What must be true 预言: what every tablet was promised, what the server has said, and what it has written down.

The oracle looks at the files after every event and remembers. It never asks the code it checks; what it
holds against what it sees is in ``invariants``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from schemas import wire
from schemas.packing import unpack
from sync_client.transport import Request, Response
from tests.simulation import files
from tests.simulation.drivers import PARTS
from tests.simulation.files import HistoryRow, JournalRow, QuarantineRow, ServerFile, TabletFile
from tests.simulation.server import Image, Server
from tests.simulation.tablets import Tablet


class Broken(Exception):
    """An invariant does not hold: which, and what was seen."""

    def __init__(self, invariant: str, seen: str) -> None:
        super().__init__(f"{invariant}: {seen}")
        self.invariant = invariant
        self.seen = seen


@dataclass(frozen=True)
class Memory:
    """
    What a tablet's file must go on holding.

    Attributes:
        journal: Every mutation that was ever seen in it, as last seen.
        person: Who worked on it when somebody last looked.
        read_to: By feed: generation and version of the cursor.
        epoch: The server's history it last knew of.
        last_n: The last number it gave.
        uses: Every use of a photo file that was ever seen in it: the file, the record, and of a copy its original.
        here: The photo files that lay beside it.
    """

    journal: dict[int, JournalRow] = field(default_factory=dict)
    person: str | None = None
    read_to: dict[str, tuple[int, int]] = field(default_factory=dict)
    epoch: str | None = None
    last_n: int = 0
    uses: frozenset[tuple[str, str, str]] = frozenset()
    here: frozenset[str] = frozenset()


#: One mutation as the server knows it: token (of a package: device), install, number, and what it says.
Named = tuple[str, str, int, bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """A final outcome as the server told it."""

    outcome: str
    feed: str | None
    version: int | None


@dataclass
class Photos:
    """
    What is known of photos beside what the files say.

    Attributes:
        attached: By tablet, what a call has returned for: the original and the record.
        took: By tablet, what somebody took off it: its files were not put back with it, not copied with it, or
            went when the office had just confirmed them.
        vanished: Files that somebody took out of the depot, and nobody told.
        set_back: Files that were in the depot when it was put back to a day on which they were not.
        confirmed: By token, the files that the office said it has, since the last event.
        states: By file, what the office's row said when somebody last looked.
        accepted: How often each part was kept.
        early: Files of which a row said that they are verified, and that were not there at that moment.
    """

    attached: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    took: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    vanished: set[str] = field(default_factory=set)
    set_back: set[str] = field(default_factory=set)
    confirmed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    states: dict[str, str] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    early: list[str] = field(default_factory=list)

    def hear(self, request: Request, response: Response) -> None:
        """Hear one answer about photos as it leaves the server."""
        if response.status == 204:
            self.accepted[request.path] += 1
        elif response.status == 200 and request.path == "/v1/photos/plan":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            said = files.decode(unpack(response.body, response.headers.get("content-encoding"), wire.MAX_BODY_INFLATED))
            self.confirmed[token] |= {one["sha256"] for one in said["photos"] if one["state"] == "verified"}


@dataclass
class Oracle:
    """
    Everything seen so far.

    Attributes:
        memories: By tablet.
        answers: The last final outcome the server told, by the mutation it was about.
        told: Every one it ever told.
        history: The server's history, by feed and number.
        contents: The rows of the history that hold one content.
        recorded: For each content: the device and the person it was recorded by; beside it the device as which
            the office let its tablet in while it still waited.
        lost_commits: How often commits of the server's were lost by now.
        lost_silently: The epoch in which the last loss happened that nobody told, and when; see ``invariants``.
        checked: What the server's file had come to when it was last looked at.
        photos: What is known of photos.
        named: Whose every number ever was that the server gave, lost commits included.
        called: What each record of the server's present history is called.
    """

    server: Server
    memories: dict[str, Memory] = field(default_factory=dict)
    images: dict[str, tuple[Image, dict[str, bytes], Memory]] = field(default_factory=dict)
    answers: dict[Named, Said] = field(default_factory=dict)
    told: dict[Named, set[Said]] = field(default_factory=lambda: defaultdict(set))
    contradicted: list[str] = field(default_factory=list)
    history: dict[str, dict[int, HistoryRow]] = field(default_factory=lambda: defaultdict(dict))
    contents: dict[bytes, list[HistoryRow]] = field(default_factory=lambda: defaultdict(list))
    quarantine: dict[str, QuarantineRow] = field(default_factory=dict)
    recorded: dict[bytes, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    lost_commits: int = 0
    lost_silently: tuple[str, int] = ("", 0)
    largest: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    checked: int = 0
    photos: Photos = field(default_factory=Photos)
    named: dict[str, str] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    _office: ServerFile | None = None
    _looked: int = 0

    def __post_init__(self) -> None:
        self.server.taps.append(self.overhear)
        self.server.ends.append(self.look_after)

    # -- the server ---------------------------------------------------------------------------------

    @property
    def office(self) -> ServerFile:
        """The server's file as it is now."""
        if self._office is None or self._looked != self.server.changes:
            self._office = files.read_server(self.server.path)
            self._looked = self.server.changes
        return self._office

    def new_rows(self) -> list[HistoryRow]:
        """Return the rows of the history that nobody has looked at yet."""
        return files.read_history(self.server.path, {feed: max(rows) for feed, rows in self.history.items() if rows})

    def rows(self) -> Iterator[HistoryRow]:
        """Yield the history as it is remembered, feed by feed, in the order of the numbers."""
        for _, feed in sorted(self.history.items()):
            yield from (row for _, row in sorted(feed.items()))

    def note(self, rows: list[HistoryRow]) -> None:
        """Remember rows of the history."""
        for row in rows:
            self.history[row.feed][row.version] = row
            if row.n:
                self.contents[files.content_of(row.payload)].append(row)

    def forget_history(self) -> None:
        """Look at all of the server's history anew: commits of it were lost."""
        self.lost_commits += 1
        self.history.clear()
        self.contents.clear()
        self.quarantine.clear()
        self.answers.clear()
        self.called.clear()

    def overhear(self, request: Request, response: Response) -> None:
        """Hear one answer as it leaves the server."""
        if request.path.startswith("/v1/photos/"):
            self.photos.hear(request, response)
            return
        if request.path not in ("/v1/sync", "/v1/rescue") or response.status != 200:
            return
        body = unpack(request.body, request.headers.get("Content-Encoding"), wire.MAX_BODY_INFLATED)
        said = unpack(response.body, response.headers.get("content-encoding"), wire.MAX_BODY_INFLATED)
        if request.path == "/v1/rescue":
            self._overhear_rescue(files.decode(body), files.decode(said))
            return
        asked, answer = wire.decode_request(body), wire.decode_response(said)
        token = request.headers.get("Authorization", "")
        payloads = {int(files.mutation_of(bytes(raw)).get("n", 0)): bytes(raw) for raw in asked.mutations}
        self.largest["mutations in a request"] = max(self.largest["mutations in a request"], len(payloads))
        for outcome in wire.each(answer.outcomes):
            if outcome.final and outcome.n in payloads:
                self._hear((token, asked.install, outcome.n, payloads[outcome.n]), outcome)

    def _overhear_rescue(self, asked: dict[str, Any], said: dict[str, Any]) -> None:
        """Hear what became of a part of a package; whoever carries it is told the same."""
        part = next(one for one in asked["manifest"]["parts"] if one["name"] == asked["part"])
        payloads = {int(one["n"]): files.canonical(one) for one in asked["mutations"]}
        for outcome in wire.each([msgspec.convert(one, wire.Outcome) for one in said["outcomes"]]):
            if outcome.final and outcome.n in payloads:
                self._hear((f"device {said['device']}", part["install"], outcome.n, payloads[outcome.n]), outcome)

    def _hear(self, named: Named, outcome: wire.Outcome) -> None:
        said = Said(outcome.outcome, outcome.feed, outcome.version)
        before = self.answers.setdefault(named, said)
        # What was refused may be taken in later by the office; nothing else may ever change.
        if before != said and before.outcome != "rejected":
            self.contradicted.append(f"n {named[2]} was {before}, is {said}")
        self.answers[named] = said
        self.told[named].add(said)

    def look_after(self, path: str) -> None:
        """Look whether a file is said to be verified that is not there; a moment later it may be."""
        if path.endswith("/complete"):
            sha256 = path.split("/")[-2]
            verified = files.state_of_photo(self.server.path, sha256) == "verified"
            if verified and self.server.depot.whole(sha256) is None and sha256 not in self.photos.vanished:
                self.photos.early.append(sha256)

    # -- the tablets --------------------------------------------------------------------------------

    def memory(self, tablet: Tablet) -> Memory:
        """Return what *tablet*'s file must hold."""
        return self.memories.get(tablet.name, Memory())

    def learn(
        self, tablet: Tablet, file: TabletFile, read_to: dict[str, tuple[int, int]], here: frozenset[str]
    ) -> None:
        """Remember what *tablet*'s file holds now, and which photo files lie *here* beside it."""
        for n, row in file.journal.items():
            if row.outcome is None or n not in self.memory(tablet).journal:
                author = (file.device or "", str(row.mutation.get("by")))
                self.recorded[files.content_of(row.payload)].add(author)
        uses = frozenset((use.sha256, use.record_id, use.of) for use in file.uses)
        self.memories[tablet.name] = Memory(file.journal, file.person, read_to, file.epoch, file.last_n, uses, here)

    def saved(self, tablet: Tablet, image: Image, photos: dict[str, bytes]) -> None:
        """Remember an image of *tablet* and its photo files, and what it holds."""
        self.images[tablet.name] = (image, photos, self.memory(tablet))

    def go_back(self, tablet: Tablet) -> tuple[Image, dict[str, bytes]]:
        """Return the image of *tablet* that was saved, and expect no more of its file than that holds."""
        image, photos, memory = self.images[tablet.name]
        self.memories[tablet.name] = replace(memory)
        self.photos.attached.pop(tablet.name, None)
        return {part: image.get(part, b"") for part in PARTS}, photos

    def copied(self, tablet: Tablet, twin: Tablet) -> None:
        """Expect of *twin* what is expected of *tablet*."""
        self.memories[twin.name] = replace(self.memory(tablet))
        self.photos.took[twin.name] |= self.photos.took[tablet.name]

    def held_anywhere(self) -> Iterator[tuple[str, JournalRow]]:
        """Yield every mutation that some tablet's file holds, with the tablet's name."""
        for name, memory in self.memories.items():
            for row in memory.journal.values():
                yield name, row
