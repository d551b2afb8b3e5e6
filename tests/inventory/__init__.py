"""Tests of what comes in: tables, workbooks, inventories."""
