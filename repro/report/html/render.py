"""Report → one self-contained HTML page: no network, complete without script, under a strict policy."""

from __future__ import annotations

import base64
import hashlib
import traceback
from functools import partial
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from repro.errors import mistake
from repro.report.drawing.forest import forest
from repro.report.drawing.strips import strip
from repro.report.html import filters
from repro.report.html.bibtex import bibtex, tool_bibtex
from repro.report.html.columns import table_columns
from repro.report.model import (
    Report,
    safe_text,
)
from repro.report.wording import (
    caught,
    costs,
    differences,
    meanings,
    overview,
    paper_numbers,
    plain,
    registered,
    settling,
    text,
    whose,
)
from repro.report.wording.typography import prose, typeset
from repro.startup import shipped

PAGE = "report.html.jinja"
STYLE = "report.css"
SCRIPT = "report.js"


def render_html(report: Report, *, templates: Path | None = None, kept: Path | None = None) -> str:
    """Return `report` as one HTML page; the same report gives the same bytes.

    Files in the folder `templates` (report.html.jinja, claim.html.jinja, report.css, report.js …) come
    before the shipped ones of the same name. Drawings are taken from the folder `kept`, and kept there.
    """
    environment = jinja_environment(templates, kept)
    style, script = template_source(environment, STYLE), template_source(environment, SCRIPT)
    try:
        return environment.get_template(PAGE).render(
            report=typeset(report),
            style=Markup(style),
            script=Markup(script),
            style_hash=policy_hash(style),
            script_hash=policy_hash(script),
        )
    except jinja2.TemplateError as error:
        raise mistake(_place(error), error.message or "the template cannot be rendered") from error
    except Exception as error:
        if templates is None:
            raise
        # A user's own template: whatever it does wrong is theirs to mend.
        raise mistake(_place(error), f"cannot be rendered: {type(error).__name__}: {error}") from error


def _compiled_templates(kind: type[jinja2.Environment]) -> jinja2.BytecodeCache | None:
    """Return where Jinja keeps compiled templates, by their content: to compile them anew is a tenth of a report."""
    try:
        # By names of their own: compiled for another environment, a template would leave the sandbox.
        return jinja2.FileSystemBytecodeCache(pattern=f"__repro_{kind.__name__}_%s.cache")
    except (RuntimeError, OSError):
        return None  # no folder of the user's own among the temporary ones


def jinja_environment(templates: Path | None, kept: Path | None = None) -> jinja2.Environment:
    """Return the environment of all pages: files in the folder `templates` come before the shipped ones.

    Raises:
        ReproError: there is no folder `templates`.
    """
    if templates is not None and not templates.is_dir():
        raise mistake("templates", "no such folder", str(templates))
    folders = [shipped.folder("templates")] if templates is None else [templates, shipped.folder("templates")]
    # Templates of a user's are text from anybody: they see the report, and none of Python's own attributes. To watch
    # over ours takes a third of the time.
    kind = jinja2.Environment if templates is None else ImmutableSandboxedEnvironment
    environment = kind(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(folder, encoding="utf-8-sig") for folder in folders]
        ),
        autoescape=True,  # Jinja's own choice by file name would skip *.html.jinja
        undefined=jinja2.StrictUndefined,
        finalize=filters.shown,
        optimized=False,  # a page is rendered once: folding constants takes longer than it saves
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled_templates(kind),
    )
    environment.filters |= {
        "web_address": safe_text.web_address,
        "duration": text.duration,
        "percent": text.percent,
        "prose": prose,
        "day": text.day,
        "period": text.period,
        "part_notes": filters.part_notes,
        "kind": filters.verdict_kind,
        "capped": meanings.is_capped,
        "forest": forest,
        "drawn": partial(filters.figure_view, kept=kept),
        "bibtex": bibtex,
        "evidence": filters.evidence_link,
        "groups": overview.groups,
        "idle": overview.idle,
        "idle_claim": overview.is_idle,
        "outcome": overview.outcome,
        "number_head": whose.number_head,
        "claims_of": whose.claims_of,
        "meanings": meanings.meanings,
        "short_word": overview.short_word,
        "without_scale": overview.without_scale,
        "without_n": overview.without_n,
        "filters": overview.filters,
        "criteria_stand": registered.criteria_stand,
        "moment": text.moment,
        "because": plain.because,
        "claim_because": plain.claim_because,
        "but": plain.but,
        "settling": settling.settling,
        "paper_numbers": paper_numbers.paper_numbers,
        "differences": differences.differences,
        "differences_counted": differences.counted,
        "fate": caught.fate,
        "controls_said": caught.controls_said,
        "cost_parts": overview.cost,
        "strip": strip,
        "flips": filters.flips,
        "columns": table_columns,
        "told_elsewhere": filters.told_elsewhere,
        "claim_coverage": filters.claim_coverage,
        "cost": costs.cost,
        "stopped_runs": costs.stopped_runs,
        "cost_table": costs.cost_table,
        "listed_runs": filters.listed_runs,
        "file_name": filters.file_name,
        "tool_bibtex": tool_bibtex,
    }
    environment.globals |= {
        "plural": text.plural,
        "cost_columns": costs.COLUMNS,
        "number_heads": whose.HEADS,
        "number_titles": whose.NUMBERS,
    }
    environment.tests["of_another_protocol"] = filters.is_of_another_protocol
    return environment


def template_source(environment: jinja2.Environment, name: str) -> str:
    """Return the text of a style sheet or script, fit to stand in a page.

    Raises:
        ReproError: it holds `</`, which would end its element.
    """
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    if "</" in source:
        raise mistake(f"template {name}", "may not hold '</': it would end its own element")
    return source


def _place(error: Exception) -> str:
    """Say in which line of which template; Jinja puts its templates into the traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"template {error.name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"template {Path(f.filename).name}, line {f.lineno}" for f in frames if ".jinja" in f.filename]
    return lines[-1] if lines else f"template {PAGE}"


def policy_hash(source: str) -> str:
    """Return how the page's content security policy names the inline `source`."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
