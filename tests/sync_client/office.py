"""
A small honest server: it speaks the wire in memory, keeps every outcome, and merges by taking turns.

It is what the tablet's tests meet. Contested fields go to whoever comes later, with a decision that says
so; how the real office settles them is not the tablet's business.
"""

import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas import wire
from schemas.fold import fold
from schemas.grid import feed_of
from schemas.mutations import Mutation
from schemas.numbers import NUMBER_FIELDS
from schemas.packing import pack, unpack
from schemas.problems import Refusal
from schemas.records import TYPES, Fields
from schemas.validation import peek_number, validate
from schemas.wire import FeedPage, Outcome, ServerInfo, SyncRequest, SyncResponse, Telling, WireRecord

Start = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class Kept:
    """A record as the office keeps it; ``touched`` says by which device each version was made (``""``: ours)."""

    type: str
    id: str
    grid: str
    fields: Fields
    at: tuple[int, int]
    by: str
    version: int = 0
    born: int = 0
    void: bool = False
    gone: bool = False
    touched: list[tuple[int, str]] = field(default_factory=list)

    def news_for(self, hand: str) -> int:
        """Return the last version that *hand* does not know by having made it."""
        return max((version for version, maker in self.touched if maker != hand), default=0)


@dataclass
class Enrolled:
    """A tablet as the office knows it: its feeds, and every outcome it was ever given."""

    id: str
    token: str
    feeds: set[str]
    outcomes: dict[tuple[str, int], tuple[bytes, Outcome]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    installs: list[str] = field(default_factory=list)

    def hand(self, install: str) -> str:
        """Return whose hand an install is: the device's own for its first, one of its own for any other."""
        return self.id if install in self.installs[:1] or not self.installs else f"{self.id}/{install}"

    def settled(self, install: str) -> int:
        """Return the greatest number of *install* that has its outcome."""
        return max((n for known, n in self.outcomes if known == install), default=0)


class TinyOffice:
    """A WSGI app; its attributes are there to be looked at and turned by a test."""

    def __init__(self, now_ms: int = 1_594_800_000_000, feeds: Iterable[str] = ("210902005",)) -> None:
        self.now_ms = now_ms
        self.epoch = "epoch-1"
        self.feeds = set(feeds)
        self.records: dict[str, Kept] = {}
        self.seq: dict[str, int] = {}
        self.devices: dict[str, Enrolled] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.refuse: list[Refusal] = []
        self.page = wire.MAX_PAGE_RECORDS
        self.requests: list[SyncRequest] = []
        self.park: set[str] = set()
        self.looks_at_epoch = True
        self.refuse_all = False
        self.tellings: dict[str, list[Telling]] = {}
        self.names_candidates = False
        self.says_settled: int | None = None
        self.enrolled = 0
        self.named = 0
        self.had: dict[str, str] = {}
        self.quarantine: list[tuple[str, int, bytes, str]] = []

    # -- what a test may do ----------------------------------------------------------------------

    def invite(self, code: str, person: str, name: str, area: str = "210902005003") -> str:
        """Make an enrolment code for one person."""
        self.codes[code] = {"id": person, "name": name, "roles": [{"role": "grid_worker", "area": area}]}
        return code

    def write(self, type_name: str, record_id: str, grid: str, **fields: Any) -> Kept:
        """Write a record in the office, new or changed."""
        kept = self.records.get(record_id) or Kept(type_name, record_id, grid, {}, (self.now_ms, 0), "office")
        kept.fields |= fields
        TYPES[type_name].complete(kept.fields)
        kept.at = (self.now_ms, 0)
        self._number(kept, "")
        return kept

    def back_up(self) -> dict[str, Any]:
        """Return all that the office holds now."""
        kept = ("records", "seq", "devices", "tellings", "quarantine")
        return {name: copy.deepcopy(getattr(self, name)) for name in kept}

    def restore(self, backup: dict[str, Any], epoch: str | None = None) -> None:
        """Put the office back to *backup*; with an *epoch*, as it should be, all feeds jump ahead."""
        for name, value in copy.deepcopy(backup).items():
            setattr(self, name, value)
        if epoch:
            self.epoch = epoch
            self.seq = {feed: self.seq.get(feed, 0) + (1 << 20) for feed in self.feeds}

    def withdraw(self, record_id: str) -> None:
        """Take a record out of everybody's view."""
        kept = self.records[record_id]
        kept.gone = True
        self._number(kept, "")

    def tell(self, record_id: str, person: str, zh: str, **more: Any) -> Telling:
        """Tell a person what was just decided about a record: it stands at the record's last number."""
        kept = self.records[record_id]
        told: dict[str, Any] = {"field": "name", "rule": "authority", "reason": "later_stamp", "en": f"[{zh}]"}
        told |= {"version": kept.version, "record": kept.id, "type": kept.type, "at_ms": self.now_ms} | more
        feed = feed_of(kept.grid)
        telling = Telling(part=len(self.tellings.get(feed, ())), person=person, zh=zh, **told)
        self.tellings.setdefault(feed, []).append(telling)
        return telling

    def applied(self) -> list[tuple[str, str]]:
        """Return every change ever taken, as device and payload, to see that none came twice."""
        return [
            (device.id, payload.decode())
            for device in self.devices.values()
            for payload, outcome in device.outcomes.values()
            if outcome.outcome != "rejected"
        ]

    # -- the wire --------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        """Answer one request."""
        try:
            status, kind, body = "200 OK", "application/json", wire.encode(self._answer(environ))
        except Refusal as refusal:
            told = {"type": "about:blank", "status": refusal.kind.status, **refusal.body()}
            if refusal.code == "epoch_changed":
                told["epoch"] = self.epoch
            status, kind = f"{refusal.kind.status} No", "application/problem+json"
            body = json.dumps(told).encode()
        packed, encoding = pack(body, environ.get("HTTP_ACCEPT_ENCODING", ""))
        headers = [("Content-Type", kind), ("Content-Length", str(len(packed)))]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        start(status, headers)
        return [packed]

    def _answer(self, environ: dict[str, Any]) -> Any:
        if self.refuse:
            raise self.refuse.pop(0)
        path = environ["PATH_INFO"]
        if path == "/v1/ping":
            nonce = environ["QUERY_STRING"].removeprefix("nonce=")
            return {"nonce": nonce, "now_ms": self.now_ms, "epoch": self.epoch}
        if path.startswith("/v1/photos"):
            raise Refusal("not_found", path=path)
        length = int(environ["CONTENT_LENGTH"] or 0)
        encoding = environ.get("HTTP_CONTENT_ENCODING")
        body = unpack(environ["wsgi.input"].read(length), encoding, wire.MAX_BODY_INFLATED)
        token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if path == "/v1/devices/enrol":
            return self._enrol(json.loads(body), token)
        device = self.devices.get(token)
        if device is None:
            raise Refusal("not_enrolled")
        try:
            asked = wire.decode_request(body)
        except msgspec.DecodeError as error:
            raise Refusal("malformed_body", why=str(error)) from error
        return self._sync(device, asked)

    def _enrol(self, asked: dict[str, str], token: str) -> dict[str, Any]:
        if token and token not in self.devices:
            raise Refusal("not_enrolled")
        person = self.codes.pop(asked["code"], None)
        if person is None:
            raise Refusal("enrol_code_invalid")
        known = self.devices.get(token)
        self.enrolled += not known
        device = known or Enrolled(f"device-{self.enrolled}", f"token-{self.enrolled}", set(self.feeds))
        self.devices[device.token] = device
        device.people.add(person["id"])
        told = {"device": device.id, "district": "210902", "epoch": self.epoch, "now_ms": self.now_ms}
        return told | {"persons": [person]} | ({} if known else {"token": device.token})

    def _sync(self, device: Enrolled, asked: SyncRequest) -> SyncResponse:
        self.requests.append(asked)
        self.had |= asked.had
        places = {feed: self._place(feed, cursor) for feed, cursor in asked.cursors.items()}
        outcomes = self._receive(device, asked)
        return SyncResponse(
            server=ServerInfo(self.epoch, self.now_ms),
            settled=device.settled(asked.install) if self.says_settled is None else self.says_settled,
            outcomes=wire.runs(outcomes),
            feeds={
                feed: self._page(device, feed, *places.get(feed, (0, True)), asked) for feed in sorted(device.feeds)
            },
            gone_feeds=sorted(places.keys() - device.feeds),
        )

    # -- push ------------------------------------------------------------------------------------

    def _receive(self, device: Enrolled, asked: SyncRequest) -> list[Outcome]:
        read = [(bytes(raw), *self._read(raw)) for raw in asked.mutations]
        device.installs += {asked.install}.difference(device.installs) if read else ()
        spoilt = _spoilt(read, device, asked.install)
        outcomes = []
        for payload, mutation, refusal in read:
            n = mutation.n if mutation else peek_number(payload) or 0
            known = device.outcomes.get((asked.install, n))
            if mutation and mutation.id in self.park:
                outcome = Outcome(n, "retry")
            elif known is not None:
                outcome = known[1] if known[0] == payload else _rejected(n, Refusal("number_reused"))
            elif refusal or mutation is None:
                outcome = _rejected(n, refusal or Refusal("malformed_mutation"))
            elif mutation.group in spoilt:
                outcome = _rejected(n, Refusal("group_refused"))
            else:
                outcome = self._take(device, device.hand(asked.install), mutation)
            if outcome.problem:
                self.quarantine.append((asked.install, n, payload, outcome.problem["code"]))
            if outcome.final and known is None:
                device.outcomes[asked.install, n] = (payload, outcome)
            outcomes.append(outcome)
        return outcomes

    def _read(self, raw: msgspec.Raw) -> tuple[Mutation | None, Refusal | None]:
        try:
            mutation, _ = validate(raw)
        except Refusal as refusal:
            return None, refusal
        if self.refuse_all or mutation.set.get("name") == "不许":
            return mutation, Refusal("outside_area", grid=mutation.grid)
        return mutation, None

    def _take(self, device: Enrolled, hand: str, mutation: Mutation) -> Outcome:
        kept = self.records.get(mutation.id)
        if mutation.op == "create":
            if kept is not None:
                return _rejected(mutation.n, Refusal("record_exists"))
            kept = Kept(mutation.type, mutation.id, mutation.grid, {}, mutation.at, mutation.by)
        if kept is None:
            return Outcome(mutation.n, "held", waits_for=mutation.id)
        seen_all = mutation.base >= kept.news_for(hand)
        before = _wire(kept)
        self._write(kept, mutation, device)
        # What the device did not know of, and what only we can work out, has to come down to it.
        quiet = seen_all and mutation.op != "act"
        self._number(kept, hand if quiet else "")
        feed = feed_of(kept.grid)
        if seen_all:
            no = kept.fields.get(NUMBER_FIELDS.get(kept.type, "")) if mutation.op == "create" else None
            return Outcome(mutation.n, "applied", feed=feed, version=kept.version, no=no)
        decisions: list[dict[str, Any]] = [{"field": name, "rule": "latest"} for name in mutation.set]
        if self.names_candidates:
            decisions = [one | _contest(before, mutation, one["field"], kept.version) for one in decisions]
        disputed = kept.type == "shop" and "name" in mutation.set
        return Outcome(
            mutation.n,
            "conflict" if disputed else "merged",
            feed=feed,
            version=kept.version,
            decisions=decisions or None,
        )

    def _write(self, kept: Kept, mutation: Mutation, device: Enrolled) -> None:
        kind = TYPES[kept.type]
        if mutation.op in ("create", "patch"):
            fold(kind, kept.fields, mutation, device.id)
        if mutation.act:
            kept.fields["status"] = {"accept": "accepted", "refuse": "refused"}[mutation.act.name]
        kept.void = kept.void or mutation.op == "void"
        kept.at, kept.by = mutation.at, mutation.by
        for follows in kind.consequences(kept.id, kept.grid, kept.fields):
            if follows.id not in self.records:
                self._number(Kept(follows.type, follows.id, follows.grid, follows.fields, mutation.at, mutation.by), "")

    def _number(self, kept: Kept, maker: str) -> None:
        feed = feed_of(kept.grid)
        name = NUMBER_FIELDS.get(kept.type)
        if name and not kept.born:
            # Counted on over a restoration: no number is given twice.
            self.named += 1
            letters = "HZ-2020-河北-" if kept.type == "case" else "XC-20200715-0"
            kept.fields.setdefault(name, self.had.get(kept.id) or f"{letters}{self.named:05d}")
        kept.version = self.seq[feed] = self.seq.get(feed, 0) + 1
        kept.born = kept.born or kept.version
        kept.touched.append((kept.version, maker))
        self.records[kept.id] = kept

    # -- pull ------------------------------------------------------------------------------------

    def _place(self, feed: str, cursor: str) -> tuple[int, bool]:
        epoch, _, rest = cursor.partition(":")
        if epoch != self.epoch and self.looks_at_epoch:
            raise Refusal("epoch_changed")
        place, _, fresh = rest.partition(":")
        return int(place), fresh == "fresh"

    def _page(self, device: Enrolled, feed: str, place: int, fresh: bool, asked: SyncRequest) -> FeedPage:
        found = sorted(
            (kept for kept in self.records.values() if feed_of(kept.grid) == feed and kept.version > place),
            key=lambda kept: kept.version,
        )
        limit = min(self.page, asked.limit)
        page, rest = found[:limit], found[limit:]
        # A device knows what it made itself, unless it reads from the beginning or has forgotten it.
        all_of_it = fresh or (asked.last or 0) < device.settled(asked.install)
        shown = [kept for kept in page if all_of_it or kept.news_for(device.hand(asked.install)) > place]
        reached = (page[-1].version if page else place) if rest else max(self.seq.get(feed, 0), place)
        return FeedPage(
            cursor=f"{self.epoch}:{reached}:{'fresh' if fresh and rest else ''}",
            records=[msgspec.Raw(wire.encode(_wire(kept))) for kept in shown if not kept.gone],
            left=[kept.id for kept in shown if kept.gone],
            told=[
                telling
                for telling in self.tellings.get(feed, ())
                if place < telling.version <= reached and telling.person in device.people
            ],
            more=bool(rest),
            fresh=fresh and place == 0,
        )


def _spoilt(
    read: Iterable[tuple[bytes, Mutation | None, Refusal | None]], device: Enrolled, install: str
) -> set[tuple[int, int]]:
    """Return the groups of which one is refused, or bears a number that was used."""

    def used(raw: bytes, n: int) -> bool:
        return device.outcomes.get((install, n), (raw, None))[0] != raw

    return {m.group for raw, m, refusal in read if m is not None and m.group and (refusal or used(raw, m.n))}


def _contest(before: WireRecord, mutation: Mutation, name: str, version: int) -> dict[str, Any]:
    """Return what two people wrote, as an office says it that does not word its decisions yet."""
    stood = wire.decode_json(before.fields).get(name)
    older = {"value": stood, "by": before.by, "at": list(before.at), "rank": 1, "version": before.version}
    newer = {"value": mutation.set[name], "by": mutation.by, "at": list(mutation.at), "rank": 1, "version": version}
    return {"reason": "later_stamp", "outcome": "open", "kept": older, "others": [newer]}


def _rejected(n: int, refusal: Refusal) -> Outcome:
    return Outcome(n, "rejected", problem=refusal.body())


def _wire(kept: Kept) -> WireRecord:
    return WireRecord(
        type=kept.type,
        id=kept.id,
        grid=kept.grid,
        version=kept.version,
        at=kept.at,
        by=kept.by,
        fields=msgspec.Raw(wire.canonical(kept.fields)),
        born=kept.born,
        void=kept.void,
    )
