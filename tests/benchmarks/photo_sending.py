"""
A tablet that sends its photos over a poor network, in a process that holds nothing else 弱网上传: ``FILE URL``.

Told as one JSON object a line: when it begins, each photo that is verified, and in the end what it took. Moments by
``time.monotonic``.
"""

import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.photos.values import PhotoProgress
from sync_client.transport import HTTPTransport
from tests.benchmarks.tablet_apart import peak_mib

#: What a program waits before it tries again where a sending stopped early, seconds.
AGAIN_S = 1.0


def tell(**what: Any) -> None:
    """Say one line."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


def send(tablet: FieldClient) -> None:
    """Send until nothing waits, telling of each photo that is verified, and in the end what it took."""
    told = dict.fromkeys(("verified", "bytes_sent", "bytes_resent", "retries", "stopped"), 0)
    begun, cpu_s = time.monotonic(), time.process_time()
    tell(begun=begun)
    while tablet.status().photos_waiting:
        before, seen = told["verified"], 0

        def watch(progress: PhotoProgress, before: int = before) -> None:
            nonlocal seen
            if progress.done > seen:
                seen = progress.done
                tell(done=before + seen)

        try:
            report = tablet.send_photos(network="wifi", now=True, progress=watch)
        except SyncError as error:
            if error.photos is None:
                raise
            report, told["stopped"] = error.photos, told["stopped"] + 1
            time.sleep(AGAIN_S)
        for name in ("verified", "bytes_sent", "bytes_resent", "retries"):
            told[name] += getattr(report, name)
        if report.problems:
            raise ValueError(report.problems)
    used = time.process_time() - cpu_s
    tell(**told, seconds=time.monotonic() - begun, mib=peak_mib(), cpu_s=used)


def main(path: str, url: str) -> None:
    """Send what the tablet whose file is *path* holds."""
    with FieldClient(Path(path), HTTPTransport(url)) as tablet:
        send(tablet)


if __name__ == "__main__":
    main(*sys.argv[1:])
