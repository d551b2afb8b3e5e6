"""The portal's own key, and the random words and hashes that are made with and without it.

The key encrypts second factors' secrets and signs what a browser keeps for us. It lies in the workspace
(``portal.key``, for its owner's eyes only), and a portal on another machine needs a copy of it; it is never in the
database, so a stolen ledger holds no second factor.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from muster.errors import SecretError

KEY_FILE = Path("portal.key")


class Keys:
    """What is derived from the portal's key, each for one use."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._box = Fernet(base64.urlsafe_b64encode(self._derived("box")))

    def seal(self, text: str) -> str:
        """Encrypt."""
        return self._box.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Decrypt.

        Raises:
            SecretError: it was sealed with another key.
        """
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SecretError(
                "a second factor was sealed with another key than this portal has",
                hint="give the portal its old key back (portal.key in the workspace), "
                "or set the second factor anew: muster portal accounts second-factor NAME",
            ) from None

    def tag(self, purpose: str, text: str) -> str:
        """A mark that only we can make of ``text``, for one purpose."""
        return hmac.new(self._derived(purpose), text.encode(), hashlib.sha256).hexdigest()

    def _derived(self, purpose: str) -> bytes:
        return hmac.new(self._secret, b"muster portal " + purpose.encode(), hashlib.sha256).digest()


def random_word() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def hashed(word: str) -> str:
    """What is kept of a random word; enough, because nobody can guess 256 bits whatever the hash costs."""
    return hashlib.sha256(word.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two words are the same, in a time that does not tell how far they are."""
    return hmac.compare_digest(one.encode(), other.encode())


def keys_in(folder: Path) -> Keys:
    """The key of a workspace, made when it is first wanted."""
    file = folder / KEY_FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Keys(_read(file))
    with os.fdopen(handle, "w") as opened:
        opened.write(random_word())
    return Keys(_read(file))


def _read(file: Path) -> bytes:
    word = file.read_text(encoding="utf-8").strip()
    if len(word) < 32:
        raise SecretError(f"{file} holds no key of a portal", hint="give it its old content back, or delete it")
    return word.encode()
