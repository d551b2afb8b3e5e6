"""Tests of what hosts are asked before they are pushed."""
