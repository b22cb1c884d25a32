"""
What was decided, in one sentence that people understand 告知: what is kept, whose it is, why, and where the rest is.

Pure, and never an exception: where a decision lacks something, a shorter sentence that is true is said
instead. The sentences themselves stand in ``sentences``.
"""

import re
from collections.abc import Mapping
from typing import Any

from schemas.fields import UUID_PATTERN
from schemas.rules import CLOCK_UNCERTAIN
from schemas.telling.facts import Settled, Told
from schemas.telling.sentences import OTHERWISE, REOPENED_PAIR, SENTENCES, SETTLED, SETTLED_OTHERWISE, UNCERTAIN, Pair
from schemas.telling.words import LANGS, About

__all__ = ["About", "sentence", "settled_sentence"]


def sentence(decision: Mapping[str, Any], about: About) -> tuple[str, str]:
    """
    Return what *decision* says, in Chinese and in English.

    Args:
        decision: As it is told: ``field``, ``rule``, ``reason``, ``outcome``, ``certainty``, ``kept``,
            ``others``, ``facts``. What is missing, or is not as it should be, is passed over.
        about: The record.
    """
    templates = (_template(decision), *OTHERWISE)
    also = [UNCERTAIN] if decision.get("certainty") == CLOCK_UNCERTAIN else []
    zh, en = (Told(decision, about, lang).filled(templates, also) for lang in LANGS)
    return zh, en


def settled_sentence(settlement: Mapping[str, Any], about: About, field: str = "") -> tuple[str, str]:
    """
    Return how a dispute ended, in Chinese and in English.

    Args:
        settlement: ``by``, ``at_ms``, ``choice`` (``mutations.CHOICES``, or ``edit``, ``void``, ``apart``),
            and where there are any ``reason`` and ``value``, which is what the field says now.
        about: The record.
        field: The field that was in dispute; of a pair, the other record's id.
    """
    choice = settlement.get("choice")
    known = SETTLED.get(choice, SETTLED_OTHERWISE) if isinstance(choice, str) else SETTLED_OTHERWISE
    if choice == "reopen" and re.fullmatch(UUID_PATTERN, field):
        known = REOPENED_PAIR
    zh, en = (Settled(settlement, about, field, lang).filled((known, SETTLED_OTHERWISE)) for lang in LANGS)
    return zh, en


def _template(decision: Mapping[str, Any]) -> Pair:
    rule, reason = (word if isinstance(word, str) else "" for word in (decision.get("rule"), decision.get("reason")))
    if decision.get("outcome") == "open":
        return SENTENCES["", "a_person_decides"]
    keys = ((rule, reason), (rule, ""), ("", reason))
    return next((SENTENCES[key] for key in keys if key in SENTENCES), OTHERWISE[0])
