"""Words for people: numbers, verdicts and findings as sentences; text of strangers made harmless."""
