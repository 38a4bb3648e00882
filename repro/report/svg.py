"""matplotlib's SVG made fit for a page: small, themeable, allowed by a strict policy, free of clashing ids.

Several drawings share one HTML document, so ids carry a prefix; the page's policy forbids style
attributes, so declarations become presentation attributes; colours become CSS variables, so that one
drawing serves the light and the dark theme.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
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
    for child in element:
        new.extend(_cleaned(child, ids, colours))
    empty = len(new) == 0 and tag in {"g", "defs"}
    if empty:
        return
    if tag == "g" and not new.attrib:
        yield from new
    else:
        yield new


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
    if attributes.get("transform", "").startswith("rotate(-0 "):
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
