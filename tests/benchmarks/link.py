"""
A poor network 弱网: a proxy that lets so many bytes a second through, and is cut again and again in mid-flight.

    with Link(rate=1_000_000) as link:
        door = link.open_door(server.port)      # connect to 127.0.0.1:door.port instead
        link.keep_cutting(every_s=20)

All doors share the one link, its two ways are as wide as each other. A cut resets every connection at once; for
``out_s`` whoever knocks is reset too. What was on its way then is lost, as on the air.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

#: Let through at once, bytes: so long, and no longer, somebody else's packet keeps one waiting.
_PIECE = 16 * 1024
#: What a quiet link makes up for, seconds: as much as the clock of a busy machine is late.
_BURST_S = 0.05
#: Close with a reset instead of a farewell.
_RESET = struct.pack("ii", 1, 0)


class Pace:
    """
    One way of a link; whoever comes is given the next free moment, in the order of coming.

    Args:
        rate: Bytes a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_s = 0.0

    def wait_s(self, size: int, now_s: float) -> float:
        """Return for how long *size* bytes that come at *now_s* are on their way."""
        self._free_s = max(self._free_s, now_s - _BURST_S) + size / self._rate
        return max(0.0, self._free_s - now_s)


@dataclass
class Door:
    """
    One address of the link and where it leads.

    Attributes:
        port: On 127.0.0.1.
        up, down: Bytes that took their time on the link, those of them that a cut swallowed included.
    """

    port: int
    up: int = 0
    down: int = 0


class Link:
    """
    A link from ``with`` to the end of the block, in a thread of its own.

    Args:
        rate: Bytes a second, each way.
        out_s: For how long nobody gets through after a cut.
    """

    def __init__(self, rate: float, out_s: float = 1.0) -> None:
        self._paces = {"up": Pace(rate), "down": Pace(rate)}
        self._out_s = out_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._out_until_s = 0.0
        #: When it was cut, by ``time.monotonic``.
        self.cuts: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open_door(self, port: int) -> Door:
        """Return a door that leads to 127.0.0.1:*port*."""
        return self._call(self._open(port))

    def cut(self) -> None:
        """Cut it now."""
        self._call(self._cut())

    def keep_cutting(self, every_s: float) -> None:
        """Cut it again and again from now on, the first time after *every_s*."""
        self._call(self._begin(self._cut_again(every_s)))

    def was_out(self, since_s: float, until_s: float) -> bool:
        """Say whether nobody got through at some moment from *since_s* to *until_s*, by ``time.monotonic``."""
        return any(cut - 0.01 < until_s and since_s < cut + self._out_s for cut in self.cuts)

    # -- inside the thread -----------------------------------------------------------------------

    def _call(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _begin(self, what: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        for writer in list(self._writers):
            _reset(writer)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut_again(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self._cut()

    async def _cut(self) -> None:
        self.cuts.append(time.monotonic())
        self._out_until_s = self._loop.time() + self._out_s
        for writer in list(self._writers):
            _reset(writer)

    async def _open(self, port: int) -> Door:
        listening = socket.create_server(("127.0.0.1", 0))
        # A sender must not believe sent what only waits in a buffer before the link.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * _PIECE)
        door = Door(listening.getsockname()[1])

        async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._begin(self._carry(door, port, (reader, writer)))

        server = await asyncio.start_server(knocked, sock=listening, limit=_PIECE)
        await self._begin(server.serve_forever())
        return door

    async def _carry(self, door: Door, port: int, ours: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        if self._loop.time() < self._out_until_s:
            _reset(ours[1])
            return
        both = {ours[1]}
        self._writers |= both
        try:
            theirs = await asyncio.open_connection("127.0.0.1", port, limit=_PIECE)
            both.add(theirs[1])
            self._writers |= both
            up = self._pump(ours[0], theirs[1], lambda size: self._pass(door, "up", size))
            down = self._pump(theirs[0], ours[1], lambda size: self._pass(door, "down", size))
            await asyncio.gather(up, down)
        except OSError:
            _reset(ours[1])
        finally:
            self._writers -= both
            for writer in both:
                writer.close()

    async def _pass(self, door: Door, way: str, size: int) -> None:
        setattr(door, way, getattr(door, way) + size)
        await asyncio.sleep(self._paces[way].wait_s(size, self._loop.time()))

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passed: Callable[[int], Awaitable[None]]
    ) -> None:
        with suppress(OSError):
            while piece := await source.read(_PIECE):
                await passed(len(piece))
                # After a cut, what was on its way arrives nowhere.
                if sink.is_closing():
                    return
                sink.write(piece)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
