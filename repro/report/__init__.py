"""The report: plain data (`model`), built, worded, drawn, rendered."""
