"""
Make a district known to this database 建立部署: its name, its epoch, the key that signs its cursors.
"""

import secrets

from schemas import grid
from schemas.grid import Level
from server.storage.store import Place, Store
from server.storage.unit_of_work import retrying
from server.usecases.begin_epoch import new_epoch
from server.usecases.mistakes import Mistake

_KEY_BYTES = 32


def begin_district(store: Store, district: str, name: str) -> Place:
    """
    Return the deployment of *district*, made now where there is none; an existing one stays as it is.

    Raises:
        Mistake: *district* is no code of a district, or *name* is empty.
    """
    if not grid.is_code(district) or grid.level_of(district) is not Level.DISTRICT:
        raise Mistake(f"“{district}”不是 6 位区县代码。", f"'{district}' is not a district's 6 digits.")
    if not name.strip():
        raise Mistake("缺少区县名称。", "The district needs a name.")
    return retrying(lambda: _attempt(store, district, name.strip()))


def _attempt(store: Store, district: str, name: str) -> Place:
    before = store.places().get(district)
    if before is not None:
        return before
    place = Place(district, new_epoch(), secrets.token_bytes(_KEY_BYTES), name)
    with store.work(district) as work:
        work.people.begin(place.epoch, place.cursor_key, place.name)
        work.commit()
    return place
