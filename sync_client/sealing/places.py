"""Where keys and notes lie 存放: private files, whole or not there at all, and the system's key store."""

import os
from pathlib import Path
from types import ModuleType

from sync_client.errors import NoKey, NoSealing


def write_privately(file: Path, data: bytes, *, anew: bool = False) -> None:
    """
    Write *data* so that only the owner may read it; when this returns it is on the disk, under its name.

    Args:
        anew: Refuse where there is such a file already.
    """
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if anew and file.exists():
            raise FileExistsError(str(file))
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries on the disk, where the system has such a thing."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_in_store(service: str, name: str, secret: str) -> None:
    """
    Keep *secret* in the system's key store 系统钥匙串, and see that it is there.

    Raises:
        NoSealing: There is no key store, or no library to reach it.
        NoKey: It would not take or give it.
    """
    keyring = _keyring()
    try:
        keyring.set_password(service, name, secret)
        kept = keyring.get_password(service, name)
    except keyring.errors.NoKeyringError as error:
        raise NoSealing(str(error).partition(".")[0]) from error
    except keyring.errors.KeyringError as error:
        raise NoKey(str(error)) from error
    if kept != secret:
        raise NoKey(f"{service}/{name}")


def from_store(service: str, name: str) -> str | None:
    """
    Return what the system's key store keeps under *name*.

    Raises:
        NoSealing: There is no key store, or no library to reach it.
        NoKey: It would not give it, for it is locked.
    """
    keyring = _keyring()
    try:
        found: str | None = keyring.get_password(service, name)
    except keyring.errors.NoKeyringError as error:
        raise NoSealing(str(error).partition(".")[0]) from error
    except keyring.errors.KeyringError as error:
        raise NoKey(str(error)) from error
    return found


def _keyring() -> ModuleType:
    try:
        import keyring  # only a sealed tablet has it
        import keyring.errors
    except ImportError as error:
        raise NoSealing("keyring") from error
    return keyring
