"""The ledger as documents, for the server's tests: a district, cases, and programs that open what went out."""

import io
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import update

from schemas.directory import area_id
from schemas.ids import derived_id
from server.core.importing.wanted import Wanted
from server.storage.tables import PersonRow
from server.usecases.bring_in import bring_in
from tests.server.clerks import HOUR, MORNING, Clock
from tests.server.ledger_desk import PLACE, at_the_ledger
from tests.server.office import (
    COMMUNITY,
    DISTRICT,
    ELSEWHERE,
    GRID_7,
    GRID_8,
    STREET,
    Office,
    RawDevice,
    open_office,
    person_id,
)
from tests.server.photographs import Porter, picture, sha256

AREAS = {
    DISTRICT: "海州区",
    STREET: "河北街道",
    ELSEWHERE[:9]: "五龙街道",
    COMMUNITY: "兴隆社区",
    ELSEWHERE[:12]: "建设社区",
    GRID_7: "第七网格",
    GRID_8: "第八网格",
    ELSEWHERE: "第一网格",
}
_LEVELS = {6: "district", 9: "street", 12: "community", 15: "grid"}
PHONES = {"zhao": "13904185678", "qian": "0418-2826000"}
BEFORE, AFTER = picture("before"), picture("after")
#: What somebody may write who wants a spreadsheet to obey him.
FORMULAS = ("=1+1", "=HYPERLINK(\"http://example.org\",\"x\")", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1+1", "'=1+1",
            "http://example.org/a", "001", "1e5")  # fmt: skip


@dataclass
class Shelf:
    """An office, its clock, and people who take documents out."""

    office: Office
    clock: Clock

    def case(self, name: str, who: str = "li", grid: str = GRID_7, **more: Any) -> str:
        """Let somebody report something, and return the case's id."""
        id_ = derived_id("sheet-case", name)
        device = self.tablet(who)
        found = {"source": "check", "problem_class": "exposed_garbage", "severity": "minor", "position": PLACE}
        found |= {
            "found_at": "2020-07-18T08:00:00+08:00",
            "place_text": "中华路12号门前",
            "description": "便道有积存垃圾",
        }
        [outcome] = device.push(device.mutation("create", "case", id_, grid=grid, set=found | more))
        assert outcome.outcome == "applied", outcome
        return id_

    def tablet(self, who: str) -> RawDevice:
        """Return a new device of somebody, by this morning's clock."""
        device = self.office.device(who)
        device.clock_ms = self.clock.ms - HOUR
        return device

    def photographed(self, case: str, *photos: tuple[bytes, str], who: str = "li", brought: bool = True) -> None:
        """Add photos with their roles to a case; their originals come too where they are *brought*."""
        device = self.tablet(who)
        record = self.office.record(case)
        assert record is not None
        named = [{"sha256": sha256(photo), "role": role, "taken_at": "2020-07-18T10:00:00+08:00", "position": PLACE}
                 for photo, role in photos]  # fmt: skip
        device.push(device.mutation("patch", "case", case, base=record.version, add={"photos": named}))
        for photo, _ in photos if brought else ():
            assert Porter(device).deliver(case, photo) == "verified"

    def struck_off(self, case: str) -> None:
        """Let a case go all the way: accepted, dispatched to the street, put right, verified, struck off."""
        self.photographed(case, (BEFORE, "before"), (AFTER, "after"))
        qian, zhao, feng = (at_the_ledger(self.office, name) for name in ("qian", "zhao", "feng"))
        qian.do("accept", case)
        self.clock.ms += 60_000
        qian.do("dispatch", case, details={"lead": STREET, "owner": person_id("zhao")})
        zhao.do("sign", case)
        self.clock.ms += 2 * HOUR
        zhao.do("submit", case, evidence=[sha256(AFTER)], details={"measure": "已清运"})
        feng.do("pass", case)
        qian.do("close", case)

    def out(self, who: str, asked: str = "") -> Any:
        """Let somebody take a document out, and return the raw response."""
        token = self.office.device(who).token
        client = self.office.app.test_client()
        return client.get(f"/v1/documents/ledger{asked}", headers={"Authorization": f"Bearer {token}"})

    def sheet(self, who: str, asked: str = "") -> Worksheet:
        """Let somebody take the workbook out, and return its sheet as it is opened elsewhere."""
        return sheet_of(good_bytes(self.out(who, asked)))

    def exports(self, who: str) -> Any:
        """Return what somebody is told of the documents that went out, as a raw response."""
        told = {"Authorization": f"Bearer {self.office.device(who).token}"}
        return self.office.app.test_client().get("/v1/documents/exports", headers=told)


def open_shelf(url: str) -> Shelf:
    """Return a district with a directory, a campaign and telephones, at 08:00 of 2020-07-18."""
    clock = Clock(MORNING + HOUR)
    office = open_office(url, clock)
    wanted = [Wanted("area", area_id(code), DISTRICT, {"code": code, "name": name, "level": _LEVELS[len(code)]})
              for code, name in AREAS.items()]  # fmt: skip
    campaign = {"kind": "hygienic_city", "name": "百日会战", "start_on": "2020-07-15", "end_on": "2020-10-23"}
    bring_in(office.store, DISTRICT, [*wanted, Wanted("campaign", derived_id("war"), DISTRICT, campaign)], clock.ms)
    with office.store.engine.begin() as connection:
        for name, phone in PHONES.items():
            connection.execute(update(PersonRow).where(PersonRow.id == person_id(name)).values(phone=phone))
    return Shelf(office, clock)


def good_bytes(response: Any) -> bytes:
    """Return the bytes of a good answer."""
    data: bytes = response.get_data()
    assert response.status_code == 200, data.decode()
    return data


def sheet_of(data: bytes) -> Worksheet:
    """Return the sheet of a workbook."""
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def by_title(sheet: Worksheet, row: int = 4) -> dict[str, Any]:
    """Return the cells of one row by the headings of row 3."""
    titles = [cell.value for cell in sheet[3]]
    return {str(title): cell.value for title, cell in zip(titles, sheet[row], strict=True)}


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    """Return the rows between the headings and the totals."""
    return [by_title(sheet, row) for row in range(4, sheet.max_row - 1)]


def at(text: str) -> datetime:
    """Return a moment as a spreadsheet keeps it."""
    return datetime.fromisoformat(text)


def converted(files: Sequence[Path], kind: str) -> list[Path]:
    """Let LibreOffice convert files of one folder, in a profile of its own; the test is skipped where there is none."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no LibreOffice (soffice) on this machine")
    folder = files[0].parent
    command = [program, f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", kind,
               "--outdir", str(folder / "converted"), *map(str, files)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return [folder / "converted" / f"{file.stem}.{kind.partition(':')[0]}" for file in files]
