"""
A lock on a file, held by one process of this machine until it dies 文件锁: the system takes it back, however that was.
"""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """A lock on the file at *path*, which is made where it is not there, and never deleted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        #: Why there is no file to lock, as a kind of error; None: there is one, whoever holds it.
        self.problem: str | None = None

    def take(self) -> bool:
        """Try to take the lock, and say whether it is ours from now on, or still."""
        if self._descriptor is not None:
            if self._is_the_same():
                return True
            self.release()
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            self.problem = type(error).__name__
            return False
        self.problem = None
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return self.take()

    def release(self) -> None:
        """Leave it to others."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _is_the_same(self) -> bool:
        """Tell whether ours is the file that others find there: somebody may have deleted it."""
        try:
            return os.path.samestat(os.fstat(self._descriptor or 0), self._path.stat())
        except OSError:
            return False
