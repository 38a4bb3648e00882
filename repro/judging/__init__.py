"""Runs → numbers → evidence against regions → verdicts, and what stands beside a verdict without deciding it."""
