"""Tests mirror the packages; tests/fleet/ is the fleet of real hosts."""
