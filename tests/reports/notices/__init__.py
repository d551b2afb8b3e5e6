"""Notices: who is told what, when, in which words."""
