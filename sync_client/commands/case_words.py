"""
Words about cases at the terminal 问题用语: lights, states, time left; and what somebody types for them.
"""

from rich.text import Text

from schemas.lights import LIGHTS, Light
from schemas.moments import ms_of
from schemas.wording import english
from schemas.workflow import STATES
from sync_client.casework import due_is_provisional, is_provisional
from sync_client.commands.voice import BAD, GOOD, QUIET, WAIT, Voice
from sync_client.labels import NotUnderstood
from sync_client.times import moment
from sync_client.values import Record

_STYLES: dict[Light, str] = {"green": GOOD, "yellow": WAIT, "red": BAD, "none": QUIET}
_SIGNS: dict[Light, str] = {"green": "●", "yellow": "▲", "red": "■", "none": "○"}
#: Red first, then yellow.
GRAVITY: tuple[Light, ...] = ("red", "yellow", "green", "none")
_PROVISIONAL = ("暂定", "provisional")


def light_text(voice: Voice, light: Light) -> Text:
    """Return a light as it is shown: a shape of its own, and its word."""
    return Text(f"{_SIGNS[light]} {voice.pick(*LIGHTS[light])}", _STYLES[light])


def state_text(voice: Voice, record: Record) -> str:
    """Return the state a case is in, and whether the office has said so."""
    state = str(record.get("status"))
    word = voice.pick(STATES.get(state, state), english(state))
    return f"{word}{beside(voice)}" if is_provisional(record) else word


def due_text(voice: Voice, record: Record, now: int) -> str:
    """Return until when a case is to be put right, how long that is, and whether the office has fixed it."""
    due = record.get("due_at")
    if due is None:
        return (
            voice.pick("暂定，同步后以平台为准", "provisional; the office fixes it")
            if due_is_provisional(record)
            else "—"
        )
    said = moment(ms_of(due))
    if record.get("status") in ("dispatched", "handling"):
        said += voice.pick(f"，{_span(now, ms_of(due))}", f", {_span_en(now, ms_of(due))}")
    return said + (beside(voice) if due_is_provisional(record) else "")


def beside(voice: Voice) -> str:
    """Return what is said beside something that the office has still to confirm 暂定."""
    return voice.pick(f"（{_PROVISIONAL[0]}）", f" ({_PROVISIONAL[1]})")


def _span(now: int, due: int) -> str:
    hours, minutes = divmod(abs(due - now) // 60_000, 60)
    return f"{'还剩' if due >= now else '已超期'} {hours} 小时 {minutes} 分"


def _span_en(now: int, due: int) -> str:
    hours, minutes = divmod(abs(due - now) // 60_000, 60)
    return f"{hours} h {minutes} min {'left' if due >= now else 'overdue'}"


def state_called(text: str) -> str:
    """
    Return the state called *text*, in either language.

    Raises:
        NotUnderstood: There is none.
    """
    wanted = text.strip()
    for state, zh in STATES.items():
        if wanted in (state, zh):
            return state
    listed = "、".join(f"{zh}（{state}）" for state, zh in STATES.items())
    raise NotUnderstood(f"没有“{text}”这个状态，应为：{listed}。", f"No state '{text}': {', '.join(STATES)}.")


def light_called(text: str) -> Light:
    """
    Return the light called *text*: 红灯, 红 or ``red``.

    Raises:
        NotUnderstood: There is none.
    """
    wanted = text.strip().lower()
    for light in GRAVITY:
        zh, en = LIGHTS[light]
        if wanted in (light, zh, zh.removesuffix("灯"), en):
            return light
    listed = "、".join(f"{LIGHTS[light][0]}（{light}）" for light in GRAVITY)
    raise NotUnderstood(f"没有“{text}”这种亮灯，应为：{listed}。", f"No light '{text}': {', '.join(GRAVITY)}.")
