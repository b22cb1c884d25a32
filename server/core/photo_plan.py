"""
What becomes of a file that a tablet offers 照片传送的判定: a table, and the questions it is read by.
"""

from collections.abc import Mapping
from enum import StrEnum

from schemas.photos import MAX_FILE_BYTES, Offered, parts_of
from server.core.photo_names import named_in
from server.values import Record


class Verdict(StrEnum):
    """What a tablet that offers a file is told, and why."""

    #: The office does not know the record: it is still to come, or lies in quarantine.
    NO_RECORD = "no_record"
    #: The record does not name the photo: the change that does is still to come, or lies in quarantine.
    NOT_NAMED = "not_named"
    TOO_LARGE = "too_large"
    #: Its parts do not make up its size.
    CONTRADICTS = "contradicts"
    #: It lies here whole, and was looked at.
    VERIFIED = "verified"
    #: It was whole, and is no picture.
    REFUSED = "refused"
    #: It was here, and was deleted by the retention policy.
    EXPIRED = "expired"
    #: It is wanted.
    SEND = "send"
    #: It would be wanted, had its device not let so much be expected already.
    TOO_MUCH = "too_much"


#: By the state of its row (None: there is none), and whether a whole file lies under its name.
VERDICTS: Mapping[tuple[str | None, bool], Verdict] = {
    (None, False): Verdict.SEND,
    (None, True): Verdict.SEND,
    ("expected", False): Verdict.SEND,
    ("expected", True): Verdict.SEND,
    ("verified", True): Verdict.VERIFIED,
    # A depot that lost it, or a database restored beside an older one: the tablet still has it.
    ("verified", False): Verdict.SEND,
    ("refused", False): Verdict.REFUSED,
    ("refused", True): Verdict.REFUSED,
    ("expired", False): Verdict.EXPIRED,
    ("expired", True): Verdict.EXPIRED,
    # Deleted, for no record named it; now one does again.
    ("collected", False): Verdict.SEND,
    ("collected", True): Verdict.SEND,
}
#: Whose record names them: noted as a use.
USED = frozenset({Verdict.VERIFIED, Verdict.SEND})


def unfit(offered: Offered, record: Record | None) -> Verdict | None:
    """
    Return why a file cannot be taken, whatever lies here; None where it can.

    What time may still mend comes last: a file that is too large is so before and after its record has come.
    """
    if offered.size > MAX_FILE_BYTES:
        return Verdict.TOO_LARGE
    if len(offered.parts) != parts_of(offered.size):
        return Verdict.CONTRADICTS
    if record is None:
        return Verdict.NO_RECORD
    return None if names(record, offered.sha256, offered.of) else Verdict.NOT_NAMED


def names(record: Record, sha256: str, of: str | None) -> bool:
    """
    Say whether *record* names a file as somebody's photo.

    Args:
        of: Of a copy: its original's SHA-256, which has to be named with this very copy.
    """
    if of is None or of == sha256:
        return any(photo.get("sha256") == sha256 for photo in named_in(record))
    return any(photo.get("sha256") == of and photo.get("copy") == sha256 for photo in named_in(record))
