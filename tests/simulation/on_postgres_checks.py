"""
What must hold after a play on PostgreSQL 不变式: asked of the database in plain SQL, of the tablets' files, and of
the plain model; the product's own verifying and replaying are asked too, and must agree.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Raw
from sqlalchemy import text

from schemas import wire
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from sync_client.transport import Request
from tests.server.office import DISTRICT
from tests.simulation import files, model
from tests.simulation.files import HistoryRow, JournalRow, TabletFile
from tests.simulation.on_postgres import READER, Play
from tests.stories.ground import seen_by, shown_on

Wrong = Iterator[str]
_ROUNDS = 4


class Seen:
    """What lies in the database and in the tablets' files when all is quiet."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.history = [HistoryRow(*row) for row in self.rows("history", HistoryRow._fields, "feed, version")]
        self.by_feed: dict[str, list[HistoryRow]] = defaultdict(list)
        for row in self.history:
            self.by_feed[row.feed].append(row)
        self.heads = {code: (seq, bytes(chain)) for code, seq, chain in self.rows("feed", ("code", "seq", "chain"))}
        self.refused = Counter[tuple[Any, ...]](self.rows("quarantine", ("device", "install", "n", "payload")))
        self.tablets = {name: files.read_tablet(tablet.path) for name, tablet in play.town.tablets.items()}

    def rows(self, table: str, columns: tuple[str, ...], order: str = "1") -> list[tuple[Any, ...]]:
        """Return some columns of every row of a table."""
        named = ", ".join(f'"{column}"' for column in columns)
        with self.play.town.office.store.engine.connect() as connection:
            found = connection.execute(text(f"SELECT {named} FROM {table} ORDER BY {order}"))  # noqa: S608  # our names
            return [tuple(row) for row in found]

    def journals(self) -> Iterator[tuple[str, TabletFile, JournalRow]]:
        """Yield every mutation that was ever recorded."""
        for name, tablet in self.tablets.items():
            for row in tablet.journal.values():
                yield name, tablet, row


def quiet(play: Play) -> None:
    """Let everybody meet the office until nobody has anything to say, in fine weather."""
    for _ in range(_ROUNDS):
        play.town.pass_time(60)
        play.town.sync(*sorted(play.town.tablets))


def wrongs(play: Play) -> list[str]:
    """Return whatever does not hold, named by its check."""
    seen = Seen(play)
    return [f"{check.__name__}: {wrong}" for check in CHECKS for wrong in check(seen)]


def reader_missed(play: Play) -> list[str]:
    """Return what the reader, who has read during all of a round, does not show as the office has it."""
    with play.conductor.reading():
        play.town.tablets[READER].sync()
    return [f"reader_missed: {wrong}" for wrong in _differs(play, READER)]


# -- the checks -----------------------------------------------------------------------------------------


def numbers_without_gaps(seen: Seen) -> Wrong:
    """A feed's numbers are 1, 2, 3 and so on up to its head."""
    for feed, (seq, _) in seen.heads.items():
        numbers = [row.version for row in seen.by_feed[feed]]
        if numbers != list(range(1, seq + 1)):
            missing = sorted({*range(1, seq + 1)} - {*numbers})
            yield f"{feed} stands at {seq}, holds {len(numbers)} numbers, without {missing}"


def chains_hold(seen: Seen) -> Wrong:
    """Every row is linked to the one before, the last one to the head; the product says so too."""
    for feed, rows in seen.by_feed.items():
        chain = bytes(32)
        for row in rows:
            chain = row.link(chain)
            if bytes(row.chain) != chain:
                yield f"{feed}: the link at {row.version} is broken"
                break
        else:
            if seen.heads[feed][1] != chain:
                yield f"{feed}: the head's link is not the last row's"
    for verified in verify_history(seen.play.town.office.store, DISTRICT):
        if verified.broken is not None:
            yield f"{verified.feed}: verify_history stops at {verified.broken}: {verified.why}"


def recorded_once(seen: Seen) -> Wrong:
    """Whatever a tablet recorded is in the history or in the quarantine, once, word for word, and nothing else is."""
    taken = Counter((r.device, r.install, r.n, r.payload.encode()) for r in seen.history if r.n)
    recorded = {(str(tablet.device), row.install, row.n, bytes(row.payload)) for _, tablet, row in seen.journals()}
    for one in sorted(recorded, key=str):
        if taken[one] + seen.refused[one] != 1:
            yield f"n {one[2]} of {one[1]}: {taken[one]} times taken, {seen.refused[one]} times refused: {one[3]!r}"
    for extra in (taken.keys() | seen.refused.keys()) - recorded:
        yield f"n {extra[2]} of {extra[1]} was recorded by nobody: {extra[3]!r}"


