"""Colours reach their contrast, in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from repro.report.drawing import lines
from repro.startup.shipped import folder


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)",
        (folder("templates") / "report.css").read_text(encoding="utf-8"),
    )
}
VERDICTS = ["supported", "refuted", "inconclusive", "pending", "failed"]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_reach_their_contrast(theme: int) -> None:
    def contrast(one: str, other: str) -> float:
        return _contrast(TOKENS[one][theme], TOKENS[other][theme])

    for ground in ("paper", "raised", "caution"):
        assert all(contrast(name, ground) >= 4.5 for name in ("ink", "soft", "link"))
    for ground in ("paper", "raised"):
        assert all(contrast(name, ground) >= 4.5 for name in VERDICTS)
    groups = [name for name in TOKENS if name.startswith("group-")]
    assert len(groups) == len(lines.GROUP_COLOURS)
    assert all(contrast(name, "paper") >= 3 for name in groups)
    for ground in ("supports-ground", "refutes-ground", "refutes-line"):
        assert all(
            contrast(name, ground) >= 3 for name in ("supported", "refuted", "inconclusive", "pending")
        )


def test_a_drawing_outside_the_page_has_the_light_colours() -> None:
    for index, colour in enumerate(lines.GROUP_COLOURS):
        assert TOKENS[f"group-{index}"][0] == colour
    assert (TOKENS["ink"][0], TOKENS["soft"][0], TOKENS["rule"][0]) == (
        lines.INK,
        lines.SOFT,
        lines.GRID,
    )


def test_shades_are_the_pages_colours_with_ink_and_reach_more_contrast() -> None:
    css = (folder("templates") / "report.css").read_text(encoding="utf-8")
    mixed = re.findall(
        r"--(group-\d)-(\d): color-mix\(in srgb, var\(--(group-\d)\), var\(--ink\) (\d+)%\)", css
    )
    assert len(mixed) == len(lines.GROUP_COLOURS) * (len(lines.SHADES) - 1)
    by_token = {name: colour for colour, name in lines.COLOURS.items()}
    assert len(by_token) == len(lines.COLOURS)
    for name, step, base, percent in mixed:
        assert name == base
        assert int(percent) == round(100 * lines.SHADES[int(step)])
        for theme in (0, 1):
            pairs = zip(*(_channels(TOKENS[one][theme]) for one in (base, "ink")), strict=True)
            share = int(percent) / 100
            colour = "#" + "".join(f"{round((1 - share) * own + share * ink):02x}" for own, ink in pairs)
            assert _contrast(colour, TOKENS["paper"][theme]) >= (4.5 if step == "4" else 3)
            if theme == 0:
                assert by_token[f"{name}-{step}"] == colour


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
