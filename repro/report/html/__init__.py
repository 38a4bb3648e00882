"""Pages: plain data → self-contained HTML."""
