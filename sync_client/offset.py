"""
How far this device's clock is from the server's 时钟偏差, as far as one question can tell.

Pure. The server read its clock somewhere between the question and the answer, so the offset is known
only to within the trip: on a slow line, or at a busy office, that is seconds. An offset that fits is
kept; taking every new guess would shuffle edits that were made seconds apart.
"""

#: A request under way for longer than this says nothing about the clock: 60 s.
LONGEST_TRIP_MS = 60_000
#: Clocks are read in different places of two programs; differences below this are not news: 1 s.
STEP_MS = 1_000


def offset_after(known_ms: int, server_ms: int, asked_ms: int, answered_ms: int) -> int:
    """
    Return what to add to the device's clock to get the server's.

    Args:
        known_ms: The offset gone by until now.
        server_ms: The server's clock, as its answer says.
        asked_ms, answered_ms: The device's clock when it asked and when the answer was there.
    """
    if not 0 <= answered_ms - asked_ms <= LONGEST_TRIP_MS:
        # The clock was set in between, or the line slept: only the answer is any guide.
        asked_ms = answered_ms
    least, most = server_ms - answered_ms, server_ms - asked_ms
    if least - STEP_MS <= known_ms <= most + STEP_MS:
        return known_ms
    return (least + most) // 2
