"""Measurements of the tool itself: its verdicts, its speed, its memory."""
