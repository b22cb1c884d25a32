"""
What grid workers and clerks are told 告知, word for word; the stories stand in ``told_stories``.
"""

import string
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fields import Choice
from schemas.mutations import CHOICES
from schemas.registry import TYPES
from schemas.rules import CLOCK_UNCERTAIN
from schemas.situations import SITUATIONS
from schemas.telling import About, sentence, settled_sentence
from schemas.telling.facts import Settled, Told
from schemas.telling.sentences import OTHERWISE, REOPENED_PAIR, SENTENCES, SETTLED, SETTLED_OTHERWISE
from tests.schemas.told_stories import (
    CASE,
    NAMES,
    PHOTO,
    SHOP,
    STORIES,
    ZHAO,
    decided,
    li,
    ms,
    wang,
    zhao,
)

MOST_SIGNS = 120


@pytest.mark.parametrize(("about", "decision", "zh", "en"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_everybody_reads_what_became_of_it(about: About, decision: dict[str, Any], zh: str, en: str) -> None:
    """The exact sentence, short enough to be read in passing."""
    assert sentence(decision, about) == (zh, en)
    assert len(zh) <= MOST_SIGNS


def test_every_line_of_the_table_has_its_story() -> None:
    """What nobody read aloud here is not said to anybody."""
    told = {(decision["rule"], decision["reason"]) for _, _, decision, _, _ in STORIES}
    spoken = {key for key in SENTENCES if any(_says(key, rule, reason) for rule, reason in told)}
    assert spoken == SENTENCES.keys()


def _says(key: tuple[str, str], rule: str, reason: str) -> bool:
    return key in ((rule, reason), (rule, ""), ("", reason))


def test_every_situation_that_is_told_has_its_sentence() -> None:
    """A situation is told by its own rule's name, or by a rule every field may have."""
    by_field_rules = {"ask_person", "stricter_wins", "same_id_once", "quarantine", "set_union", "sign_in_union"}
    # What happens to acts is told by the workflow's sentences, whatever the situation is called.
    by_field_rules |= {"first_received_leads", "office_return_stands", "reassign_wins", "request_time_counts"}
    # What came too late for an issue is told by the next one.
    by_field_rules |= {"issued_is_frozen"}
    silent = {s.rule for s in SITUATIONS if s.told == "–" and s.rule not in {rule for rule, _ in SENTENCES}}
    lacking = {s.rule for s in SITUATIONS if s.lacks}
    rules = {rule for rule, _ in SENTENCES}
    assert {s.rule for s in SITUATIONS} - silent - lacking - by_field_rules <= rules


# -- details -------------------------------------------------------------------------------------------


def test_an_order_that_two_clocks_cannot_vouch_for_is_called_a_guess() -> None:
    """Two tablets a minute apart: whose edit was later, nobody can know."""
    decision = decided("category", "latest", "later_stamp", wang("retail"), li("repair"), certainty=CLOCK_UNCERTAIN)
    zh, en = sentence(decision, SHOP)
    assert zh.endswith("保留在历史第 131 号。两台平板的时钟可能不准，先后仅供参考。")
    assert en.endswith("The clocks of the two tablets may be wrong: the order is only a guess.")


def test_a_day_that_is_not_today_is_said_once() -> None:
    """Read three days later, 09:05 alone would be taken for this morning."""
    decision = decided("category", "latest", "later_stamp", wang("retail"), li("repair"))
    zh, _ = sentence(decision, About("shop", "老王修车", NAMES.get, ms("07-21 10:00")))
    assert (
        zh == "老王修车：类别现为“零售”（王芳 7月18日 09:07），后写的为准。李明 09:05 写的“修理”保留在历史第 131 号。"
    )


def test_last_year_is_said() -> None:
    decision = decided("category", "latest", "later_stamp", wang("retail"), li("repair"))
    now = int(datetime.fromisoformat("2021-01-02T10:00:00+08:00").timestamp() * 1000)
    zh, en = sentence(decision, About("shop", "老王修车", NAMES.get, now))
    assert "王芳 2020年7月18日 09:07" in zh
    assert "王芳, 18 July 2020 09:07" in en


def test_a_rank_makes_suggestions_only_where_the_rule_asks_for_it() -> None:
    """Of a description whoever writes later counts, the community or a grid worker: nothing becomes a suggestion."""
    decision = decided("description", "latest", "later_stamp", zhao("油污"), li("垃圾"))
    zh, _ = sentence(decision, CASE)
    assert "李明 09:05 写的“垃圾”保留在历史第 131 号。" in zh
    assert "建议" not in zh


def test_many_values_are_counted_not_listed() -> None:
    others = [li(name, f"07-18 09:0{place}", version=130 + place) for place, name in enumerate("甲乙丙丁")]
    zh, _ = sentence(decided("licence_name", "latest", "later_stamp", wang("戊"), *others), SHOP)
    assert zh.endswith(
        "李明 09:02 写的“丙”保留在历史第 132 号；李明 09:03 写的“丁”保留在历史第 133 号；其余 2 个也在历史里。"
    )


def test_long_text_is_cut_and_numbers_in_it_are_masked() -> None:
    """A sentence is read on a small screen; the whole text stands in the history."""
    long = "老板电话13812345678，" + "门前三包" * 10
    decision = decided("duty_area_text", "latest", "later_stamp", wang(long), li("门前"))
    zh, _ = sentence(decision, SHOP)
    assert "“老板电话138****5678，门前三包门前三包门前三包门…”" in zh


def test_values_that_differ_only_in_what_is_left_out_are_said_to() -> None:
    """Two numbers that differ in the masked digits must not look like one."""
    decision = decided("operator_phone", "latest", "later_stamp", wang("13812345678"), li("13887655678"))
    zh, en = sentence(decision, SHOP)
    assert zh.endswith("几个值只在略去的部分不同。")
    assert en.endswith("The values differ only in what is left out here.")


@pytest.mark.parametrize(
    ("field", "value", "zh", "en"),
    [
        ("position", {"lat": 42.0201, "lon": 121.66, "crs": "wgs84", "accuracy_m": 12}, "42.02010,121.66000（±12 米）",
         "42.02010,121.66000 (±12 m)"),
        ("operator_phone", "0418-3309188", "0418****188", "0418****188"),
        ("predecessor_id", "shop-2", "王记修车行", "王记修车行"),
        ("predecessor_id", "0197f3a0-0000-7000-8000-0000baefb84c", "…baefb84c", "…baefb84c"),
        ("letter_signed_on", "2020-07-01", "2020-07-01", "2020-07-01"),
        ("plate_on_wall", False, "否", "no"),
        ("functional_unit", "dept_market", "市场监管局", "dept market"),
        ("nobody_knows", {"a": [1, {"b": 2}], "c": True}, "a …、c 是", "a …, c yes"),
    ],
)  # fmt: skip
def test_values_are_said_in_words(field: str, value: Any, zh: str, en: str) -> None:
    told = sentence(decided(field, "latest", "later_stamp", wang(value)), SHOP)
    assert f"“{zh}”" in told[0]
    assert f'"{en}"' in told[1]


def test_every_choice_of_every_form_has_its_words() -> None:
    """No word of the wire is read out to a Chinese reader."""
    choices = [
        (name, field, declared.labels)
        for name, kind in TYPES.items()
        for field, declared in kind.schema().fields.items()
        if isinstance(declared, Choice)
    ]
    for name, field, labels in choices:
        for word, label in labels.items():
            zh, _ = sentence(decided(field, "latest", "later_stamp", wang(word)), About(name, "某处", NAMES.get))
            assert f"“{label}”" in zh


# -- what is missing, and junk ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "zh"),
    [
        ({}, "老王修车：有一项内容有几个人改过，系统已按规则处理，各人写的都能在历史里查到。"),
        (
            {"field": "name", "rule": "latest"},
            "老王修车：店名有几个人改过，系统已按规则处理，各人写的都能在历史里查到。",
        ),
        (
            decided("name", "a_rule_of_tomorrow", "for_its_own_reason", li("老王修车"), wang("王记修车行")),
            "老王修车：店名现为“老王修车”（李明 09:05），系统按规则处理。"
            "王芳 09:07 写的“王记修车行”保留在历史第 132 号。",
        ),
        (
            decided("name", "latest", "later_stamp", {"value": "老王修车"}, {"value": "王记", "by": "nobody-knows"}),
            "老王修车：店名现为“老王修车”（某人），后写的为准。某人 写的“王记”保留在历史中。",
        ),
        (
            decided("status", "observation_beats_status", "seen_open", zhao("closed"), li("open")),
            "老王修车：状态现为“已关闭”（赵敏 09:07），系统按规则处理。李明 09:05 写的“营业”保留在历史第 131 号。",
        ),
    ],
)
def test_what_a_decision_lacks_is_not_made_up(decision: dict[str, Any], zh: str) -> None:
    """An older server's decision, a newer one's, one that was cut short: shorter, and still true."""
    assert sentence(decision, SHOP)[0] == zh


def test_a_record_without_a_name_is_called_by_its_kind() -> None:
    zh, en = sentence(decided("name", "latest", "later_stamp", wang("王记")), About("shop", None, NAMES.get))
    assert zh.startswith("商户：店名现为")
    assert en.startswith("A shop: name is now")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*NAMES, PHOTO, "status", "photos", "score", "open", "2020-07-18T08:15:30+08:00", "name+status"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["value", "by", "at", "lat", "lon", "sha256", "reason", "score", "text", "0"]), inner
        )
    ),
    max_leaves=12,
)
candidates = st.fixed_dictionaries(
    {}, optional={"value": anything, "by": anything, "at": anything, "rank": anything, "version": anything}
)
decisions = st.fixed_dictionaries(
    {},
    optional={
        "field": anything | st.sampled_from([name for kind in TYPES.values() for name in kind.rules.fields]),
        "rule": anything | st.sampled_from(sorted({rule for rule, _ in SENTENCES})),
        "reason": anything | st.sampled_from(sorted({reason for _, reason in SENTENCES})),
        "outcome": anything | st.just("open"),
        "certainty": anything | st.just(CLOCK_UNCERTAIN),
        "kept": anything | candidates,
        "others": anything | st.lists(candidates, max_size=4),
        "facts": anything
        | st.dictionaries(
            st.sampled_from(
                ["from_name", "name", "day", "by_s", "claimed", "seen_at", "state", "grid", "most", "apart_m"]
            ),
            anything,
        ),
    },
)
abouts = st.builds(
    About,
    st.sampled_from([*TYPES, "of_tomorrow", ""]),
    st.none() | st.text(max_size=40),
    st.just(NAMES.get),
    st.none() | st.integers(),
)


