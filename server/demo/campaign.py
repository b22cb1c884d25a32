"""
The campaign of the demo's day 百日会战: its dates, its first milestone, and what each street still has to do for it.
"""

from datetime import date, datetime

from schemas.ids import derived_id
from schemas.moments import BEIJING
from server.core.importing.wanted import Wanted
from server.demo.prepare import DIVISIONS
from server.demo.town import DISTRICT, read_town
from server.storage.store import Store
from server.usecases.bring_in import bring_in
from server.usecases.manage_calendar import Said, add_campaign

NAME = "创卫百日会战"
_FIRST, _LAST, _MILESTONE = date(2020, 7, 14), date(2020, 10, 21), date(2020, 7, 20)
#: When the district was told that every day counts.
_EVE = datetime(2020, 7, 13, 17, tzinfo=BEIJING)


def bring_campaign_in(store: Store, now_ms: int) -> None:
    """Enter the campaign, its milestone, and one task of each street that is under way."""
    add_campaign(store, DISTRICT, NAME, _FIRST, _LAST, Said("工作方案", "", int(_EVE.timestamp() * 1000)))
    campaign, milestone = derived_id("demo", "campaign"), derived_id("demo", "milestone")
    wanted = [
        Wanted("campaign", campaign, DISTRICT, {"kind": "hygienic_city", "name": NAME, "start_on": f"{_FIRST}",
                                                "end_on": f"{_LAST}"}),
        Wanted("milestone", milestone, DISTRICT, {"name": "第一批问题整改", "due_on": f"{_MILESTONE}",
                                                  "campaign_id": campaign}),
    ]  # fmt: skip
    for street in read_town(DIVISIONS).streets:
        said = {
            "campaign_id": campaign, "milestone_id": milestone, "unit": street.code, "what": "背街小巷清理一遍",
            "due_on": f"{_MILESTONE}", "status": "under_way",
        }  # fmt: skip
        wanted.append(Wanted("campaign_task", derived_id("demo", "task", street.code), street.code, said))
    bring_in(store, DISTRICT, wanted, now_ms)
