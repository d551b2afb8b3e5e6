"""The API: what it gives whom, and that it keeps to its own description whatever it is sent."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.tokens import Scope, Tokens
from portal.trouble import NOTHING
from tests.portal.conftest import RunningPortal, copy_world, start_portal, stop_portal

REAL = {"campaign_id": "vancouver", "visit_id": "v4", "host_id": "acme-hq-01", "plan_id": "plan-1"}
ALL = (Scope.READ, Scope.ACT)


@pytest.fixture(scope="module")
def api(world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal whose world is changed by what the tests send."""
    running = start_portal(copy_world(world_folder, tmp_path_factory.mktemp("api")))
    yield running
    stop_portal(running)


@pytest.fixture(scope="module")
def client_of(api: RunningPortal) -> Iterator[Callable[..., httpx.Client]]:
    """Clients with a token of an account."""
    made: list[httpx.Client] = []

    def of(account: str, *scopes: Scope) -> httpx.Client:
        client = httpx.Client(base_url=f"{api.url}/api/v1", timeout=60)
        client.headers["authorization"] = f"Bearer {token(api, account, *scopes)}"
        made.append(client)
        return client

    yield of
    for one in made:
        one.close()


def token(api: RunningPortal, account: str, *scopes: Scope, days: float = 1) -> str:
    tokens = Tokens(api.world.ledger, api.portal.store, "test")
    return tokens.add(account, "test", scopes or (Scope.READ,), lasts=timedelta(days=days))[1]


Clients = Callable[..., httpx.Client]


def test_a_campaigns_status_is_that_of_the_pages(client_of: Clients) -> None:
    found = client_of("ana").get("/campaigns/vancouver").json()
    assert found["total"] == 32
    assert found["hosts"]["verified"] == 11
    assert found["hosts"]["failed"] == 2
    assert found["protected"] == 12
    assert found["wave"]["number"] == 2
    assert found["plan_id"] == "plan-1"


def test_hosts_are_handed_out_in_pages_without_gaps_or_repeats(client_of: Clients) -> None:
    client = client_of("vera")
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = client.get("/campaigns/vancouver/hosts", params={"after": after, "limit": 5}).json()
        seen += [one["id"] for one in answer["hosts"]]
        after = answer["next"]
    assert len(seen) == len(set(seen)) == 32
    assert seen == sorted(seen)
    failed = client.get("/campaigns/vancouver/hosts", params={"status": "failed"}).json()["hosts"]
    assert {one["site_id"] for one in failed} == {"acme-north"}
    assert "credential" not in str(failed)


def test_a_partner_is_given_its_own_visits_and_nothing_else(client_of: Clients) -> None:
    client = client_of("nils")
    visits = client.get("/visits").json()
    assert [one["visit_id"] for one in visits["visits"]] == ["v4"]
    assert visits["total"] == 1
    assert client.get("/visits/vancouver/v4").json()["hosts"][0].keys() == {"name", "os", "role", "status"}
    for path in ("/visits/vancouver/v5", "/visits/vancouver/v6", "/visits/vancouver/none", "/campaigns/vancouver"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, NOTHING[1]), path


def test_everybody_sees_the_visits_of_their_scope(client_of: Clients) -> None:
    expected = {"ana": 6, "kim": 2, "omar": 1, "pat": 1, "cora": 1, "dora": 3, "hugo": 3}
    found = {account: client_of(account).get("/visits").json()["total"] for account in expected}
    assert found == expected


def test_failures_waves_plans_and_who_one_is(client_of: Clients) -> None:
    client = client_of("ana")
    failures = client.get("/campaigns/vancouver/failures").json()["failures"]
    assert {one["cause"] for one in failures} >= {"no space left on the device"}
    assert [one["state"] for one in client.get("/campaigns/vancouver/waves").json()["waves"]] == ["passed", "open"]
    assert client.get("/campaigns/vancouver/plans").json() == {"plans": [{"id": "plan-1", "binding": True}]}
    plan = client.get("/campaigns/vancouver/plans/plan-1").json()
    assert (plan["placed"], plan["left_out"], plan["total_cents"]) == (6, 1, 206_450)
    assert client.get("/me").json() == {"account": "ana", "name": "Ana Silva", "role": "manager"}


