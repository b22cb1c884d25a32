"""
One check, filled in as a worker does 做一次检查: his answers, all others clean, and the photos the form asks for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from schemas.wording import BEIJING
from sync_client.check_sheet import sheet_for
from sync_client.demo.cast import Tablet
from sync_client.demo.findings import Answers
from sync_client.demo.script import promise
from sync_client.values import Record

_SPOT = {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84", "accuracy_m": 8, "fix_source": "gnss"}
#: Takes a photo for an item (None: of the whole) in a role.
Camera = Callable[[str | None, str], bytes]


def make_check(
    tablet: Tablet, kind: str, target: Record, answers: Answers, also: Mapping[str, object], camera: Camera, now_ms: int
) -> tuple[Record, list[Record]]:
    """
    Make a check of *target* on *tablet*, and return it with the cases it opened.

    Args:
        also: Fields beside the answers.
        now_ms: When, in milliseconds since 1970-01-01 UTC.
    """
    begun = datetime.fromtimestamp(now_ms // 1000, BEIJING).isoformat()
    sheet = sheet_for(kind, tablet.client.read(target), tablet.person, begun)
    for code, text in answers.items():
        item = sheet.item(code)
        if item is not None:
            sheet.answer(item, text)
    sheet.all_clean()
    sheet.fields |= {"position": _SPOT, **also}
    with tablet.client.batch():
        check = tablet.client.create(kind, grid=sheet.grid, set=sheet.body())
        # Exactly the photos the form asks for.
        for missing in check["missing_photos"]:
            photo = camera(missing["item"], missing["role"])
            check = tablet.client.attach(check, photo, item=missing["item"], role=missing["role"])
    promise(not check["missing_photos"], "照片仍不齐", "photos are still missing")
    return check, list(tablet.client.find("case", where={"follows": check.id}).records)
