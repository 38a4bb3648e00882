"""Pages beside the report itself: self-contained, without script, in the report's style and under its policy."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from repro.report.html import render

STYLE = "page.css"
"""What these pages need besides the report's own style."""


def render_page(template: str, **values: Any) -> str:
    """Return one HTML page made from a shipped template; the same values give the same bytes."""
    environment = render.jinja_environment(None)
    style = "".join(render.template_source(environment, name) for name in (render.STYLE, STYLE))
    return environment.get_template(template).render(
        style=Markup(style), style_hash=render.policy_hash(style), **values
    )
