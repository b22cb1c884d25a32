"""
The sentences in which people are told what became of their edits 告知用语.

One line a case and language, by ``(rule, reason)``; a rule left out stands for every rule with that
reason. ``schemas.telling`` fills in what stands in braces: names, times and values, each already in words.
"""

from collections.abc import Mapping

#: Chinese, English.
Pair = tuple[str, str]

SENTENCES: Mapping[tuple[str, str], Pair] = {
    # -- one field, two values ----------------------------------------------------------------------
    ("", "later_stamp"): (
        "{what}：{field}现为{kept}（{kept_by}），后写的为准。{rest}",
        "{what}: {field} is now {kept} ({kept_by}); the later one counts. {rest}",
    ),
    ("", "written_once"): (
        "{what}：{field}仍为{kept}（{kept_by}），最先写的为准。{rest}",
        "{what}: {field} stays {kept} ({kept_by}); the first one counts. {rest}",
    ),
    ("", "highest_value"): (
        "{what}：{field}现为{kept}（{kept_by}），取较大的。{rest}",
        "{what}: {field} is now {kept} ({kept_by}); the greater one counts. {rest}",
    ),
    ("", "lowest_value"): (
        "{what}：{field}现为{kept}（{kept_by}），取较小的。{rest}",
        "{what}: {field} is now {kept} ({kept_by}); the smaller one counts. {rest}",
    ),
    ("", "escalate_value"): (
        "{what}：{field}现为{kept}（{kept_by}），只升不降，取较重的。{rest}",
        "{what}: {field} is now {kept} ({kept_by}); it only climbs, so the graver one counts. {rest}",
    ),
    ("", "same_value"): (
        "{what}：{field}现为{kept}，{kept_by}、{other_by} 写的一样。{rest}",
        "{what}: {field} is now {kept}; {kept_by} and {other_by} wrote the same. {rest}",
    ),
    ("", "higher_rank"): (
        "{what}：{field}现为{kept}（{kept_rank}），位阶高的为准。{rest}",
        "{what}: {field} is now {kept} ({kept_rank}); the higher rank counts. {rest}",
    ),
    ("", "a_person_decides"): (
        "{what}：{field}待{settler}认定，{all}都保留；认定前显示较早的{kept}（{kept_by}）。另有{listed}。",
        "{what}: the {settler} has to decide the {field}, {all} are kept; the older one is shown till then, "
        "{kept} ({kept_by}). Beside it: {listed}.",
    ),
    ("", "added_meanwhile"): (
        "{what}：{kept}仍保留，因为删除期间有人又加了它。{other_by} 的删除没有生效，记在历史{other_at}。",
        "{what}: {kept} stays, because somebody added it meanwhile. "
        "The removal by {other_by} had no effect; it stands {other_at} the history.",
    ),
    ("", "taken_away"): (
        "{what}：{kept}已由{kept_by} 删除，记在历史{kept_number}。有异议请联系办公室。",
        "{what}: {kept} was removed by {kept_by}; that stands {kept_number} the history. "
        "If you object, ask the office.",
    ),
    ("void", "voided"): (
        "{what}：已由{kept_by} 作废。内容都还在，有异议请联系办公室。",
        "{what}: it was voided by {kept_by}. All of it is still there; if you object, ask the office.",
    ),
    # -- steps of a workflow ------------------------------------------------------------------------
    ("", "late_action"): (
        "{what}：仍为{kept}，{other_by} 的{other_act}来迟，没有执行。这一操作记入该问题的迟到操作。",
        "{what}: it stays {kept}; {other_act} by {other_by} came too late and was not carried out. "
        "It is kept among the case's late acts.",
    ),
    ("workflow", "not_met"): (
        "{what}：仍为{kept}，{other_by} 的{other_act}没有执行：{why}。这一操作记入该问题的迟到操作。",
        "{what}: it stays {kept}; {other_act} by {other_by} was not carried out: {why}. "
        "It is kept among the case's late acts.",
    ),
    ("workflow", "stricter_wins"): (
        "{what}：按{kept_by} 的{kept_act}办理，同级之间从严。{other_by} 的{other_act}记入该问题的迟到操作。",
        "{what}: {kept_act} by {kept_by} stands; between equals the stricter counts. "
        "{other_act} by {other_by} is kept among the case's late acts.",
    ),
    ("workflow", "higher_rank"): (
        "{what}：按{kept_rank} 的{kept_act}办理，位阶高的为准。{other_by} 的{other_act}记入该问题的迟到操作。",
        "{what}: {kept_act} by {kept_rank} stands; the higher rank counts. "
        "{other_act} by {other_by} is kept among the case's late acts.",
    ),
    ("workflow", "came_second"): (
        "{what}：已按{kept_by} 的{kept_act}办理，先到的为准。{other_by} 的{other_act}记入该问题的迟到操作。",
        "{what}: {kept_act} by {kept_by} stands; it came first. "
        "{other_act} by {other_by} is kept among the case's late acts.",
    ),
    # -- between records ----------------------------------------------------------------------------
    ("follow_redirect", "target_merged"): (
        "{what}：已转到{to_name}名下，因为{from_name}并入了它。内容不变，原对象的编号也留着。",
        "{what}: it now belongs to {to_name}, because {from_name} was merged into it. "
        "What it says is unchanged, and it keeps the ID of the first.",
    ),
    ("follow_redirect", "merger_undone"): (
        "{what}：已转回{to_name}名下，因为它与{from_name}并非同一。内容不变。",
        "{what}: it belongs to {to_name} again, because that and {from_name} are two. What it says is unchanged.",
    ),
    ("form_at_time", "basis_changed"): (
        "{what}：得分不变，{field}仍按检查时的{kept}计。登记资料现为{other}（{other_by}），检查已注明“依据已调整”。",
        "{what}: its score stands, counted with {field} {kept} as it was known then. "
        "The register says {other} ({other_by}); the check is marked as resting on changed ground.",
    ),
    ("observation_beats_status", "seen_open"): (
        "{what}：建议状态改为{other}，待{settler}采纳，现仍为{kept}（{kept_by}）。"
        "{other_name_of} {seen_at} 检查时见其营业，检查有效。",
        "{what}: it is suggested to set its status to {other}; that is for the {settler} to accept, until then it "
        "stays {kept} ({kept_by}). {other_name_of} saw it open on {seen_at}, and that check stands.",
    ),
    ("duplicate_suggest", "near_and_alike"): (
        "{name}（{other_by}）和{other_name}（{kept_by}）可能是{one}：{apart}名称相近。待{settler}认定，认定前两条都可用。",
        "{name} ({other_by}) and {other_name} ({kept_by}) may be {one}: {apart}alike in name. "
        "The {settler} has to decide; both may be used till then.",
    ),
    ("duplicate_suggest", "near_and_same_door"): (
        "{name}（{other_by}）和{other_name}（{kept_by}）可能是{one}：{apart}门牌相同。待{settler}认定，认定前两条都可用。",
        "{name} ({other_by}) and {other_name} ({kept_by}) may be {one}: {apart}with one door number. "
        "The {settler} has to decide; both may be used till then.",
    ),
    ("duplicate_suggest", "same_number"): (
        "{name}（{other_by}）和{other_name}（{kept_by}）可能是{one}：{apart}编号相同。待{settler}认定，认定前两条都可用。",
        "{name} ({other_by}) and {other_name} ({kept_by}) may be {one}: {apart}with one code. "
        "The {settler} has to decide; both may be used till then.",
    ),
    ("merge_suggest", "same_target"): (
        "{name}（{other_by}）和{other_name}（{kept_by}）可能是{one}：{apart}对象和类别都相同。"
        "建议并案，待{settler}认定，认定前两条都有效。",
        "{name} ({other_by}) and {other_name} ({kept_by}) may be {one}: {apart}of one kind and about one thing. "
        "Joining them is for the {settler} to decide; both stand till then.",
    ),
    ("merge_suggest", "near_by"): (
        "{name}（{other_by}）和{other_name}（{kept_by}）可能是{one}：{apart}类别相同。"
        "建议并案，待{settler}认定，认定前两条都有效。",
        "{name} ({other_by}) and {other_name} ({kept_by}) may be {one}: {apart}of one kind. "
        "Joining them is for the {settler} to decide; both stand till then.",
    ),
    ("keep_both", "same_day"): (
        "{what}：{day}有 {n} 次检查，都有效；当日得分取 {counted}（{counted_by}）。"
        "{scores}。有督查取督查，否则取较晚的。",
        "{what}: {n} checks were made on {day} and all stand; {counted} ({counted_by}) counts for the day. "
        "They gave {scores}. An inspector's counts, else the latest.",
    ),
    ("snapshot_not_sum", "same_day"): (
        "{what}：{day}有 {n} 次清点，都保留；当日取最大的 {most} 辆（{whose}），不相加。",
        "{what}: {n} counts were made on {day} and all are kept; the greatest counts for the day, {most} vehicles "
        "({whose}), never the sum.",
    ),
    ("revision_on_top", "inspector_revised"): (
        "{what}：得分以督查为准，计 {kept}（{kept_by}）。理由：{reason}。"
        "{other_name_of}的原分 {other}不变，两个分都看得到。",
        "{what}: the inspector's score counts, {kept} ({kept_by}). Reason: {reason}. "
        "The score by {other_name_of} stays {other} as the original; both are shown.",
    ),
    ("locked_becomes_note", "check_locked"): (
        "{what}：检查已锁定，没有改动。{other_by} 的更正（{changes}）存为检查的备注。",
        "{what}: the check is locked and was not changed. "
        "The correction by {other_by} ({changes}) is kept as a remark on it.",
    ),
    ("evidence_holds", "held_by_case"): (
        "{what}：{kept}没有删除，未了结的问题以它为证。{other_by} 的删除记在历史{other_at}。",
        "{what}: {kept} was not deleted; an open case stands on it as evidence. "
        "The deletion by {other_by} stands {other_at} the history.",
    ),
    ("later_observation_reopens", ""): (
        "{what}：已提请街道重新处理。"
        "{kept_name_of}交来 {taken_at} 拍的现场照片，晚于{state}（{other_by}）。照片已加入问题。",
        "{what}: it was put before the street again. {kept_name_of} handed in a photo taken on {taken_at}, after it "
        "had become {state} ({other_by}). The photo has joined the case.",
    ),
    ("observer_scope_kept", "held_at_signing"): (
        "{what}：仍归网格 {grid}，{kept_name_of}签名时（{kept_at}）负责那里。未了结的问题归现在的责任人。",
        "{what}: it stays with the grid {grid}, which {kept_name_of} answered for when signing ({kept_at}). "
        "Open cases belong to whoever answers for it now.",
    ),
    ("observer_scope_kept", "holder_changed"): (
        "{what}：责任人由{from_person}改为{to_person}，{from_person}已不负责。记录仍归网格 {grid}。",
        "{what}: {to_person} answers for it now, and {from_person} no longer does. "
        "What was recorded stays with the grid {grid}.",
    ),
    ("corrected_time", "clock_corrected"): (
        "{what}：检查时间按 {filed} 算，平板时钟{wrong}。平板记的 {claimed} 也留着。",
        "{what}: its time counts as {filed}, because the tablet's clock was {wrong}. "
        "The time it showed, {claimed}, is kept as well.",
    ),
    ("office_sets_due", "recalculated"): (
        "{what}：整改时限由{other}改为{kept}。原因：{why}。",
        "{what}: the time allowed ends on {kept}, no longer on {other}. Reason: {why}.",
    ),
    ("quarantine", "readmitted"): (
        "{what}：先前未被接受的修改，已由{kept_by} 恢复入库。",
        "{what}: an edit that had been refused was let in after all by {kept_by}.",
    ),
    ("merge", "merged_case"): (
        "{name}：已并入{into_name}（{kept_by} 并案）。照片、备注和上报人都带了过去，首报人是{first_reporter}。",
        "{name}: it was joined to {into_name} ({kept_by}). Its photos, remarks and reporters went along; "
        "the first reporter is {first_reporter}.",
    ),
}

