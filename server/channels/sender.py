"""
Sends one message by its channel 发送. Apprise, which is large, is loaded when the first one sets out.
"""

import logging
from collections.abc import Callable
from threading import Lock, Thread

from server.channels.address import Address, Addresses, address_of
from server.channels.outgoing import Failed, Outgoing

#: Longer nobody waits for a receiver, however slowly it goes on answering.
PATIENCE_S = 15.0
# What these write down holds addresses, tokens and the messages themselves.
for _name in ("apprise", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class Sender:
    """
    Sends messages; threads may share one.

    Args:
        addresses: Looks a channel's secret address up by its name.
        patience_s: So long it waits for one receiver in all.
    """

    def __init__(self, addresses: Addresses, patience_s: float = PATIENCE_S) -> None:
        self._addresses = addresses
        self._patience_s = patience_s
        self._lock = Lock()
        self._left: dict[str, Thread] = {}

    def send(self, out: Outgoing) -> str | None:
        """
        Send *out*; return the kind of failure, None where it arrived.

        A receiver that never comes to an end is left to itself; nothing more goes to it until it does. What was
        sent to it may have arrived.
        """
        with self._lock:
            if (left := self._left.get(out.channel)) is not None and left.is_alive():
                return "timeout"
        told: list[str | None] = []
        thread = Thread(target=lambda: told.append(self._attempt(out)), name=f"channel-{out.channel}", daemon=True)
        thread.start()
        thread.join(self._patience_s)
        if told:
            return told[0]
        with self._lock:
            self._left[out.channel] = thread
        return "timeout"

    def _attempt(self, out: Outgoing) -> str | None:
        try:
            address = address_of(out.channel, out.kind, self._addresses)
            _way_of(out.kind)(out, address)
        except Failed as failed:
            return failed.problem
        except Exception:  # noqa: BLE001
            # What a library stumbles over must not end the thread unsaid, and its words may hold the address.
            return "broken"
        return None


def _way_of(kind: str) -> Callable[[Outgoing, Address], None]:
    """Return what sends a message of *kind*."""
    from server.channels.mail import send_by_mail
    from server.channels.robots import send_by_robot
    from server.channels.webhooks import send_by_webhook

    return {"mail": send_by_mail, "webhook": send_by_webhook}.get(kind, send_by_robot)
