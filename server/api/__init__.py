"""Thin blueprints: parse, call a use-case, answer. The only part that knows Flask's request."""

from flask import Flask

from server.api import (
    cases,
    channels,
    conflicts,
    coverage,
    day_reports,
    devices,
    digest,
    docs,
    documents,
    escalations,
    hotline,
    instructions,
    manners,
    office_reports,
    photo_matches,
    photos,
    problems,
    public,
    quarantine,
    rank_lists,
    record_photos,
    reminders,
    report_page,
    rescue,
    snapshots,
    sync,
    waiting,
)

_PARTS = (
    sync,
    devices,
    conflicts,
    cases,
    coverage,
    day_reports,
    documents,
    escalations,
    waiting,
    quarantine,
    snapshots,
    digest,
    rescue,
    photos,
    photo_matches,
    record_photos,
    public,
    office_reports,
    hotline,
    instructions,
    rank_lists,
    manners,
    reminders,
    channels,
)


def register_api(app: Flask) -> None:
    """Hang every blueprint into *app*, with errors as problems and the interface at ``/docs``."""
    problems.register(app)
    blueprints = tuple(part.blueprint for part in _PARTS)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    report_page.register(app)
    docs.register(app, blueprints)
