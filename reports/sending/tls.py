"""Whom we trust: the system's certificates, and a file of the company's own."""

import ssl
from pathlib import Path

from reports.sending.answers import OutletTrouble


def trusting(ca: Path | None) -> ssl.SSLContext:
    """A context that checks certificates and names.

    Raises:
        OutletTrouble: the file cannot be read or holds no certificates.
    """
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError):
            raise OutletTrouble(f"{ca}: holds no certificates (setting messages_ca)") from None
    return context
