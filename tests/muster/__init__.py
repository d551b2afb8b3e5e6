"""Tests of muster/."""
