"""
What happened, one line an event 轨迹: the same seed writes the same lines, to the byte.

No name in it is a secret of the server's: things go by the names that the play gave them.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Trace:
    """
    The lines so far.

    Attributes:
        harm: How often each kind of fault was really done, beyond being planned.
    """

    lines: list[str] = field(default_factory=list)
    harm: Counter[str] = field(default_factory=Counter)

    def tell(self, number: int | str, now_ms: int, what: str, came_to: str) -> None:
        """Write down one event and what it came to."""
        moment = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]
        self.lines.append(f"{number:>4}  {moment}  {what}{'  → ' + came_to if came_to else ''}")

    def note(self, what: str) -> None:
        """Write down something that belongs to the event before."""
        self.lines.append(f"      {what}")

    def done(self, kind: str) -> None:
        """Count one fault of *kind* that was done."""
        self.harm[kind] += 1

    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines) + "\n"
