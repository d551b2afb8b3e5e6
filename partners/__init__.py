"""Vetting, agreements, who may see and do what."""
