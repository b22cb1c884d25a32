"""
Mail 邮件: each message one letter by Apprise's plugin, over SMTP.
"""

import smtplib
from typing import Any

from apprise import NotifyFormat
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController

from server.channels.address import Address
from server.channels.listening import listen
from server.channels.outgoing import Failed, Outgoing
from server.channels.robots import READ_S, made

_LONGEST_SUBJECT = 100


def send_by_mail(out: Outgoing, address: Address) -> None:
    """
    Hand *out* to the mail server.

    Raises:
        Failed: it was not reached, did not let us in, or took the letter for nobody.
    """
    plugin = _plugin(address)
    plugin.headers["X-Gridward-Delivery"] = out.id
    problems: list[str] = []
    listen(plugin, {"AppriseSMTPController": _noting(problems)})
    subject = (out.title or out.body.partition("\n")[0])[:_LONGEST_SUBJECT]
    told = plugin.send(body=out.body or out.title, title=subject, body_format=NotifyFormat.TEXT)
    if problems or not told:
        raise Failed(problems[0] if problems else "mail_refused")


def _plugin(address: Address) -> Any:
    # Apprise is not typed throughout.
    email: Any = NotifyEmail
    plugin = made(email, **(email.parse_url(address.url) or {}))
    plugin.socket_connect_timeout = READ_S
    return plugin


def _noting(problems: list[str]) -> type[AppriseSMTPController]:
    """Return Apprise's connection, which adds to *problems* why it did not come about."""

    class Noting(AppriseSMTPController):
        def __enter__(self) -> AppriseSMTPController:
            try:
                return super().__enter__()
            except (OSError, smtplib.SMTPException, RuntimeError) as error:
                problems.append(_kind_of(error))
                raise

    return Noting


def _kind_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "mail_login"
    if isinstance(error, TimeoutError):
        return "timeout"
    # Of those, too, the base is OSError; what the server said is in neither.
    return "mail_refused" if isinstance(error, smtplib.SMTPResponseException) else "unreachable"
