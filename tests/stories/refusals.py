"""What lies in quarantine, and clerks who let it in."""

from server.core.readmission import Asked
from server.storage.quarantine import Refused, Wanted
from server.usecases.at_the_desk import Desk, desk_of
from server.usecases.manage_people import find_person
from server.usecases.readmit import Readmission, readmit
from tests.server.office import DISTRICT, person_id
from tests.stories.town import Town


def kept(town: Town) -> list[Refused]:
    """Return what waits in quarantine, in the order of the numbers."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        return sorted(work.quarantine.find(Wanted()), key=lambda row: (row.received_ms, row.n))


def sits(town: Town, name: str) -> Desk:
    """Return the desk in the office at which somebody sits."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        return desk_of(work, find_person(work, person_id(name)))


def let_in(town: Town, clerk: str, refused: str, *, place_was_his: bool = False) -> Readmission:
    """Let somebody in the office let one in."""
    asked = Asked(place_was_his, "当日在岗")
    return readmit(town.office.store, sits(town, clerk), refused, None, asked, town.now_ms)
