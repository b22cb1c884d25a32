"""
The driver for a sealed file 加密驱动: SQLCipher, given the key itself and not a password.

Every page is encrypted by AES-256 and carries an HMAC, so a changed byte is noticed and not believed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast

from sync_client.driver import MAGIC, Connection, Driver, code_of
from sync_client.errors import LocalStoreDamaged, NoSealing, NotSealed, WrongKey

_NOT_A_DATABASE = 26
#: A page that leaves the cache is decrypted again when it is next looked at; a list walks over thousands.
_CACHE_KIB = 24 * 1024


def sealed_by(key: bytes, *, proven: bool = False) -> Driver:
    """
    Return what opens, or makes, a file sealed by *key* (32 bytes).

    Args:
        key: The key.
        proven: Whether the key is known to be the right one; a file it does not open is damaged then.

    Raises:
        NoSealing: The library is not installed.
    """
    library = _library()

    def connect(path: Path, timeout_s: float) -> Connection:
        connection = library.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        with _closed_if_refused(connection, library, path, proven=proven):
            # Whatever the library would say on the terminal, its errors say to us.
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
            connection.execute("SELECT count(*) FROM sqlite_master")
        return cast("Connection", connection)

    return Driver(
        connect=connect,
        errors=(library.Error,),
        mistakes=(library.InterfaceError, library.ProgrammingError, library.IntegrityError),
        code_of=code_of,
        inspect=_refuse_plain,
        sealed=True,
    )


@contextmanager
def _closed_if_refused(connection: Connection, library: ModuleType, path: Path, *, proven: bool) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        connection.close()
        if isinstance(error, library.Error) and code_of(error) == _NOT_A_DATABASE:
            raise (LocalStoreDamaged if proven else WrongKey)(str(path)) from error
        raise


def _refuse_plain(path: Path, head: bytes) -> None:
    """Refuse a plain file: opened with a key it would look damaged."""
    if head == MAGIC:
        raise NotSealed(str(path))


def _library() -> ModuleType:
    try:
        from sqlcipher3 import dbapi2  # only a sealed tablet has it
    except ImportError as error:
        raise NoSealing("sqlcipher3") from error
    return dbapi2
