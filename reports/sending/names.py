"""Names that a message keeps for as long as it is the same message."""

import re
from hashlib import sha256


def short_name(text: str) -> str:
    """A text as 32 hexadecimal digits: safe in any header, and telling nothing."""
    return sha256(text.encode()).hexdigest()[:32]


def message_id(key: str, sender: str) -> str:
    """The Message-ID (RFC 5322) of the message with this key: the same however often it is sent."""
    domain = sender.rpartition("@")[2].strip(" <>") or "localhost"
    try:
        plain = domain.encode("idna").decode()
    except UnicodeError:
        plain = "localhost"
    return f"<{short_name(key)}@{plain}>"


def file_name(key: str) -> str:
    """A file name for the message with this key; another key has another one."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", key).strip("-.")[:120]
    return f"{slug}-{short_name(key)[:8]}"
