"""
The standard reminders R01 to R16 标准提醒: to whom, when, and in which words.
"""

from server.core.reminding.rules import Reminder, Step

STANDARD: tuple[Reminder, ...] = (
    Reminder(
        "R01", "今日巡查", "Today's patrol", "patrol_today", "workers",
        "【今日巡查】{grid}今日应查路段{segments}个、商户{shops}户、停车区{parking}处，请先同步后出发。",
        "Patrol of {grid} today: {segments} segments, {shops} shops, {parking} parking areas. Sync before you set out.",
        at=("08:00",),
    ),
    Reminder(
        "R02", "巡查未完成", "Patrol not finished", "patrol_unfinished", "workers",
        "【巡查未完成】{grid}今日还有{left}处未检查，请于18:00前完成。",
        "{grid}: {left} places are not checked yet today; please finish by 18:00.",
        at=("16:30",),
    ),
    Reminder(
        "R03", "未同步", "Not uploaded", "unsent", "person",
        "【未同步】您有{records}条记录、{photos}张照片尚未上传，请连接网络后同步。",
        "{records} records and {photos} photos of yours are not uploaded yet; please go online and sync.",
        at=("18:30",), soon=True,
    ),
    Reminder(
        "R04", "交办", "Given out", "dispatched", "lead",
        "【交办】{number}：{place}{problem}，请于{due}前整改并上传整改后照片。",
        "{number}: {problem} at {place}. Please put it right by {due} and upload a photo of the result.",
        soon=True,
    ),
    Reminder(
        "R05", "待签收", "To be signed for", "unsigned", "lead",
        "【待签收】{number}已派遣1小时未签收。", "{number} was dispatched an hour ago and nobody has signed for it.",
        soon=True, steps=(Step(60, "head"), Step(120, "street")),
    ),
    Reminder(
        "R06", "即将到期", "Due soon", "yellow", "lead",
        "【即将到期】{number}距整改时限还有{left}，请抓紧整改。", "{number} is due in {left}; please see to it.",
        soon=True,
    ),
    Reminder(
        "R07", "超期", "Overdue", "red", "lead_and_head",
        "【超期】{number}{late}，现亮红灯，请立即整改并说明原因。",
        "{number} is {late}: red light. Please put it right at once and say why.",
        soon=True, steps=(Step(240, "street"),),
    ),
    Reminder(
        "R08", "退回返工", "Returned", "returned", "lead",
        "【退回返工】{number}核查未通过：{reason}。请于{due}前重新整改（第{times}次退回）。",
        "{number} did not pass: {reason}. Please put it right by {due} (returned for the time no. {times}).",
        soon=True, steps=(Step(240, "head"),),
    ),
    Reminder(
        "R09", "待核查", "To be verified", "unverified", "verifiers",
        "【待核查】{cases}件已整改问题待核查，最早一件已等待{waited}。",
        "{cases} cases are put right and wait to be verified, the oldest for {waited}.",
        at=("08:30", "11:00", "14:00", "16:30"),
    ),
    Reminder(
        "R10", "待销号", "To be struck off", "not_struck_off", "street",
        "【待销号】{cases}件问题核查通过，请及时销号。", "{cases} cases were verified; please strike them off.",
        at=("09:00",),
    ),
    Reminder(
        "R11", "督办", "Supervision", "escalated", "district_office",
        "【督办】{unit}{number}{why}，已退回{times}次，{proposal}。",
        "{unit}, {number}: {why}, returned {times} times; {proposal}.",
        soon=True,
    ),
    Reminder(
        "R12", "节点提醒", "Milestone", "milestone", "unit",
        "【节点提醒】“{milestone}”（{on}）{days}，{unit}未完成任务{tasks}项。",
        "Milestone '{milestone}' ({on}) {days}: {unit} has {tasks} unfinished tasks.",
        at=("08:00",), days="all",
    ),
    Reminder(
        "R13", "清扫日", "Cleaning day", "cleaning_tomorrow", "unit",
        "【清扫日】明日{time}在{place}开展网格创卫清扫（{theme}），请组织人员参加，携带清扫工具。",
        "Cleaning day tomorrow {time} at {place} ({theme}): please bring people and tools.",
        at=("15:00",), days="all",
    ),
    Reminder(
        "R14", "答复举报人", "Answer a reporter", "reporter_waits", "street",
        "【答复举报人】请答复{number}的举报人：您反映的“{summary}”{outcome}。感谢参与创卫。",
        "Please answer the reporter of {number}: '{summary}' {outcome}.",
        soon=True, channels=False,
    ),
    Reminder(
        "R15", "记录说明", "About your record", "told", "person",
        "【记录说明】{said}", "{said}", soon=True, channels=False,
    ),
    Reminder(
        "R16", "清雪", "Clear the snow", "announced", "leaders_and_street",
        "【清雪】降雪已停，请组织沿街单位、商户清雪，{until}前完成。",
        "The snow has stopped: please have units and shops along the streets clear it by {until}.",
    ),
)  # fmt: skip
