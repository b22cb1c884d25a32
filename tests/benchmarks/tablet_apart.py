"""A tablet's first sync in a process that holds nothing else, so that its memory can be read 首次同步."""

import resource
import sys
import time
from pathlib import Path

import msgspec

from sync_client.client import FieldClient
from sync_client.transport import HTTPTransport


def main(path: str, port: str) -> None:
    """Sync the tablet whose file is *path* with the server at *port*; print what it cost as JSON."""
    with FieldClient(Path(path), HTTPTransport(f"http://127.0.0.1:{port}")) as tablet:
        start = time.perf_counter()
        report = tablet.sync()
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "pulled": report.pulled, "seconds": seconds, "bytes": report.bytes_down,
        "mib": _peak_mib(), "cpu_s": used.ru_utime + used.ru_stime,
    }  # fmt: skip
    sys.stdout.buffer.write(msgspec.json.encode(told))


def _peak_mib() -> float:
    """The peak since this program began; ``ru_maxrss`` would still hold its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
