"""Whatever people do with a case, in whatever order it arrives: no act is lost, and the history makes it again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.machines import TIMELINE, open_to
from schemas.moments import day_of, instant
from schemas.roles import Role
from schemas.workflow import CASE as MACHINE
from server.core.clocks.calendar import Calendar, Official
from server.core.timekeeping import Timekeeping
from server.values import Grant, Person
from tests.core.desk import CASE, DISTRICT, GRID_7, HOUR, LI, MORNING, QIAN, always, person
from tests.core.test_replay import Archive

URBAN = "dept_urban"
XU = person("xu", Grant(Role.DEPARTMENT, DISTRICT, 0, None, URBAN))
#: Everybody who may have a word on a case; Feng leads the grid and is a community cadre besides.
PEOPLE = [
    LI,
    person("feng", always(Role.GRID_LEADER, GRID_7)),
    person("zhao", always(Role.COMMUNITY, GRID_7[:12])),
    person("zheng", always(Role.COMMUNITY, GRID_7[:12])),
    QIAN,
    person("chen", always(Role.DISTRICT_OFFICE, DISTRICT)),
    person("zhou", always(Role.INSPECTOR, DISTRICT)),
    person("lu", always(Role.LEADING_GROUP, DISTRICT)),
    XU,
]
ROLES = {who.id: who.grants[0].role for who in PEOPLE}
SHAS = ["3f" * 32, "4e" * 32]
HERE = {"lat": 42.0, "lon": 121.6, "crs": "wgs84"}
OTHER = CASE[:-1] + ("0" if CASE[-1] != "0" else "1")
#: What ends a case at once is rarely wanted, else nothing would ever come far.
_ENDS = frozenset({"refuse", "merge"})
#: Of so many acts one is whatever comes to mind, and one an ending.
_RARELY = 8


class Ledger(Archive):
    """A desk with clocks, at which a case was reported."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.asked_ms = 0
        calendar = Calendar(Official())
        self.clocks = lambda received_ms: Timekeeping(calendar, (), received_ms)
        case = {
            "source": source, "problem_class": "exposed_garbage", "severity": "minor", "found_at": instant(MORNING),
            "position": HERE,
        }  # fmt: skip
        self.do(LI, "create", "case", CASE, set=case)
        self.do(QIAN, "create", "case", OTHER, set=case)

    def act(self, who: Person, name: str, lag: int, variant: int) -> str:
        """Let somebody take an act, having seen the case as it was *lag* numbers ago; return what became of it."""
        act = {"name": name} | self._brought(name, variant)
        if name == "submit":
            photo = {
                "sha256": f"{self.now_ms:064x}",
                "role": "after",
                "taken_at": instant(self.now_ms),
                "position": HERE,
            }
            self.do(LI, "patch", "case", CASE, base=self.version(CASE), add={"photos": [photo]})
        self.asked_ms = self.now_ms
        return self.do(who, "act", "case", CASE, base=max(self.version(CASE) - lag, 1), act=act)

    def _brought(self, name: str, variant: int) -> dict[str, Any]:
        known, details = MACHINE.acts[name], {}
        answers: dict[str, Any] = {
            "lead": [GRID_7, URBAN, DISTRICT][variant % 3], "assist": [URBAN], "owner": LI.id,
            "measure": f"清理 {variant}",
            "due_at": instant(self.now_ms + 30 * HOUR), "until": instant(self.now_ms + (6 + variant) * HOUR),
            "review_on": day_of(self.now_ms + 40 * 24 * HOUR), "found": variant, "project": "道路改造",
            "code": ["not_done", "false"][variant % 2], "reply_by": "2020-12-31", "suggested": URBAN,
            "no_fix_reason": "indoors",
        }  # fmt: skip
        for place, (detail, shape) in enumerate(known.takes.items()):
            if shape.required or (variant + place) % 2:
                details[detail] = answers[detail]
        brought: dict[str, Any] = {"details": details, "evidence": SHAS[variant % 2 :]}
        return brought | {"reason": "理由", **({"into": OTHER} if known.needs_into else {})}


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1 << 16), st.sampled_from([0, 0, 1, 3]), st.integers(0, 3),
        st.sampled_from([1_000, 1_000, HOUR, 5 * HOUR, 26 * HOUR]),
    ),
    min_size=4, max_size=30,
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["check", "city"]), STEPS)
def test_no_act_is_ever_lost(source: str, steps: list[Any]) -> None:
    """Each stands in the timeline or among the late acts, once; or it was refused, and changed nothing."""
    ledger, taken = Ledger(source), []
    for choice, lag, variant, pause in steps:
        ledger.now_ms += pause
        who, name = chosen(ledger.fields(CASE), choice)
        before = ledger.fields(CASE) | {"photos": None}
        outcome = ledger.act(who, name, lag, variant)
        at = ledger.asked_ms
        if outcome in ("applied", "merged", "conflict"):
            taken.append((name, [at, 0], who.id))
        else:
            assert outcome in ("not_in_charge", "not_allowed"), outcome
            assert ledger.fields(CASE) | {"photos": None} == before
        holds_together(ledger.fields(CASE))
    kept = [(one["act"], one["at"], one["by"]) for one in everything(ledger.fields(CASE))]
    assert sorted(kept) == sorted(taken)
    ledger.holds(CASE)


def chosen(fields: dict[str, Any], choice: int) -> tuple[Person, str]:
    """Return what somebody does: mostly what is open to his role and leads on."""
    acts = [(who, act) for who in PEOPLE for act in open_to(MACHINE, fields, fields["status"], ROLES[who.id])]
    on = [(who, act.name) for who, act in acts if act.target and act.name not in _ENDS]
    beside = [(who, act.name) for who, act in acts]
    every = [(who, name) for who in PEOPLE for name in MACHINE.acts]
    kind, choice = choice % _RARELY, choice // _RARELY
    pool = every if kind == 0 else beside if kind == 1 else on
    pool = pool or beside or every
    return pool[choice % len(pool)]


def everything(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [*fields.get(TIMELINE, []), *fields.get("late_acts", [])]


def holds_together(fields: dict[str, Any]) -> None:
    """Make sure that the states follow from each other, and that the case says nothing it cannot mean."""
    moving = [one for one in fields.get(TIMELINE, []) if one["from"] != one["to"]]
    states = ["reported", *(one["to"] for one in moving)]
    assert [one["from"] for one in moving] == states[:-1]
    assert fields["status"] == states[-1]
    handlers = fields.get("handlers", [])
    assert fields.get("verified_by") not in handlers or fields["status"] not in ("verified", "closed")
    assert fields.get("closed_by") not in handlers
    assert (fields["status"] == "closed") == ("closed_at" in fields)
    if fields["status"] in ("dispatched", "handling"):
        assert fields["lead"]
        assert fields["due_at"]
    if fields["status"] in ("reported", "accepted"):
        assert "due_at" not in fields
    assert fields.get("return_count", 0) == sum(one["act"] == "return" for one in fields.get(TIMELINE, []))
    assert fields.get("merged_into") == (OTHER if fields["status"] == "merged" else None)
    signed = fields.get("first_signature")
    assert signed is None or signed["by"] != fields.get("closed_by")
