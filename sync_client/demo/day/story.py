"""
The day from scene to scene 一天的各场: whatever is promised is looked at, and a promise that is broken ends it.
"""

from pathlib import Path

from sync_client.demo.cast import open_tablet, wait_for_server
from sync_client.demo.day import afternoon, evening, morning
from sync_client.demo.day.clock import DayClock
from sync_client.demo.day.ground import Ground
from sync_client.demo.script import GOOD, Orders, Script


def play(script: Script, orders: Orders) -> None:
    """
    Play the day on devices of its own.

    Raises:
        Broken: Something is not as promised.
        SyncError: The server could not be reached although the line was good.
    """
    clock = DayClock(Path(orders.clock), orders.day)
    tablets = {actor.key: open_tablet(orders, actor, clock) for actor in orders.actors}
    li, wang, zhao, office = (tablets[key] for key in ("li", "wang", "zhao", "office"))
    wait_for_server(office)
    play_through(Ground(script, clock, orders.day, li, wang, zhao, office, orders.grid))
    script.say("一天结束。", "the day is over.", GOOD)
    script.outcome({})


def play_through(ground: Ground) -> None:
    """Play all scenes, in order; raises ``Broken`` where something is not as promised."""
    morning.before_leaving(ground)
    morning.without_signal(ground)
    morning.noon(ground)
    afternoon.dispatch(ground)
    afternoon.put_right(ground)
    afternoon.grow_late(ground)
    evening.remind_the_slow(ground)
    evening.leave_one_behind(ground, morning.one_more(ground))
    evening.rank(ground)
    evening.look_over(ground)
    before = evening.cut_off(ground)
    evening.come_late(ground, before)
