"""Every "no" is told in both languages, with what to do next."""

import re
import string
from typing import Any

import pytest

from schemas.problems import KINDS, ProblemKind, Refusal

CHINESE = re.compile("[\u4e00-\u9fff]")


def placeholders(sentence: str) -> set[str]:
    """Return the names in braces in *sentence*; what is told in two languages has two names."""
    names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
    return {name.removesuffix("_zh").removesuffix("_en") for name in names}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_every_problem_speaks_both_languages(kind: ProblemKind) -> None:
    for sentence in (kind.zh, kind.next_zh):
        assert CHINESE.search(sentence) or "_zh}" in sentence
    for sentence in (kind.en, kind.next_en):
        assert sentence
        assert not CHINESE.search(sentence)
    assert re.fullmatch("[a-z_]+", kind.code)
    assert 400 <= kind.status < 600


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_both_languages_tell_the_same_details(kind: ProblemKind) -> None:
    assert placeholders(kind.en) == placeholders(kind.zh)
    details: dict[str, Any] = {
        f"{name}{ending}": "42" for name in placeholders(kind.zh) for ending in ("", "_zh", "_en")
    }
    told = Refusal(kind.code, **details).body()
    for key in ("message_zh", "message_en", "next_zh", "next_en"):
        assert "{" not in told[key]


def test_codes_are_not_given_twice() -> None:
    from schemas import problems

    assert len(problems._ALL) == len(KINDS)


def test_a_refusal_is_told_even_when_its_details_are_missing() -> None:
    told = Refusal("unknown_type").body()
    assert told["message_en"] == "Unknown record type '{type}'."


def test_a_refusal_told_again_says_the_same() -> None:
    """What filled its sentences is forgotten by then, and may have had braces in it."""
    for refusal in (
        Refusal("photo_too_many_pixels", limit=32),
        Refusal("invalid_fields", errors={"items.A1": [{"zh": "缺", "en": "missing"}]}),
        Refusal("malformed_body", why="{0} {limit} %s"),
        Refusal("outside_area"),
    ):
        again = Refusal.again(refusal.body())
        assert (again.body(), again.kind.status) == (refusal.body(), refusal.kind.status)


def test_a_refusal_carries_what_is_wrong_with_each_field() -> None:
    errors = {"items.A1": [{"code": "range", "zh": "应在 0 至 5 之间", "en": "must lie between 0 and 5"}]}
    assert Refusal("invalid_fields", errors).body()["errors"] == errors
