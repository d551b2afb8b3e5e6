"""The command line: one module per group of commands; ``main`` is the entry point."""

from muster.cli.app import main

__all__ = ["main"]
