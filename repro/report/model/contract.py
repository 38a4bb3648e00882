"""The contract of `report.json`, published: a JSON Schema made from the model."""

from __future__ import annotations

from typing import Any

from repro.report.model import SCHEMA_VERSION, Report


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a `report.json` of the present version, as it is written.

    `repro/report/schema/` holds it as a file; a new version of the format gets a file of its own.
    """
    schema = Report.model_json_schema(mode="serialization")
    schema["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:repro:report:{SCHEMA_VERSION}",
        **schema,
        "title": f"report.json of repro, format {SCHEMA_VERSION}",
    }
