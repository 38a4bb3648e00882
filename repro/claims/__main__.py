"""`python -m repro.claims docs/claim-files.md` writes the tables of keys of that page anew.

A table stands between ``<!-- keys of Metric -->`` and ``<!-- end of keys -->``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repro.claims.json_schema import FILES, file_schema

_BLOCK = re.compile(r"(<!-- keys of (\w+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)

_ROOTS = {"ClaimFile": "claim", "Paper": "paper", "Reviews": "notes"}


def with_key_tables(text: str) -> str:
    """Return a Markdown text whose tables of keys are those of the models."""
    definitions = all_definitions()
    return _BLOCK.sub(lambda found: f"{found[1]}{_table(definitions[found[2]])}{found[3]}", text)


def all_definitions() -> dict[str, dict[str, Any]]:
    """Return model → its JSON Schema, of all models of all files; scales have none of their own."""
    schemas = {file: file_schema(file) for file in FILES}
    found = {name: table for schema in schemas.values() for name, table in schema.get("$defs", {}).items()}
    found |= {name: schemas[file] for name, file in _ROOTS.items()}  # type: ignore[index]
    return {name: table for name, table in found.items() if not name.endswith("AtScale")}


def _table(definition: dict[str, Any]) -> str:
    needed = definition.get("required", [])
    rows = [
        f"| `{key}` | {_value(field)}{_default(field)} | {'**Needed.** ' if key in needed else ''}{_means(field)} |"
        for key, field in definition["properties"].items()
    ]
    return "\n".join(["| key | value | means |", "|---|---|---|", *rows, ""])


def _means(field: dict[str, Any]) -> str:
    return str(field["description"]).replace("``", "`").replace("|", "\\|")


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return f"; `{json.dumps(default)}` unless said" if isinstance(default, str | int | float) else ""


def _value(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_value(each) for each in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_value(field['items'])}s" if "items" in field else _pair(field)
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"table of {_value(field['additionalProperties']).removesuffix('s')}s"
    plain = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    return plain.get(field.get("type", ""), "table" if "$ref" in field or "type" in field else "value")


def _pair(field: dict[str, Any]) -> str:
    kinds = [_value(each) for each in field["prefixItems"]]
    return f"[{', '.join(kinds)}]"


def _main(paths: list[str]) -> Iterator[str]:
    for path in map(Path, paths):
        text = path.read_text(encoding="utf-8")
        path.write_text(with_key_tables(text), encoding="utf-8", newline="\n")
        yield f"wrote {path}"


if __name__ == "__main__":
    print(*_main(sys.argv[1:]), sep="\n")
