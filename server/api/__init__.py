"""Thin blueprints: parse, call a use-case, answer. The only part that knows Flask's request."""

from flask import Flask
from flask_smorest import Api

from server.api import (
    conflicts,
    devices,
    digest,
    docs,
    photo_matches,
    photos,
    problems,
    quarantine,
    record_photos,
    rescue,
    snapshots,
    specs,
    sync,
)

VERSION = "v1"


def register_api(app: Flask) -> None:
    """Hang every blueprint into *app*, with errors as problems and the interface at ``/docs``."""
    app.config.update(
        API_TITLE="Gridward 网格卫",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/docs",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Api(app)
    specs.describe(api)
    problems.register(app)
    api.register_blueprint(sync.blueprint)
    api.register_blueprint(devices.blueprint)
    api.register_blueprint(conflicts.blueprint)
    api.register_blueprint(quarantine.blueprint)
    api.register_blueprint(snapshots.blueprint)
    api.register_blueprint(digest.blueprint)
    api.register_blueprint(rescue.blueprint)
    api.register_blueprint(photos.blueprint)
    api.register_blueprint(photo_matches.blueprint)
    api.register_blueprint(record_photos.blueprint)
    docs.register(app, api)
