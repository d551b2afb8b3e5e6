"""Other tools at the same work; each runs in an environment of its own."""
