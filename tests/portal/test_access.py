"""Who reaches what: every route, every role, other people's ids, and no login."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from portal.access import Need, OpenToAll, Role
from portal.guards import check_routes, guards_of, routes_of
from portal.trouble import NOTHING
from tests.portal.conftest import RunningPortal
from tests.portal.world import ACCOUNTS, hosts_of

OPEN = {
    "/login",
    "/login/code",
    "/enter",
    "/enter/{word}",
    "/oidc",
    "/oidc/back",
    "/metrics",
    "/health",
    "/calendar/{word}.ics",
}
"""What is open to everybody, on purpose: whoever opens another route says so here, too."""

IDS: Sequence[Mapping[str, str]] = (
    {
        "visit": "v4",
        "host": hosts_of("acme-north")[0],
        "site": "acme-north",
        "client": "acme",
        "partner": "north",
        "person": "pat",
    },
    {
        "visit": "v5",
        "host": hosts_of("harbour-yard")[5],
        "site": "harbour-yard",
        "client": "harbour",
        "partner": "coast",
        "person": "cole",
    },
    {
        "visit": "v1",
        "host": hosts_of("acme-hq")[0],
        "site": "acme-hq",
        "client": "acme",
        "partner": "north",
        "person": "kim",
    },
    {
        "visit": "v3",
        "host": hosts_of("harbour-yard")[0],
        "site": "harbour-yard",
        "client": "harbour",
        "partner": "coast",
        "person": "omar",
    },
)
"""Real ids, of four visits that belong to different people."""

ACME = ("Acme Dental", "Prince George clinic", "acme-north", "acme-hq", "201 Burrard", "1600 3rd")
HARBOUR = ("Harbour Freight", "Port terminal", "Edmonton yard", "harbour-port", "harbour-yard", "777 Centennial")
SECRETS = ("env:HOSTS_KEY",)
HIDDEN: Mapping[str, Sequence[str]] = {
    "kim": (
        "Prince George",
        "Edmonton yard",
        "acme-north",
        "harbour-yard",
        "Pat Roy",
        "Nia Bell",
        "Cole Tan",
        "Cyd Marsh",
        "Coast Systems",
        "North IT",
        *SECRETS,
    ),
    "omar": (
        *ACME,
        "Port terminal",
        "harbour-port",
        "Pat Roy",
        "Nia Bell",
        "Cole Tan",
        "Kim Lee",
        "Coast Systems",
        *SECRETS,
    ),
    "nils": (
        *HARBOUR,
        "Head office",
        "acme-hq",
        "acme-north-07",
        "Cole Tan",
        "Cyd Marsh",
        "Coast Systems",
        "Kim Lee",
        "Omar Haddad",
        "10.1.0.",
        *SECRETS,
    ),
    "pat": (
        *HARBOUR,
        "Head office",
        "acme-hq",
        "acme-north-07",
        "Cole Tan",
        "Nia Bell",
        "Coast Systems",
        "Kim Lee",
        "Omar Haddad",
        "10.1.0.",
        *SECRETS,
    ),
    "cora": (
        *ACME,
        "Port terminal",
        "harbour-port",
        "harbour-yard-01",
        "Pat Roy",
        "Nia Bell",
        "North IT",
        "Kim Lee",
        "Omar Haddad",
        "10.3.0.",
        *SECRETS,
    ),
    "dora": (*HARBOUR, "Cole Tan", "Cyd Marsh", "Omar Haddad", "Coast Systems", "10.0.0.", "10.1.0.", *SECRETS),
    "hugo": (*ACME, "Pat Roy", "Nia Bell", "North IT", "10.2.0.", "10.3.0.", *SECRETS),
}
"""By account, words that stand for what is none of its business; none of them may be in any answer to it."""

EVERYTHING = (*ACME, *HARBOUR, "Kim Lee", "Omar Haddad", "Pat Roy", "Nia Bell", "Cole Tan", "North IT", *SECRETS)
STREAMS = "text/event-stream"
ROLE = {one.id: Role(one.role) for one in ACCOUNTS}


def app_routes(portal: RunningPortal) -> Sequence[tuple[str, APIRoute]]:
    return tuple(routes_of(portal.app.routes))


def paths_of(path: str) -> Iterator[str]:
    """The path with real ids in it: one for each of ``IDS``, or the path itself where it wants none."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    found = []
    for ids in IDS if names else IDS[:1]:
        values = {name: _value(name, ids) for name in names}
        found.append(re.sub(r"{(\w+)(?::\w+)?}", lambda match, v=values: v[match[1]], path))  # type: ignore[misc]
    yield from dict.fromkeys(found)


def _value(name: str, ids: Mapping[str, str]) -> str:
    if name.startswith("campaign"):
        return "vancouver"
    if name.startswith("plan"):
        return "plan-1"
    if name in {"number", "wave", "wave_number", "page"}:
        return "1"
    return ids.get(name.removesuffix("_id"), "something")


