"""A claim file to start from, written from what a table of results seems to hold."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
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
    pair = _pair(found)
    judged = found.columns[0]
    share = judged.unit != "number"
    words = re.sub(r"[-_.]+", " ", judged.name)
    factor = next(iter(found.factors), None)
    return Template(template).substitute(
        title=_quoted(f"{pair.own} has the {pair.direction} {words} than {pair.other}"),
        expected=_quoted(
            f"TODO: {pair.own} has the {pair.direction} {words} (judged: {pair.high} − {pair.low})"
        ),
        direction="".join(f"# {line}\n" for line in textwrap.wrap(direction(found), 116)),
        file=_quoted(file),
        separator="" if separator == "," else f"separator = {_quoted(separator)}\n",
        roles="arms, seeds and steps" if found.step else "arms and seeds",
        arm=_quoted(found.arm),
        seed=_quoted(found.seed),
        step=_step(found.step),
        seeds=found.seeds,
        missing=_quoted(f"{pair.own}/{found.a_seed}"),
        columns="\n".join(_column(found, place) for place in range(len(found.columns))),
        arms="".join(_arm(name, text) for name, text in found.arms.items()),
        factors=_factor(factor, found),
        metric=judged.name,
        as_fraction=", as a fraction: 0.01 is one percentage point" if share else "",
        pair=f"[{_quoted(pair.high)}, {_quoted(pair.low)}]",
        each=f"each = [{_quoted(slug(factor))}]\n" if factor else "",
        figure=_figure(found),
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def direction(found: Guess) -> str:
    """Say which way round two arms are compared, and what a number above 0 means."""
    pair, metric = _pair(found), found.columns[0].name
    above = f"says that {pair.own} has the {pair.direction} {metric}"
    return (
        f"What is judged is {pair.high} − {pair.low}: {metric} of {pair.high} less {metric} of {pair.low}. "
        f"Above 0 it {above}. If that is not your claim, swap `arms` in [expect.better]."
    )


@dataclass(frozen=True)
class _Pair:
    """The arms that are compared: `high` less `low`, of which `own` is said to be better: `direction` is the way."""

    own: str
    other: str
    high: str
    low: str
    direction: str


def _pair(found: Guess) -> _Pair:
    """Return the arm that seems to be the authors' own, and another: by their names, whatever the numbers say."""
    names = list(found.arms)
    own = next((name for name in names if re.search("our|propos", name, re.IGNORECASE)), names[0])
    other = next(name for name in names if name != own)
    if found.columns[0].better == "lower":
        return _Pair(own, other, other, own, "lower")
    return _Pair(own, other, own, other, "higher")


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
