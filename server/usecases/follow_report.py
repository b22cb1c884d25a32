"""
Tell a reporter what became of his report 随手拍查询, by his code alone.

The after-photo is shown once the office has published a copy of it 公开件: what leaves the office shows no face
and no plate.
"""

from typing import NamedTuple

from schemas.moments import instant
from schemas.problems import Refusal
from schemas.records import Fields
from server.core.sources import codes, standing
from server.core.sources.standing import PUT_RIGHT, Standing
from server.storage.depot import keys
from server.storage.public_reports import PublicReport
from server.storage.unit_of_work import UnitOfWork
from server.usecases.show_photos import redactions_of
from server.values import Record


class Followed(NamedTuple):
    """How a report stands; ``picture`` is the key of the published after-photo, where there is one."""

    report: PublicReport
    standing: Standing
    picture: str | None

    def told(self) -> Fields:
        """Return what its reporter reads."""
        return {
            "kind": self.report.kind, "received_at": instant(self.report.at_ms),
            "state": self.standing.state, "zh": self.standing.zh, "en": self.standing.en,
            "has_photo": self.picture is not None,
        }  # fmt: skip


def follow_report(work: UnitOfWork, code: str) -> Followed:
    """
    Return how the report stands whose code somebody typed as *code*.

    Raises:
        Refusal: ``report_unknown``; the same for what cannot be a code.
    """
    signs = codes.read_code(code)
    report = work.public_reports.by_code(codes.hash_of(work.district, signs)) if signs else None
    if report is None:
        raise Refusal("report_unknown")
    if report.kind == "suggestion":
        return Followed(report, standing.of_suggestion(report.answer, report.reply), None)
    case = work.records.get([report.id]).get(report.id)
    if case is None:
        # Taken, and its database put back to an older backup since.
        raise Refusal("report_unknown")
    main = standing.followed(case.fields, lambda id_: work.records.get([id_]).get(id_)) or case
    told = standing.of_case(main.fields, void=main.void)
    return Followed(report, told, _picture(work, main) if told.state == PUT_RIGHT else None)


def _picture(work: UnitOfWork, case: Record) -> str | None:
    after = [photo["sha256"] for photo in case.fields.get("photos", ()) if photo["role"] == "after"]
    drawn = redactions_of(work, case, after)
    latest = [drawn[sha256][0] for sha256 in after if sha256 in drawn]
    return keys.published(work.district, latest[-1].id) if latest else None
