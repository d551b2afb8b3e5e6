"""Figures for Prometheus, health, and the headers that every answer carries."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse

from muster.messages import MessageState
from portal.access import Role
from portal.security import SecureHeaders
from portal.tokens import Scope, Tokens
from tests.portal.conftest import RunningPortal


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Samples by name and the values of their labels."""
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_figures_are_those_of_the_ledger(portal: RunningPortal) -> None:
    with portal.client() as client:
        client.get("/health")
        found = figures(client.get("/metrics").text)
    assert found["muster_hosts", "vancouver", "failed"] == 2
    assert found["muster_hosts", "vancouver", "unknown"] == 1
    assert found["muster_attempts_total", "vancouver", "verified"] == 11
    assert found["muster_stopped", "vancouver"] == 0
    assert found["muster_outbox_messages", MessageState.WAITING.value] >= 0
    assert 11 * 86400 < found["muster_deadline_seconds", "vancouver"] < 12 * 86400
    assert found["muster_portal_request_seconds_count", "GET", "/health", "2xx"] >= 1
    assert found["muster_ledger_revision",] > 0


def test_a_request_is_counted_by_its_route_and_never_by_its_ids(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client, portal.client() as anybody:
        client.get("/live/vancouver/none")
        client.get("/manager/vancouver/hosts")
        text = anybody.get("/metrics").text
    assert 'route="/manager/{campaign_id}/hosts"' in text
    assert 'route="/manager/vancouver' not in text


def test_figures_are_for_this_machine_and_for_tokens(portal: RunningPortal) -> None:
    tokens = Tokens(portal.world.ledger, portal.portal.store, "test")
    good = tokens.add("ana", "prometheus", (Scope.METRICS,), lasts=timedelta(days=1))[1]
    other = tokens.add("ana", "reader", (Scope.READ,), lasts=timedelta(days=1))[1]
    behind_proxy = {"x-forwarded-for": "203.0.113.9"}
    with portal.client() as client:
        assert client.get("/metrics", headers=behind_proxy).status_code == 404
        bearer = {"authorization": f"Bearer {good}", **behind_proxy}
        assert client.get("/metrics", headers=bearer).status_code == 200
        assert client.get("/metrics", headers={"authorization": f"Bearer {other}"}).status_code == 403
        assert client.get("/metrics", headers={"authorization": "Bearer nothing"}).status_code in {303, 401}


def test_health_says_whether_the_ledger_answers_and_no_more(portal: RunningPortal) -> None:
    with portal.client() as client:
        assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/login", "/manager", "/nothing", "/static/muster.css", "/api/v1/me", "/metrics"])
def test_every_answer_says_what_a_browser_may_do_with_it(portal: RunningPortal, path: str) -> None:
    with portal.client() as client:
        headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_files_with_their_age_in_the_address_may_be_kept(portal: RunningPortal) -> None:
    with portal.client() as client:
        assert "immutable" in client.get("/static/muster.css?123").headers["cache-control"]


def test_with_https_browsers_are_told_to_stay_with_it() -> None:
    app = SecureHeaders(PlainTextResponse("hello"), https=True)

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://portal.example") as client:
            return await client.get("/")

    assert "max-age=31536000" in asyncio.run(asked()).headers["strict-transport-security"]
