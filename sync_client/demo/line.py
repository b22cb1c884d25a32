"""
A line that can be cut 可断开的网络: what is sent while it is cut never leaves the tablet.
"""

from sync_client.errors import Unreachable
from sync_client.transport import HTTPTransport, Request, Response, Transport


class Line:
    """
    A tablet's way to the server, with a switch.

    Args:
        inner: The way itself.

    Attributes:
        lost: How many answers were lost on the way back.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._is_cut = False
        self._to_lose = 0
        self._part: int | None = None
        self.lost = 0

    def cut(self) -> None:
        """Lose the signal, and the connection with it."""
        self._is_cut = True
        self._hang_up()

    def restore(self) -> None:
        """Come back into reach."""
        self._is_cut = False

    def lose_next_answer(self) -> None:
        """Let the next answer get lost, after the server has done what it was asked to."""
        self._to_lose = 1

    def cut_in_part(self, number: int) -> None:
        """Let the line be cut while part *number* of a photo, counted from 0, is on its way."""
        self._part = number

    def send(self, request: Request) -> Response:
        """
        Carry *request* there and its answer back; see ``Transport``.

        Raises:
            Unreachable: The line is cut, or the answer was lost.
        """
        if self._part is not None and request.path.endswith(f"/parts/{self._part}"):
            self._part = None
            self.cut()
        if self._is_cut:
            raise Unreachable("演示：网络已断开 the demo has cut the network")
        answer = self._inner.send(request)
        if self._to_lose:
            self._to_lose -= 1
            self.lost += 1
            self._hang_up()
            raise Unreachable("演示：回答在路上丢失 the demo has lost the answer")
        return answer

    def _hang_up(self) -> None:
        if isinstance(self._inner, HTTPTransport):
            self._inner.close()
