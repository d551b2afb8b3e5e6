"""Rows of the portal's tables: accounts, sessions, links, tokens, tries, and logins that have begun."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may come in.

    Attributes:
        id: the login name, lower case.
        role: the value of a ``portal.access.Role``.
        client_ids: the only clients that are seen, where the role has such a limit.
        password_hash: argon2; None where there is no password (an identity provider's people).
        factor: the second factor's secret, encrypted; None where there is none.
        factor_step: the newest time step whose code was used; no code is taken twice.
        recovery: hashes of the recovery codes that are left.
        subject: ``issuer|subject`` at the identity provider.
    """

    id: str
    name: str
    role: str
    email: str = ""
    client_ids: tuple[str, ...] = ()
    partner_id: str | None = None
    engineer_id: str | None = None
    timezone: str = ""
    language: str = ""
    password_hash: str | None = None
    factor: str | None = None
    factor_step: int = 0
    recovery: tuple[str, ...] = ()
    subject: str | None = None
    disabled: bool = False
    created_at: datetime | None = None
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is in; exactly one of ``account_id`` and ``link_id`` is there."""

    id_hash: str
    account_id: str | None
    link_id: str | None
    how: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Link:
    """An address that lets one person of a partner or client in, from the one device that opened it first."""

    id: str
    secret_hash: str
    name: str
    role: str
    client_ids: tuple[str, ...]
    partner_id: str | None
    engineer_id: str | None
    timezone: str
    language: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    device_hash: str | None = None
    bound_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A program's key to the API: it acts for an account, within its scopes."""

    id: str
    secret_hash: str
    account_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """A bucket of tries: how many are left of it, as of ``at``."""

    key: str
    tokens: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that has begun and waits for its second half."""

    id_hash: str
    kind: str
    document: dict[str, object]
    ends_at: datetime
