"""Verdicts and evidence → the report as plain data, a module a section."""