def told_what_is_written(seen: Seen) -> Wrong:
    """Nothing waits, and every outcome a tablet was told is the one that is written down, with its number."""
    written = {(r.device, r.install, r.n): (r.outcome, r.version) for r in seen.history}
    for name, tablet, row in seen.journals():
        if row.outcome is None:
            yield f"{name}: n {row.n} still waits ({row.parked})"
            continue
        outcome, version = written.get((str(tablet.device), row.install, row.n), ("rejected", None))
        told = version if outcome != "noop" else row.version
        if (row.outcome, row.version) != (outcome, told):
            yield f"{name}: n {row.n} was told {row.outcome} {row.version}, written is {outcome} {version}"


def groups_are_whole(seen: Seen) -> Wrong:
    """Of a group all is taken, under one outcome or another, or nothing."""
    groups: dict[tuple[str, int], set[bool]] = defaultdict(set)
    for name, _, row in seen.journals():
        if row.group_first:
            groups[name, row.group_first].add(row.outcome == "rejected")
    yield from (f"{name}: the group at {first} was torn" for (name, first), ways in groups.items() if len(ways) > 1)


def rules_were_kept(seen: Seen) -> Wrong:
    """The plain model, playing the history, comes to the records."""
    writers = {(d, i): w for d, i, w in seen.rows("install", ("device", "install", "writer"))}
    rows: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in seen.history:
        rows[row.record].append(row)
    for record, kind, void, fields in seen.rows("record", ("id", "type", "void", "fields")):
        came = model.modelled(kind, rows[record], writers)
        if came is None:
            continue
        stored = files.decode(fields)
        for name, value in came.fields(kind).items():
            if stored.get(name) != value:
                yield f"{kind} {record}: {name} is {stored.get(name)!r}, the model has {value!r}"
        remarks = [(*entry["at"], entry["by"], entry["text"]) for entry in stored.get("remark", ())]
        if (remarks, bool(void)) != (sorted(came.remarks), came.void):
            yield f"{kind} {record}: {remarks} {void}, the model has {sorted(came.remarks)} {came.void}"
        yield from (f"{kind} {record}: decided without a word: {silent}" for silent in came.silent)


def history_replays(seen: Seen) -> Wrong:
    """The product's own replay finds no difference."""
    for checked in replay_history(seen.play.town.office.store, DISTRICT):
        for one in checked.differences:
            yield f"{one.type} {one.record} {one.what}: stored {one.stored}, replayed {one.replayed}"


def tablets_show_the_office(seen: Seen) -> Wrong:
    """Every tablet shows its view as the office has it, byte for byte, and nothing else: it missed no change."""
    for name in seen.tablets:
        yield from _differs(seen.play, name)


def asked_again_answers_the_same(seen: Seen) -> Wrong:
    """Every mutation, sent once more, is answered as its tablet was told, and nothing is written for it."""
    for name, tablet in seen.tablets.items():
        rows = sorted(tablet.journal.values())
        answered = _push(seen.play, tablet, [row.payload for row in rows]) if rows else {}
        for row in rows:
            if answered.get(row.n) != (row.outcome, row.version):
                yield f"{name}: n {row.n} was {row.outcome} {row.version}, is now {answered.get(row.n)}"
    after = {row[0]: row[1] for row in seen.rows("feed", ("code", "seq"))}
    if after != {feed: seq for feed, (seq, _) in seen.heads.items()}:
        yield f"asking again has moved the feeds to {after}"


CHECKS: tuple[Callable[[Seen], Wrong], ...] = (
    numbers_without_gaps,
    chains_hold,
    recorded_once,
    told_what_is_written,
    groups_are_whole,
    rules_were_kept,
    history_replays,
    tablets_show_the_office,
    asked_again_answers_the_same,
)


def _differs(play: Play, name: str) -> Wrong:
    shown = shown_on(play.town.tablets[name])
    seen = seen_by(play.town, name.partition("/")[0])
    for record in sorted(shown.keys() | seen.keys()):
        if shown.get(record) != seen.get(record):
            yield f"{name} shows {record} as {shown.get(record)}, the office has {seen.get(record)}"


def _push(play: Play, tablet: TabletFile, payloads: list[bytes]) -> dict[int, tuple[str, int | None]]:
    """Send mutations by hand; return outcome and version by number."""
    told: dict[int, tuple[str, int | None]] = {}
    for start in range(0, len(payloads), 200):
        mutations = [Raw(payload) for payload in payloads[start : start + 200]]
        body = wire.encode({"protocol": 1, "install": tablet.install, "limit": 0, "mutations": mutations})
        headers = {"Authorization": f"Bearer {tablet.token}", "Content-Type": "application/json"}
        answer = play.carry(Request("POST", "/v1/sync", headers, body))
        assert answer.status == 200, answer.body
        outcomes = wire.each(wire.decode_response(answer.body).outcomes)
        told |= {outcome.n: (outcome.outcome, outcome.version) for outcome in outcomes}
    return told
