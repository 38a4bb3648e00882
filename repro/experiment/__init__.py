"""What a claim rests on: its cells and their runs, tuning, variants, estimands, measures, its nets, the user's data."""
