"""A campaign on several machines: workers, reaches, limits, and what is taken away from under it."""
