"""The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes."""

import base64
import hmac
import os
import secrets
import time
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S = 30
DRIFT_STEPS = 1
"""Telephones' clocks are off by a little: the code before and the one after are taken, too."""
CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another."""


def new_secret() -> str:
    """A secret as apps write it (base 32)."""
    return base64.b32encode(os.urandom(20)).decode()


def step_of(secret: str, code: str, *, now_s: float | None = None) -> int | None:
    """The time step whose code this is; None where it is none of now."""
    given = "".join(code.split())
    now_step = int((time.time() if now_s is None else now_s) // STEP_S)
    found = None
    for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), given.encode()):
            found = step
    return found


def code_of(secret: str, step: int) -> str:
    """The code of a time step."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), STEP_S)  # noqa: S303 - what every authenticator app computes
    return totp.generate(step * STEP_S).decode()


def address_of(secret: str, name: str, issuer: str) -> str:
    """What the QR code says: the address that apps add an account from."""
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={secret}&issuer={quote(issuer)}&period={STEP_S}"


def qr_code(text: str) -> bytes:
    """A QR code as SVG."""
    made = BytesIO()
    segno.make(text, error="m").save(made, kind="svg", scale=5, border=3, dark="#000", light="#fff", xmldecl=False)
    return made.getvalue()


def recovery_codes() -> tuple[str, ...]:
    """Codes for the day on which the telephone is lost; each works once."""
    return tuple("-".join(_word(5) for _ in range(3)) for _ in range(CODES))


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code: 74 random bits need no slow hash."""
    plain = "".join(one for one in code.lower() if one in _LETTERS)
    return sha256(b"recovery " + plain.encode()).hexdigest()


def _word(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
