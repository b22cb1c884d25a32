"""
The log of deliveries 投递记录: what went out by which channel, and what became of it, page by page.
"""

from collections.abc import Mapping

from msgspec import Struct

from schemas.explain import fault
from schemas.moments import instant
from schemas.problems import Refusal
from server.storage.deliveries import Delivery, Sought
from server.storage.unit_of_work import UnitOfWork

MAX_LIMIT = 200
MAX_AFTER = 80
#: What a delivery comes to.
STATES: Mapping[str, str] = {
    "waiting": "待发", "sending": "发送中", "sent": "已发", "failed": "失败", "dropped": "未发",
}  # fmt: skip
#: Why one failed or was not sent; further ones are ``http_…`` and ``robot_…`` with the code that was answered.
PROBLEMS: Mapping[str, str] = {
    "not_configured": "未配置地址 no address is set",
    "address_wrong": "地址不对 the address is none of this kind",
    "secret_missing": "缺少签名密钥 no secret to sign with",
    "unreachable": "连不上 not reached",
    "tls": "证书有问题 a certificate is wrong",
    "timeout": "对方无应答 no answer in time",
    "too_fast": "对方限速 too fast for the robot",
    "answer_unclear": "应答看不懂（可能被网关拦截）no robot's answer; a gateway may stand between",
    "mail_login": "邮箱登录失败 the mail server did not let us in",
    "mail_refused": "邮件被拒收 the mail server refused it",
    "broken": "发送程序出错 the sending program stumbled",
    "too_late": "超过一天，放弃 given up after a day",
    "closed": "渠道已关闭 the channel was closed",
    "personal_phone": "含电话号码，不发群 a telephone number: not for a group",
    "personal_plate": "含车牌号，不发群 a number plate: not for a group",
    "personal_identity": "含证件号，不发群 an identity number: not for a group",
}


class ListedDelivery(Struct, frozen=True):
    """
    One message and what became of it.

    Attributes:
        person: Whose channel it is; None: a group's.
        title, body: None for whoever reads no business data.
        next_at: When it is tried next.
        problem, problem_told: Why the last attempt failed.
    """

    id: str
    channel: str
    person: str | None
    about: str | None
    critical: bool
    title: str | None
    body: str | None
    made_at: str
    state: str
    attempts: int
    next_at: str | None
    ended_at: str | None
    problem: str | None
    problem_told: str | None


class DeliveryPage(Struct, frozen=True):
    """One page, the newest first; ``after`` asks for the next one."""

    deliveries: list[ListedDelivery]
    after: str | None


def list_deliveries(work: UnitOfWork, sought: Sought, *, whole: bool) -> DeliveryPage:
    """
    Return the deliveries that *sought* describes.

    Args:
        whole: False: how they fared, and not what they said nor to whom.
    """
    rows = work.deliveries.find(sought._replace(limit=sought.limit + 1))
    page = rows[: sought.limit]
    names = work.people.names({one.person for one in page if one.person})
    after = f"{page[-1].made_ms}.{page[-1].id}" if len(rows) > sought.limit else None
    return DeliveryPage([_listed(one, names, whole=whole) for one in page], after)


def after_of(text: str) -> tuple[int, str]:
    """
    Return what the ``after`` of a page says.

    Raises:
        Refusal: ``invalid_request``.
    """
    made, _, id_ = text.partition(".")
    if not (made.isascii() and made.isdigit() and len(made) <= 16 and id_):
        raise Refusal("invalid_request", fault("invalid", "不是上一页给出的", "is not what a page gave", "after"))
    return int(made), id_


def problem_told(problem: str | None) -> str | None:
    """Return what the kind of failure *problem* means."""
    if problem is None or problem in PROBLEMS:
        return problem and PROBLEMS[problem]
    kind, _, code = problem.partition("_")
    return f"机器人拒收，错误码 {code} the robot refused it: {code}" if kind == "robot" else f"HTTP {code}"


def _listed(one: Delivery, names: Mapping[str, str], *, whole: bool) -> ListedDelivery:
    return ListedDelivery(
        id=one.id, channel=one.channel, person=names.get(one.person or "") if whole else None, about=one.about,
        critical=one.critical, title=one.title if whole else None, body=one.body if whole else None,
        made_at=instant(one.made_ms), state=one.state, attempts=one.attempts,
        next_at=None if one.next_ms is None else instant(one.next_ms),
        ended_at=None if one.ended_ms is None else instant(one.ended_ms),
        problem=one.problem, problem_told=problem_told(one.problem),
    )  # fmt: skip
