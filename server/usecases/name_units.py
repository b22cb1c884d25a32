"""
What units are called 单位名称: a place by its area's name, any other as it was entered.
"""

from collections.abc import Iterable

from schemas import grid
from schemas.directory import area_id
from schemas.units import departments, is_unit_code, named_department, unit_id
from server.storage.unit_of_work import UnitOfWork


def unit_names(work: UnitOfWork, codes: Iterable[str]) -> dict[str, str]:
    """
    Return the names of those of the units *codes* that are known, by code.

    Neither a place nor a unit nobody has entered is called anything; whoever shows it shows the code.
    """
    wanted = set(codes)
    by_id = {unit_id(work.district, code): code for code in wanted}
    by_id |= {area_id(code): code for code in wanted if grid.is_code(code)}
    found = work.records.get(by_id)
    names = {code: zh for code, zh in departments().items() if code in wanted}
    # What was entered of a unit outranks what the directory says of its place: it comes last.
    for record in sorted(found.values(), key=lambda record: record.type):
        if not record.void and record.type in ("area", "unit"):
            names[by_id[record.id]] = str(record.fields["name"])
    return names


def unit_called(work: UnitOfWork, text: str) -> str:
    """
    Return the code of the unit that people call *text*: a department, a place, or one that was entered.

    What nothing, or more than one thing, is called so is given back as it is, for its field to refuse.
    """
    wanted = text.strip()
    department = named_department(wanted)
    if department is not None or is_unit_code(wanted):
        return department or wanted
    named = work.records.of_types(("area", "unit"))
    found = {str(one.fields["code"]) for one in named if not one.void and one.fields.get("name") == wanted}
    return found.pop() if len(found) == 1 else wanted
