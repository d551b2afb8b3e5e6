"""Tests of the fix for zone rules."""
