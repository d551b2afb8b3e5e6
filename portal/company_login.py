"""Logging in with the company's own identity provider: out to it, and back with whom it names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.portal_rows import Account, Pending
from muster.errors import InputError, SettingsError
from muster.ports import Ledger
from muster.settings import Settings
from muster.wiring import Wired
from portal.access import Role, nothing_there, open_to_all
from portal.accounts import Whom, checked, whom_of
from portal.company_logout import keep_token
from portal.entrance import local_path
from portal.identity import Identity, IdentityError, Provider
from portal.keys import hashed, random_word, same
from portal.limits import count_way_in
from portal.services import Portal, portal_of
from portal.sessions import address_of, begin, is_secure, set_cookie

router = APIRouter()
LASTS = timedelta(minutes=10)
BACK = "/oidc/back"


def provider_of(settings: Settings, services: Wired) -> Provider | None:
    """The provider of the settings; None where none is set.

    Raises:
        SettingsError: the settings about it do not hold together.
    """
    if not settings.portal_oidc_issuer:
        return None
    if not settings.portal_oidc_client_id or not settings.portal_oidc_roles:
        raise SettingsError(
            "portal_oidc_issuer needs portal_oidc_client_id and portal_oidc_roles", hint="docs/portal.md shows them"
        )
    for words in settings.portal_oidc_roles.values():
        whom_of(words)
    identity = Identity(
        settings.portal_oidc_issuer,
        settings.portal_oidc_client_id,
        settings.portal_oidc_claim,
        settings.portal_oidc_roles,
        settings.portal_oidc_scopes,
    )
    return Provider(identity, lambda: services.credentials.text(settings.portal_oidc_secret))


@router.get("/oidc", dependencies=[Depends(open_to_all)])
def go(request: Request, next: str = "") -> Response:  # noqa: A002 - what browsers are told to send
    """To the provider."""
    portal, provider = _provider(request)
    count_way_in(request, "company login")
    state, nonce, verifier = random_word(), random_word(), random_word() + random_word()
    begun = provider.begin(portal.settings.portal_url + BACK, state=state, nonce=nonce, verifier=verifier)
    now = portal.clock.now()
    document: dict[str, object] = {"nonce": nonce, "verifier": verifier, "next": local_path(next)}
    portal.store.add_pending(Pending(hashed(state), "oidc", document, now + LASTS), now)
    response = RedirectResponse(begun.address, 303)
    set_cookie(portal, response, _cookie(portal), state, LASTS)
    return response


@router.get(BACK, dependencies=[Depends(open_to_all)])
def back(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
    """Back from the provider: the state must be this browser's, and is used once."""
    portal, provider = _provider(request)
    kept = request.cookies.get(_cookie(portal), "")
    pending = portal.store.take_pending(hashed(state), portal.clock.now()) if state else None
    if pending is None or not kept or not same(kept, state):
        raise InputError("this login was not begun here, or too long ago", hint="log in again")
    if error or not code:
        raise IdentityError(f"the identity provider let nobody in: {error[:80] or 'no code'}", hint="log in again")
    if iss and iss.rstrip("/") != provider.identity.issuer.rstrip("/"):
        raise IdentityError("another identity provider than ours answered")
    nonce, verifier = str(pending.document["nonce"]), str(pending.document["verifier"])
    told = provider.claims(code, portal.settings.portal_url + BACK, nonce=nonce, verifier=verifier)
    account = _account_of(portal, provider.identity, told.claims)
    response = RedirectResponse(str(pending.document["next"]) or "/", 303)
    response.delete_cookie(_cookie(portal), path="/")
    keep_token(portal, begin(request, response, account=account), told.id_token)
    data = {"account": account.id, "from": address_of(request), "role": account.role}
    portal.services.ledger.note("portal: logged in", by=f"{account.name} ({account.id})", data=data)
    return response


def _account_of(portal: Portal, identity: Identity, claims: Mapping[str, object]) -> Account:
    """The account of whom the claims name, made at the first login; its role is what they say now.

    Raises:
        InputError: they have no role here.
    """
    subject = f"{identity.issuer}|{claims['sub']}"
    there = portal.store.account_of_subject(subject)
    if there is not None and there.disabled:
        raise InputError("this account is disabled", hint="ask whoever runs Muster")
    whom = _whom(portal.services.ledger, identity, claims)
    if whom is None:
        if there is not None:
            portal.store.change_account(there.id, end_sessions=True)
        raise InputError("your company account has no role in Muster", hint="ask whoever runs Muster to give it one")
    account = Account(
        id=there.id if there else _free_name(portal, claims),
        name=whom.name,
        role=whom.role.value,
        email=_text(claims, "email"),
        client_ids=whom.client_ids,
        partner_id=whom.partner_id,
        engineer_id=whom.engineer_id,
        timezone=_text(claims, "zoneinfo") if there is None else there.timezone,
        subject=subject,
        created_at=portal.clock.now(),
        created_by=identity.issuer,
    )
    if there is None:
        portal.store.add_account(account)
        return account
    fresh = {name: getattr(account, name) for name in ("name", "role", "email", "client_ids", "partner_id")}
    portal.store.change_account(account.id, **fresh, engineer_id=account.engineer_id)
    return replace(there, **fresh, engineer_id=account.engineer_id)


def _whom(ledger: Ledger, identity: Identity, claims: Mapping[str, object]) -> Whom | None:
    """Who the claims say it is: the first value (in the order of the settings) that has a role."""
    given = claims.get(identity.claim, ())
    values = set(given) if isinstance(given, list) else {given}
    words = next((words for value, words in identity.roles.items() if value in values), None)
    if words is None:
        return None
    whom = replace(whom_of(words), name=_text(claims, "name") or _text(claims, "email") or str(claims["sub"]))
    if whom.role in {Role.ENGINEER, Role.PARTNER_TECHNICIAN} and whom.engineer_id is None:
        whom = replace(whom, engineer_id=_person(ledger, claims, whom.partner_id))
    return checked(whom, ledger)


def _person(ledger: Ledger, claims: Mapping[str, object], partner_id: str | None) -> str | None:
    """The person of the crew with the same e-mail address, where there is one only and the address is not in doubt."""
    email = _text(claims, "email").casefold()
    if not email or claims.get("email_verified") is False:
        return None
    people = [one for one in ledger.crew().engineers if one.email.casefold() == email and one.partner_id == partner_id]
    return people[0].id if len(people) == 1 else None


def _free_name(portal: Portal, claims: Mapping[str, object]) -> str:
    """A login name that is not a local account's: nobody takes over an account by an address they chose themselves."""
    wanted = (_text(claims, "preferred_username") or _text(claims, "email") or "person").lower()
    plain = "".join(one for one in wanted if one.isalnum() or one in "._@+-")[:80] or "person"
    names: Sequence[str] = (plain, f"{plain}-{hashed(str(claims['sub']))[:8]}")
    return next((name for name in names if portal.store.account(name) is None), f"oidc-{hashed(repr(claims))[:16]}")


def _provider(request: Request) -> tuple[Portal, Provider]:
    portal = portal_of(request)
    if portal.provider is None:
        raise nothing_there()
    return portal, portal.provider


def _cookie(portal: Portal) -> str:
    return f"{'__Host-' if is_secure(portal) else ''}muster-oidc"


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.strip()[:200] if isinstance(value, str) else ""
