"""Remove secrets from text before it is kept or shown."""

import base64
import json
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
        """Know one more secret, also as JSON and base64 have it; each line of several is one by itself."""
        parts = {part.strip() for part in (secret, *secret.splitlines()) if not part.startswith("-----")}
        fresh = {form for part in parts if len(part) >= SHORTEST for form in _forms(part)}
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


def _forms(secret: str) -> set[str]:
    """The ways in which a secret turns up in what programs say."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    if len(secret) >= 2 * SHORTEST:
        forms.add(base64.b64encode(secret.encode()).decode().rstrip("="))
    return forms


SHARED = Redactor()
"""The one of this process: whatever is resolved anywhere is removed everywhere."""
