"""Skills as words: what a person can do, and the languages that a person speaks."""

from typing import Final

SPEAKS: Final = "speaks "
"""How a language is told among skills: ``speaks fr``. A skill of a file is one word, so nothing else looks like it."""
