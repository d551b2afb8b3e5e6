"""Tests of the compiled search and its bound."""
