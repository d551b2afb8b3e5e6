"""The fleet of real hosts that the tests push at."""
