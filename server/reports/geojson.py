"""
Cases on a map 问题分布: a GeoJSON FeatureCollection (RFC 7946), written feature by feature.

Points stand in WGS-84, as the format wants it. For drawing over a domestic map they may be had in GCJ-02; then the file
says so at its head and each feature again, for a shifted point that is taken for a plain one lies in another street.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgspec

from schemas.coordinates import DISPLAYED, displayed
from schemas.lights import light_of
from schemas.records import Fields
from server.reports.ledger_columns import PLACES
from server.reports.ledger_rows import Cell, texts_of
from server.values import Record

MEDIA = "application/geo+json"
#: How each system is named to programs; what knows no such name must not take it for the standard's own.
_NAMES = {"wgs84": "urn:ogc:def:crs:OGC:1.3:CRS84", "gcj02": "GCJ-02"}
_PLACES_AFTER_POINT = 7
#: What a feature says, under the names of the columns.
_SAID = ("number", "source", "found_at", "street", "community", "grid", "place_text", "problem_class", "description",
         "severity", "due_at", "state", "closed_at", "overdue")  # fmt: skip


class CaseMap:
    """
    A collection of points, begun with this and ended by ``close``.

    Args:
        file: Open for writing bytes.
        crs: In which system of ``coordinates.DISPLAYED`` the points stand.
    """

    def __init__(self, file: BinaryIO, crs: str) -> None:
        self._file, self._crs, self._first = file, crs, True
        self.counts: Counter[str] = Counter(shown=0, converted=0, without_position=0, unknown_crs=0)
        head = {"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": _NAMES[crs]}},
                "crs_word": crs, "crs_zh": DISPLAYED[crs]}  # fmt: skip
        self._file.write(msgspec.json.encode(head)[:-1] + b',"features":[')

    def add(self, case: Record, cells: Sequence[Cell], now_ms: int) -> None:
        """Write the point of *case*, if it has one whose system is known; else it is counted."""
        position = case.fields.get("position")
        if not position:
            self.counts["without_position"] += 1
            return
        point = displayed(position, self._crs)
        if point is None:
            self.counts["unknown_crs"] += 1
            return
        at = [round(degrees, _PLACES_AFTER_POINT) for degrees in (point.lon, point.lat)]
        told = self._told(case.fields, position, cells, now_ms)
        feature = {"type": "Feature", "id": case.id, "geometry": {"type": "Point", "coordinates": at},
                   "properties": told}  # fmt: skip
        self._file.write((b"\n" if self._first else b",\n") + msgspec.json.encode(feature))
        self._first = False
        self.counts["shown"] += 1
        self.counts["converted"] += position["crs"] != self._crs

    def close(self, told: Mapping[str, Any]) -> None:
        """End the collection; how many have no point, and what else is *told* of it, stand behind the features."""
        rest = {"counts": dict(self.counts), **told}
        self._file.write(b"\n]," + msgspec.json.encode(rest)[1:] + b"\n")

    def _told(self, fields: Fields, position: Fields, cells: Sequence[Cell], now_ms: int) -> dict[str, Any]:
        texts = texts_of(cells)
        return {
            **{name: texts[PLACES[name]] or None for name in _SAID},
            "class": fields["problem_class"],
            "status": fields["status"],
            "light": light_of(fields, now_ms),
            "accuracy_m": position.get("accuracy_m"),
            "crs": self._crs,
            "crs_measured": position["crs"],
        }
