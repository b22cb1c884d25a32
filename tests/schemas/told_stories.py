"""
The stories behind every sentence 告知: who wrote what, and what both of them read afterwards.

李明 and 王芳 are grid workers, 赵敏 sits in the community or the street office. It is 10:00 on 18 July 2020.
"""

from datetime import datetime
from typing import Any

from schemas.telling import About

LI, WANG, ZHAO = "id-of-li", "id-of-wang", "id-of-zhao"
NAMES = {LI: "李明", WANG: "王芳", ZHAO: "赵敏", "shop-2": "王记修车行"}
PHOTO = "3f2a" * 16


def ms(text: str) -> int:
    """Return a moment here, as 07-18 09:05, in milliseconds."""
    return int(datetime.fromisoformat(f"2020-{text}:00+08:00").timestamp() * 1000)


NOW = ms("07-18 10:00")
SHOP = About("shop", "老王修车", NAMES.get, NOW)
CASE = About("case", "HZ-2020-河北-00124", NAMES.get, NOW)
CHECK = About("shop_check", "XC-20200718-000123", NAMES.get, NOW)


def wrote(who: str, value: Any, at: str = "07-18 09:05", rank: int = 1, version: int = 131) -> dict[str, Any]:
    """Return a candidate as a decision tells it."""
    return {"value": value, "by": who, "at": [ms(at), 0], "rank": rank, "version": version}


def li(value: Any, at: str = "07-18 09:05", **more: Any) -> dict[str, Any]:
    return wrote(LI, value, at, **more)


def wang(value: Any, at: str = "07-18 09:07", **more: Any) -> dict[str, Any]:
    return wrote(WANG, value, at, **({"version": 132} | more))


def zhao(value: Any, at: str = "07-18 09:07", rank: int = 3, **more: Any) -> dict[str, Any]:
    return wrote(ZHAO, value, at, rank, **more)


def decided(field: str, rule: str, reason: str, kept: Any, *others: Any, **more: Any) -> dict[str, Any]:
    """Return a decision as it is told."""
    told = {"field": field, "rule": rule, "reason": reason, "outcome": "kept", "certainty": "ordered"}
    return told | {"kept": kept, "others": list(others)} | more