def asked(client: httpx.Client, method: str, path: str, **more: object) -> tuple[int, str, str]:
    """Status, body and where to; of a stream only its first words."""
    with client.stream(method, path, **more) as answer:  # type: ignore[arg-type]
        if STREAMS in answer.headers.get("content-type", ""):
            return answer.status_code, "".join(itertools.islice(answer.iter_text(), 2)), ""
        return answer.status_code, answer.read().decode(errors="replace"), answer.headers.get("location", "")


def test_every_route_has_exactly_one_guard(portal: RunningPortal) -> None:
    assert len(app_routes(portal)) > 20
    for path, route in app_routes(portal):
        assert len(guards_of(route)) == 1, path


def test_what_is_open_to_everybody_is_open_on_purpose(portal: RunningPortal) -> None:
    found = {path for path, route in app_routes(portal) if isinstance(guards_of(route)[0], OpenToAll)}
    assert found - {one for one in found if one.startswith("/api/v1/openapi")} <= OPEN


def test_an_application_with_an_unguarded_route_is_not_made() -> None:
    router, app = APIRouter(), FastAPI()

    @router.get("/forgotten")
    def forgotten() -> str:
        return "nobody asked who you are"

    app.include_router(router)
    with pytest.raises(TypeError, match="/forgotten has 0 guards"):
        check_routes(app.routes)


def test_without_a_login_nothing_is_reached_and_nothing_hinted_at(portal: RunningPortal) -> None:
    with portal.client() as client:
        for path, route in app_routes(portal):
            guard = guards_of(route)[0]
            for method, address in itertools.product(sorted(route.methods or ()), paths_of(path)):
                status, body, there = asked(client, method, address)
                assert status < 500, (method, address)
                assert [word for word in EVERYTHING if word in body] == [], (method, address)
                if isinstance(guard, OpenToAll):
                    continue
                if address.startswith("/api/"):
                    assert status == 401, (method, address)
                else:
                    assert (status, there.partition("?")[0]) == (303, "/login"), (method, address)


@pytest.mark.parametrize("account", HIDDEN)
def test_nobody_is_shown_what_is_none_of_their_business(portal: RunningPortal, account: str) -> None:
    seen = 0
    with portal.client(account) as client:
        for path, route in app_routes(portal):
            guard = guards_of(route)[0]
            if "GET" not in (route.methods or ()) or path == "/metrics" or path.startswith("/api/"):
                continue
            for address in paths_of(path):
                status, body, _ = asked(client, "GET", address)
                assert status < 500, address
                if isinstance(guard, Need) and ROLE[account] not in guard.roles:
                    assert status == 404, address
                    assert NOTHING[0] in body or status == 404
                assert [word for word in HIDDEN[account] if word in body] == [], address
                seen += status == 200
    assert seen >= 3


@pytest.mark.parametrize("account", [*HIDDEN, "vera"])
def test_nobody_changes_what_is_not_theirs_to_change(portal: RunningPortal, account: str) -> None:
    with portal.client(account) as client:
        for path, route in app_routes(portal):
            guard = guards_of(route)[0]
            if "POST" not in (route.methods or ()) or not isinstance(guard, Need) or ROLE[account] in guard.roles:
                continue
            for address in paths_of(path):
                before = portal.world.ledger.revision()
                status, body, _ = asked(client, "POST", address, data={"reason": "because", "say": "yes"})
                assert status == 404, address
                assert [word for word in HIDDEN.get(account, ()) if word in body] == [], address
                assert portal.world.ledger.revision() == before, address


def test_what_is_not_there_and_what_is_not_yours_look_the_same(portal: RunningPortal) -> None:
    with portal.client("dora") as client:
        nowhere = client.get("/there/is/nothing")
        theirs = client.get("/manager")
        assert (nowhere.status_code, theirs.status_code) == (404, 404)
        same = re.sub(r"<title>.*?</title>", "", theirs.text)
        assert re.sub(r"<title>.*?</title>", "", nowhere.text) == same


def test_a_change_without_the_sessions_token_is_refused(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        del client.headers["x-csrf-token"]
        before = portal.world.ledger.revision()
        for path, route in app_routes(portal):
            guard = guards_of(route)[0]
            if "POST" in (route.methods or ()) and isinstance(guard, Need) and Role.MANAGER in guard.roles:
                address = next(paths_of(path))
                status, _, _ = asked(client, "POST", address, data={"csrf": "a" * 64})
                assert status == 400, address
        assert portal.world.ledger.revision() == before


def test_what_another_site_sends_is_refused_even_with_the_token(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        answer = client.post("/logout", headers={"origin": "https://evil.example"})
        assert answer.status_code == 400
        assert client.get("/manager").status_code == 200