@given(decisions, abouts)
def test_no_decision_is_ever_met_with_silence_or_an_error(decision: dict[str, Any], about: About) -> None:
    """Whatever comes, something is said, on one line that can be written down; nothing is left to fill in."""
    for said in sentence(decision, about):
        assert said.strip()
        assert "\n" not in said
        said.encode()


@given(st.dictionaries(st.sampled_from(["by", "at_ms", "choice", "reason", "value"]), anything), abouts, st.text())
def test_no_settling_is_ever_met_with_silence_or_an_error(settled: dict[str, Any], about: About, field: str) -> None:
    for said in settled_sentence(settled, about, field):
        assert said.strip()
        said.encode()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [([*SENTENCES.values(), *OTHERWISE], Told), ([*SETTLED.values(), REOPENED_PAIR, SETTLED_OTHERWISE], Settled)],
)
def test_every_brace_is_known_and_both_languages_say_the_same(pairs: list[tuple[str, str]], words: type) -> None:
    for zh, en in pairs:
        named = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh, en)]
        assert named[0] == named[1]
        assert all(hasattr(words, name) for name in named[0])


# -- how a dispute ended ---------------------------------------------------------------------------------

ENDINGS = {
    "choose": "老王修车：店名已认定为“王记修车行”（赵敏 09:50）。理由：招牌如此。其余写法留在历史里。",
    "hand": "老王修车：店名已另行写为“王记修车行”（赵敏 09:50）。理由：招牌如此。原来的写法留在历史里。",
    "both": "老王修车：店名两种写法都留，显示“王记修车行”，另一种记入备注（赵敏 09:50）。理由：招牌如此。",
    "accept": "老王修车：建议已采纳，店名改为“王记修车行”（赵敏 09:50）。理由：招牌如此。",
    "keep": "老王修车：店名维持“王记修车行”（赵敏 09:50 认定）。理由：招牌如此。其余写法留在历史里。",
    "merge": "“老王修车”和“王记修车行”认定为同一户，已并为一条（赵敏 09:50）。理由：招牌如此。",
    "distinct": "“老王修车”和“王记修车行”认定并非同一，两条都保留（赵敏 09:50）。理由：招牌如此。",
    "seen": "老王修车：店名的情况已阅（赵敏 09:50）。理由：招牌如此。",
    "reopen": "老王修车：店名重新认定（赵敏 09:50）。理由：招牌如此。",
    "edit": "老王修车：店名又写为“王记修车行”（赵敏 09:50），不必再认定。理由：招牌如此。其余写法留在历史里。",
    "void": "老王修车：记录已作废（赵敏 09:50），不必再认定。理由：招牌如此。",
    "apart": "老王修车：情况已变（赵敏 09:50），店名不必再认定。理由：招牌如此。",
    "of_tomorrow": "老王修车：店名已有认定（赵敏 09:50）。理由：招牌如此。",
}


