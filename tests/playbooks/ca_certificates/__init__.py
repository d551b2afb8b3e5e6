"""Tests of the fix for root certificates."""
