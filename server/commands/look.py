"""
Looking only 查看: whether the history still holds.
"""

import click

from server.commands.common import as_json, in_district, open_store, pick_district, show, telling
from server.usecases.verify_history import verify_history


@click.group("audit")
def audit() -> None:
    """历史核验。The history, held to its own word."""


@audit.command("verify")
@in_district
@as_json
@telling
def verify(district: str | None, as_json: bool) -> None:
    """逐行核验历史链；有问题时返回 1。Walk every chain; 1 where a row was changed or is missing."""
    store = open_store()
    verified = verify_history(store, pick_district(store, district))
    rows = [
        {
            "feed": v.feed, "rows": v.rows, "link": v.link, "broken": v.broken,
            "why": "" if v.why is None else f"{v.why[0]} {v.why[1]}",
        }
        for v in verified
    ]  # fmt: skip
    headings = {"feed": "流", "rows": "完好的行", "link": "末环", "broken": "首个问题行", "why": "问题"}
    show(rows, headings, json_wanted=as_json)
    if any(v.broken is not None for v in verified):
        raise SystemExit(1)
