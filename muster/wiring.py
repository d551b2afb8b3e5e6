"""The one place where implementations are chosen and put behind the ports."""
