"""提醒与已阅: Li is reminded on his tablet, confirms it in a basement, and nobody above him is asked."""

from schemas.moments import ms_of
from server.storage.reminders import Sought
from server.usecases.decide_reminders import decide_reminders
from server.usecases.send_notices import send_notices
from sync_client.notices import notices_of, see
from tests.server.office import DISTRICT, GRID_7, person_id
from tests.stories.ground import case, shop
from tests.stories.town import Town

#: A Monday, ten minutes after work began.
MONDAY = ms_of("2020-07-20T08:10:00+08:00")


def a_minute(town: Town, after_min: int = 0) -> None:
    """Let so many minutes pass, and the server do what it does every minute."""
    town.pass_time(after_min * 60)
    decide_reminders(town.office.store, DISTRICT, town.now_ms)
    send_notices(town.office.store, DISTRICT, town.now_ms)


def given_out(town: Town) -> str:
    """Let Li find waste before a shop, and Zhao give it to him."""
    li, zhao = town.tablet("li"), town.tablet("zhao")
    found = case(li, shop(li).id, town.now_ms, GRID_7).id
    town.sync("li", "zhao")
    zhao.act(found, "accept")
    zhao.act(found, "dispatch", lead=GRID_7, owner=person_id("li"))
    town.sync("zhao")
    return found


def told(town: Town, name: str) -> list[str]:
    """Return what somebody's tablet shows him as not seen yet."""
    return [line.code for notice in notices_of(town.tablet(name)) for line in notice.lines]


def test_a_reminder_reaches_its_person_and_ends_with_his_word(town: Town) -> None:
    """
    Given out at 08:10, not signed for by 09:10: Li hears of both, Wang of the same grid of neither.

    Li confirms without signal. His word arrives before the hour is over, so that Feng, his grid's leader, is not
    asked; what Li does not confirm the next time, Feng hears.
    """
    town.now_ms = MONDAY
    first = given_out(town)
    a_minute(town)
    town.tablet("wang"), town.tablet("feng")
    town.sync("li", "wang", "feng")
    assert (told(town, "li"), told(town, "wang"), told(town, "feng")) == (["R04"], [], [])
    a_minute(town, 60)
    town.sync("li", "wang", "feng")
    assert (told(town, "li"), told(town, "wang"), told(town, "feng")) == (["R05", "R04"], [], [])

    assert see(town.tablet("li"), notices_of(town.tablet("li")), town.now_ms) == 2
    assert told(town, "li") == []
    town.pass_time(50 * 60)
    town.sync("li")
    a_minute(town, 15)
    town.sync("feng")
    assert told(town, "feng") == []
    with town.office.store.work(DISTRICT, writing=False) as work:
        items = work.reminders.find(Sought(code="R05"))
    assert [(one.subject, one.person, one.acked_ms) for one in items] == [
        (first, person_id("li"), MONDAY + 110 * 60_000)
    ]

    second = given_out(town)
    a_minute(town, 61)
    a_minute(town, 60)
    town.sync("feng")
    [notice] = [one for one in notices_of(town.tablet("feng")) if one.lines[0].code == "R05"]
    assert (notice.lines[0].about, notice.lines[0].zh[:5]) == (second, "【未确认】")
