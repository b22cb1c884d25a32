"""
All jobs, as data 任务目录.

What goes on all day is the same whenever it runs: of periods that were missed the latest is enough. What belongs to
a day, a week or a month is made up for each.
"""

from collections.abc import Callable
from typing import NamedTuple

from server.jobs.job import Job, Run
from server.jobs.schedules import Cron, Every
from server.storage.depot import Depot
from server.storage.store import Store
from server.usecases.assess_shops import monthly_shops
from server.usecases.assess_units import weekly_scores
from server.usecases.build_snapshots import build_snapshots
from server.usecases.collect_photos import collect_photos
from server.usecases.cut_off import close_days
from server.usecases.decide_reminders import decide_reminders
from server.usecases.deliver import Out, deliver
from server.usecases.forget_codes import forget_codes
from server.usecases.forget_contacts import forget_contacts
from server.usecases.forget_deliveries import forget_deliveries
from server.usecases.forget_departures import forget_departures
from server.usecases.forget_reminders import forget_reminders
from server.usecases.forget_runs import forget_runs
from server.usecases.hand_over import hand_over
from server.usecases.release_covert import release_due
from server.usecases.retain_photos import FOR_EVER, Policy, retain_photos
from server.usecases.review_escalations import review_escalations
from server.usecases.send_notices import send_notices

_MINUTE, _QUARTER, _HOUR = Every(60), Every(15 * 60), Every(3600)


class Keeping(NamedTuple):
    """
    For how long things are kept, and where photos lie; what the settings say.

    Attributes:
        days: Departures and tellings.
        contacts_days: How to reach a reporter, once his case is over; None: for ever.
        depot: Where photos lie, so that what nobody needs is taken out of it; None leaves them alone.
        photos: For how long photos are kept.
    """

    days: int
    contacts_days: int | None = None
    depot: Depot | None = None
    photos: Policy = FOR_EVER


def catalogue(keeping: Keeping, out: Out | None = None) -> tuple[Job, ...]:
    """
    Return every job of a server that keeps things as *keeping* says.

    Args:
        out: Sends messages out of the office; None: they wait.
    """
    return (*ALL_DAY, *_delivering(out), *PERIODIC, *NIGHTLY, *_forgetting(keeping), *_of_photos(keeping))


def _plain(use_case: Callable[[Store, str, int], object]) -> Run:
    """Return *use_case*, which asks for the time alone, as a job runs it."""
    return lambda store, district, _period_ms, now_ms: use_case(store, district, now_ms)


def _release(store: Store, district: str, now_ms: int) -> int:
    return len(release_due(store, district, now_ms).told)


def _build_snapshots(store: Store, district: str, now_ms: int) -> int:
    return len(build_snapshots(store, now_ms, district=district))


def _review(store: Store, district: str, now_ms: int) -> int:
    done = review_escalations(store, district, now_ms)
    return sum(done.proposed.values()) + done.fallen


def _hand_over(store: Store, district: str, now_ms: int) -> int:
    return hand_over(store, district, now_ms).moved


def _decide(store: Store, district: str, now_ms: int) -> int:
    return sum(decide_reminders(store, district, now_ms).made.values())


def _send(store: Store, district: str, now_ms: int) -> int:
    return send_notices(store, district, now_ms).notices


def _draft_week(store: Store, district: str, period_ms: int, now_ms: int) -> int:
    return len(weekly_scores(store, district, period_ms, now_ms).drafted)


def _draft_month(store: Store, district: str, period_ms: int, now_ms: int) -> int:
    return len(monthly_shops(store, district, period_ms, now_ms).drafted)


#: Done again and again; each run finds what there is to do by itself.
ALL_DAY = (
    Job("decide_reminders", "判定提醒", _MINUTE, "coalesce", _plain(_decide)),
    Job("send_notices", "发送提醒", _MINUTE, "coalesce", _plain(_send)),
    # At the time of day that the district has set; it finds the days that are not closed, and makes them up.
    Job("cut_off", "日终截止", _MINUTE, "coalesce", close_days),
    Job("release_covert", "暗访解封", _QUARTER, "coalesce", _plain(_release)),
    Job("build_snapshots", "制作快照", _QUARTER, "coalesce", _plain(_build_snapshots)),
    Job("review_escalations", "升级巡视", _QUARTER, "coalesce", _plain(_review)),
    # Time enough for a clerk to end one holder's grant and give another his.
    Job("hand_over", "移交在办问题", _HOUR, "coalesce", _plain(_hand_over)),
)

#: One for each week and month, whenever that is.
PERIODIC = (
    Job("weekly_scores", "周考核得分", Cron("30 17 * * fri"), "catch_up", _draft_week),
    Job("monthly_shops", "月度商户榜", Cron("0 8 1 * *"), "catch_up", _draft_month),
)

#: A server that is off at night makes them up in the morning.
NIGHTLY = (
    Job("forget_codes", "清理登记码", Cron("10 3 * * *"), "coalesce", _plain(forget_codes)),
    Job("forget_runs", "清理任务记录", Cron("20 3 * * *"), "coalesce", _plain(forget_runs)),
    Job("forget_deliveries", "清理投递记录", Cron("25 3 * * *"), "coalesce", _plain(forget_deliveries)),
    Job("forget_reminders", "清理提醒记录", Cron("35 3 * * *"), "coalesce", _plain(forget_reminders)),
)


def _delivering(out: Out | None) -> tuple[Job, ...]:
    if out is None:
        return ()

    def send_out(store: Store, district: str, now_ms: int) -> int:
        return deliver(store, district, now_ms, out).sent

    return (Job("deliver", "消息外发", Every(10), "coalesce", _plain(send_out)),)


def _forgetting(keeping: Keeping) -> tuple[Job, ...]:
    days, contacts_days = keeping.days, keeping.contacts_days

    def departures(store: Store, district: str, now_ms: int) -> int:
        return forget_departures(store, now_ms, days, district=district)

    jobs = Job("forget_departures", "清理移出记录与告知", Cron("30 3 * * *"), "coalesce", _plain(departures))
    if contacts_days is None:
        return (jobs,)

    def contacts(store: Store, district: str, now_ms: int) -> int:
        return len(forget_contacts(store, district, contacts_days, now_ms))

    return jobs, Job("forget_contacts", "删除举报人联系方式", _HOUR, "coalesce", _plain(contacts))


def _of_photos(keeping: Keeping) -> tuple[Job, ...]:
    if (depot := keeping.depot) is None:
        return ()

    def keep(store: Store, district: str, now_ms: int) -> int:
        expired = retain_photos(store, depot, district, keeping.photos, now_ms)
        collected = collect_photos(store, depot, district, now_ms)
        return len(expired.originals) + len(expired.photos) + len(collected.keys)

    return (Job("keep_photos", "照片清理", Cron("40 3 * * *"), "coalesce", _plain(keep)),)
