"""
Whoever signs what no person wrote 系统署名: one author a district, with ids that follow from its code.

His rank is that of nobody: a person's word about a register always outweighs an import.
"""

from schemas.clock import Stamp
from schemas.ids import derived_id
from server.values import Author, Person

#: The install under which the machine's mutations are numbered.
INSTALL = "import"
NAME = "系统导入"


def machine_person(district: str) -> Person:
    """Return the person who stands under imports in *district*; he holds no role and logs in nowhere."""
    return Person(derived_id("person", district, INSTALL), NAME, ())


def machine_device(district: str) -> str:
    """Return the device under which imports into *district* are kept."""
    return derived_id("device", district, INSTALL)


def machine_author(district: str, stamp: Stamp) -> Author:
    """Return the author of what is brought in at *stamp*."""
    return Author(machine_person(district), machine_device(district), None, stamp)
