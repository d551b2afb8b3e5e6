"""The demo's fleet: its zone data, its servers and its files."""
