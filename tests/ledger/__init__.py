"""Tests of the ledger; nearly all of them run on SQLite and on a real PostgreSQL."""
