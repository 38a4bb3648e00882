"""What answers before anything heavy is imported: the help, the list of shipped claims, and where they lie."""
