"""One of each record of a campaign, as an office or a unit would write it: type, what is set, what is added."""

from typing import Any

CAMPAIGN = "0197f3a0-0000-7000-8000-00000000c001"
CASE = "0197f3a0-0000-7000-8000-00000000c002"
SHOP = "0197f3a0-0000-7000-8000-00000000c003"
DAY = "0197f3a0-0000-7000-8000-00000000c004"
HEBEI = "210902005"

Fields = dict[str, Any]

SET: dict[str, Fields] = {
    "campaign": {"kind": "hygienic_city", "name": "创卫百日会战", "start_on": "2020-07-14", "end_on": "2020-10-21",
                 "plan_title": "海州区创卫“百日会战”工作方案", "plan_no": "海创卫办〔2020〕5号"},
    "milestone": {"campaign_id": CAMPAIGN, "name": "无物业小区封闭", "due_on": "2020-07-20"},
    "campaign_task": {"campaign_id": CAMPAIGN, "unit": HEBEI, "what": "清理背街小巷", "due_on": "2020-07-20",
                      "lead_person": "钱伟"},
    "pledge": {"campaign_id": CAMPAIGN, "kind": "unit", "unit": "dept_health", "made_on": "2020-07-14",
               "text": "一周内排查农贸市场"},
    "standard_item": {"campaign_id": CAMPAIGN, "title": "hygienic_city", "edition": "2014", "theme": "乱停乱放",
                      "wording": "机动车、非机动车停放有序"},
    "commendation": {"campaign_id": CAMPAIGN, "unit": HEBEI, "kind": "bulletin", "grounds": "提前完成清理任务",
                     "decided_by": "区创卫办", "decided_on": "2020-07-25"},
    "accountability": {"campaign_id": CAMPAIGN, "unit": "dept_urban", "kind": "talk", "grounds": "三次逾期未回复",
                       "decided_by": "区委督查室", "decided_on": "2020-07-25"},
    "key_place": {"name": "阜新站铁路沿线", "kind": "railway_side", "patrol_per_day": 3},
    "compound": {"name": "新华小区", "has_property_mgmt": False, "enclosed": False, "households": 320,
                 "plan_on": "2020-08-31"},
    "recycling_station": {"name": "和平路回收站", "licence_shown": True, "last_cleared_on": "2020-07-18"},
    "illegal_structure": {"name": "和平路12号院内彩钢房", "area_m2": 24.5, "status": "found", "found_on": "2020-07-16",
                          "deadlines": {"stop_by": "2020-07-17", "demolish_by": "2020-08-14"}},
    "cleaning_day": {"held_on": "2020-07-25", "theme": "清理楼道", "start_at": "2020-07-25T08:00:00+08:00"},
    "turnout": {"activity_id": DAY, "unit": "dept_health"},
    "order": {"kind": "supervision", "to_unit": HEBEI, "text": "三日内清理铁路沿线垃圾", "issued_on": "2020-07-18",
              "reply_due": "2020-07-21"},
    "instruction": {"about_id": CASE, "leader": "陆明", "directive": "请立即整改", "given_on": "2020-07-18",
                    "to_unit": HEBEI, "reply_due": "2020-07-20"},
    "sweep": {"case_id": CASE, "problem_class": "exposed_garbage", "due_on": "2020-07-22"},
    "joint_action": {"name": "站前联合整治", "held_on": "2020-07-19", "place_text": "站前广场"},
    "unit_report": {"about_id": CASE, "unit": HEBEI, "reported_on": "2020-07-20", "found": 0, "result": "未发现"},
    "project": {"name": "新华小区封闭改造", "fund": "old_compounds", "finish_on": "2020-10-31"},
}  # fmt: skip

ADD: dict[str, dict[str, list[Any]]] = {
    "campaign": {"titles": ["hygienic_city", "civilized_city"]},
    "campaign_task": {"steps": [{"name": "动员", "due_on": "2020-07-15"}], "standard_items": [CAMPAIGN],
                      "rechecks": [{"on": "2020-07-28", "result": "holds"}]},
    "standard_item": {"problem_classes": ["motor_parking", "nonmotor_parking"], "evidence": [CASE]},
    "cleaning_day": {"spots": ["东门", "西门"], "grid_ids": ["210902005003007"], "problems_found": [CASE]},
    "order": {"replies": ["已清理完毕"], "case_ids": [CASE]},
    "sweep": {"units": [HEBEI, "dept_urban"], "places": ["210902005003"]},
    "joint_action": {"units": ["dept_urban", "dept_traffic"]},
    "key_place": {"target_ids": [SHOP]},
}  # fmt: skip
