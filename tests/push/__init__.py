"""Tests of the push package."""
