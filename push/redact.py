"""Remove secrets from text before it is kept or shown."""

from threading import Lock

REMOVED = "[secret]"
SHORTEST = 4
"""Shorter secrets are not removed: the text would be full of holes that tell what they were."""


class Redactor:
    """Knows the secrets that were resolved, and takes them out of any text. Safe to share between threads."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()
        self._lock = Lock()

    def add(self, secret: str) -> None:
        """Know one more secret; each line of a secret of several lines is one by itself."""
        parts = {secret, *secret.splitlines()}
        fresh = {part.strip() for part in parts if len(part.strip()) >= SHORTEST and not part.startswith("-----")}
        with self._lock:
            self._secrets = tuple(sorted({*self._secrets, *fresh}, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """The text without any of the secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REMOVED)
        return text

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"


SHARED = Redactor()
"""The one of this process: whatever is resolved anywhere is removed everywhere."""
