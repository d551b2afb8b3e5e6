"""Tests of what measures Muster."""
