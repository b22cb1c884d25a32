"""
Asking the server for what lies ready 取用: again after a pause, where that may help.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sync_client.errors import Unreachable
from sync_client.retry import Patience, pause_s

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """
    How to ask.

    Attributes:
        patience: How long to keep trying.
        sleep: Waits so many seconds.
        dice: Returns a number from 0 to 1.
    """

    patience: Patience
    sleep: Callable[[float], None]
    dice: Callable[[], float]

    def patiently(self, ask: Callable[[], T]) -> T:
        """
        Return what *ask* returns, asking again while the network or the server stutters.

        Raises:
            Unreachable: The last attempt's, where asking again would not help or patience is at its end.
            Refused: As *ask* raises it.
        """
        failed = 0
        while True:
            try:
                return ask()
            except Unreachable as error:
                failed += 1
                seconds = pause_s(self.patience, failed, error, self.dice())
                if seconds is None:
                    raise
                self.sleep(seconds)
