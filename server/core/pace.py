"""
Pace 频率: so many requests of one kind within a minute for each caller.

Pure: the caller brings the time along. Kept in memory, in each process by itself: it keeps one device from taking
up the server, and needs no more memory than there were callers in the last minute.
"""

WINDOW_S = 60.0


class Pace:
    """
    The requests of the last minute, or of another span.

    Args:
        most: How many each caller may make within the span.
        window_s: How long the span is, seconds.
    """

    def __init__(self, most: int, window_s: float = WINDOW_S) -> None:
        self._most, self._window_s = most, window_s
        self._asked: dict[str, list[float]] = {}
        self._swept_s = 0.0

    def wait_s(self, caller: str, now_s: float) -> int:
        """Count one request of *caller*, and return 0; or return in how many seconds it may ask again."""
        self._sweep(now_s)
        recent = [at for at in self._asked.get(caller, ()) if at > now_s - self._window_s]
        if len(recent) >= self._most:
            return max(1, int(recent[0] + self._window_s - now_s) + 1)
        self._asked[caller] = [*recent, now_s]
        return 0

    def _sweep(self, now_s: float) -> None:
        """Forget whoever has not asked for that long; once a span is enough. A clock put back begins anew."""
        if 0 <= now_s - self._swept_s < self._window_s:
            return
        self._asked = {who: times for who, times in self._asked.items() if now_s - self._window_s < times[-1] <= now_s}
        self._swept_s = now_s
