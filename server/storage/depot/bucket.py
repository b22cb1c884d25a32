"""
A bucket of S3, or of a store that speaks its language, as the depot 对象存储.

Imported only where the settings name a bucket: a folder needs none of what this brings along. Every request is
signed (SigV4) with the keys that boto3 finds, and every PUT of ours says its MD5, which the store holds it to.
"""

import hashlib
import io
import re
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.loaders import Loader, create_loader

from server.storage.depot import DepotFull, DepotTrouble, Invitation, Lying, Missing
from server.storage.depot.keys import checked, is_key
from server.storage.depot.pieces import Open, Pieces, nothing, opened

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: So many keys one request may delete, and one answer may list.
_BATCH = 1000
_PAGE = 1000
#: Seconds for which an address may hold at most.
_LONGEST_S = 7 * 24 * 3600
#: More than one process's threads ask at a time.
_CONNECTIONS = 64
_REGION = "us-east-1"
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")
_FULL = ("XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded")


class Place(NamedTuple):
    """
    Where a bucket is.

    Attributes:
        prefix: What all our keys begin with there; empty, or ending with ``/``.
        endpoint: The store's address; None for Amazon's.
        public_endpoint: The same store's address for whoever is invited; None where nobody is.
        region: Part of every signature; None for what boto3 finds.
        addressing: Whether the bucket's name stands in the path or in the host's name.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    public_endpoint: str | None = None
    region: str | None = None
    addressing: Literal["auto", "path", "virtual"] = "auto"


class Patience(NamedTuple):
    """How long a store may take, in seconds: to take up a connection, to go on; and how often it is asked in all."""

    connect_s: float = 5
    read_s: float = 20
    attempts: int = 3


PATIENCE = Patience()


class S3Depot:
    """A depot in a bucket; nothing is asked, and no key looked for, before its first use."""

    def __init__(self, place: Place, patience: Patience = PATIENCE) -> None:
        self.place, self._patience = place, patience
        self._making = threading.Lock()
        self._clients: dict[str | None, S3Client] = {}
        self._in_batches = True

    def __str__(self) -> str:
        return f"s3://{self.place.bucket}/{self.place.prefix} {self.place.endpoint or ''}".rstrip()

    def put(self, key: str, source: bytes | Path) -> None:
        """Lay bytes under a key; see ``Depot``."""
        name = self._name(key)
        with opened(source) as pieces:
            size, md5 = _measured(pieces)
            with _told("put"):
                self._client().put_object(
                    Bucket=self.place.bucket, Key=name, Body=pieces, ContentLength=size, ContentMD5=md5
                )

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return bytes piece by piece; see ``Depot``."""
        if stop is not None and stop <= start:
            if self.size(key) is None:
                raise Missing(key)
            return nothing()
        asked: dict[str, Any] = {"Bucket": self.place.bucket, "Key": self._name(key)}
        whole = start == 0 and stop is None
        if not whole:
            asked["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        try:
            with _told("read", key):
                answer = self._client().get_object(**asked)
        except _BeyondTheEnd:
            return nothing()
        body = _Body(answer["Body"])
        length = answer["ContentLength"]
        if not whole and not _is_range(answer.get("ContentRange", ""), start, stop, length):
            body.close()
            raise DepotTrouble("read: the store does not keep to ranges")
        return Pieces(body, length)

    def size(self, key: str) -> int | None:
        """Return the size in bytes; see ``Depot``."""
        try:
            with _told("size", key):
                return self._client().head_object(Bucket=self.place.bucket, Key=self._name(key))["ContentLength"]
        except Missing:
            return None

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield what lies there; see ``Depot``."""
        asked: dict[str, Any] = {"Bucket": self.place.bucket, "Prefix": self.place.prefix + prefix, "MaxKeys": _PAGE}
        while True:
            with _told("list"):
                page = self._client().list_objects_v2(**asked)
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.place.prefix)
                if is_key(key):
                    yield Lying(key, found["Size"], int(found["LastModified"].timestamp() * 1000))
            if not page["IsTruncated"]:
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """Take away; see ``Depot``."""
        names = map(self._name, keys)
        while batch := list(islice(names, _BATCH)):
            if self._in_batches and len(batch) > 1:
                self._in_batches = self._delete_batch(batch)
            if not self._in_batches or len(batch) == 1:
                self._delete_each(batch)

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """
        Return an address for one PUT; see ``Depot``. No request is needed to make one.

        None where no public address is set: a store is often out of the tablets' reach, and its own address would
        then be sent to each of them in vain.
        """
        if self.place.public_endpoint is None:
            return None
        asked = {"Bucket": self.place.bucket, "Key": self._name(key), "ContentLength": size}
        client = self._client(self.place.public_endpoint)
        with _told("invite"):
            url = client.generate_presigned_url("put_object", Params=asked, ExpiresIn=min(seconds, _LONGEST_S))
        return Invitation(url, {})

    def _name(self, key: str) -> str:
        return self.place.prefix + checked(key)

    def _client(self, endpoint: str | None = None) -> "S3Client":
        # Clients may be shared by threads; making one may not.
        address = endpoint or self.place.endpoint
        with self._making:
            if address not in self._clients:
                self._clients[address] = self._made(address)
            return self._clients[address]

    def _made(self, endpoint: str | None) -> "S3Client":
        core = botocore.session.get_session()
        core.register_component("data_loader", _descriptions())
        session = boto3.session.Session(botocore_session=core)
        config = Config(
            signature_version="s3v4",
            connect_timeout=self._patience.connect_s,
            read_timeout=self._patience.read_s,
            retries={"mode": "standard", "total_max_attempts": self._patience.attempts},
            max_pool_connections=_CONNECTIONS,
            # Newer checksums travel in chunks that many stores do not understand; ours is the MD5.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": self.place.addressing},
        )
        region = self.place.region or session.region_name or _REGION
        return session.client("s3", endpoint_url=endpoint, region_name=region, config=config)

    def _delete_batch(self, names: Sequence[str]) -> bool:
        """Delete up to a thousand objects in one request; return whether the store can do that."""
        try:
            with _told("delete"):
                answer = self._client().delete_objects(
                    Bucket=self.place.bucket, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
                )
        except _NotUnderstood:
            return False
        failed = [error.get("Code", "?") for error in answer.get("Errors", ()) if error.get("Code") != "NoSuchKey"]
        if failed:
            raise DepotTrouble(f"delete: {failed[0]}, of {len(failed)}")
        return True

    def _delete_each(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                with _told("delete", name):
                    self._client().delete_object(Bucket=self.place.bucket, Key=name)
            except Missing:
                continue


class _BeyondTheEnd(Exception):
    """Nothing lies as far out as was asked for."""


class _NotUnderstood(DepotTrouble):
    """The store does not know what was asked; perhaps it can do the same in another way."""


class _Body:
    """The body of an answer, its troubles told in our words."""

    def __init__(self, body: Open) -> None:
        self._body = body

    def read(self, amount: int) -> bytes:
        """Return up to *amount* bytes."""
        with _told("read"):
            return self._body.read(amount)

    def close(self) -> None:
        """Give the connection back, or close it where not all was read."""
        self._body.close()


@contextmanager
def _told(verb: str, key: str = "") -> Iterator[None]:
    """
    Tell what boto3 says in our words: codes and kinds alone, since addresses may hold signatures.

    Raises:
        Missing: *key* was named, and nothing lies under it.
        DepotTrouble: Anything else.
    """
    try:
        yield
    except ClientError as error:
        raise _meaning(error, verb, key) from error
    except NoCredentialsError as error:
        raise DepotTrouble(f"{verb}: no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
    except BotoCoreError as error:
        raise DepotTrouble(f"{verb}: {type(error).__name__}") from error


@cache
def _descriptions() -> Loader:
    """Return what boto3 knows of S3: read from disk once in a process, for that takes most of the time."""
    return create_loader()


def _meaning(error: ClientError, verb: str, key: str) -> Exception:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "?")
    said = f"{verb}: {code}, HTTP {status}"
    if status == 404 and key and code != "NoSuchBucket":
        return Missing(key)
    if status == 416:
        return _BeyondTheEnd(key)
    if status == 507 or code in _FULL:
        return DepotFull(said)
    return _NotUnderstood(said) if verb == "delete" and status in (400, 405, 411, 501) else DepotTrouble(said)


def _measured(file: io.BufferedReader | io.BytesIO) -> tuple[int, str]:
    """Return the size of *file* in bytes and its MD5 as S3 writes it; it stands at its beginning again."""
    # Against what happens to bytes on their way, not against people.
    digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size, b64encode(digest).decode()


def _is_range(told: str, start: int, stop: int | None, length: int) -> bool:
    """Say whether the ``Content-Range`` *told*, with *length* bytes, is what was asked for."""
    match = _RANGE.fullmatch(told)
    if not match:
        return False
    first, last, size = map(int, match.groups())
    wanted = min(size, size if stop is None else stop) - start
    return first == start and last - first + 1 == wanted == length
