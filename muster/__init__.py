"""Muster gets a large fleet of client machines fixed before a date that will not move.

This package holds the words of the house (frozen types), the error tree, the settings, the ports that the
other packages implement, and, on top of them all, the command line and the wiring.
"""

__version__ = "0.1.0"
