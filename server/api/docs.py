"""
The interface for people, at ``/docs`` 接口文档: one plain page made from the OpenAPI document.

It loads nothing from elsewhere: an office network may have no way out.
"""

from typing import Any

from flask import Flask, render_template_string
from flask_smorest import Api

_METHODS = ("get", "post", "put", "patch", "delete")


def register(app: Flask, api: Api) -> None:
    """Serve the page; the document itself stands at ``/docs/openapi.json``."""
    scheme = {"type": "http", "scheme": "bearer", "description": "设备令牌 device token"}
    api.spec.components.security_scheme("device", scheme)

    @app.get("/docs")
    def show_interface() -> str:
        return render_template_string(_PAGE, title=api.spec.title, calls=_calls(api.spec.to_dict()))


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, "about": operation, "answers": operation.get("responses", {})}
        for path, operations in document.get("paths", {}).items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ title }} 接口 API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body { font: 17px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 52rem;
        margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
 h2 { margin-top: 2.2rem; border-bottom: 2px solid #ddd; }
 code { background: #f2f2f2; padding: .1rem .3rem; border-radius: 3px; }
 .method { display: inline-block; min-width: 4rem; font-weight: 700; color: #0b5394; }
 td { padding: .15rem .8rem .15rem 0; vertical-align: top; }
</style></head><body>
<h1>{{ title }} 接口 API</h1>
<p>机器可读的定义 The definition for machines: <a href="/docs/openapi.json"><code>/docs/openapi.json</code></a>
 (OpenAPI 3.1)</p>
{% for call in calls %}
<h2><span class="method">{{ call.method }}</span> <code>{{ call.path }}</code></h2>
<p>{{ call.about.summary }}<br>{{ call.about.description }}</p>
<table>{% for status, answer in call.answers.items() %}
<tr><td><code>{{ status }}</code></td><td>{{ answer.description }}</td></tr>{% endfor %}</table>
{% endfor %}
</body></html>"""
