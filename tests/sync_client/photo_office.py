"""
A small honest office that takes photos as well: plans, parts, completions, and a depot of its own beside it.

It keeps what came and believes nothing else; a test may turn its attributes, and look at them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from schemas import wire
from schemas.packing import unpack
from schemas.photos import Completed, Offered, PlanAnswer, Planned, Wanted, part_size, parts_of, read_plan
from schemas.pictures import look
from schemas.problems import Refusal
from tests.sync_client.office import Start, TinyOffice

DEPOT = "depot.test"
PHOTOS = "/v1/photos"
#: For how long an address holds.
HOLDS_S = 900

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Here:
    """One file as the office knows it; ``whole`` once it is verified."""

    offered: Offered
    parts: dict[int, bytes] = field(default_factory=dict)
    whole: bytes | None = None


class PhotoOffice(TinyOffice):
    """
    A WSGI app.

    Attributes:
        depot: Let parts be put straight to the depot, at addresses that hold for ``HOLDS_S``.
        files: What was planned, by SHA-256.
        uses: Which photo (by its original) and record were planned together.
        refused: Files it will not take, and why.
        damage: So many of the next parts arrive damaged.
        untrue: How many parts came that were not what had been told of them.
        losing: So many of the next parts are acknowledged, and then not there.
        takes_photos: Older offices do not.
        asked: Every request about photos: the method, the path, and which headers came.
        put: How often each part arrived.
    """

    def __init__(self, *, depot: bool = False, **given: Any) -> None:
        super().__init__(**given)
        self.depot = depot
        self.files: dict[str, Here] = {}
        self.uses: set[tuple[str, str]] = set()
        self.refused: dict[str, str] = {}
        self.damage = 0
        self.losing = 0
        self.untrue = 0
        self.takes_photos = True
        self.asked: list[tuple[str, str, set[str]]] = []
        self.put: Counter[tuple[str, int]] = Counter()
        self.address: Callable[[str], str] = lambda path: f"https://{DEPOT}{path}"

    def arrived(self) -> dict[str, bytes]:
        """Return every file that lies here, whole."""
        return {sha256: here.whole for sha256, here in self.files.items() if here.whole is not None}

    def __call__(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        """Answer one request."""
        path, elsewhere = environ["PATH_INFO"], environ["HTTP_HOST"] == DEPOT
        if not elsewhere and not (self.takes_photos and path.startswith(PHOTOS)):
            return super().__call__(environ, start)
        named = {name for name in environ if name.startswith("HTTP_")} - {"HTTP_HOST"}
        self.asked.append((environ["REQUEST_METHOD"], path, named))
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        try:
            if elsewhere:
                return _sent(start, self._keep(path, environ["QUERY_STRING"], body))
            return _sent(start, self._serve(environ, path, body))
        except Refusal as refusal:
            return _sent(start, _problem(refusal))

    def _serve(self, environ: dict[str, Any], path: str, body: bytes) -> Answer:
        if self.refuse:
            raise self.refuse.pop(0)
        if environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ") not in self.devices:
            raise Refusal("not_enrolled")
        rest = path.removeprefix(PHOTOS).strip("/").split("/")
        if rest == ["plan"]:
            packed = environ.get("HTTP_CONTENT_ENCODING")
            asked = read_plan(unpack(body, packed, wire.MAX_BODY_INFLATED))
            return _json(PlanAnswer([self._plan(offered) for offered in asked.photos]))
        if rest[1:] == ["complete"]:
            return _json(self._complete(rest[0]))
        self._take_part(rest[0], int(rest[2]), body)
        return 204, {}, b""

    # -- the three verbs -------------------------------------------------------------------------

    def _plan(self, offered: Offered) -> Planned:
        record = self.records.get(offered.record)
        named = [] if record is None else record.fields.get("photos") or []
        pairs = {(photo["sha256"], photo.get("copy")) for photo in named}
        of = offered.of or offered.sha256
        if not any(of == original and (offered.of is None or copy == offered.sha256) for original, copy in pairs):
            return Planned(offered.sha256, "wait")
        if offered.sha256 in self.refused:
            problem = Refusal(self.refused[offered.sha256]).body()
            return Planned(offered.sha256, "refused", problem=problem)
        self.uses.add((of, offered.record))
        here = self.files.setdefault(offered.sha256, Here(offered))
        here.offered = offered
        if here.whole is not None:
            return Planned(offered.sha256, "verified")
        wanted = self._missing(here)
        return Planned(offered.sha256, "send", wanted, HOLDS_S if self.depot else None)

    def _missing(self, here: Here) -> list[Wanted]:
        numbers = [n for n in range(parts_of(here.offered.size)) if n not in here.parts]
        return [self._wanted(here.offered, n) for n in numbers]

    def _wanted(self, offered: Offered, n: int) -> Wanted:
        if not self.depot:
            return Wanted(n)
        until = self.now_ms + HOLDS_S * 1000
        size = str(part_size(offered.size, n))
        return Wanted(n, self.address(f"/parts/{offered.sha256}/{n}?until={until}"), {"X-Signed-Length": size})

    def _take_part(self, sha256: str, n: int, body: bytes) -> None:
        here = self.files.get(sha256)
        if here is None:
            raise Refusal("photo_not_planned")
        self.untrue += hashlib.sha256(body).hexdigest() != here.offered.parts[n]
        body = self._on_its_way(body)
        if hashlib.sha256(body).hexdigest() != here.offered.parts[n]:
            raise Refusal("photo_part_damaged")
        self._lay(here, n, body)

    def _keep(self, path: str, query: str, body: bytes) -> Answer:
        """Take a part as a depot does: it looks at the address, never at what it means."""
        _, _, sha256, n = path.split("/")
        if int(parse_qs(query)["until"][0]) < self.now_ms:
            return 403, {"content-type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        here = self.files[sha256]
        self.untrue += hashlib.sha256(body).hexdigest() != here.offered.parts[int(n)]
        self._lay(here, int(n), self._on_its_way(body))
        return 200, {"etag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}, b""

    def _on_its_way(self, body: bytes) -> bytes:
        if not self.damage:
            return body
        self.damage -= 1
        return bytes([body[0] ^ 1]) + body[1:]

    def _lay(self, here: Here, n: int, body: bytes) -> None:
        self.put[here.offered.sha256, n] += 1
        if self.losing:
            self.losing -= 1
        else:
            here.parts[n] = body

    def _complete(self, sha256: str) -> Completed:
        here = self.files.get(sha256)
        if here is None:
            raise Refusal("photo_not_planned")
        if here.whole is None:
            offered = here.offered
            for n, body in list(here.parts.items()):
                if hashlib.sha256(body).hexdigest() != offered.parts[n]:
                    del here.parts[n]
            if len(here.parts) < parts_of(offered.size):
                return Completed(sha256, "send", self._missing(here), HOLDS_S if self.depot else None)
            whole = b"".join(here.parts[n] for n in sorted(here.parts))
            if hashlib.sha256(whole).hexdigest() != sha256:
                raise Refusal("photo_contradicts")
            look(whole)
            here.whole = whole
        return Completed(sha256, "verified")


def _json(value: Any) -> Answer:
    return 200, {"content-type": "application/json"}, wire.encode(value)


def _problem(refusal: Refusal) -> Answer:
    told = {"status": refusal.kind.status, **refusal.body()}
    return refusal.kind.status, {"content-type": "application/problem+json"}, json.dumps(told).encode()


def _sent(start: Start, answer: Answer) -> list[bytes]:
    status, headers, body = answer
    start(f"{status} Told", [*headers.items(), ("content-length", str(len(body)))])
    return [body]
