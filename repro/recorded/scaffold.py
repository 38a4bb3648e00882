"""A claim file to start from, written from what a table of results seems to hold."""

from __future__ import annotations

import json
import re
from string import Template

from repro.recorded.guess import Guess, slug


def scaffold(found: Guess, template: str, file: str, separator: str) -> str:
    """Return the text of a claim file about a table of results.

    Args:
        found: what the table seems to hold.
        template: with a place for each part, as ``string.Template`` has them.
        file: the table, relative to the claim file.
        separator: of its fields.
    """
    names = list(found.arms)
    first, second = _pair(names)
    judged = found.columns[0]
    share = judged.unit != "number"
    high, low = (second, first) if judged.better == "lower" else (first, second)
    words = re.sub(r"[-_.]+", " ", judged.name)
    direction = "lower" if judged.better == "lower" else "higher"
    factor = next(iter(found.factors), None)
    return Template(template).substitute(
        title=_quoted(f"{first} has the {direction} {words} than {second}"),
        expected=_quoted(f"{first} has the {direction} {words}"),
        file=_quoted(file),
        separator="" if separator == "," else f"separator = {_quoted(separator)}\n",
        roles="arms, seeds and steps" if found.step else "arms and seeds",
        arm=_quoted(found.arm),
        seed=_quoted(found.seed),
        step=_step(found.step),
        seeds=found.seeds,
        first=first,
        columns="\n".join(_column(found, place) for place in range(len(found.columns))),
        arms="".join(_arm(name, text) for name, text in found.arms.items()),
        factors=_factor(factor, found),
        metric=judged.name,
        as_fraction=", as a fraction: 0.01 is one percentage point" if share else "",
        pair=f"[{_quoted(high)}, {_quoted(low)}]",
        each=f"each = [{_quoted(slug(factor))}]\n" if factor else "",
        figure=_figure(found),
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _pair(names: list[str]) -> tuple[str, str]:
    """Return the arm that seems to be the authors' own, and another: by their names, whatever the numbers say."""
    own = next((name for name in names if re.search("our|propos", name, re.IGNORECASE)), names[0])
    return own, next(name for name in names if name != own)


def _step(step: str | None) -> str:
    if step is None:
        return ""
    unit = 'step_unit = "epochs"\n' if "epoch" in step.casefold() else ""
    return f"step = {_quoted(step)}\n{unit}"


def _column(found: Guess, place: int) -> str:
    column = found.columns[place]
    called = f"column = {_quoted(column.column)}\n" if column.column != column.name else ""
    better = column.better or "TODO: higher or lower"
    return f'[results.columns.{column.name}]\n{called}unit = "{column.unit}"\nbetter = "{better}"\n'


def _arm(name: str, text: str) -> str:
    return f"{name} = {'{}' if name == text else '{ named = ' + _quoted(text) + ' }'}\n"


def _factor(factor: str | None, found: Guess) -> str:
    if factor is None:
        return ""
    levels = ", ".join(_quoted(level) for level in found.factors[factor])
    return f"# What varies across arms, and its values there.\n[factors]\n{slug(factor)} = [{levels}]\n\n"


def _figure(found: Guess) -> str:
    if found.step is None:
        return ""
    of = _quoted(found.columns[0].name)
    return f'\n[figure.curves]\ntitle = "{found.columns[0].name} of each run"\nkind = "curves"\nof = [{of}]\n'
