"""
The 28 situations of two people at work without signal 冲突情形, and what becomes of each.

The acceptance list of the merge: ``docs/merging.md`` is written from it, and every entry has a story
test named after its rule. ``free`` says that the result does not depend on who reached a network first;
a situation that a workflow's state decides goes by arrival, and says so.
"""

from typing import NamedTuple


class Situation(NamedTuple):
    """
    One situation 情形.

    Attributes:
        number, rule: Its place in the list and its stable name.
        zh, en: What happens.
        outcome_zh, outcome_en: What becomes of it.
        told: Who hears of it.
        free: Whether the result is the same in every order of arrival.
        lacks: What of it has still to come, with which part of the product; nothing for most.
    """

    number: int
    rule: str
    zh: str
    en: str
    outcome_zh: str
    outcome_en: str
    told: str
    free: bool = True
    lacks: str = ""


SITUATIONS: tuple[Situation, ...] = (
    Situation(
        1,
        "keep_both",
        "两人同日检查同一商户",
        "two people check one shop on one day",
        "两次检查都有效；当日得分以督查为准，无督查以较晚者为准",
        "both stand; the day's score is the inspector's, else the later one",
        "网格长 grid leader",
    ),
    Situation(2, "same_id_once", "同一检查重复发送", "one check is sent twice", "只有一条", "one record", "–"),
    Situation(
        3,
        "office_return_stands",
        "办公室退回返工，网格员不知情又提交整改",
        "the office returns a case, a worker hands it in without knowing",
        "退回有效并计次；新照片留在问题里，提交记为迟到的操作，可一键用作下次提交",
        "the return stands and counts; the photos join the case, the submission is kept and offered as the next one",
        "本人、核查人 author, verifier",
        free=False,
    ),
    Situation(
        4,
        "reassign_wins",
        "办公室改派，原责任单位离线编辑",
        "the office reassigns while the old holder works offline",
        "改派有效；原责任方的照片和备注并入问题，提交记为迟到的操作，供新责任方使用",
        "the new holder stays; the old one's photos and remarks join the case, his submission is kept for the new one",
        "双方、派遣员 both holders, dispatcher",
    ),
    Situation(
        5,
        "later_observation_reopens",
        "问题已了结，又有较晚的现场照片",
        "a case is over, and a photo was taken later",
        "了结之后拍的：提请街道重新处理；之前拍的：只作证据",
        "taken afterwards: put before the street; before: evidence only",
        "街道、本人 street, author",
    ),
    Situation(
        6,
        "stricter_wins",
        "两人各自核查同一问题，一人通过、一人退回（立案与不予立案同理）",
        "of two verifiers one passes, one returns (or one accepts, one refuses)",
        "位阶高者为准；同级从严；另一决定留作迟到的操作",
        "the higher rank, among equals the stricter; the other is kept as a late act",
        "双方 both",
    ),
    Situation(
        7,
        "snapshot_not_sum",
        "两人清点同一处违停车辆",
        "two people count the vehicles at one place",
        "两次检查；当日取最大，从不相加",
        "two checks; the day's figure is the greatest, never the sum",
        "–",
    ),
    Situation(
        8,
        "per_device_share",
        "两台平板累计同一活动的数量",
        "two tablets count within one activity",
        "各记各的一份，总数为各份之和",
        "a share each; the total is their sum",
        "–",
    ),
    Situation(
        9,
        "field_merge",
        "一人改店名，一人改电话",
        "one renames, another notes the telephone",
        "都保留",
        "both are kept",
        "–",
    ),
    Situation(
        10,
        "ask_person",
        "两人把一店改成不同名称",
        "two people rename one shop",
        "位阶高者为准；同级且相隔不满一天：都保留，由社区认定，认定前显示较早的",
        "the higher rank; equals within a day: both are kept, the community picks, the older is shown till then",
        "社区、双方 community, both",
    ),
    Situation(
        11,
        "observation_beats_status",
        "登记为关闭，之后检查见其营业",
        "a shop marked closed is seen open later",
        "检查有效；建议恢复“营业”",
        "the check stands; to open it again is suggested",
        "社区 community",
    ),
    Situation(
        12,
        "follow_redirect",
        "检查的商户已并入另一户",
        "a check of a shop that was merged into another",
        "检查转到并入后的商户，原编号保留",
        "the check moves to the surviving record, its own id is kept",
        "本人 author",
    ),
    Situation(
        13,
        "duplicate_suggest",
        "两人登记同一新商户",
        "two people register one new shop",
        "相距不超过15米且名称相近或门牌相同：提示为疑似重复，认定前都可用",
        "within 15 m and alike in name or door: a suggested pair, both usable until decided",
        "社区 community",
    ),
    Situation(
        14,
        "set_union",
        "两人各加照片",
        "both add photos",
        "都保留，同一文件只留一份",
        "all are kept, one file once",
        "–",
    ),
    Situation(
        15,
        "evidence_holds",
        "本人删除照片，而问题正以它为证",
        "an author deletes a photo that a case stands on",
        "问题未了结前照片保留，删除有记录",
        "it stays while the case is open; the deletion is on record",
        "本人 author",
        free=False,
    ),
    Situation(
        16,
        "revision_on_top",
        "督查改分，网格员同时修改检查",
        "an inspector corrects the score while the worker edits",
        "本人的分为原分，督查的分计入；两者都可见",
        "the worker's is the original, the inspector's counts; both are shown",
        "本人、街道 author, street",
    ),
    Situation(
        17,
        "locked_becomes_note",
        "检查锁定后本人再改",
        "a worker corrects a check after it is locked",
        "不改检查，存为带建议值的备注",
        "not applied; kept as a remark with the proposed values",
        "本人、网格长 author, grid leader",
    ),
    Situation(
        18,
        "merge_suggest",
        "同一问题被报两次",
        "one problem is reported twice",
        "同类、同一对象或相距不超过30米、24小时之内：提示并案；照片、备注和上报人都保留",
        "same class, one target or within 30 m, within 24 h: suggested; photos, remarks, reporters of both are kept",
        "上报人 all reporters",
    ),
    Situation(
        19,
        "request_time_counts",
        "时限前申请延期，时限后才同步",
        "an extension asked for in time arrives late",
        "以申请时间为准（晚到不超过24小时）；批复前亮黄灯",
        "judged by the time of the request (at most 24 h late); yellow until it is answered",
        "派遣员、责任单位 dispatcher, lead",
        free=False,
    ),
    Situation(
        20,
        "office_sets_due",
        "网格员离线时办公室提前时限",
        "the office shortens a deadline meanwhile",
        "以新时限为准；平板收到后满1工作时才算超期",
        "the new time holds; overdue not before 1 work hour after the tablet heard of it",
        "本人 worker",
    ),
    Situation(
        21,
        "first_received_leads",
        "两名派遣员派给两个单位",
        "two dispatchers send one case to two units",
        "先收到的为主办，另一个协办；位阶高者改变之",
        "first received leads, the other assists; a higher rank overrules",
        "双方、两单位 both, units",
        free=False,
    ),
    Situation(
        22,
        "append_both",
        "两人都写备注",
        "two people add remarks",
        "两条都在，各有署名和时间",
        "two signed, dated entries",
        "–",
    ),
    Situation(
        23,
        "form_at_time",
        "检查前后登记的依据（等级、类别）被调整",
        "a grade or class changes around a check",
        "按检查时的依据计分，注明“依据已调整”",
        "scored with what the tablet had, and flagged",
        "–",
    ),
    Situation(
        24,
        "observer_scope_kept",
        "其间网格或责任人变更",
        "grid or holder changed meanwhile",
        "检查属于检查时的网格；未了结的问题归新责任人",
        "the record stays with its grid; open cases are the new holder's",
        "新旧责任人 both holders",
    ),
    Situation(
        25,
        "quarantine",
        "账号停用后才同步",
        "an account was stopped meanwhile",
        "原样进隔离区；停用前写的，网格长确认后入库，停用后写的不收",
        "kept in quarantine; what was written before the stop is let in at the grid leader's word, later work never",
        "网格长、运维、本人 grid leader, ops, author",
        free=False,
    ),
    Situation(
        26,
        "corrected_time",
        "平板时钟偏差超过5分钟",
        "a tablet's clock is wrong by more than 5 minutes",
        "两个时间都保留，先后以校正后的为准",
        "both times are kept; the corrected one orders",
        "本人 author",
    ),
    Situation(
        27,
        "sign_in_union",
        "一人在两台平板签到清扫日",
        "one person signs in on two tablets",
        "只算一人",
        "one person",
        "–",
    ),
    Situation(
        28,
        "issued_is_frozen",
        "通报已发，数字又有变化",
        "a bulletin is out, then a check changes its figures",
        "已发数字不变，下期更正",
        "issued figures stay; the next issue corrects",
        "区创卫办 district office",
    ),
)

BY_RULE = {situation.rule: situation for situation in SITUATIONS}