def test_a_stop_and_its_end_are_in_the_record_with_who_and_from_where(api: RunningPortal, client_of: Clients) -> None:
    client = client_of("ana", *ALL)
    assert client.post("/campaigns/vancouver/stop", json={"reason": "a client called"}).status_code == 200
    stop = client.get("/campaigns/vancouver").json()["stop"]
    assert (stop["by"], stop["reason"]) == ("Ana Silva (ana)", "a client called")
    assert client.post("/campaigns/vancouver/resume", json={"reason": "it was a mistake"}).status_code == 200
    assert client.post("/campaigns/vancouver/resume", json={"reason": "it was a mistake"}).status_code == 400
    notes = [one for one in api.world.ledger.events(limit=100_000) if one.kind == "portal: stopped a campaign"]
    assert [(one.by, one.data["from"], one.data["came_by"]) for one in notes] == [
        ("Ana Silva (ana)", "127.0.0.1", "token")
    ]


@pytest.mark.parametrize("path", ["/campaigns/vancouver/stop", "/campaigns/vancouver/resume"])
def test_a_token_does_what_it_is_for_and_no_more(client_of: Clients, path: str) -> None:
    reason = {"reason": "because of a test"}
    assert client_of("ana", Scope.READ).post(path, json=reason).status_code == 403
    assert client_of("ana", Scope.METRICS).get("/campaigns").status_code == 403
    assert client_of("vera", *ALL).post(path, json=reason).status_code == 404
    assert client_of("nils", *ALL).post(path, json=reason).status_code == 404


def test_a_token_ends_when_it_is_revoked_and_when_its_account_is(api: RunningPortal, client_of: Clients) -> None:
    client = client_of("omar")
    assert client.get("/me").status_code == 200
    tokens = Tokens(api.world.ledger, api.portal.store, "test")
    (one,) = [one for one in api.portal.store.tokens() if one.account_id == "omar" and one.revoked_at is None][-1:]
    tokens.revoke(one.id)
    assert client.get("/me").status_code == 401
    other = client_of("omar")
    api.portal.store.change_account("omar", disabled=True)
    assert other.get("/me").status_code == 401
    api.portal.store.change_account("omar", disabled=False)
    for word in ("Bearer", "Bearer muster_nothing", "Basic YTpi"):
        assert httpx.get(f"{api.url}/api/v1/me", headers={"authorization": word}).status_code == 401


def test_a_session_of_a_browser_is_no_token(api: RunningPortal) -> None:
    with api.client("ana") as client:
        assert client.get("/api/v1/campaigns").status_code == 401


def test_whatever_it_is_sent_it_keeps_to_its_description(api: RunningPortal) -> None:
    """Fuzzing, bounded: no 5xx, and every answer as described."""
    schema = schemathesis.openapi.from_url(f"{api.url}/api/v1/openapi.json")
    headers = {"authorization": f"Bearer {token(api, 'ana', *ALL)}"}
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    assert len(list(schema.get_all_operations())) >= 15
    seen = set()
    for operation, mode in itertools.product(tuple(schema.get_all_operations()), GenerationMode):
        wanted = {name: value for name, value in REAL.items() if f"{{{name}}}" in operation.ok().path}
        case_of = operation.ok().as_strategy(generation_mode=mode) | operation.ok().as_strategy(
            generation_mode=GenerationMode.POSITIVE, path_parameters=wanted
        )

        @given(case=case_of)
        @settings(
            max_examples=6,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        def send(case: schemathesis.Case[Any]) -> None:
            response = case.call(base_url=f"{api.url}/api/v1", headers=headers)
            seen.add(response.status_code)
            case.validate_response(response, checks=checks)

        send()
    assert {200, 404, 422} <= seen
