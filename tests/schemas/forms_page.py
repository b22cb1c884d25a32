"""
Keeps ``docs/forms.md`` at what the forms really say.

``python -m tests.schemas.forms_page`` writes the tables anew between their marks.
"""

from pathlib import Path

from schemas.checks.page import tables

PAGE = Path(__file__).parents[2] / "docs" / "forms.md"
BEGIN = "<!-- tables: written by python -m tests.schemas.forms_page -->\n"
END = "<!-- end of tables -->\n"


def current() -> str:
    """Return the page as it should be: its own words, and today's tables between the marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(current(), encoding="utf-8")