STORIES: list[tuple[str, About, dict[str, Any], str, str]] = [
    (
        "two numbers for one shop, the later one counts; numbers are not read out whole",
        SHOP,
        decided("operator_phone", "authority", "later_stamp", wang("13900000002"), li("138 0000 5678")),
        "老王修车：联系电话现为“139****0002”（王芳 09:07），后写的为准。"
        "李明 09:05 写的“138****5678”保留在历史第 131 号。",
        '老王修车: operator phone is now "139****0002" (王芳, 09:07); the later one counts. '
        '"138****5678" by 李明, 09:05 is kept as number 131 of the history.',
    ),
    (
        "on another day the day is said",
        SHOP,
        decided("has_green", "latest", "later_stamp", wang(True, "07-19 09:07"), li(None)),
        "老王修车：门前有绿化现为“是”（王芳 7月19日 09:07），后写的为准。"
        "李明 7月18日 09:05 写的（空）保留在历史第 131 号。",
        '老王修车: has green is now "yes" (王芳, 19 July 09:07); the later one counts. '
        "(empty) by 李明, 18 July 09:05 is kept as number 131 of the history.",
    ),
    (
        "the moment of an observation is written once",
        CHECK,
        decided("observed_at", "first", "written_once", li("2020-07-18T08:15:30+08:00"), wang("2020-07-18T00:20:00Z")),
        "XC-20200718-000123：检查时间仍为“08:15”（李明 09:05），最先写的为准。"
        "王芳 09:07 写的“08:20”保留在历史第 132 号。",
        'XC-20200718-000123: observed at stays "08:15" (李明, 09:05); the first one counts. '
        '"08:20" by 王芳, 09:07 is kept as number 132 of the history.',
    ),
    (
        "a problem only becomes graver",
        CASE,
        decided("severity", "escalate", "escalate_value", wang("critical"), li("minor")),
        "HZ-2020-河北-00124：严重程度现为“紧急”（王芳 09:07），只升不降，取较重的。"
        "李明 09:05 写的“一般”保留在历史第 131 号。",
        'HZ-2020-河北-00124: severity is now "critical" (王芳, 09:07); it only climbs, so the graver one counts. '
        '"minor" by 李明, 09:05 is kept as number 131 of the history.',
    ),
    (
        "the greatest count",
        SHOP,
        decided("frontage_m", "highest", "highest_value", wang(12.5), li(9)),
        "老王修车：临街长度（米）现为“12.5”（王芳 09:07），取较大的。李明 09:05 写的“9”保留在历史第 131 号。",
        '老王修车: frontage m is now "12.5" (王芳, 09:07); the greater one counts. '
        '"9" by 李明, 09:05 is kept as number 131 of the history.',
    ),
    (
        "the smallest count",
        SHOP,
        decided("frontage_m", "lowest", "lowest_value", li(9), wang(12.5)),
        "老王修车：临街长度（米）现为“9”（李明 09:05），取较小的。王芳 09:07 写的“12.5”保留在历史第 132 号。",
        '老王修车: frontage m is now "9" (李明, 09:05); the smaller one counts. '
        '"12.5" by 王芳, 09:07 is kept as number 132 of the history.',
    ),
    (
        "both wrote the same sign",
        SHOP,
        decided("name", "person", "same_value", li("王记修车行"), wang("王记修车行")),
        "老王修车：店名现为“王记修车行”，李明 09:05、王芳 09:07 写的一样。",
        '老王修车: name is now "王记修车行"; 李明, 09:05 and 王芳, 09:07 wrote the same.',
    ),
    (
        "the community's word weighs more, the worker's becomes a suggestion",
        SHOP,
        decided("operator_phone", "authority", "higher_rank", zhao("13900000002"), li("13800005678")),
        "老王修车：联系电话现为“139****0002”（社区赵敏 09:07），位阶高的为准。"
        "李明 09:05 写的“138****5678”已列为建议，待社区采纳。",
        '老王修车: operator phone is now "139****0002" (赵敏, community, 09:07); the higher rank counts. '
        '"138****5678" by 李明, 09:05 is now a suggestion, for the community to accept.',
    ),
    (
        "what the street wrote, the street may change",
        SHOP,
        decided("category", "authority", "higher_rank", zhao("repair", rank=4), li("vacant")),
        "老王修车：类别现为“修理”（街道赵敏 09:07），位阶高的为准。李明 09:05 写的“空置”已列为建议，待街道采纳。",
        '老王修车: category is now "repair" (赵敏, street, 09:07); the higher rank counts. '
        '"vacant" by 李明, 09:05 is now a suggestion, for the street to accept.',
    ),
    (
        "two names for one shop: a person decides",
        SHOP,
        decided("name", "authority", "a_person_decides", li("老王修车"), wang("王记修车行"), outcome="open"),
        "老王修车：店名待社区认定，两者都保留；认定前显示较早的“老王修车”（李明 09:05）。"
        "另有王芳 09:07 写的“王记修车行”。",
        "老王修车: the community has to decide the name, both are kept; the older one is shown till then, "
        '"老王修车" (李明, 09:05). Beside it: "王记修车行" by 王芳, 09:07.',
    ),
    (
        "and a grid worker's third name beside two of the community's",
        SHOP,
        decided(
            *("name", "authority", "higher_rank", zhao("老王修车", "07-18 09:01")),
            *(zhao("王记", "07-18 09:03"), li("老王汽修")),
            outcome="open",
        ),
        "老王修车：店名待社区认定，3 种写法都保留；认定前显示较早的“老王修车”（赵敏 09:01）。"
        "另有赵敏 09:03 写的“王记”、李明 09:05 写的“老王汽修”（位阶较低，作为建议）。",
        "老王修车: the community has to decide the name, all 3 are kept; the older one is shown till then, "
        '"老王修车" (赵敏, 09:01). Beside it: "王记" by 赵敏, 09:03; "老王汽修" by 李明, 09:05 '
        "(of a lower rank, as a suggestion).",
    ),
    (
        "a photo taken away while somebody else added it",
        SHOP,
        decided("photos", "union", "added_meanwhile", li({"sha256": PHOTO, "role": "near"}), wang(None)),
        "老王修车：照片3f2a…仍保留，因为删除期间有人又加了它。王芳 09:07 的删除没有生效，记在历史第 132 号。",
        "老王修车: photo 3f2a… stays, because somebody added it meanwhile. "
        "The removal by 王芳, 09:07 had no effect; it stands as number 132 of the history.",
    ),
    (
        "a photo that somebody else had added and she had seen",
        SHOP,
        decided("photos", "union", "taken_away", wang({"sha256": PHOTO, "role": "near"})),
        "老王修车：照片3f2a…已由王芳 09:07 删除，记在历史第 132 号。有异议请联系办公室。",
        "老王修车: photo 3f2a… was removed by 王芳, 09:07; that stands as number 132 of the history. "
        "If you object, ask the office.",
    ),
    (
        "the office voids a worker's check",
        CHECK,
        decided("void", "void", "voided", zhao(None)),
        "XC-20200718-000123：已由赵敏 09:07 作废。内容都还在，有异议请联系办公室。",
        "XC-20200718-000123: it was voided by 赵敏, 09:07. All of it is still there; if you object, ask the office.",
    ),
    (
        "a refusal after the case was accepted",
        CASE,
        decided("status", "workflow", "late_action", zhao("accepted"), wang("refuse")),
        "HZ-2020-河北-00124：仍为“已立案待派遣”，王芳 09:07 的“不予立案”来迟，没有执行。这一操作记入该问题的迟到操作。",
        'HZ-2020-河北-00124: it stays "accepted"; "refuse" by 王芳, 09:07 came too late and was not carried out. '
        "It is kept among the case's late acts.",
    ),
    (
        "whoever handled it wants to verify it",
        CASE,
        decided(
            "status",
            "workflow",
            "not_met",
            zhao("rectified"),
            wang("pass"),
            facts={
                "code": "no_self_verify",
                "why_zh": "整改人不能自行核查或销号",
                "why_en": "nobody verifies his own work",
            },
        ),
        "HZ-2020-河北-00124：仍为“已整改待核查”，王芳 09:07 的“核查通过”没有执行：整改人不能自行核查或销号。"
        "这一操作记入该问题的迟到操作。",
        'HZ-2020-河北-00124: it stays "rectified"; "pass" by 王芳, 09:07 was not carried out: '
        "nobody verifies his own work. It is kept among the case's late acts.",
    ),
    (
        "two clerks of one rank, apart: the stricter counts",
        CASE,
        decided("status", "workflow", "stricter_wins", zhao("accept"), wang("refuse", rank=3)),
        "HZ-2020-河北-00124：按赵敏 09:07 的“立案”办理，同级之间从严。王芳 09:07 的“不予立案”记入该问题的迟到操作。",
        'HZ-2020-河北-00124: "accept" by 赵敏, 09:07 stands; between equals the stricter counts. '
        '"refuse" by 王芳, 09:07 is kept among the case\'s late acts.',
    ),
    (
        "the street overrules the community",
        CASE,
        decided("status", "workflow", "higher_rank", zhao("refuse", rank=4), wang("accept", rank=3)),
        "HZ-2020-河北-00124：按街道赵敏 09:07 的“不予立案”办理，位阶高的为准。"
        "王芳 09:07 的“立案”记入该问题的迟到操作。",
        'HZ-2020-河北-00124: "refuse" by 赵敏, street, 09:07 stands; the higher rank counts. '
        '"accept" by 王芳, 09:07 is kept among the case\'s late acts.',
    ),
    (
        "neither is stricter, so the first stays",
        CASE,
        decided("status", "workflow", "came_second", zhao("accept", "07-18 09:05"), wang("merge", rank=3)),
        "HZ-2020-河北-00124：已按赵敏 09:05 的“立案”办理，先到的为准。王芳 09:07 的“并案”记入该问题的迟到操作。",
        'HZ-2020-河北-00124: "accept" by 赵敏, 09:05 stands; it came first. '
        '"merge" by 王芳, 09:07 is kept among the case\'s late acts.',
    ),
    (
        "a check of a shop that went into another",
        CHECK,
        decided(
            *("target_id", "follow_redirect", "target_merged", wang("shop-2"), li("shop-1")),
            facts={"from_name": "老王修车", "to_name": "王记修车行"},
        ),
        "XC-20200718-000123：已转到“王记修车行”名下，因为“老王修车”并入了它。内容不变，原对象的编号也留着。",
        'XC-20200718-000123: it now belongs to "王记修车行", because "老王修车" was merged into it. '
        "What it says is unchanged, and it keeps the ID of the first.",
    ),
    (
        "the two shops were two after all",
        CHECK,
        decided(
            *("target_id", "follow_redirect", "merger_undone", wang("shop-1"), li("shop-2")),
            facts={"from_name": "王记修车行", "to_name": "老王修车"},
        ),
        "XC-20200718-000123：已转回“老王修车”名下，因为它与“王记修车行”并非同一。内容不变。",
        'XC-20200718-000123: it belongs to "老王修车" again, because that and "王记修车行" are two. '
        "What it says is unchanged.",
    ),
    (
        "the office changed the category the worker had gone by",
        CHECK,
        decided("category", "form_at_time", "basis_changed", li("repair"), wang("catering", "07-17 16:00")),
        "XC-20200718-000123：得分不变，类别仍按检查时的“修理”计。"
        "登记资料现为“餐饮”（王芳 7月17日 16:00），检查已注明“依据已调整”。",
        'XC-20200718-000123: its score stands, counted with category "repair" as it was known then. '
        'The register says "catering" (王芳, 17 July 16:00); the check is marked as resting on changed ground.',
    ),
    (
        "closed in the register, seen open",
        SHOP,
        decided(
            *("status", "observation_beats_status", "seen_open", zhao("closed", "07-17 16:00"), li("open")),
            facts={"seen_at": "2020-07-18T09:05:00+08:00"},
        ),
        "老王修车：建议状态改为“营业”，待社区采纳，现仍为“已关闭”（赵敏 7月17日 16:00）。"
        "李明 7月18日 09:05 检查时见其营业，检查有效。",
        '老王修车: it is suggested to set its status to "open"; that is for the community to accept, until then it '
        'stays "closed" (赵敏, 17 July 16:00). 李明 saw it open on 18 July 09:05, and that check stands.',
    ),
    (
        "one shop registered twice",
        SHOP,
        decided(
            *("shop-1", "duplicate_suggest", "near_and_alike", li("shop-1"), wang("shop-2")),
            facts={"name": "老王修车行", "other_name": "老王修车", "apart_m": 8},
        ),
        "“老王修车行”（王芳 09:07）和“老王修车”（李明 09:05）可能是同一户：相距 8 米，名称相近。"
        "待社区认定，认定前两条都可用。",
        '"老王修车行" (王芳, 09:07) and "老王修车" (李明, 09:05) may be one shop: 8 m apart, alike in name. '
        "The community has to decide; both may be used till then.",
    ),
    (
        "behind one door",
        SHOP,
        decided(
            *("shop-1", "duplicate_suggest", "near_and_same_door", li("shop-1"), wang("shop-2")),
            facts={"name": "王记面馆", "other_name": "老王修车", "apart_m": 3},
        ),
        "“王记面馆”（王芳 09:07）和“老王修车”（李明 09:05）可能是同一户：相距 3 米，门牌相同。"
        "待社区认定，认定前两条都可用。",
        '"王记面馆" (王芳, 09:07) and "老王修车" (李明, 09:05) may be one shop: 3 m apart, with one door number. '
        "The community has to decide; both may be used till then.",
    ),
    (
        "one code, and no position to measure from",
        About("street_segment", "和平路", NAMES.get, NOW),
        decided(
            *("seg-1", "duplicate_suggest", "same_number", li("seg-1"), wang("seg-2")),
            facts={"name": "和平路东段", "other_name": "和平路", "apart_m": None},
        ),
        "“和平路东段”（王芳 09:07）和“和平路”（李明 09:05）可能是同一处：编号相同。待社区认定，认定前两条都可用。",
        '"和平路东段" (王芳, 09:07) and "和平路" (李明, 09:05) may be one place: with one code. '
        "The community has to decide; both may be used till then.",
    ),
    (
        "one problem reported twice, near by",
        CASE,
        decided(
            *("case-1", "merge_suggest", "near_by", li("case-1"), wang("case-2")),
            facts={"name": "门前堆物", "other_name": "乱堆杂物", "apart_m": 12},
        ),
        "“门前堆物”（王芳 09:07）和“乱堆杂物”（李明 09:05）可能是同一个问题：相距 12 米，类别相同。"
        "建议并案，待社区认定，认定前两条都有效。",
        '"门前堆物" (王芳, 09:07) and "乱堆杂物" (李明, 09:05) may be one problem: 12 m apart, of one kind. '
        "Joining them is for the community to decide; both stand till then.",
    ),
    (
        "and about one shop, where nobody wrote a word about it",
        CASE,
        decided(
            *("case-1", "merge_suggest", "same_target", li("case-1"), wang("case-2")),
            facts={"name": None, "other_name": None, "apart_m": None},
        ),
        "“HZ-2020-河北-00124”（王芳 09:07）和另一条记录（李明 09:05）可能是同一个问题：对象和类别都相同。"
        "建议并案，待社区认定，认定前两条都有效。",
        '"HZ-2020-河北-00124" (王芳, 09:07) and another record (李明, 09:05) may be one problem: of one kind and about '
        "one thing. Joining them is for the community to decide; both stand till then.",
    ),
    (
        "two checks of one shop on one day",
        CHECK,
        decided(
            *("score", "keep_both", "same_day", li(950), wang(900)),
            facts={"day": "2020-07-18", "counted_score": 900, "counted_by": WANG},
        ),
        "XC-20200718-000123：7月18日有 2 次检查，都有效；当日得分取 90.0 分（王芳）。"
        "李明 09:05 查得 95.0 分、王芳 09:07 查得 90.0 分。有督查取督查，否则取较晚的。",
        "XC-20200718-000123: 2 checks were made on 18 July and all stand; 90.0 points (王芳) counts for the day. "
        "They gave 95.0 points by 李明, 09:05; 90.0 points by 王芳, 09:07. An inspector's counts, else the latest.",
    ),
    (
        "two counts of one parking area",
        About("parking_check", "和平路停车区", NAMES.get, NOW),
        decided(
            *("motor_total", "snapshot_not_sum", "same_day", li(12), wang(9)),
            facts={"day": "2020-07-18", "most": 12, "whose": LI},
        ),
        "和平路停车区：7月18日有 2 次清点，都保留；当日取最大的 12 辆（李明），不相加。",
        "和平路停车区: 2 counts were made on 18 July and all are kept; the greatest counts for the day, 12 vehicles "
        "(李明), never the sum.",
    ),
    (
        "an inspector corrects the score",
        CHECK,
        decided(
            *("score_revision", "revision_on_top", "inspector_revised"),
            *(zhao({"score": 850, "reason": "门前油污未扣分。"}, rank=6), li(950)),
        ),
        "XC-20200718-000123：得分以督查为准，计 85.0 分（赵敏 09:07）。理由：门前油污未扣分。"
        "李明的原分 95.0 分不变，两个分都看得到。",
        "XC-20200718-000123: the inspector's score counts, 85.0 points (赵敏, 09:07). Reason: 门前油污未扣分. "
        "The score by 李明 stays 95.0 points as the original; both are shown.",
    ),
    (
        "a correction after the check was locked",
        CHECK,
        decided(
            *("weather+items", "locked_becomes_note", "check_locked"),
            li({"weather": "clear", "items": {"H1": 0, "H2": 1}}),
            li({"weather": "rain", "items": {"H1": 3, "H2": 1}}, "07-20 09:07"),
        ),
        "XC-20200718-000123：检查已锁定，没有改动。"
        "李明 7月20日 09:07 的更正（天气 晴→雨、地面污渍垃圾 0→3）存为检查的备注。",
        "XC-20200718-000123: the check is locked and was not changed. "
        "The correction by 李明, 20 July 09:07 (weather clear→rain; H1 0→3) is kept as a remark on it.",
    ),
    (
        "and of photos",
        CHECK,
        decided("photos", "locked_becomes_note", "check_locked", li({"photos": []}), li({"photos": [PHOTO]})),
        "XC-20200718-000123：检查已锁定，没有改动。李明 09:05 的更正（照片删除 1 项）存为检查的备注。",
        "XC-20200718-000123: the check is locked and was not changed. "
        "The correction by 李明, 09:05 (1 of photos removed) is kept as a remark on it.",
    ),
    (
        "a photo that an open case stands on",
        CHECK,
        decided("photos", "evidence_holds", "held_by_case", li({"sha256": PHOTO}), li(None), facts={"case": "c"}),
        "XC-20200718-000123：照片3f2a…没有删除，未了结的问题以它为证。李明 09:05 的删除记在历史第 131 号。",
        "XC-20200718-000123: photo 3f2a… was not deleted; an open case stands on it as evidence. "
        "The deletion by 李明, 09:05 stands as number 131 of the history.",
    ),
    (
        "still dirty after the refusal",
        CASE,
        decided(
            *("photos", "later_observation_reopens", "seen_after_the_end", wang([PHOTO], "07-19 09:07")),
            zhao("refused", "07-18 09:05"),
            facts={"state": "refused", "taken_at": "2020-07-19T08:50:00+08:00"},
        ),
        "HZ-2020-河北-00124：已提请街道重新处理。"
        "王芳交来 7月19日 08:50 拍的现场照片，晚于“不予立案”（赵敏 7月18日 09:05）。照片已加入问题。",
        "HZ-2020-河北-00124: it was put before the street again. 王芳 handed in a photo taken on 19 July 08:50, after "
        'it had become "refused" (赵敏, 18 July 09:05). The photo has joined the case.',
    ),
    (
        "moved to another grid meanwhile",
        CHECK,
        decided(
            *("grid", "observer_scope_kept", "held_at_signing", li("210902005003007")),
            facts={"grid": "210902005003007"},
        ),
        "XC-20200718-000123：仍归网格 210902005003007，李明签名时（09:05）负责那里。未了结的问题归现在的责任人。",
        "XC-20200718-000123: it stays with the grid 210902005003007, which 李明 answered for when signing (09:05). "
        "Open cases belong to whoever answers for it now.",
    ),
    (
        "another holder in her grid",
        CASE,
        decided(
            *("owner_person", "observer_scope_kept", "holder_changed", li(WANG)),
            facts={"grid": "210902005003007", "from": LI, "to": WANG},
        ),
        "HZ-2020-河北-00124：责任人由李明改为王芳，李明已不负责。记录仍归网格 210902005003007。",
        "HZ-2020-河北-00124: 王芳 answers for it now, and 李明 no longer does. "
        "What was recorded stays with the grid 210902005003007.",
    ),
    (
        "a clock two hours fast",
        CHECK,
        decided(
            *("observed_at", "corrected_time", "clock_corrected", li("2020-07-18T11:05:00+08:00")),
            facts={"claimed": "2020-07-18T11:05:00+08:00", "by_s": -7200},
        ),
        "XC-20200718-000123：检查时间按 09:05 算，平板时钟快了 2 小时。平板记的 11:05 也留着。",
        "XC-20200718-000123: its time counts as 09:05, because the tablet's clock was 2 h fast. "
        "The time it showed, 11:05, is kept as well.",
    ),
    (
        "a case joined to another",
        CASE,
        decided(
            *("merged_into", "merge", "merged_case", wang("case-1"), li("case-2")),
            facts={"into_name": "乱堆杂物", "name": "门前堆物", "first_reporter": ZHAO},
        ),
        "“门前堆物”：已并入“乱堆杂物”（王芳 09:07 并案）。照片、备注和上报人都带了过去，首报人是赵敏。",
        '"门前堆物": it was joined to "乱堆杂物" (王芳, 09:07). Its photos, remarks and reporters went along; '
        "the first reporter is 赵敏.",
    ),
    (
        "let in out of quarantine",
        SHOP,
        decided("", "quarantine", "readmitted", zhao(None, "07-18 09:30")),
        "老王修车：先前未被接受的修改，已由赵敏 09:30 恢复入库。",
        "老王修车: an edit that had been refused was let in after all by 赵敏, 09:30.",
    ),
    (
        "a typhoon stops the clocks after the case was given out",
        CASE,
        decided(
            "due_at",
            "office_sets_due",
            "recalculated",
            zhao("2020-07-22T09:00:00+08:00", rank=5),
            zhao("2020-07-21T09:00:00+08:00", rank=5),
            facts={"why_zh": "7月21日台风停工", "why_en": "7月21日台风停工"},
        ),
        "HZ-2020-河北-00124：整改时限由“7月21日 09:00”改为“7月22日 09:00”。原因：7月21日台风停工。",
        'HZ-2020-河北-00124: the time allowed ends on "22 July 09:00", no longer on "21 July 09:00". '
        "Reason: 7月21日台风停工.",
    ),
]
