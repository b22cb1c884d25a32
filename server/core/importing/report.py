"""
What an import did 导入报告: counted, with every mistake by row and column.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from server.core.importing.tables import Wrong
from server.core.importing.wanted import Filed


@dataclass(slots=True)
class Report:
    """
    The counts of one import.

    Attributes:
        rows: How many rows stood below the headings.
        counts: By fate (new, changed, unchanged, kept, void), of records; ``duplicate`` and ``elsewhere``
            (in another district), of rows.
        wrong: Every mistake; a row with one was left out, the others were not.
        kept: Row → the fields in which people's word stands against the file.
        notes: What else is worth knowing, Chinese and English.
        stopped: Nothing was written, because a mistake was found and strictness asked for.
    """

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    kept: dict[int, tuple[str, ...]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False

    def note_ignored(self, headings: Iterable[str]) -> None:
        """Say which columns were not understood."""
        listed = "、".join(headings)
        if listed:
            self.notes.append((f"未导入的列：{listed}", f"columns left out: {listed}"))

    def add_filed(
        self, filed: Iterable[Filed], titles: Mapping[str, str], texts: Mapping[int, Mapping[str, str]]
    ) -> None:
        """
        Count what became of the records, and turn refusals into mistakes of their rows.

        Args:
            titles: The column's heading, by field.
            texts: What stood in the cells, by row and field.
        """
        for one in filed:
            row = one.wanted.row
            for path, errors in (one.errors or {}).items():
                name = path.partition(".")[0]
                text = texts.get(row, {}).get(name, "")[:60]
                self.wrong += [Wrong(row, titles.get(name, name), text, dict(e)) for e in errors]
            if one.kept:
                self.kept[row] = one.kept
            if one.elsewhere:
                self.notes.append(
                    (
                        f"第 {row} 行：已登记在 {one.elsewhere}，没有移动",
                        f"row {row}: registered in {one.elsewhere}, not moved",
                    )
                )
            if one.fate != "wrong":
                self.counts[one.fate] += 1
