"""A view as one HTML page that replays alone: the front end, the records and all layouts inside, nothing from outside.

Read next: `widgets` (the same messages, asked for one by one), `frontend/src/main.ts`.
"""

import base64
import json
from html import escape
from typing import Any

from . import theme
from .display import Form, picture
from .display import content as content_of
from .model import view_message
from .widgets import STATIC

#: The most rewrites whose checks and bindings are put into a page.
ANSWERED = 200

POLICY = "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:"

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>body{{margin:16px;font-family:system-ui,sans-serif}}</style></head>
<body><div id="view">{picture}</div>
<script type="application/json" id="data">{data}</script>
<script type="module">
const {{view, answers}} = JSON.parse(document.getElementById("data").textContent);
const {{mount}} = await import("data:text/javascript;base64,{code}");
const ask = async (verb, fields = {{}}) => {{
  if (verb === "layouts" || verb === "overlays") return {{layouts: view[verb]}};
  const key = [verb, ...Object.values(fields)].join(" ");
  if (Object.hasOwn(answers, key)) return answers[key];
  if (Object.hasOwn(answers, verb)) return answers[verb];
  throw new Error("this page has no kernel");
}};
mount(document.getElementById("view"), view, ask);
</script></body></html>
"""


def page(shown: Form) -> str:
    """The page of a view."""
    assert shown.build is not None
    content = content_of(shown)
    message = view_message(content.view(), content.title, content.results, content.note)
    answers: dict[str, Any] = {}
    if message["kind"] == "function":
        explorer = content.explorer()
        steps = len(content.trace().steps)
        message["layouts"] = content.layouts(0, steps + 1)
        message["overlays"] = content.overlays(0, steps + 1) if steps <= ANSWERED else {}
        asked = [("figures", explorer.figures)]
        asked += [(f"rewrite {k}", lambda k=k: explorer.about(k)) for k in range(1, min(steps, ANSWERED) + 1)]  # type: ignore[misc]
        for key, ask in asked:
            try:
                answers[key] = ask()
            except ValueError:  # no samples fit: the page says so when asked
                continue
    elif message["kind"] == "graph":
        message["layouts"] = content.layouts(0, 1)
    elif message["kind"] == "state" and shown.subject is not None:
        answers["sample"] = content.live().sample(True)
    data = json.dumps({"view": message, "answers": answers}).replace("<", "\\u003c")
    code = base64.b64encode((STATIC / "widget.js").read_bytes()).decode()
    title = escape(theme.clean(shown.title))
    return PAGE.format(policy=POLICY, title=title, picture=picture(shown), data=data, code=code)
