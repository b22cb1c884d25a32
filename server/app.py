"""
The app factory 应用: the only file that knows every part and puts them together.
"""

import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from server.api import register_api
from server.api.doorkeeper import Doorkeeper
from server.settings import Settings
from server.storage.depot import Depot
from server.storage.depot.choosing import depot_of
from server.storage.engine import engine_options
from server.storage.store import Store
from server.storage.tables import db


def wall_ms() -> int:
    """Return this machine's time in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def create_app(settings: Settings, clock: Callable[[], int] = wall_ms, depot: Depot | None = None) -> Flask:
    """
    Return the server as a WSGI application.

    The database must have been migrated; see ``server.storage.migrate``.

    Args:
        clock: Returns milliseconds since 1970-01-01 UTC.
        depot: Where photos lie; by default where the settings say.
    """
    # As for every command, a relative path of a database begins where we were started.
    app = Flask("gridward", instance_path=str(Path.cwd()))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        GRIDWARD=settings,
        GRIDWARD_CLOCK=clock,
    )
    db.init_app(app)
    with app.app_context():
        app.extensions["gridward"] = Store(db.engine)
    app.extensions["gridward.depot"] = depot or depot_of(settings)
    app.extensions["gridward.door"] = Doorkeeper(settings.syncs_at_once, settings.syncs_waiting)
    register_api(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]
    return app
