"""The company's identity provider, spoken to by OpenID Connect: the code flow with PKCE, state and nonce.

What it says is checked as the standard wants: the ID token's signature by the provider's published keys, with
algorithms of public keys only; issuer, audience, times, nonce and the access token's hash.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from muster.errors import MusterError, SettingsError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
KEYS_LAST_S = 3600.0
TIMEOUT_S = 10.0
LEEWAY_S = 60


class IdentityError(MusterError):
    """The identity provider cannot be reached, or what it says does not hold."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the identity provider is, and what we are to it.

    Attributes:
        claim: the claim whose values say which role somebody has.
        roles: role words (``manager``, ``partner-manager north``...) by value of that claim.
    """

    issuer: str
    client_id: str
    claim: str
    roles: Mapping[str, str]
    scopes: str = "openid profile email"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that was sent to the provider: where to, and what must come back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider said of who has logged in, and the token that says it: it is shown again when they log out."""

    claims: Mapping[str, object]
    id_token: str


class Provider:
    """The provider, its addresses and keys learned from its own description; safe to share between threads."""

    def __init__(self, identity: Identity, secret: Callable[[], str]) -> None:
        _check_https(identity.issuer)
        self.identity = identity
        self._secret = secret
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._keys: KeySet | None = None
        self._keys_until = 0.0

    def begin(self, redirect: str, *, state: str, nonce: str, verifier: str) -> Begun:
        """Where to send somebody who wants to log in."""
        address = prepare_grant_uri(
            self._described("authorization_endpoint"),
            self.identity.client_id,
            "code",
            redirect,
            self.identity.scopes,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(str(address), state, nonce, verifier)

    def claims(self, code: str, redirect: str, *, nonce: str, verifier: str) -> Told:
        """What the provider says of who has logged in.

        Raises:
            IdentityError: it cannot be reached, refuses the code, or what it says does not hold.
        """
        answer = self._ask_token(code, redirect, verifier)
        token, access = str(answer.get("id_token", "")), answer.get("access_token")
        claims = self._checked(token, nonce, str(access) if access else None)
        if self.identity.claim not in claims and access and self._described("userinfo_endpoint", needed=False):
            claims = {**self._user_info(str(access), str(claims["sub"])), **claims}
        return Told(claims, token)

    def end(self, id_token: str, back: str) -> str | None:
        """Where to send somebody who logs out, so that they are logged out there, too; None where it has no such place.

        ``back`` is where it sends them afterwards; it must know that address (RP-Initiated Logout 1.0).

        Raises:
            IdentityError: it cannot be reached.
        """
        address = self._described("end_session_endpoint", needed=False)
        if not address:
            return None
        fields = {
            "id_token_hint": id_token, "client_id": self.identity.client_id, "post_logout_redirect_uri": back,
        }  # fmt: skip
        return str(add_params_to_uri(address, list(fields.items())))

    def _ask_token(self, code: str, redirect: str, verifier: str) -> Mapping[str, object]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        client_id = self.identity.client_id
        return _asked("POST", self._described("token_endpoint"), data=fields, auth=(client_id, self._secret()))

    def _user_info(self, access: str, subject: str) -> Mapping[str, object]:
        headers = {"authorization": f"Bearer {access}"}
        found = _asked("GET", self._described("userinfo_endpoint"), headers=headers)
        if found.get("sub") != subject:
            raise IdentityError("the identity provider speaks of somebody else than it logged in")
        return found

    def _checked(self, token: str, nonce: str, access: str | None) -> Mapping[str, object]:
        try:
            decoded = self._decoded(token)
            client_id = self.identity.client_id
            options = {
                "iss": {"essential": True, "value": self._described("issuer")},
                "aud": {"essential": True, "value": client_id},
            }
            params = {"nonce": nonce, "client_id": client_id, "access_token": access}
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=int(time.time()), leeway=LEEWAY_S)
        except (JoseError, ValueError, KeyError) as error:
            raise IdentityError(f"what the identity provider says does not hold: {type(error).__name__}") from None
        return dict(claims)

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set(), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):  # it may have changed its keys since we asked
            return jwt.decode(token, self._key_set(anew=True), algorithms=list(ALGORITHMS))

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self._described("jwks_uri")
        with self._lock:
            if self._keys is None or anew or time.monotonic() > self._keys_until:
                self._keys = KeySet.import_key_set(_asked("GET", address))  # type: ignore[arg-type]  # checked by it
                self._keys_until = time.monotonic() + KEYS_LAST_S
            return self._keys

    def _described(self, name: str, *, needed: bool = True) -> str:
        with self._lock:
            if not self._known:
                self._known = self._description()
        found = self._known.get(name, "")
        if needed and not found:
            raise IdentityError(f"the identity provider's description has no {name}")
        return found

    def _description(self) -> dict[str, str]:
        issuer = self.identity.issuer.rstrip("/")
        found = _asked("GET", f"{issuer}/.well-known/openid-configuration")
        known = {key: value for key, value in found.items() if isinstance(value, str)}
        if known.get("issuer", "").rstrip("/") != issuer:
            raise IdentityError(f"the identity provider at {issuer} calls itself {known.get('issuer')}")
        for address in (value for key, value in known.items() if key.endswith(("_endpoint", "_uri"))):
            _check_https(address)
        return known


def _asked(
    method: str,
    address: str,
    *,
    data: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, object]:
    where = urlsplit(address).netloc
    try:
        answer = httpx.request(
            method, address, data=data, auth=auth, headers={"accept": "application/json", **(headers or {})},
            timeout=TIMEOUT_S, follow_redirects=False,
        )  # fmt: skip
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise IdentityError(
            f"the identity provider {where} cannot be asked: {type(error).__name__}",
            hint="try again; or log in with an account of the portal",
        ) from None
    if not answer.is_success or not isinstance(found, dict):
        word = found.get("error", "") if isinstance(found, dict) else ""
        raise IdentityError(f"the identity provider {where} refused: {answer.status_code} {word}".strip())
    return found


def _check_https(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise SettingsError(
            f"portal_oidc_issuer: {address} is not https", hint="only a provider on this machine may be without"
        )
