"""
The afternoon 下午: two cases given out; one is struck off in time, the other turns yellow and red.
"""

from schemas.lights import LIGHTS, light_of
from sync_client.demo.cast import Tablet
from sync_client.demo.day.ground import Ground, time_of
from sync_client.demo.picture import Shot, picture
from sync_client.demo.script import BAD, GOOD, WAIT, Cell, promise
from sync_client.names import word

_STYLES = {"green": GOOD, "yellow": WAIT, "red": BAD}


def dispatch(ground: Ground) -> None:
    """The street office accepts both cases and gives them out, each to whoever found it."""
    ground.scene("12:20", "街道立案、派遣", "the street office accepts, and gives them out")
    office = ground.office
    for called, tablet in (("first", ground.li), ("second", ground.wang)):
        case = office.client.act(ground.case(office, called), "accept")
        office.client.act(case, "dispatch", lead=ground.community, owner=tablet.person.id)
    ground.sync(office)
    for called, tablet in (("first", ground.li), ("second", ground.wang)):
        for text in ground.notice(tablet, "R04"):
            ground.script.say(f"{tablet.name} 收到：{text}", "given out; the owner is told on his tablet")
        due = time_of(ground.case(tablet, called), "due_at")
        promise("14:00" < due < "17:00", f"整改时限应在下午，而不是 {due}", "the time allowed is not in the afternoon")


def put_right(ground: Ground) -> None:
    """The first case: signed for, put right with a photo, verified by another, struck off."""
    ground.scene("13:25", "一小时没有签收", "an hour, and nobody has signed for them")
    for tablet in (ground.li, ground.wang):
        for text in ground.notice(tablet, "R05"):
            ground.script.say(f"{tablet.name} 收到：{text}", "to be signed for")
    ground.scene("13:40", "李明整改，赵敏核查，钱伟销号", "put right, verified by another, struck off by a third")
    li, zhao, office = ground.li, ground.zhao, ground.office
    case = li.client.act(ground.case(li, "first"), "sign")
    shot = Shot(case.id, "整改后", "", li.actor.key, None, "after")
    position = dict(case["position"])
    case = li.client.attach(case, picture(shot), role="after", position=position)
    after = [photo["sha256"] for photo in case["photos"] if photo["role"] == "after"]
    li.client.act(case, "submit", evidence=after, measure="清扫门前，垃圾已清运")
    rows: list[list[Cell]] = [_step(ground, li)]
    li.client.send_photos(network="wifi", now=True)
    ground.clock.put_forward("14:30")
    zhao.sync()
    zhao.client.act(ground.case(zhao, "first"), "pass")
    rows.append(_step(ground, zhao))
    ground.clock.put_forward("15:00")
    office.sync()
    office.client.act(ground.case(office, "first"), "close")
    rows.append(_step(ground, office))
    ground.script.table((("时间", "time"), ("谁", "who"), ("状态", "state")), rows)
    promise(ground.case(office, "first")["status"] == "closed", "没有销号", "it was not struck off")


def grow_late(ground: Ground) -> None:
    """The second case: yellow, then red; whoever answers for it is told, and his head."""
    wang, zhao, office = ground.wang, ground.zhao, ground.office
    ground.scene("15:25", "另一件：黄灯", "the other case: a yellow light")
    for text in ground.notice(wang, "R06"):
        ground.script.say(f"{wang.name} 收到：{text}", "due soon")
    _show_lights(ground)
    ground.scene("16:30", "超期：红灯", "overdue: a red light")
    for tablet in (wang, zhao):
        for text in ground.notice(tablet, "R07"):
            ground.script.say(f"{tablet.name} 收到：{text}", "overdue; the owner and the head are told", BAD)
    ground.sync(office)
    _show_lights(ground)
    case = ground.case(office, "second")
    promise(light_of(case.fields, ground.clock()) == "red", "没有亮红灯", "the light is not red")


def _show_lights(ground: Ground) -> None:
    rows: list[list[Cell]] = []
    for called in ground.cases:
        cells: list[Cell] = []
        for tablet in ground.everybody:
            tablet.sync()
            case = ground.case(tablet, called)
            shown = light_of(case.fields, ground.clock())
            cells.append((f"{LIGHTS[shown][0]} {word(case, 'status')}", _STYLES.get(shown, "")))
        rows.append([str(ground.case(ground.office, called)["case_no"]), *cells])
    heads = [("问题", "case"), *((tablet.name, tablet.actor.key) for tablet in ground.everybody)]
    ground.script.table(heads, rows)


def _step(ground: Ground, tablet: Tablet) -> list[Cell]:
    tablet.sync()
    return [ground.clock.shown(), tablet.name, word(ground.case(tablet, "first"), "status")]
