"""Figures: plain data → SVG."""