#: Where no line above fits, or a part of it is not known: the first that can be filled in.
OTHERWISE: tuple[Pair, ...] = (
    (
        "{what}：{field}现为{kept}（{kept_by}），系统按规则处理。{rest}",
        "{what}: {field} is now {kept} ({kept_by}), decided by rule. {rest}",
    ),
    (
        "{what}：{field}有几个人改过，系统已按规则处理，各人写的都能在历史里查到。",
        "{what}: {field} was written by several people and decided by rule; the history keeps what each of them wrote.",
    ),
)

#: What becomes of a value that is not shown.
SET_ASIDE: Mapping[str, Pair] = {
    "history": ("{by} 写的{value}保留在历史{at}", "{value} by {by} is kept {at} the history"),
    "suggestion": (
        "{by} 写的{value}已列为建议，待{settler}采纳",
        "{value} by {by} is now a suggestion, for the {settler} to accept",
    ),
    "open": ("{by} 写的{value}", "{value} by {by}"),
    "open_suggestion": ("{by} 写的{value}（位阶较低，作为建议）", "{value} by {by} (of a lower rank, as a suggestion)"),
    "more": ("其余 {n} 个也在历史里", "{n} more are in the history"),
}
UNCERTAIN: Pair = (
    "两台平板的时钟可能不准，先后仅供参考。",
    "The clocks of the two tablets may be wrong: the order is only a guess.",
)
LOOK_ALIKE: Pair = ("几个值只在略去的部分不同。", "The values differ only in what is left out here.")

