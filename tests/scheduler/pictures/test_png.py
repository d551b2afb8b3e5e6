"""A picture as PNG has its words, or is not made."""

import pytest

from muster.errors import MusterError
from scheduler.pictures.png import FAMILIES, png_of
from scheduler.pictures.svg import document

WORDS = '<text x="10" y="20">{}</text>'


def drawn(words: str) -> str:
    return document(200, 40, "a picture", [WORDS.format(words)])


def test_its_words_are_written() -> None:
    assert png_of(drawn("Kim, Monday")).startswith(b"\x89PNG\r\n")
    assert png_of(drawn("Kim, Monday")) != png_of(drawn(""))


def test_the_first_family_that_the_machine_has_is_taken() -> None:
    assert png_of(drawn("Kim"), ("No Such Family", *FAMILIES)) == png_of(drawn("Kim"))


def test_without_a_font_there_is_no_picture_but_a_word_on_what_to_do() -> None:
    with pytest.raises(MusterError, match="no font"):
        png_of(drawn("Kim"), ("No Such Family",))
