"""
The photo store for the commands 照片库: opening it, and telling what is wrong with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from server.settings import Settings
from server.storage.depot import Depot, DepotFull, DepotTrouble
from server.storage.depot.choosing import Misnamed, depot_of
from server.usecases.mistakes import Mistake


@contextmanager
def opened_depot(settings: Settings) -> Iterator[Depot]:
    """
    Yield where photos lie.

    Raises:
        Mistake: It is misnamed, or cannot do its work just now.
    """
    try:
        yield depot_of(settings)
    except Misnamed as error:
        raise Mistake(error.zh, error.en) from error
    except DepotFull as error:
        raise Mistake(
            "照片库所在的磁盘满了；请腾出空间后再试。", "The photo store is full: free some space and try again."
        ) from error
    except DepotTrouble as error:
        raise Mistake(
            "照片库暂时不能用；请检查 GRIDWARD_PHOTOS 所指的文件夹或存储服务，稍后再试。",
            "The photo store cannot be used just now: look at what GRIDWARD_PHOTOS names, and try again later.",
        ) from error
