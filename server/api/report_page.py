"""
``/report`` 随手拍页面: one plain page to report with a telephone and to ask by code; no script, nothing from elsewhere.
"""

from typing import Any

from flask import Flask, Response, render_template_string, request

from schemas.cases import PROBLEM_CLASSES
from schemas.directory import area_id
from schemas.problems import Refusal
from server.api import body
from server.api.public import follow_this, take_this_report
from server.usecases.take_report import MAX_CONTACT, MAX_PHOTO_BYTES, MAX_PLACE, MAX_TEXT

_STREET_DIGITS = 9
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def register(app: Flask) -> None:
    """Serve the pages of *app*."""
    app.add_url_rule("/report", "report_page", _show, methods=["GET"])
    app.add_url_rule("/report", "report_page_post", _take, methods=["POST"])
    app.add_url_rule("/report/status", "report_status", _follow, methods=["GET"])


def _show() -> Response:
    return _page()


def _take() -> Response:
    try:
        taken = take_this_report()
    except Refusal as refusal:
        return _page(refusal=refusal, status=refusal.kind.status)
    return _page(code=taken.code, status=201)


def _follow() -> Response:
    code = request.args.get("code", "")
    try:
        _, found = follow_this(code)
    except Refusal as refusal:
        return _page(refusal=refusal, status=refusal.kind.status)
    photo = f"/v1/public/reports/{code}/photo.jpg" if found.picture is not None else None
    return _page(told=found.told(), photo=photo)


def _page(status: int = 200, **shown: Any) -> Response:
    classes = [(word, known.zh) for word, known in PROBLEM_CLASSES.items() if word != "other"]
    text = render_template_string(
        _PAGE, classes=classes, places=_places(), faults=_faults(shown.get("refusal")), most_text=MAX_TEXT,
        most_place=MAX_PLACE, most_contact=MAX_CONTACT, most_mb=MAX_PHOTO_BYTES >> 20, **shown,
    )  # fmt: skip
    return Response(text, status, _HEADERS, mimetype="text/html")


def _faults(refusal: Refusal | None) -> list[str]:
    """Return what to put right, one sentence each."""
    if refusal is None:
        return []
    errors = [
        f"{_LABELS.get(path, path)}：{one['zh']}" for path, each in (refusal.errors or {}).items() for one in each
    ]
    return errors or [refusal.message_zh, refusal.kind.next_zh]


_LABELS = {
    "photo": "照片", "text": "情况", "place": "地点", "street": "街道", "position": "位置", "contact": "联系方式",
    "kind": "类型", "problem_class": "类别", "district": "区县",
}  # fmt: skip


def _places() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the districts, and in each the streets the directory knows by name."""
    found = []
    for district, place in sorted(body.store().places().items()):
        with body.store().work(district, writing=False) as work:
            feeds = [feed for feed in work.feeds.heads() if len(feed) == _STREET_DIGITS]
            areas = work.records.get(map(area_id, feeds))
        streets = [(str(one.fields["code"]), str(one.fields["name"])) for one in areas.values() if not one.void]
        found.append((district, place.name, sorted(streets)))
    return found


_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>创卫随手拍</title><style>
body{font:18px/1.6 system-ui,sans-serif;max-width:34em;margin:0 auto;padding:1em;color:#111;background:#fff}
h1{font-size:1.4em}label{display:block;margin-top:1em;font-weight:600}
input,select,textarea,button{font:inherit;width:100%;box-sizing:border-box;padding:.6em;border:2px solid #444;
border-radius:6px;background:#fff;color:#111}button{margin-top:1.2em;min-height:60px;background:#0b3d66;color:#fff;
border-color:#0b3d66}small{color:#333;font-weight:400}.code{font:700 1.6em monospace;letter-spacing:.05em}
.bad{border-left:6px solid #8b0000;padding:.2em 1em}.good{border-left:6px solid #0b5d1e;padding:.2em 1em}
img{max-width:100%}:focus-visible{outline:4px solid #b35900}</style></head><body>
<h1>创卫随手拍</h1>
{% if faults %}<div class="bad" role="alert"><p>没有提交成功：</p><ul>{% for one in faults %}<li>{{ one }}</li>
{% endfor %}</ul></div>{% endif %}
{% if code %}<div class="good" role="status"><p>已收到，谢谢。请记下查询码：</p><p class="code">{{ code }}</p>
<p>查询码只显示这一次，凭它查看办理情况。</p></div>{% endif %}
{% if told %}<div class="good" role="status"><p>{{ told.zh }}</p><p><small>上报时间 {{ told.received_at }}</small></p>
{% if photo %}<img src="{{ photo }}" alt="整改后的照片">{% elif told.state == "put_right" %}
<p><small>整改后的照片经街道打码后在此公开。</small></p>{% endif %}</div>{% endif %}
<form method="post" action="/report" enctype="multipart/form-data">
{% if places|length == 1 %}<input type="hidden" name="district" value="{{ places[0][0] }}">{% else %}
<label for="district">区县</label><select id="district" name="district" required>
{% for district, name, streets in places %}<option value="{{ district }}">{{ name }}</option>{% endfor %}</select>
{% endif %}
<label for="kind">类型</label><select id="kind" name="kind"><option value="problem">反映问题</option>
<option value="suggestion">提建议（不附照片）</option></select>
<label for="photo">照片 <small>一张，不超过 {{ most_mb }} MB；提建议时不填</small></label>
<input id="photo" name="photo" type="file" accept="image/*">
<label for="text">情况 <small>一句话，至多 {{ most_text }} 字；请不要写姓名、电话</small></label>
<textarea id="text" name="text" rows="3" maxlength="{{ most_text }}" required></textarea>
<label for="place">地点 <small>路名、门牌、标志物</small></label>
<input id="place" name="place" maxlength="{{ most_place }}">
<label for="street">街道 <small>不清楚可以不选</small></label><select id="street" name="street">
<option value="">不清楚</option>{% for district, name, streets in places %}{% for code, zh in streets %}
<option value="{{ code }}">{{ zh }}</option>{% endfor %}{% endfor %}</select>
<label for="problem_class">类别 <small>不清楚可以不选</small></label>
<select id="problem_class" name="problem_class"><option value="">不清楚</option>
{% for word, zh in classes %}<option value="{{ word }}">{{ zh }}</option>{% endfor %}</select>
<label for="contact">联系方式 <small>可不填；只有街道和区创卫办能看到，承办单位看不到，每次查看都有记录</small></label>
<input id="contact" name="contact" maxlength="{{ most_contact }}" autocomplete="off">
<button>提交</button></form>
<h2>查询办理情况</h2><form method="get" action="/report/status"><label for="code">查询码</label>
<input id="code" name="code" maxlength="60" autocomplete="off" autocapitalize="characters" required>
<button>查询</button></form></body></html>
"""
