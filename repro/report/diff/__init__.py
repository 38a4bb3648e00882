"""Two reports → which verdicts changed, and why."""