@pytest.mark.parametrize("choice", ENDINGS)
def test_everybody_reads_how_it_ended(choice: str) -> None:
    """Who decided, when, what it is now, and why."""
    settled = {"by": ZHAO, "at_ms": ms("07-18 09:50"), "choice": choice, "reason": "招牌如此。", "value": "王记修车行"}
    about_what = "shop-2" if choice in ("merge", "distinct") else "name"
    assert settled_sentence(settled, SHOP, about_what)[0] == ENDINGS[choice]


def test_every_way_to_settle_has_its_sentence() -> None:
    assert CHOICES.keys() <= SETTLED.keys() <= ENDINGS.keys()


def test_settling_without_a_reason_names_none() -> None:
    settled = {"by": ZHAO, "at_ms": ms("07-18 09:50"), "choice": "accept", "value": "王记修车行"}
    assert settled_sentence(settled, SHOP, "name") == (
        "老王修车：建议已采纳，店名改为“王记修车行”（赵敏 09:50）。",
        '老王修车: the suggestion was accepted, name is now "王记修车行" (赵敏, 09:50).',
    )


def test_a_pair_opened_again_is_told_by_its_names_and_not_by_an_id() -> None:
    settled = {"by": ZHAO, "at_ms": ms("07-18 09:50"), "choice": "reopen"}
    assert settled_sentence(settled, SHOP, "0197f3a0-0000-7000-8000-0000000000a1") == (
        "“老王修车”和另一条记录是否为同一户，要重新认定（赵敏 09:50）。",
        'Whether "老王修车" and another record are one shop is to be decided again (赵敏, 09:50).',
    )


def test_two_cases_joined_are_one_problem() -> None:
    settled = {"by": ZHAO, "at_ms": ms("07-18 09:50"), "choice": "merge"}
    zh, _ = settled_sentence(settled, CASE, "case-1")
    assert zh == "“HZ-2020-河北-00124”和另一条记录认定为同一个问题，已并为一条（赵敏 09:50）。"
