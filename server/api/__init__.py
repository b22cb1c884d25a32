"""Thin blueprints: parse, call a use-case, answer. The only part that knows Flask's request."""

from flask import Flask

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
    sync,
)

_PARTS = (
    sync,
    devices,
    conflicts,
    quarantine,
    snapshots,
    digest,
    rescue,
    photos,
    photo_matches,
    record_photos,
)


def register_api(app: Flask) -> None:
    """Hang every blueprint into *app*, with errors as problems and the interface at ``/docs``."""
    problems.register(app)
    blueprints = tuple(part.blueprint for part in _PARTS)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    docs.register(app, blueprints)
