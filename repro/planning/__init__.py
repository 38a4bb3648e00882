"""What is missing, what it will cost, and what comes next. Nothing here runs anything."""
