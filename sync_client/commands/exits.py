"""
What a program that called ``gridward`` reads from its exit code 退出码.

``DELIVERED`` is what every command ends with that did what it was asked. The commands that tell where the
work stands (``status``, ``sync``, ``outbox``, ``conflicts``, ``photos list``, ``photos send``, ``doctor``) say more.
"""

from enum import IntEnum

from sync_client.errors import NotEnrolled, SyncError, Unreachable
from sync_client.values import Status


class Exit(IntEnum):
    """The exit codes; they never change their meaning."""

    DELIVERED = 0  # done; nothing waits
    TROUBLE = 1  # it could not be done, and the text says why
    WAITING = 2  # records or photos still wait to be sent
    ATTENTION = 3  # something was rejected, a conflict is open, or a photo is refused or lost
    NO_NETWORK = 4  # no answer came, or not the server's
    NOT_ADMITTED = 5  # not enrolled, or revoked
    REPAIRED = 6  # the tablet was not equal to the office, and is now
    USAGE = 64  # the command was not understood
    STOPPED = 130  # interrupted from the keyboard


def is_revoked(status: Status) -> bool:
    """Say whether the office, when it was asked last, would not hear this tablet any more 已停用."""
    return (status.last_problem or {}).get("code") == "device_revoked"


def standing(status: Status) -> Exit:
    """Return where the work of a tablet stands; what is worst counts."""
    if not status.enrolled or status.forgotten or is_revoked(status):
        return Exit.NOT_ADMITTED
    if status.attention or status.conflicts or status.photos_refused or status.photos_lost:
        return Exit.ATTENTION
    return Exit.WAITING if status.waiting or status.photos_waiting or status.carried else Exit.DELIVERED


def after(error: SyncError) -> Exit:
    """Return the code for a command that *error* ended."""
    if isinstance(error, NotEnrolled):
        return Exit.NOT_ADMITTED
    return Exit.NO_NETWORK if isinstance(error, Unreachable) else Exit.TROUBLE
