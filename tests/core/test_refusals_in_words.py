"""What a tablet is told in English holds no Chinese: whose business a thing is stands in both languages."""

import re
from collections.abc import Callable

import pytest

from schemas.mutations import Mutation
from schemas.problems import Refusal, Words
from schemas.roles import Role
from server.core import photo_access, readmission
from server.core.admission import acting_role
from server.values import Grant, Person
from tests.core.desk import CASE, DISTRICT, GRID_7, LI, MORNING

_CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
CREATED = Mutation(n=1, op="create", type="case", id=CASE, grid=GRID_7, at=(MORNING, 0), by="p", base=0)
NOBODY = Person("p", "某人", (Grant(Role.PUBLIC, DISTRICT, 0, None),))


def refused(ask: Callable[[], object]) -> Refusal:
    """Return the refusal that *ask* meets with."""
    with pytest.raises(Refusal) as refusal:
        ask()
    return refusal.value


@pytest.mark.parametrize(
    ("ask", "zh", "en"),
    [
        (lambda: photo_access.check("views", LI, GRID_7, MORNING), "街道、区创卫办、督查员", "street office, "),
        (lambda: photo_access.check("redact", LI, GRID_7, MORNING), "打码", "redact"),
        (lambda: readmission.check_judge(NOBODY, Role.COMMUNITY, GRID_7, MORNING), "须社区及以上", "community office"),
        (lambda: acting_role(NOBODY, CREATED, GRID_7, MORNING), "新建问题", "create a case"),
    ],
)  # fmt: skip
def test_each_half_speaks_its_own_language(ask: Callable[[], object], zh: str, en: str) -> None:
    """Roles by their names, in Chinese and in English, never the one within the other."""
    told = refused(ask).body()
    assert told["code"] == "not_allowed"
    assert zh in told["message_zh"]
    assert en in told["message_en"]
    assert not _CHINESE.search(told["message_en"])
    assert not _CHINESE.search(told["next_en"])


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_an_english_name(role: Role) -> None:
    """Plain words, as no code is written."""
    assert re.fullmatch("[a-z ]+", role.en)


def test_words_fill_each_sentence_in_its_language() -> None:
    """What is no pair of words stands in both as it is."""
    refusal = Refusal("not_allowed", what=Words("查看", "look"))
    assert refusal.message_zh.endswith("查看")
    assert refusal.message_en.endswith("look")
    assert Refusal("not_allowed", what="x").message_zh.endswith("x")
