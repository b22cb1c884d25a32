"""
Counting wrong guesses 尝试次数: so many within a sliding window, per caller and altogether.

Pure: the caller brings the time along. Kept in memory; a restart forgets, and that is no harm: a
one-time code lives a quarter of an hour and has 6.5 · 10¹¹ possible values.
"""

from collections import deque

WINDOW_S = 60.0
PER_CALLER = 10
ALTOGETHER = 60


class Attempts:
    """
    The wrong guesses of the last minute.

    Args:
        per_caller: How many one address may make.
        altogether: How many all may make; greater, so that one caller cannot shut the others out.
    """

    def __init__(self, per_caller: int = PER_CALLER, altogether: int = ALTOGETHER) -> None:
        self._per_caller = per_caller
        self._altogether = altogether
        self._wrong: deque[tuple[float, str]] = deque()

    def wait_s(self, caller: str, now_s: float) -> int:
        """Return how many seconds *caller* has to wait before guessing again; 0: none."""
        self._forget(now_s)
        mine = [at for at, who in self._wrong if who == caller]
        waits = [self._free_in(mine, self._per_caller, now_s)]
        waits.append(self._free_in([at for at, _ in self._wrong], self._altogether, now_s))
        return max(waits)

    def note_wrong(self, caller: str, now_s: float) -> None:
        """Remember that *caller* guessed wrong; of what can no longer matter nothing is kept."""
        self._wrong.append((now_s, caller))
        while len(self._wrong) > self._altogether:
            self._wrong.popleft()

    def _free_in(self, times: list[float], limit: int, now_s: float) -> int:
        if len(times) < limit:
            return 0
        return int(times[-limit] + WINDOW_S - now_s) + 1

    def _forget(self, now_s: float) -> None:
        while self._wrong and self._wrong[0][0] <= now_s - WINDOW_S:
            self._wrong.popleft()
