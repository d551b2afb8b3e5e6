"""Migrations of the ledger, run by ``ledger.schema``."""
