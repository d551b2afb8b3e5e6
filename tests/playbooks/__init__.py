"""Tests of the fixes and of their catalogue."""
