"""
The app factory 应用: the only file that knows every part and puts them together.
"""

from flask import Flask

from server.api import register_api
from server.settings import Settings
from server.storage.engine import engine_options
from server.storage.store import Store
from server.storage.tables import db


def create_app(settings: Settings) -> Flask:
    """
    Return the server as a WSGI application.

    The database must have been migrated; see ``server.storage.migrate``.
    """
    app = Flask("gridward")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        GRIDWARD=settings,
    )
    db.init_app(app)
    with app.app_context():
        app.extensions["gridward"] = Store(db.engine)
    register_api(app)
    return app
