"""
Work that travels by hand 救援包: somebody takes it off a tablet, and a colleague or an operator brings it in.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.rescue import opened
from server.usecases.bring_photo import bring_photo
from server.usecases.receive_rescue import Brought, receive_part
from server.usecases.verify_photo import Office
from sync_client.client import FieldClient
from tests.server.office import DISTRICT
from tests.simulation.actors import Event
from tests.simulation.drivers import Harm
from tests.simulation.world import Package, World


@dataclass(frozen=True, slots=True)
class Export(Event):
    """What waits on a tablet, or with ``whole`` its journal, is written into a rescue package."""

    tablet: int
    whole: bool = False
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Write it."""
        tablet = world.tablet(self.tablet)

        def call(client: FieldClient) -> str:
            with _stick(world) as path:
                try:
                    told = client.export_outbox(path, whole=self.whole)
                except OSError:
                    return "no space on the stick"
                payloads = _payloads(path)
                if not payloads:
                    return "nothing to take off"
                world.packages.append(Package(tablet.name, path.read_bytes(), payloads, world.oracle.lost_commits))
            world.trace.done("exported")
            return f"{told.mutations} in package {len(world.packages)}"

        return world.try_on(tablet, self.harm, call)


@dataclass(frozen=True, slots=True)
class Carry(Event):
    """A package is taken along by a tablet, which delivers it when it syncs."""

    tablet: int
    pick: int
    harm: Harm | None = None

    def happen(self, world: World) -> str:
        """Take it along."""
        package = world.package(self.pick)
        if package is None:
            return "no package"
        tablet = world.tablet(self.tablet)

        def call(client: FieldClient) -> str:
            with _stick(world) as path:
                path.write_bytes(package.content)
                told = client.import_rescue(path)
            world.trace.done("carried")
            return f"{package.tablet}'s {told.mutations}{' again' if told.delivered else ''}"

        return world.try_on(tablet, self.harm, call)


@dataclass(frozen=True, slots=True)
class BringIn(Event):
    """An operator takes a package in on the server; ``trusted``: he vouches for one that proves nothing."""

    pick: int
    trusted: bool = False

    def happen(self, world: World) -> str:
        """Take it in."""
        package = world.package(self.pick)
        if package is None:
            return "no package"

        def call() -> str:
            with _stick(world) as path:
                path.write_bytes(package.content)
                said = _brought(world, path, trusted=self.trusted)
            world.trace.done("brought in")
            return f"{package.tablet}'s {' '.join(said)}"

        return world.at_the_office(call)


@contextmanager
def _stick(world: World) -> Iterator[Path]:
    """Lend a memory stick, empty before and after."""
    folder = world.folder / "stick"
    folder.mkdir()
    try:
        yield folder / "rescue.zip"
    finally:
        shutil.rmtree(folder)


def _payloads(path: Path) -> tuple[bytes, ...]:
    with path.open("rb") as file:
        package = opened(file)
        return tuple(line for part in package.manifest.parts for line in package.mutations(part))


def _brought(world: World, path: Path, *, trusted: bool) -> list[str]:
    with path.open("rb") as file:
        package = opened(file)
        brought = Brought(package.manifest, package.body, package.mac, trusted)
        said = []
        for part in package.manifest.parts:
            mutations = package.mutations(part)
            device, outcomes = receive_part(world.server.store, DISTRICT, brought, part, mutations, world.now_ms)
            said += [outcome.outcome for outcome in outcomes]
        office = Office(world.server.store, world.server.depot, DISTRICT, world.now_ms)
        for photo in package.manifest.photos:
            if photo.state == "here":
                said.append(f"photo {bring_photo(office, device, photo, package.photo(photo)).state}")
        return said
