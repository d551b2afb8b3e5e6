"""Credentials: references that are resolved at the moment of use, never secrets."""

import re

from inventory.formats import BadValue

HIDDEN = "(not shown)"
_REFERENCE = re.compile(
    r"agent:\S*|env:[A-Za-z_][A-Za-z0-9_]*|key:.*[^\s:].*|ca:.*[^\s:].*|command:\S.*|vault:[^#]+#\S+|prefect:[\w-]+(#\S+)?"
)
_RIGHT = "write a reference such as key:~/.ssh/id_ed25519, env:NAME or agent: and keep the secret itself elsewhere"
_SECRET_NAME = re.compile(r"(pass(word|wd|phrase)?|pwd|secret|kennwort|apikey|api_key|token|private_key)$")


def parse_credential(text: str) -> str:
    """A reference such as ``key:PATH`` or ``env:NAME``; anything else may be a secret and is not repeated."""
    if _REFERENCE.fullmatch(text) and text.isprintable():
        return text
    raise BadValue("is not a credential reference", _RIGHT)


def names_secret(column: str) -> bool:
    """Whether a column or variable of this name holds a secret by the looks of it, such as ``ansible_password``."""
    return bool(_SECRET_NAME.search(column.strip().casefold()))


REFUSED_WRONG = "holds a secret"
REFUSED_RIGHT = f"take it out of the file; {_RIGHT}"
