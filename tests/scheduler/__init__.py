"""The scheduler: problems, searches, the second opinion, explanations."""
