"""
Recording on a sealed tablet beside a plain one 加密的代价, in turn, one commit each; opening and converting.

    python -m tests.benchmarks.sealed [--held 5000]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from sync_client.client import FieldClient
from sync_client.driver import PLAIN, Driver
from sync_client.sealing import converting
from sync_client.sealing.driver import sealed_by
from sync_client.sealing.keys import SealNote, check_of
from sync_client.testing import InProcessTransport
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure, print_figures
from tests.server.office import GRID_7
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import LI

_RUNS = 300


def compare(held: int) -> list[Figure]:
    """Record the same checks on two tablets that hold *held* checks each, one plain and one sealed."""
    key = os.urandom(32)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "sealed.db"
        with _tablet(Path(name) / "plain.db", PLAIN, held) as plain:
            _tablet(path, PLAIN, held).close()
            sealing = _timed(partial(converting.seal, path, key, SealNote("file", check_of(key))))
            opening = _timed(partial(_open_and_close, path, key))
            with FieldClient(path, driver=sealed_by(key)) as sealed:
                return [*_recording(plain, sealed), *_reading(plain, sealed), *_once(path, sealing, opening)]


def _recording(plain: FieldClient, sealed: FieldClient) -> list[Figure]:
    checks = _checks(5, _RUNS)
    pairs = [(_timed(partial(_record, plain, c)), _timed(partial(_record, sealed, c))) for c in checks]
    one, other = (statistics.median(side) for side in zip(*pairs[20:], strict=True))
    bulk = _checks(6, 1_000)
    all_plain, all_sealed = (_timed(partial(_record_all, tablet, bulk)) for tablet in (plain, sealed))
    return [
        Figure("recording a check, plain", f"{one * 1e3:.2f} ms"),
        Figure(
            "recording a check, sealed",
            f"{other * 1e3:.2f} ms = {other / one:.2f} × plain",
            "≤ 1.5 ×",
            other / one <= 1.5,
        ),
        Figure("recording 1,000 checks in one commit, sealed", f"{all_sealed / all_plain:.2f} × plain"),
    ]


def _reading(plain: FieldClient, sealed: FieldClient) -> list[Figure]:
    def look(tablet: FieldClient) -> Callable[[], object]:
        return lambda: tablet.find("shop_check", limit=200)

    pairs = [(_timed(look(plain)), _timed(look(sealed))) for _ in range(60)]
    one, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [Figure("a list of 200 checks, sealed", f"{other / one:.2f} × plain")]


def _once(path: Path, sealing: float, opening: float) -> list[Figure]:
    size = path.stat().st_size / (1 << 20)
    return [
        Figure(f"sealing a file of {size:.0f} MiB", f"{sealing:.1f} s"),
        Figure("opening and closing it, key in hand", f"{opening * 1e3:.0f} ms"),
    ]


def _tablet(path: Path, driver: Driver, held: int) -> FieldClient:
    """Return an enrolled tablet that has recorded so much already."""
    office = TinyOffice()
    tablet = FieldClient(path, InProcessTransport(office), driver=driver)
    tablet.enrol(office.invite("code", LI, "李伟"), device_name="平板")
    _record_all(tablet, _checks(4, held))
    return tablet


def _open_and_close(path: Path, key: bytes) -> None:
    FieldClient(path, driver=sealed_by(key)).close()


def _checks(seed: int, count: int) -> list[dict[str, Any]]:
    return [msgspec.json.decode(raw) for raw in Day("li", seed=seed).mutations(count)]


def _record(tablet: FieldClient, check: dict[str, Any]) -> None:
    tablet.create(check["type"], grid=GRID_7, set=check["set"] | {"inspector_id": LI}, add=check["add"])


def _record_all(tablet: FieldClient, checks: list[dict[str, Any]]) -> None:
    with tablet.batch():
        for check in checks:
            _record(tablet, check)


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sealed")
    parser.add_argument("--held", type=int, default=5_000)
    print_figures("加密 Sealed and plain", compare(parser.parse_args().held))


if __name__ == "__main__":
    main()
