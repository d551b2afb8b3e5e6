"""The fix ``tzdata`` on Windows: registry rows, and what a host makes of them."""
