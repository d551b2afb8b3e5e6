"""Tests of how one cell reads."""
