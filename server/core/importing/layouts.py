"""
Which columns each kind of file has 文件种类, so that a file of villages is never taken for one of people.
"""

from collections.abc import Sequence

from server.core.importing import divisions, people, registers
from server.core.importing.tables import Column, Heading, find_heading, recognised
from server.core.importing.text import Row, Unreadable

#: The command's word → the record type of a register.
REGISTERS = {"segments": "street_segment", "shops": "shop", "parking": "parking_area"}
_ZH = {"divisions": "区划", "people": "人员", "segments": "路段", "shops": "商户", "parking": "停车区"}


def columns_for(kind: str) -> Sequence[Column]:
    """Return the columns a file of *kind* may have."""
    if kind in REGISTERS:
        return registers.columns_of(REGISTERS[kind])
    return divisions.COLUMNS if kind == "divisions" else people.COLUMNS


def heading_for(kind: str, rows: Sequence[Row]) -> Heading:
    """
    Return the headings of a file of *kind*.

    Raises:
        Unreadable: it has none that mean anything, lacks a required one, or fits another kind better.
    """
    heading = find_heading(rows, columns_for(kind))
    fits = {other: recognised(rows, columns_for(other)) for other in _ZH}
    best = max(fits, key=lambda other: (fits[other], other == kind))
    if best != kind:
        raise Unreadable(
            f"这个文件像是{_ZH[best]}（{fits[best]} 列相符），不像{_ZH[kind]}（{fits[kind]} 列相符）。",
            f"This looks like a file of {best} ({fits[best]} columns), not of {kind} ({fits[kind]} columns).",
        )
    return heading
