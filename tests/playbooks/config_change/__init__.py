"""Tests of the fix for changes of configuration."""