#: Said of two records that are to be judged again, where ``SETTLED`` speaks of one field.
REOPENED_PAIR: Pair = (
    "{name}和{other}是否为{one}，要重新认定（{by}）。{reason}",
    "Whether {name} and {other} are {one} is to be decided again ({by}). {reason}",
)
#: How a dispute ended, by ``mutations.CHOICES`` and what else ends one; ``value`` is what is shown now.
SETTLED: Mapping[str, Pair] = {
    "choose": (
        "{what}：{field}已认定为{value}（{by}）。{reason}其余写法留在历史里。",
        "{what}: {field} was decided to be {value} ({by}). {reason}What else was written stays in the history.",
    ),
    "hand": (
        "{what}：{field}已另行写为{value}（{by}）。{reason}原来的写法留在历史里。",
        "{what}: {field} was written anew, {value} ({by}). {reason}What was written before stays in the history.",
    ),
    "both": (
        "{what}：{field}两种写法都留，显示{value}，另一种记入备注（{by}）。{reason}",
        "{what}: both values of {field} stay; {value} is shown, the other is in the remarks ({by}). {reason}",
    ),
    "accept": (
        "{what}：建议已采纳，{field}改为{value}（{by}）。{reason}",
        "{what}: the suggestion was accepted, {field} is now {value} ({by}). {reason}",
    ),
    "keep": (
        "{what}：{field}维持{value}（{by} 认定）。{reason}其余写法留在历史里。",
        "{what}: {field} stays {value}, as decided ({by}). {reason}What else was written stays in the history.",
    ),
    "merge": (
        "{name}和{other}认定为{one}，已并为一条（{by}）。{reason}",
        "{name} and {other} were found to be {one} and joined ({by}). {reason}",
    ),
    "distinct": (
        "{name}和{other}认定并非同一，两条都保留（{by}）。{reason}",
        "{name} and {other} were found to be two; both stay ({by}). {reason}",
    ),
    "seen": (
        "{what}：{field}的情况已阅（{by}）。{reason}",
        "{what}: what was noted about {field} was seen ({by}). {reason}",
    ),
    "reopen": ("{what}：{field}重新认定（{by}）。{reason}", "{what}: {field} is to be decided again ({by}). {reason}"),
    "edit": (
        "{what}：{field}又写为{value}（{by}），不必再认定。{reason}其余写法留在历史里。",
        "{what}: {field} was written again, {value} ({by}), so nothing is left to decide. "
        "{reason}What else was written stays in the history.",
    ),
    "void": (
        "{what}：记录已作废（{by}），不必再认定。{reason}",
        "{what}: the record was voided ({by}), so nothing is left to decide. {reason}",
    ),
    "apart": (
        "{what}：情况已变（{by}），{field}不必再认定。{reason}",
        "{what}: things have changed ({by}); nothing is left to decide about {field}. {reason}",
    ),
}
SETTLED_OTHERWISE: Pair = (
    "{what}：{field}已有认定（{by}）。{reason}",
    "{what}: {field} was decided ({by}). {reason}",
)
REASON: Pair = ("理由：{reason}。", "Reason: {reason}. ")
