"""
Finding what stands in front of one 查找检查对象: by part of a name, by code, by door number, by pinyin initials.
"""

from collections.abc import Iterator

from schemas.initials import abbreviates, folded
from sync_client.client import FieldClient
from sync_client.values import Record

#: In the order of their weight: a code or a door number is meant, a name is guessed at.
_EXACT = ("code", "door_no")
_NAMES = ("name", "licence_name", "address", "from_point", "to_point", *_EXACT)
_PAGE = 1_000


def every(client: FieldClient, type_name: str, *, include_merged: bool = False) -> Iterator[Record]:
    """Yield every record of one type that is not void; those merged into another only where they are wanted."""
    after = None
    while True:
        page = client.find(type_name, limit=_PAGE, after=after, include_merged=include_merged)
        yield from page
        after = page.after
        if after is None:
            return


def search(
    client: FieldClient, type_name: str, text: str, most: int = 9, *, include_merged: bool = False
) -> tuple[list[Record], int]:
    """
    Return the records of one type that *text* may mean, the likeliest first, and how many there are in all.

    Args:
        text: Part of a name, an address, a code or a door number, or at least two pinyin initials of
            the name; nothing finds all.
        most: How many to return.
        include_merged: Look among those too that were merged into another.
    """
    wanted = folded(text)
    records = every(client, type_name, include_merged=include_merged)
    ranked = [(rank, record) for record in records if (rank := _rank(record, wanted)) is not None]
    ranked.sort(key=lambda found: (found[0], str(found[1].get("name")), found[1].id))
    return [record for _, record in ranked[:most]], len(ranked)


def _rank(record: Record, wanted: str) -> int | None:
    """Return how far *record* is from what is *wanted*, or None where it is not meant at all."""
    texts = {name: folded(str(record.get(name) or "")) for name in _NAMES}
    if any(texts[name] == wanted for name in _EXACT):
        return 0
    name = texts["name"]
    if name.startswith(wanted):
        return 1
    if any(wanted in text for text in texts.values()):
        return 2
    if len(wanted) > 1 and wanted.isascii() and wanted.isalpha() and abbreviates(wanted, name):
        return 3
    return None
