"""
The two servers that are measured, each under the same gunicorn: Gridward, and the floor.

The floor is what anybody would write first: Flask, the same derived validation, one bulk insert, one
commit a body, and where records are asked for, one select. It checks no token, scores and merges
nothing, keeps no history and knows no views.
"""

import os
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask, Response, request
from msgspec import Raw, Struct
from sqlalchemy import create_engine

from schemas import packing, wire
from schemas.gates import gate_of
from schemas.mutations import Mutation
from schemas.registry import TYPES
from server.app import create_app
from server.commands.serving import tune_interpreter
from server.settings import Settings
from server.storage.engine import engine_options

FLOOR_TABLE = """
    CREATE TABLE IF NOT EXISTS floor (
        district text, id text, type text, grid text, n bigint, "by" text, at_ms bigint, fields text,
        PRIMARY KEY (district, id))
"""
_READ = "SELECT fields FROM record WHERE district = %s ORDER BY version LIMIT %s"
_COPY = 'COPY floor (district, id, type, grid, n, "by", at_ms, fields) FROM STDIN'


def gridward() -> Flask:
    """Return Gridward over the database that the environment names."""
    app = create_app(Settings.from_environment())
    tune_interpreter()
    return app


class Body(Struct):
    """The part of a sync request that the floor reads."""

    mutations: list[Mutation] = []
    limit: int = 0


_decode = msgspec.json.Decoder(Body).decode


def floor() -> Flask:
    """Return the floor over the database that the environment names."""
    app = Flask("floor")
    tune_interpreter()
    url = os.environ["GRIDWARD_DATABASE_URL"]
    engine = create_engine(url, **engine_options(url))

    @app.post("/v1/sync")
    def take() -> Response:
        encoding = request.headers.get("Content-Encoding")
        body = _decode(packing.unpack(request.get_data(), encoding, wire.MAX_BODY_INFLATED))
        with engine.begin() as connection:
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
                for m in body.mutations:
                    if not gate_of(TYPES[m.type]).fits_create(m.set):
                        raise ValueError("the benchmark's own mutation is not good")
                    fields = wire.encode(m.set).decode()
                    copy.write_row(("210902", m.id, m.type, m.grid, m.n, m.by, m.at[0], fields))
            rows = connection.exec_driver_sql(_READ, ("210902", body.limit)).all() if body.limit else []
        answer = wire.encode({"taken": len(body.mutations), "records": [Raw(row[0].encode()) for row in rows]})
        packed, encoding = packing.pack(answer, request.headers.get("Accept-Encoding", ""))
        headers = {"Content-Encoding": encoding} if encoding else {}
        return Response(packed, mimetype="application/json", headers=headers)

    @app.post("/v1/idle")
    def idle() -> Response:
        wire.decode_json(request.get_data())
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT n FROM floor WHERE district = %s AND id = %s", ("210902", ""))
            return Response(wire.encode({"found": found.scalar()}), mimetype="application/json")

    return app


def shelf() -> Flask:
    """Return the floor for files: what is put is on the disk under its name, and nobody asks what it is."""
    app = Flask("shelf")
    tune_interpreter()
    folder = Path(os.environ["GRIDWARD_PHOTOS"])

    @app.put("/<name>")
    def put(name: str) -> tuple[str, int]:
        with (folder / name).open("wb") as file:
            file.write(request.get_data())
            file.flush()
            os.fsync(file.fileno())
        return "", 204

    return app


def unpacked(mutations: list[bytes], install: str, **parts: Any) -> bytes:
    """Return the body of a sync that pushes *mutations*."""
    body = {"protocol": 1, "install": install, **parts, "mutations": [Raw(raw) for raw in mutations]}
    return msgspec.json.encode(body)
