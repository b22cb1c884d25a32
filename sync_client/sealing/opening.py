"""Which driver opens a tablet's file 打开: the plain one, or one with the key it was sealed by."""

from pathlib import Path

from sync_client.driver import PLAIN, Driver, seal_of
from sync_client.sealing.converting import is_plain, tidy
from sync_client.sealing.driver import sealed_by
from sync_client.sealing.keys import Holder, SealNote, find_key, key_in_file, read_note


def driver_for(path: Path, holder: Holder) -> Driver:
    """
    Return what opens the file at *path*, which need not be there; a conversion that was killed is tidied up first.

    Raises:
        NoKey, WrongKey: *holder* has not brought the key.
        NoSealing: The library is not installed, or the key store is missing.
        SealUnreadable: The note beside it says nothing. (Without any note a key file still opens it.)
    """
    tidy(path)
    if is_plain(path) or not (seal_of(path).exists() or holder.key_file):
        return PLAIN
    if not seal_of(path).exists() and holder.key_file:
        return sealed_by(key_in_file(holder.key_file))
    return sealed_by(find_key(read_note(path), holder), proven=True)


def key_of(path: Path, holder: Holder) -> tuple[bytes, SealNote]:
    """Return the proven key of the sealed file at *path*, and its note; raises as ``driver_for`` does."""
    note = read_note(path)
    return find_key(note, holder), note
