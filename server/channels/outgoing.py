"""
What goes out, and why it did not 外发消息: the values between the queue and the channels.
"""

from typing import NamedTuple


class Outgoing(NamedTuple):
    """
    One message on its way.

    Attributes:
        id: The delivery's id: the same however often it is sent, so that a receiver can tell a repetition.
        channel: The channel's name, under which its address is found.
        kind: The channel's kind.
        title, body: What is said; an empty title stands in the body already.
        about: What it tells of.
        made_ms: When it was queued.
    """

    id: str
    channel: str
    kind: str
    title: str
    body: str
    about: str | None
    made_ms: int

    @property
    def text(self) -> str:
        """What a robot, which knows no titles, is told."""
        return f"{self.title}\n{self.body}" if self.title and self.body else self.title or self.body


class Failed(Exception):
    """A message did not go out; ``problem`` is the kind of failure, which names no address."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)
