"""Names, ids, lists of words, yes and no, choices and e-mail addresses."""

import difflib
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from inventory.formats import BadValue

Choice = TypeVar("Choice", bound=StrEnum)

_YES = frozenset({"yes", "y", "true", "1", "x"})
_NO = frozenset({"no", "n", "false", "0"})
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}")
_FLOAT_ID = re.compile(r"(\d+)\.0", re.ASCII)
_LONGEST_ID = 200


def parse_text(text: str) -> str:
    r"""One line: runs of spaces and line breaks become one space.

    >>> parse_text("Head  office\nVancouver")
    'Head office Vancouver'
    """
    return " ".join(text.split())


def parse_id(text: str) -> str:
    """An id: printable, at most 200 characters, without ``,`` and ``;``.

    A spreadsheet turns the id ``12`` into the number ``12.0``; it is read as ``12`` again.
    """
    whole = _FLOAT_ID.fullmatch(text)
    if whole:
        return whole[1]
    if not text.isprintable() or "," in text or ";" in text:
        raise BadValue("is not an id", "use printable characters without , and ; such as van-hq or 4711")
    if len(text) > _LONGEST_ID:
        raise BadValue(f"is {len(text)} characters long", f"an id has at most {_LONGEST_ID}")
    return text


def parse_ids(text: str) -> tuple[str, ...]:
    """Ids separated by ``;`` or ``,``, in their order, each once."""
    return tuple(dict.fromkeys(parse_id(part) for part in _parts(text, ";,")))


def parse_words(text: str) -> frozenset[str]:
    """Lower-case words separated by spaces, ``;`` or ``,``.

    >>> sorted(parse_words("Linux; windows exchange"))
    ['exchange', 'linux', 'windows']
    """
    return frozenset(word for part in _parts(text, ";,") for word in part.lower().split())


def parse_word(text: str) -> str:
    """One lower-case word.

    >>> parse_word("FR")
    'fr'
    """
    word = text.lower()
    if len(word.split()) != 1 or ";" in word or "," in word:
        raise BadValue("is not one word", "write one word such as fr")
    return word


def format_words(words: Iterable[str]) -> str:
    """The words in the order of the alphabet, separated by spaces."""
    return " ".join(sorted(words))


def parse_labels(text: str) -> tuple[str, ...]:
    """Labels separated by ``;`` or ``,``, in their order, each once; a label may hold spaces."""
    return tuple(dict.fromkeys(parse_text(part) for part in _parts(text, ";,")))


def format_labels(labels: Iterable[str]) -> str:
    """Labels or ids separated by ``; ``."""
    return "; ".join(labels)


def parse_yes(text: str) -> bool:
    """``yes`` or ``no``; also true, false, 1, 0, y, n and x, in any case."""
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue("is neither yes nor no", "write yes or no")


def format_yes(*, value: bool) -> str:
    """``yes`` or ``no``."""
    return "yes" if value else "no"


def parse_choice(text: str, choices: type[Choice]) -> Choice:
    """One of an enum's words, in any case."""
    word = text.lower()
    if word in {str(choice) for choice in choices}:
        return choices(word)
    raise BadValue("is not one of the words of this column", f"write {one_of(choices)}{did_you_mean(word, choices)}")


def parse_email(text: str) -> str:
    """An address in the shape ``name@company.example``; nobody is asked whether it exists."""
    if _EMAIL.fullmatch(text) and ".." not in text:
        return text
    raise BadValue("is not an e-mail address", "write one address such as kim@example.com")


def one_of(choices: Iterable[str]) -> str:
    """The choices as a phrase: ``linux, windows or other``."""
    words = [str(choice) for choice in choices]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``, did you mean 'timezone'?`` when one of the choices is near, else nothing."""
    near = difflib.get_close_matches(word, [str(choice) for choice in choices], n=1, cutoff=0.7)
    return f", did you mean {near[0]!r}?" if near else ""


def _parts(text: str, separators: str) -> list[str]:
    return [part.strip() for part in re.split(f"[{separators}]", text) if part.strip()]
