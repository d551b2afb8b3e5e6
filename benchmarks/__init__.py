"""Measured comparisons, against peers and published instances."""
