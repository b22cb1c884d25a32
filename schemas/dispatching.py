"""
Which unit should lead a problem 派遣规则: rules as data with their dates of validity, and what they suggest.

Pure, and the same on tablet and office. A rule names what it is about (any of class, kind of target, side of
the road, severity, area) and who then answers: the department whose business it is 属事, and whether that
department leads or the street in which the problem lies 属地. A suggestion binds nobody: whoever dispatches
names the lead.

The district's rules lie over the standard ones, later ones over earlier ones: a new rule takes the place of
every earlier one that is about nothing beside it. Of those that then fit a problem the most particular counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from schemas import grid
from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.fields import Choice, Day, Many, Place, Text, Unit, Whole
from schemas.machines import Fields
from schemas.parts import FUNCTIONAL_UNITS, labelled
from schemas.records import RecordSchema, register
from schemas.registers import KEY_PLACE_KINDS, PARKING_KINDS, SEGMENT_KINDS, SHOP_CATEGORIES
from schemas.units import OFFICE, name_of, territory_of

#: What lies beside the kerb: the carriageway is the traffic police's, the sidewalk the urban office's.
SIDES = {"carriageway": "车行道", "sidewalk": "人行道"}
LEADS = {"functional": "属事部门主办", "territorial": "属地街道主办"}
TARGETS = {
    "street_segment": "路段",
    "shop": "商户",
    "parking_area": "停车区",
    "key_place": "重点部位",
    "compound": "小区",
    "recycling_station": "垃圾回收站",
    "illegal_structure": "违法建设",
}
#: The kinds that each target comes in.
KINDS: Mapping[str, Mapping[str, str]] = {
    "street_segment": SEGMENT_KINDS,
    "shop": SHOP_CATEGORIES,
    "parking_area": PARKING_KINDS,
    "key_place": KEY_PLACE_KINDS,
}
#: On which side a parking area of each kind lies; the others lie on neither.
SIDE_OF_KIND = {
    "on_street": "carriageway",
    "no_parking": "carriageway",
    "sidewalk": "sidewalk",
    "shop_front": "sidewalk",
    "bike_zone": "sidewalk",
}
#: On which side a vehicle stood that a check found under these items 检查项.
SIDE_OF_ITEM = {"M1": "sidewalk", "N2": "sidewalk", "O3": "sidewalk", "O4": "sidewalk", "M3": "carriageway"}
MOST_ASSIST = 20


class Rule(NamedTuple):
    """
    One rule; an empty condition fits everything.

    Attributes:
        problem_class, target, kind, side, severity, area: What it is about; ``kind`` is one of ``KINDS``.
        functional: The department whose business it is, or ``street``; None where the rule takes the
            district's earlier ones on exactly this matter back.
        leads: Who leads, of ``LEADS``; without a department it is the street in any case.
        assist: Units that help beside.
        valid_from, valid_to: Its first and last day as 2020-07-18; None: always, for ever.
    """

    problem_class: str = ""
    target: str = ""
    kind: str = ""
    side: str = ""
    severity: str = ""
    area: str = ""
    functional: str | None = None
    leads: str | None = None
    assist: tuple[str, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def about(self) -> tuple[str, ...]:
        """What it is about."""
        return self[:6]

    def holds_on(self, day: str) -> bool:
        """Say whether the rule is valid on *day*."""
        return (self.valid_from or "") <= day and (self.valid_to is None or day <= self.valid_to)

    def weight(self) -> tuple[int, int]:
        """Return how particular it is: by how many conditions, then by how small an area."""
        return sum(bool(condition) for condition in self.about), len(self.area)


class Matter(NamedTuple):
    """What a rule may be about, of one problem."""

    problem_class: str
    target: str
    kind: str
    side: str
    severity: str
    area: str


class Suggestion(NamedTuple):
    """
    Who should answer for a problem, and why.

    Attributes:
        lead: The unit; None where the problem lies in no street and is no department's business.
        assist: Units that should help, sorted; the lead is not among them.
        functional: The department whose business it is, or ``street``.
        by: Where it comes from: ``district`` (its rule), ``person`` (somebody said so on the case),
            ``case`` (its form), ``register`` (the target's entry), ``standard``, ``fallback``.
        rule: The rule that counted; None where none did.
        zh, en: Why, for people.
    """

    lead: str | None
    assist: tuple[str, ...]
    functional: str
    by: str
    rule: Rule | None
    zh: str
    en: str


def matter_of(case: Fields, place: str, target_type: str = "", target: Mapping[str, Any] | None = None) -> Matter:
    """
    Return what rules may say of a case.

    Args:
        case: Its fields.
        place: Where it lies.
        target_type, target: The type and the fields of what it is about, where that is known.
    """
    known = target or {}
    kind = str(known.get("category" if target_type == "shop" else "kind") or "")
    side = next((SIDE_OF_ITEM[item] for item in case.get("item_codes", ()) if item in SIDE_OF_ITEM), "")
    if not side and target_type == "parking_area":
        side = SIDE_OF_KIND.get(kind, "")
    return Matter(str(case["problem_class"]), target_type, kind, side, str(case["severity"]), place)


def suggested_lead(
    case: Fields,
    matter: Matter,
    rules: Sequence[Rule],
    on: str,
    *,
    register_says: str | None = None,
    person_said: bool = False,
    names: Mapping[str, str] | None = None,
) -> Suggestion:
    """
    Return who should answer for *case*.

    The weightiest word counts: a person's on this case, the district's rule, the form that opened the case,
    the register's entry of its target, the standard rules; and where nobody's business is clear, the street's.

    Args:
        matter: As ``matter_of`` returns it.
        rules: The district's, in the order in which they were written.
        on: The day, as 2020-07-18.
        register_says: The department that the target's entry names.
        person_said: Whether the case's department was set by a person after it was opened.
        names: What units are called, by code, for the reason.
    """
    own, standard = fitting(rules, matter, on), fitting(STANDARD, matter, on)
    said = case.get("functional_unit")
    if person_said and said:
        chosen = _Chosen("person", str(said), standard)
    elif own is not None:
        chosen = _Chosen("district", own.functional or "street", own)
    elif said or register_says:
        chosen = _Chosen("case" if said else "register", str(said or register_says), standard)
    elif standard is not None:
        chosen = _Chosen("standard", standard.functional or "street", standard)
    else:
        chosen = _Chosen("fallback", "street", None)
    return _suggestion(chosen, str(case.get("territorial_unit") or territory_of(matter.area) or ""), names or {})


class _Chosen(NamedTuple):
    by: str
    functional: str
    rule: Rule | None


def fitting(rules: Iterable[Rule], matter: Matter, on: str) -> Rule | None:
    """Return the rule of *rules* (earlier ones first) that counts for *matter* on the day *on*, or None."""
    fits = [rule for rule in in_force(rules, on) if _fits(rule, matter)]
    return max(reversed(fits), key=Rule.weight, default=None)  # of two alike the later one


def in_force(rules: Iterable[Rule], on: str) -> list[Rule]:
    """Return the rules that count on the day *on*, later ones in the place of the earlier ones they cover."""
    standing: list[Rule] = []
    for rule in (rule for rule in rules if rule.holds_on(on)):
        if rule.functional is None:  # what it takes back is as if it had never been
            standing = [one for one in standing if one.about != rule.about]
        else:
            standing.append(rule)
    kept: list[Rule] = []
    for rule in sorted(standing, key=lambda rule: rule.valid_from or ""):
        kept = [one for one in kept if not _covers(rule, one)] + [rule]
    return kept


@register
class DispatchRuleSchema(RecordSchema):
    """
    A rule of the district 派遣规则 as tablets read it: whoever dispatches without signal is offered the same lead.

    ``n`` is its place in the order in which rules were written. It is never changed; a later one takes its place.
    """

    type_name = "dispatch_rule"
    title_zh = "派遣规则"

    n = Whole(1, 1 << 31, required=True, metadata=labelled("序号", OFFICE))
    problem_class = Choice(
        {word: known.zh for word, known in PROBLEM_CLASSES.items()},
        allow_none=True,
        metadata=labelled("问题类别", OFFICE),
    )
    target = Choice(TARGETS, allow_none=True, metadata=labelled("对象", OFFICE))
    kind = Text(1, 40, allow_none=True, metadata=labelled("对象类型", OFFICE))
    side = Choice(SIDES, allow_none=True, metadata=labelled("位置", OFFICE))
    severity = Choice(SEVERITIES, allow_none=True, metadata=labelled("严重程度", OFFICE))
    area = Place(allow_none=True, metadata=labelled("区域", OFFICE))
    functional = Choice(FUNCTIONAL_UNITS, allow_none=True, metadata=labelled("属事部门", OFFICE))
    leads = Choice(LEADS, allow_none=True, metadata=labelled("主办方", OFFICE))
    assist = Many(Unit(), MOST_ASSIST, metadata=labelled("协办单位", OFFICE))
    valid_from = Day(allow_none=True, metadata=labelled("生效日期", OFFICE))
    valid_to = Day(allow_none=True, metadata=labelled("截止日期", OFFICE))


def as_fields(rule: Rule, n: int) -> Fields:
    """Return *rule* as the fields of its record."""
    said = {name: list(value) if name == "assist" else value for name, value in rule._asdict().items()}
    return {"n": n} | {name: value for name, value in said.items() if value}


def rules_of(records: Iterable[Fields]) -> list[Rule]:
    """Return the rules that *records* (the fields of ``dispatch_rule``) are, in the order they were written."""
    return [_read(one) for one in sorted(records, key=lambda one: int(one["n"]))]


def _read(fields: Fields) -> Rule:
    said = {name: fields[name] for name in Rule._fields if fields.get(name) is not None}
    return Rule()._replace(**said | {"assist": tuple(said.get("assist", ()))})


def mistake_in(rule: Rule) -> tuple[str, str] | None:
    """Return what is wrong with a rule that somebody wrote, in two languages; None: nothing."""
    for value, known, zh, en in (
        (rule.problem_class, PROBLEM_CLASSES, "问题类别", "class"),
        (rule.target, TARGETS, "对象", "target"),
        (rule.kind, KINDS.get(rule.target, {}), "对象类型", "kind of that target"),
        (rule.side, SIDES, "位置", "side"),
        (rule.severity, SEVERITIES, "严重程度", "severity"),
        (rule.functional or "", FUNCTIONAL_UNITS, "属事部门", "department"),
        (rule.leads or "", LEADS, "主办方", "way to lead"),
    ):
        if value and value not in known:
            return f"没有这个{zh}：“{value}”", f"there is no such {en}: '{value}'"
    if rule.area and not grid.is_code(rule.area):
        return f"“{rule.area}”不是区划代码", f"'{rule.area}' is no code of a place"
    if len(rule.assist) > MOST_ASSIST or any(not one for one in rule.assist):
        return f"协办单位最多 {MOST_ASSIST} 个", f"at most {MOST_ASSIST} units assist"
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        return "有效期的结束早于开始", "it ends before it begins"
    return None


def _covers(later: Rule, earlier: Rule) -> bool:
    area = later.area == "" or earlier.area.startswith(later.area)
    return area and all(new in ("", old) for new, old in zip(later.about[:-1], earlier.about[:-1], strict=True))


def _fits(rule: Rule, matter: Matter) -> bool:
    inside = matter.area.startswith(rule.area)
    return inside and all(word in ("", said) for word, said in zip(rule.about[:-1], matter[:-1], strict=True))


def _suggestion(chosen: _Chosen, street: str, names: Mapping[str, str]) -> Suggestion:
    department = chosen.functional if chosen.functional != "street" else None
    rule = chosen.rule
    # A rule about another department says nothing of who leads here.
    leads = rule.leads if rule is not None and rule.functional == chosen.functional else None
    territorial = department is None or leads == "territorial"
    lead = (street or department) if territorial else department
    helping = {street, department, *(rule.assist if rule is not None and leads else ())} - {lead, None, ""}
    assist = tuple(sorted(one for one in helping if one))
    zh, en = _why(chosen, lead, assist, names)
    return Suggestion(lead, assist, chosen.functional, chosen.by, rule, zh, en)


_BY = {
    "district": ("本区派遣规则", "the district's rule"),
    "person": ("案件上已改定属事部门", "somebody set the department on the case"),
    "case": ("检查表规定的属事部门", "the department that the form names"),
    "register": ("登记的属事部门", "the department in the register"),
    "standard": ("通用派遣规则", "the standard rule"),
    "fallback": ("没有明确的属事部门，由属地街道主办", "no department's business: the street leads"),
}


def _why(chosen: _Chosen, lead: str | None, assist: Sequence[str], names: Mapping[str, str]) -> tuple[str, str]:
    zh, en = _BY[chosen.by]
    if chosen.rule is not None and chosen.by in ("district", "standard"):
        zh, en = f"{zh}（{words_about(chosen.rule)}）", f"{en} ({english_about(chosen.rule)})"
    if lead is None:
        return f"{zh}；不在任何街道内，请指定主办单位", f"{en}; it lies in no street: name the lead"
    helped = "、".join(name_of(code, names) for code in assist)
    zh_lead, en_lead = f"建议{name_of(lead, names)}主办", f"suggested lead {lead}"
    if helped:
        zh_lead, en_lead = f"{zh_lead}，{helped}协办", f"{en_lead}, assisted by {', '.join(assist)}"
    return f"{zh_lead}：{zh}", f"{en_lead}: {en}"


def words_about(rule: Rule) -> str:
    """Return what a rule is about, in Chinese."""
    said = (
        PROBLEM_CLASSES[rule.problem_class].zh if rule.problem_class else "",
        TARGETS.get(rule.target, ""),
        KINDS.get(rule.target, {}).get(rule.kind, ""),
        SIDES.get(rule.side, ""),
        SEVERITIES.get(rule.severity, ""),
        rule.area,
    )
    return "、".join(filter(None, said)) or "所有问题"


def english_about(rule: Rule) -> str:
    """Return what a rule is about, in English."""
    return ", ".join(word.replace("_", " ") for word in rule.about if word) or "every problem"


def _on(target: str, functional: str, *classes: str, leads: str = "functional", kind: str = "") -> list[Rule]:
    return [Rule(name, target, kind, functional=functional, leads=leads) for name in classes or ("",)]


def _beside(side: str, functional: str, *classes: str) -> list[Rule]:
    return [Rule(name, side=side, functional=functional, leads="functional") for name in classes]


#: What every district begins with. Sweeping is the housing office's contractor's; the three guarantees 门前三包 are
#: organised by the street and enforced by the urban office; a third party's vehicle before a shop is the street's.
STANDARD: tuple[Rule, ...] = (
    *_on("", "dept_housing", "unclean_road", "exposed_garbage", "standing_water", "bin_overflow", "recycling_station"),
    *_on("", "dept_urban", "small_ads", "out_of_store", "mobile_vendor", "piling", "illegal_structure", "rubble_soil"),
    *_on("", "dept_urban", "nonmotor_parking", "bay_occupied"),
    *_on("", "dept_traffic", "marking_missing"),
    *_on("", "street", "lane_blocked", "snow_not_cleared", leads="territorial"),
    *_beside("carriageway", "dept_traffic", "motor_parking", "nonmotor_parking", "zombie_vehicle", "bay_occupied"),
    *_beside("sidewalk", "dept_urban", "motor_parking", "nonmotor_parking", "zombie_vehicle", "bay_occupied"),
    *_beside("sidewalk", "dept_urban", "marking_missing"),
    *_on("street_segment", "dept_housing", "facility_broken", "other"),
    *_on("shop", "dept_urban", "unclean_road", "exposed_garbage", "standing_water", "bin_overflow", "dirty_green",
         "green_damage", "facility_broken", "piling", "snow_not_cleared", leads="territorial"),
    *_on("shop", "street", "motor_parking", "nonmotor_parking", leads="territorial"),
    *(Rule(name, "shop", side="sidewalk", functional="street", leads="territorial")
      for name in ("motor_parking", "nonmotor_parking")),
    *_on("parking_area", "street", kind="off_street", leads="territorial"),
    *_on("parking_area", "street", kind="compound", leads="territorial"),
    *_on("key_place", "dept_market", kind="farm_market"),
    *_on("compound", "dept_housing", leads="territorial"),
    *_on("recycling_station", "dept_housing"),
    *_on("illegal_structure", "dept_urban"),
)  # fmt: skip
