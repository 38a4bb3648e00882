"""matplotlib's SVG made fit for a page: small, themeable, allowed by a strict policy, free of clashing ids.

Several drawings share one HTML document, so ids carry a prefix; the page's policy forbids style
attributes, so declarations become presentation attributes; colours become CSS variables, so that one
drawing serves the light and the dark theme.
"""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_POINT = re.compile(r"([ML]) (-?[\d.]+) (-?[\d.]+) ?")
_MANY = 60
_STRAIGHT = re.compile(rf"(?:{_POINT.pattern})+")
_FONT_SIZE = re.compile(r"([\d.]+)px")
# matplotlib writes these with every shape although they say what is the default anyway, or what the page decides
_DROPPED = {"font", "font-family", "stroke-miterlimit", "stroke-linejoin", "font-size-adjust"}
_GEOMETRY = ("d", "x", "y", "transform", "width", "height", "stroke-dasharray", "stroke-width")


def clean(raw: str, *, prefix: str, title: str, description: str, colours: Mapping[str, str]) -> str:
    """Return `raw` as an inline `<svg role="img">` named by `title` and `description`.

    `prefix` starts every id and must be unique in the page; `colours` maps lower-case hex colours to
    names of CSS variables, and keeps the hex colour as the fallback outside the page.
    """
    root = ET.fromstring(raw)
    ids = _new_ids(root, prefix)
    names = f"{prefix}-title"
    picture = ET.Element("svg", {"class": "plot", "role": "img", "viewBox": root.attrib["viewBox"]})
    _labelled(picture, "title", names, title)
    if description:
        names += f" {prefix}-description"
        _labelled(picture, "desc", f"{prefix}-description", description)
    picture.set("aria-labelledby", names)
    for child in root:
        picture.extend(_cleaned(child, ids, colours))
    return ET.tostring(picture, encoding="unicode")


def _labelled(picture: ET.Element, tag: str, id_: str, text: str) -> None:
    element = ET.SubElement(picture, tag, {"id": id_})
    element.text = text


def _new_ids(root: ET.Element, prefix: str) -> dict[str, str]:
    """Only what something refers to keeps an id."""
    referred: dict[str, None] = {}
    for element in root.iter():
        for value in element.attrib.values():
            for id_ in re.findall(r"^#(.+)$|url\(#(.+?)\)", value):
                referred[id_[0] or id_[1]] = None
    return {old: f"{prefix}-{number}" for number, old in enumerate(referred)}


def _cleaned(element: ET.Element, ids: Mapping[str, str], colours: Mapping[str, str]) -> Iterator[ET.Element]:
    tag = element.tag.removeprefix(_SVG)
    if tag in {"metadata", "style"}:
        return
    new = ET.Element(tag, _attributes(element, ids, colours))
    new.text = element.text if tag in {"text", "tspan"} else None
    new.extend(_gathered([kept for child in element for kept in _cleaned(child, ids, colours)]))
    empty = len(new) == 0 and tag in {"g", "defs"}
    if empty:
        return
    if tag == "g" and not new.attrib:
        yield from new
    else:
        yield new


def _gathered(elements: list[ET.Element]) -> Iterator[ET.Element]:
    """Put paths that look alike and follow one another, the seeds of a line, into a group that says so once."""
    for look, found in itertools.groupby(elements, _look):
        alike = list(found)
        if look is None or len(alike) == 1:
            yield from alike
            continue
        group = ET.Element("g", look)
        group.extend([ET.Element("path", {"d": path.attrib["d"]}) for path in alike])
        yield group


def _look(element: ET.Element) -> dict[str, str] | None:
    if element.tag != "path" or "id" in element.attrib or "transform" in element.attrib:
        return None
    return {name: value for name, value in element.attrib.items() if name != "d"}


def _attributes(element: ET.Element, ids: Mapping[str, str], colours: Mapping[str, str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name == "id":
            if value in ids:
                attributes["id"] = ids[value]
        elif name == _HREF:
            attributes["href"] = "#" + ids[value[1:]]
        elif name == "style":
            attributes |= _presentation(value, colours)
        elif name == "clip-path":
            attributes[name] = re.sub(r"#([^)]+)", lambda match: "#" + ids[match[1]], value)
        else:
            attributes[name] = value
    for name in _GEOMETRY:
        if name in attributes:
            attributes[name] = _shortened(attributes[name])
    if _STRAIGHT.fullmatch(attributes.get("d", "")):
        attributes["d"] = _relative(attributes["d"])
    if attributes.get("transform", "").startswith("rotate(0 "):
        del attributes["transform"]
    return attributes


def _presentation(style: str, colours: Mapping[str, str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in {"font", "font-size"} and (size := _FONT_SIZE.search(value)):
            attributes["font-size"] = _shortened(size[1])
        elif name in {"fill", "stroke"} and value.lower() in colours:
            attributes[name] = f"var(--{colours[value.lower()]}, {value.lower()})"
        elif name and name not in _DROPPED:
            attributes[name] = value
    return attributes


def _shortened(numbers: str) -> str:
    """A tenth of a unit is less than a pixel at every size that the page shows."""
    short = _NUMBER.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), numbers)
    return re.sub(r"(?<![\d.])-0(?![\d.])", "0", " ".join(short.split()))


def _relative(path: str) -> str:
    """Return a path of straight lines with each point relative to the one before: a figure has tens of thousands.

    Differences are of rounded places, so that errors do not add up. Along a curve of many points, which are closer
    than a few pixels, whole units are enough for x, and all curves of a figure share its places.
    """
    points = _POINT.findall(path)
    digits = 0 if len(points) > _MANY else 1
    pieces, last = [], ""
    x = y = 0.0
    for command, across, down in points:
        new_x, new_y = round(float(across), digits), round(float(down), 1)
        step = _joined(new_x, new_y) if command == "M" else _joined(new_x - x, new_y - y)
        lead = "M" if command == "M" else "l" if last != "L" else "" if step.startswith("-") else " "
        pieces.append(lead + step)
        x, y, last = new_x, new_y, command
    return "".join(pieces)


def _joined(x: float, y: float) -> str:
    first, second = (re.sub(r"^(-?)0\.", r"\1.", f"{round(value, 1) + 0.0:g}") for value in (x, y))
    return first + ("" if second.startswith("-") else " ") + second
