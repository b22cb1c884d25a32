"""
The interface for people, at ``/docs`` 接口文档: one plain page made from the OpenAPI document.

It loads nothing from elsewhere: an office network may have no way out.
"""

from functools import cache
from typing import Any

from flask import Flask, Response, render_template_string
from flask_smorest import Api, Blueprint

from schemas import wire
from server.api import body, specs

VERSION = "v1"
_TITLE = "Gridward 网格卫"
_METHODS = ("get", "post", "put", "patch", "delete")


def register(app: Flask, blueprints: tuple[Blueprint, ...]) -> None:
    """Serve the page and, at ``/docs/openapi.json``, the document of *blueprints*."""

    @app.get("/docs")
    def show_interface() -> str:
        return render_template_string(_PAGE, title=_TITLE, calls=_calls(document(blueprints)))

    @app.get("/docs/openapi.json")
    def show_document() -> Response:
        return body.answer(wire.encode(document(blueprints)))


@cache
def document(blueprints: tuple[Blueprint, ...]) -> dict[str, Any]:
    """
    Return the OpenAPI document of *blueprints*.

    Few ask for it and writing it takes as long as all else of a start, so it is written when somebody asks. What
    writes it also hangs pages of its own into an application: this one serves nobody.
    """
    app = Flask("gridward-docs")
    app.config.update(API_TITLE=_TITLE, API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    api = Api(app)
    specs.describe(api)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    scheme = {"type": "http", "scheme": "bearer", "description": "设备令牌 device token"}
    api.spec.components.security_scheme("device", scheme)
    written: dict[str, Any] = api.spec.to_dict()
    return written


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "about": operation,
            "answers": operation.get("responses", {}),
            "parameters": [_parameter(one) for one in operation.get("parameters", ())],
            "members": _members(document, operation),
        }
        for path, operations in document.get("paths", {}).items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return _entry(parameter["name"], parameter.get("schema", {}), parameter, required=parameter.get("required", False))


def _members(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the members of the JSON body that *operation* takes, if it takes one."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    shape = _found(document, body)
    required = shape.get("required", ())
    return [
        _entry(name, member, member, required=name in required) for name, member in shape.get("properties", {}).items()
    ]


def _entry(name: str, shape: dict[str, Any], about: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"name": name, "required": required, "kind": _kind(shape), "about": about.get("description", "")}


def _found(document: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Return the shape that *shape* refers to, or itself."""
    name = shape.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"].get(name, shape)
    return found


def _kind(shape: dict[str, Any]) -> str:
    """Return in a few words what may stand there."""
    if "$ref" in shape:
        return str(shape["$ref"].rpartition("/")[2])
    if "anyOf" in shape:
        return " | ".join(_kind(one) for one in shape["anyOf"])
    if "enum" in shape:
        return " | ".join(map(str, shape["enum"]))
    types = shape.get("type", "")
    words = " | ".join(types) if isinstance(types, list) else str(types)
    spans = [(shape[low], shape[high]) for low, high in _LIMITS if low in shape and high in shape]
    limits = [f"{low}" if low == high else f"{low}–{high}" for low, high in spans]
    inner = f" of {_kind(shape['items'])}" if isinstance(shape.get("items"), dict) else ""
    return words + inner + (f" ({limits[0]})" if limits else "")


_LIMITS = (("minimum", "maximum"), ("minLength", "maxLength"))

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ title }} 接口 API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body { font: 17px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 52rem;
        margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
 h2 { margin-top: 2.2rem; border-bottom: 2px solid #ddd; }
 code { background: #f2f2f2; padding: .1rem .3rem; border-radius: 3px; }
 h3 { margin: .8rem 0 .2rem; font-size: 1rem; }
 .method { display: inline-block; min-width: 4rem; font-weight: 700; color: #0b5394; }
 td { padding: .15rem .8rem .15rem 0; vertical-align: top; }
</style></head><body>
<h1>{{ title }} 接口 API</h1>
<p>机器可读的定义 The definition for machines: <a href="/docs/openapi.json"><code>/docs/openapi.json</code></a>
 (OpenAPI 3.1)。带 <b>*</b> 的必填 required where marked <b>*</b></p>
{% for call in calls %}
<h2><span class="method">{{ call.method }}</span> <code>{{ call.path }}</code></h2>
<p>{{ call.about.summary }}<br>{{ call.about.description }}</p>
{% for heading, entries in (("参数 Parameters", call.parameters), ("请求内容 Body (JSON)", call.members)) if entries %}
<h3>{{ heading }}</h3>
<table>{% for entry in entries %}
<tr><td><code>{{ entry.name }}</code>{% if entry.required %} <b title="必填 required">*</b>{% endif %}</td>
<td>{{ entry.kind }}</td><td>{{ entry.about }}</td></tr>{% endfor %}</table>{% endfor %}
<h3>应答 Answers</h3>
<table>{% for status, answer in call.answers.items() %}
<tr><td><code>{{ status }}</code></td><td>{{ answer.description }}</td></tr>{% endfor %}</table>
{% endfor %}
</body></html>"""
