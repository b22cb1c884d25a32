"""Which depot the settings name 照片库的选择."""

import re
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from server.storage.depot import Depot
from server.storage.depot.folder import FolderDepot

_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?")
# A drive of Windows is one letter; anything longer before a colon means something else than a folder.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:.*", re.DOTALL)
_ADDRESSING = ("path", "virtual")


class Misnamed(ValueError):
    """A setting of the photo store means nothing; ``zh`` and ``en`` say which."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")


class Named(Protocol):
    """What a depot is made from; see ``server.settings.Settings``."""

    @property
    def photos(self) -> str:
        """A folder, or ``s3://bucket/prefix``."""

    @property
    def s3_endpoint(self) -> str | None:
        """The store's address, where it is not Amazon's."""

    @property
    def s3_public_endpoint(self) -> str | None:
        """The same store's address for tablets."""

    @property
    def s3_region(self) -> str | None:
        """The region in every signature."""

    @property
    def s3_addressing(self) -> str | None:
        """``path`` or ``virtual``."""


def depot_of(named: Named) -> Depot:
    """
    Return the depot that *named* describes; nothing is touched or asked yet.

    Raises:
        Misnamed: A setting means nothing.
    """
    if named.photos.startswith("s3:"):
        return _bucket_of(named)
    if not named.photos or "\0" in named.photos or _SCHEME.fullmatch(named.photos):
        raise _no_store(named.photos)
    return FolderDepot(Path(named.photos))


def _bucket_of(named: Named) -> Depot:
    # A folder does not pay half a second and 20 MB for what it has no use for.
    from server.storage.depot.bucket import Place, S3Depot

    match = _BUCKET.fullmatch(named.photos)
    if not match:
        raise _no_store(named.photos)
    endpoint = _address("GRIDWARD_S3_ENDPOINT", named.s3_endpoint)
    if named.s3_addressing not in (None, *_ADDRESSING):
        raise Misnamed(
            f"GRIDWARD_S3_ADDRESSING 只能是 path 或 virtual，不是 {named.s3_addressing}",
            f"GRIDWARD_S3_ADDRESSING is path or virtual, not {named.s3_addressing}",
        )
    return S3Depot(
        Place(
            match[1],
            f"{match[2]}/".removeprefix("/"),
            endpoint,
            _address("GRIDWARD_S3_PUBLIC_ENDPOINT", named.s3_public_endpoint),
            named.s3_region,
            # A store of one's own seldom has a host name for every bucket.
            "virtual" if named.s3_addressing == "virtual" else "path" if named.s3_addressing or endpoint else "auto",
        )
    )


def _address(setting: str, text: str | None) -> str | None:
    """Return the root of a store, as ``http://10.1.2.3:9000``."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise Misnamed(
            f"{setting} 应如 https://s3.example:9000，后面没有路径，也没有密码",
            f"{setting} should read like https://s3.example:9000, without a path and without a password",
        )
    return text.rstrip("/")


def _no_store(text: str) -> Misnamed:
    return Misnamed(
        f"GRIDWARD_PHOTOS={text}：应为一个文件夹，或 s3://桶名/前缀",
        f"GRIDWARD_PHOTOS={text}: name a folder, or s3://bucket/prefix",
    )
