"""Tests of partners: vetting, agreements, scope, work, and the money."""
