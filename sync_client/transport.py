"""
The way to the server and back 传输; the only module of the tablet that knows sockets.

A transport carries one request and brings one answer, whatever it says. It does not follow redirects
(a captive portal's favourite), does not ask twice and does not look inside: that is ``calls``.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, SSLError
from urllib3.util import SKIP_HEADER, Timeout

from schemas.wire import MAX_BODY_INFLATED
from sync_client.errors import GarbledAnswer, Unreachable, UntrustedServer
from sync_client.photos.errors import UnsafeAddress

_PIECE = 64 * 1024
_HTTPS = 443
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]+){3}|::1")


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request; ``path`` begins at the server's root and holds the query, if any.

    Or it is a whole address of another host's, where the server asked for a photo's part to be put.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer as it travelled: header names in lower case, the body still packed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Whatever can carry a request to the server."""

    def send(self, request: Request) -> Response:
        """
        Carry *request* there and its answer back.

        Raises:
            Unreachable: No whole answer came. Whether the server got the request is unknown.
        """


class HTTPTransport:
    """
    HTTP over TLS, one kept-alive connection.

    Args:
        url: The server's root, as ``https://haizhou.example``.
        connect_s, read_s: Seconds to wait for a connection, and for the next bytes of an answer.
        ca_certs: A file with the certificates to trust instead of the system's.
        plain_http: Allow ``http://`` to other machines; the token then travels readable by anyone.

    Raises:
        ValueError: *url* is none, or not https and not this very machine.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_s: float = 10.0,
        read_s: float = 60.0,
        ca_certs: str | None = None,
        plain_http: bool = False,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(url)
        if parts.scheme == "http" and not plain_http and not _LOOPBACK.fullmatch(parts.hostname):
            raise ValueError(f"{url}: not https (plain_http=True allows it)")
        self._root = url.rstrip("/")
        self._connect_s, self._ca_certs, self._plain_http = connect_s, ca_certs, plain_http
        timeout = Timeout(connect=connect_s, read=read_s)
        # What goes to another host must not close the connection to our own.
        self._pool, self._elsewhere = (
            urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout, ca_certs=ca_certs) for _ in range(2)
        )

    def send(self, request: Request) -> Response:
        """Carry *request* there and its answer back; see ``Transport``."""
        try:
            return self._send(request)
        except SSLError as error:
            raise UntrustedServer(str(error)) from error
        except HTTPError as error:
            untrusted = isinstance(error, MaxRetryError) and isinstance(error.reason, SSLError)
            raise (UntrustedServer if untrusted else Unreachable)(str(error)) from error

    def _send(self, request: Request) -> Response:
        ours = request.path.startswith("/")
        # Every header costs a tablet bytes on every sync, so none goes that nobody reads.
        headers = {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER, **request.headers}
        answer = (self._pool if ours else self._elsewhere).urlopen(
            request.method,
            self._root + request.path if ours else self._safe(request.path),
            body=request.body or None,
            headers=headers,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            body = _whole(answer)
        except ProtocolError as error:
            answer.close()
            raise GarbledAnswer(str(error)) from error
        except BaseException:
            answer.close()
            raise
        finally:
            answer.release_conn()
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, named, body)

    def _safe(self, address: str) -> str:
        """
        Return *address* if a photo may go there.

        Raises:
            UnsafeAddress: It is none, or anybody could listen in.
        """
        try:
            parts = urlsplit(address)
            host, named = parts.hostname or "", parts.username is not None or parts.port == 0
        except ValueError as error:
            raise UnsafeAddress(address) from error
        plain = parts.scheme == "http" and (self._plain_http or _LOOPBACK.fullmatch(host))
        if not host or named or not (parts.scheme == "https" or plain):
            raise UnsafeAddress(f"{parts.scheme}://{host}")
        return address

    def certificate_ends_s(self) -> int | None:
        """
        Return when the server's certificate ends, in seconds since 1970-01-01 UTC; None without TLS.

        It shakes hands anew: a connection that has answered may be closed already.

        Raises:
            UntrustedServer: Nobody we trust vouches for the certificate.
            Unreachable: The server does not answer.
        """
        parts = urlsplit(self._root)
        if parts.scheme != "https":
            return None
        context = ssl.create_default_context(cafile=self._ca_certs)
        address = (parts.hostname or "", parts.port or _HTTPS)
        try:
            with (
                socket.create_connection(address, self._connect_s) as plain,
                context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
            ):
                told = secure.getpeercert() or {}
        except ssl.SSLError as error:
            raise UntrustedServer(str(error)) from error
        except OSError as error:
            raise Unreachable(str(error)) from error
        return ssl.cert_time_to_seconds(str(told["notAfter"]))

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.clear()
        self._elsewhere.clear()


def _whole(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Read to the end: only there is an answer that was cut off told from a whole one."""
    body = bytearray()
    while piece := answer.read(_PIECE, decode_content=False):
        body += piece
        if len(body) > MAX_BODY_INFLATED:
            raise GarbledAnswer(f"> {MAX_BODY_INFLATED}")
    return bytes(body)
