"""
What a receiver answered 回执. Apprise looks at the HTTP status alone; robots say "no" in the body of a 200.

A plugin's own ``send`` is run with an ``Ear`` in the place of the module ``requests``: it sends just what the plugin
gave it, signed where that is wanted, and keeps the answer.
"""

from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any

import requests

#: No receiver has more to say.
_MOST_ANSWER = 65_536
#: Given the body that goes out, and its headers, returns the body to send instead.
Seal = Callable[[bytes, dict[str, str]], bytes]


class Ear:
    """Stands for ``requests`` within one plugin, for one message."""

    def __init__(self, seal: Seal | None = None) -> None:
        self._seal = seal
        self.status: int | None = None
        self.body = b""
        self.problem: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, url: str, **given: Any) -> requests.Response:
        """Send by POST; see ``requests.post``."""
        return self.request("POST", url, **given)

    def request(self, method: str, url: str, **given: Any) -> requests.Response:
        """Send, and keep what came back; see ``requests.request``."""
        body, headers = given.pop("data"), dict(given.pop("headers"))
        raw = body.encode() if isinstance(body, str) else body
        given |= {"data": self._seal(raw, headers) if self._seal else raw, "headers": headers, "stream": True}
        try:
            # Timeouts are the plugin's; see its class.
            with requests.request(method, url, **given) as answer:  # noqa: S113
                self.body = next(answer.iter_content(_MOST_ANSWER), b"")
                self.status = answer.status_code
                # The plugin may read it once more.
                answer._content = self.body
        except requests.RequestException as error:
            self.problem = _kind_of(error)
            raise
        return answer


def listen(plugin: Any, names: Mapping[str, Any]) -> None:
    """Let *plugin* send with *names* in the place of what its module calls so."""
    own: FunctionType = type(plugin).send
    heard = FunctionType(own.__code__, {**own.__globals__, **names}, own.__name__, own.__defaults__, own.__closure__)
    heard.__kwdefaults__ = own.__kwdefaults__
    plugin.send = MethodType(heard, plugin)


def _kind_of(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    return "timeout" if isinstance(error, requests.Timeout) else "unreachable"
