"""A small, real OpenID Connect provider, run as a process of its own: authlib's server half behind Starlette.

``python -m tests.portal.identity_provider PORT`` serves it on loopback. It has one client (``muster``), asks for PKCE
with S256, signs with RS256, and has people who choose themselves on its login page. Some of them are there to make it
lie: ``forger`` signs with a key it does not publish, ``stranger`` is told for another client, ``echo`` carries another
nonce, ``late`` has an ID token that has run out.
"""

import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import uvicorn
from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "muster", "the portal's own secret"
GROUPS = {
    "maria": ["everybody", "muster-managers"],
    "kim": ["engineers"],
    "nia": ["north-technicians"],
    "nobody": ["everybody"],
    "forger": ["muster-managers"],
    "stranger": ["muster-managers"],
    "echo": ["muster-managers"],
    "late": ["muster-managers"],
}
EMAILS = {"kim": "kim@us.example", "nia": "nia@north.example"}


@dataclass
class Person:
    """Somebody at the provider."""

    id: str


@dataclass
class PortalClient:
    """The portal, as the provider knows it; the methods are authlib's ClientMixin."""

    redirect: str = ""
    id_token_signed_response_alg: str = "RS256"

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in {"openid", "profile", "email"})

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith("/oidc/back")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was given out; the methods are authlib's AuthorizationCodeMixin."""

    redirect_uri: str
    scope: str
    person: Person
    nonce: str
    code_challenge: str
    code_challenge_method: str
    at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return "another nonce" if self.person.id == "echo" else self.nonce

    def get_auth_time(self) -> int:
        return int(self.at)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


CODES: dict[str, Code] = {}
KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
FORGED = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})


class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # authlib has no types
    """The code flow; codes live in memory and are used once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        CODES[code] = Code(
            request.payload.redirect_uri,
            request.scope,
            request.user,
            data.get("nonce", ""),
            data.get("code_challenge", ""),
            data.get("code_challenge_method", ""),
        )

    def query_authorization_code(self, code: str, client: PortalClient) -> Code | None:
        del client
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        for code in [code for code, one in CODES.items() if one is authorization_code]:
            del CODES[code]

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class StrictChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 and nothing less."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token, and the lies of the people who are there for them."""

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        del request
        return any(one.nonce == nonce for one in CODES.values())

    def resolve_client_private_key(self, client: PortalClient) -> RSAKey:
        del client
        return FORGED if self.person == "forger" else KEY

    def get_encode_header(self, client: PortalClient) -> dict[str, str]:
        return {"alg": self.get_client_algorithm(client), "kid": "one"}

    def encode_id_token(self, token: dict[str, Any], request: OAuth2Request) -> object:
        self.person = request.user.id
        return super().encode_id_token(token, request)

    def get_client_claims(self, client: PortalClient) -> dict[str, object]:
        audience = "somebody else" if self.person == "stranger" else client.get_client_id()
        lasts = -3600 if self.person == "late" else 300
        return {"iss": ISSUER[0], "aud": [audience], "exp": int(time.time()) + lasts}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, object]:
        del scope
        return claims_of(user.id)


ISSUER = [""]


def claims_of(person: str) -> dict[str, object]:
    """What is said of a person."""
    email = EMAILS.get(person, f"{person}@us.example")
    return {
        "sub": f"sub-{person}",
        "name": person.title(),
        "preferred_username": person,
        "email": email,
        "email_verified": True,
        "groups": GROUPS[person],
    }


class Payload(OAuth2Payload):  # type: ignore[misc]
    """What was sent, query and form together."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @property
    def data(self) -> dict[str, str]:
        return dict(self._pairs)

    @cached_property
    def datalist(self) -> defaultdict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for key, value in self._pairs:
            found[key].append(value)
        return found


class Asked(OAuth2Request):  # type: ignore[misc]
    """Starlette's request in authlib's form."""

    def __init__(self, request: Request, form: list[tuple[str, str]]) -> None:
        super().__init__(request.method, str(request.url), headers=dict(request.headers))
        # authlib looks for the header as WSGI frameworks write it
        self.headers = {key.title(): value for key, value in request.headers.items()}
        self.payload = Payload([*request.query_params.multi_items(), *form])
        self._form = dict(form)
        self._args = dict(request.query_params)

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class Server(AuthorizationServer):  # type: ignore[misc]
    """The provider."""

    def query_client(self, client_id: str) -> PortalClient | None:
        return PortalClient() if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        del token, request  # nobody asks for it again

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Response:
        made = JSONResponse(body, status) if isinstance(body, dict) else Response(str(body), status)
        for key, value in headers:
            made.headers[key] = value
        return made

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        del name, args, kwargs


async def describe(_request: Request) -> Response:
    issuer = ISSUER[0]
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "end_session_endpoint": f"{issuer}/end?tenant=one",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


async def keys(_request: Request) -> Response:
    return JSONResponse(KeySet([KEY]).as_dict(private=False))


async def authorize(request: Request) -> Response:
    """Who are you? And then back with a code."""
    form = (
        [(key, str(value)) for key, value in (await request.form()).multi_items()] if request.method == "POST" else []
    )
    who = dict(form).get("who")
    asked = Asked(request, [pair for pair in form if pair[0] != "who"])
    if who is None:
        asked.method = "GET"
        server().get_consent_grant(asked, None)
        hidden = "".join(
            f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
            for key, value in request.query_params.multi_items()
        )
        people = "".join(f'<button name="who" value="{one}">{one}</button>' for one in GROUPS)
        return HTMLResponse(f'<h1>Company login</h1><form method="post" action="/authorize">{hidden}{people}</form>')
    grant = server().get_consent_grant(asked, Person(who))
    made: Response = server().create_authorization_response(asked, grant_user=Person(who), grant=grant)
    return made


async def token(request: Request) -> Response:
    form = [(key, str(value)) for key, value in (await request.form()).multi_items()]
    made: Response = server().create_token_response(Asked(request, form))
    return made


async def end(request: Request) -> Response:
    """Log somebody out who shows the token that logged them in, and send them back to an address that is known."""
    asked = request.query_params
    hint = jwt.decode(asked["id_token_hint"], KeySet([KEY]), algorithms=["RS256"]).claims
    back = asked["post_logout_redirect_uri"]
    known = back.startswith("http://127.0.0.1:") and back.endswith("/login")
    if asked["client_id"] != CLIENT_ID or hint["aud"] != [CLIENT_ID] or not known or asked["tenant"] != "one":
        return JSONResponse({"error": "invalid_request"}, 400)
    ENDED.append(str(hint["sub"]))
    return RedirectResponse(back, 302)


async def ended(_request: Request) -> Response:
    """Who was logged out; for tests."""
    return JSONResponse(ENDED)


ENDED: list[str] = []
SERVER: list[Server] = []


def server() -> Server:
    """The provider, made once."""
    if not SERVER:
        made = Server(scopes_supported=["openid", "profile", "email"])
        made.register_token_generator("default", BearerTokenGenerator(lambda **_: generate_token(42)))
        made.register_grant(Grant, [StrictChallenge(required=True), IdToken(require_nonce=True)])
        SERVER.append(made)
    return SERVER[0]


def main(port: int) -> None:
    """Serve on loopback until somebody ends the process."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    ISSUER[0] = f"http://127.0.0.1:{port}"
    routes = [
        Route("/.well-known/openid-configuration", describe),
        Route("/keys", keys),
        Route("/authorize", authorize, methods=["GET", "POST"]),
        Route("/token", token, methods=["POST"]),
        Route("/end", end),
        Route("/ended", ended),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
