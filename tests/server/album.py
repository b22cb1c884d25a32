"""
Photos in the server's tests: pictures drawn here, and a tablet that sends them part by part as a real one does.
"""

import hashlib
import io
import random
from collections.abc import Sequence
from typing import Any

import msgspec
from PIL import Image

from schemas.ids import derived_id
from schemas.photos import PART_BYTES, parts_of
from server.storage.depot.memory import MemoryDepot
from server.storage.photos import Photo
from tests.server.clerks import Clock
from tests.server.office import DISTRICT, GRID_7, Office, RawDevice, open_office

SIDE = 160


def scene(name: str, side: int = SIDE) -> Image.Image:
    """Return a picture of something called *name*: patches of grey, the same whenever it is asked for."""
    drawn = random.Random(name)
    coarse = Image.frombytes("L", (9, 9), bytes(drawn.randrange(20, 236) for _ in range(81)))
    return coarse.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")


def wall(side: int = SIDE) -> Image.Image:
    """Return a picture with nothing in it."""
    return Image.new("RGB", (side, side), (120, 121, 119))


def jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    """Return a picture as a camera keeps it."""
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()


def sha256(data: bytes) -> str:
    """Return what a photo is called."""
    return hashlib.sha256(data).hexdigest()


def open_album(url: str, clock: Clock) -> Office:
    """Return an office whose photos lie in memory."""
    office = open_office(url, clock)
    office.app.extensions["gridward.depot"] = MemoryDepot(clock)
    return office


def depot_of(office: Office) -> MemoryDepot:
    """Return where the photos of *office* lie."""
    depot: MemoryDepot = office.app.extensions["gridward.depot"]
    return depot


def shop_id(name: str) -> str:
    """Return the id of a shop."""
    return derived_id("shop", name)


def shop(device: RawDevice, name: str, *photos: bytes, grid: str = GRID_7, **named: Any) -> bytes:
    """Return the registration of a shop with *photos* of its front."""
    elements = [{"sha256": sha256(photo), "role": "overview", **named} for photo in photos]
    fields = {"name": name, "category": "retail"}
    return device.mutation("create", "shop", shop_id(name), grid=grid, set=fields, add={"photos": elements})


def send(device: RawDevice, record: str, *photos: bytes, of: bytes | None = None) -> list[str]:
    """Plan *photos* for *record*, send what is asked for, and return what the office said of each in the end."""
    return [_send(device, record, photo, of) for photo in photos]


def plan(device: RawDevice, record: str, photo: bytes, of: bytes | None = None) -> dict[str, Any]:
    """Return what becomes of one file that is offered."""
    offered = {"sha256": sha256(photo), "record": record, "size": len(photo), "parts": [sha256(p) for p in cut(photo)]}
    offered |= {"of": sha256(of)} if of else {}
    [planned] = ask(device, "post", "/plan", {"photos": [offered]})["photos"]
    told: dict[str, Any] = planned
    return told


def cut(photo: bytes) -> Sequence[bytes]:
    """Return the parts of a file."""
    return [photo[n * PART_BYTES : (n + 1) * PART_BYTES] for n in range(parts_of(len(photo)))]


def _send(device: RawDevice, record: str, photo: bytes, of: bytes | None) -> str:
    told = plan(device, record, photo, of)
    for _ in range(3):  # what is damaged or lost is asked for once more
        if told["state"] != "send":
            break
        for part in told.get("parts", ()):
            ask(device, "put", f"/{sha256(photo)}/parts/{part['n']}", cut(photo)[part["n"]], status=204)
        told = ask(device, "post", f"/{sha256(photo)}/complete", b"")
    return str(told["state"])


def ask(device: RawDevice, verb: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    """Ask for *path* below ``/v1/photos``; return the answer's JSON, which has this *status*."""
    told = {"Authorization": f"Bearer {device.token}"}
    if body is not None:
        told["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
    client = device.office.app.test_client()
    response = getattr(client, verb)(f"/v1/photos{path}", data=data, headers=told)
    assert response.status_code == status, response.get_data(as_text=True)
    return msgspec.json.decode(response.data) if response.data else None


def file_of(office: Office, photo: bytes | str) -> Photo:
    """Return a photo's row."""
    name = photo if isinstance(photo, str) else sha256(photo)
    with office.store.work(DISTRICT, writing=False) as work:
        return work.photos.get([name])[name]
