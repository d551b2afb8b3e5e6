"""Notices: what clients are told about visits, in their language and their time, and when it is told."""
