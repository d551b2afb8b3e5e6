"""Logging in with the company's identity provider: a real one, in a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from flows.server import free_port
from portal.access import Role
from portal.company_login import provider_of
from tests.portal.conftest import RunningPortal, Screens, copy_world, start_portal, stop_portal
from tests.portal.identity_provider import CLIENT_ID, CLIENT_SECRET
from tests.portal.world import PASSWORD, World

ROOT = Path(__file__).parent.parent.parent
ROLES = {
    "muster-managers": "manager",
    "engineers": "engineer",
    "north-technicians": "partner-technician north",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's address, while its process runs."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.portal.identity_provider", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            httpx.get(f"{address}/keys", timeout=5)
            break
        except httpx.HTTPError:
            assert process.poll() is None
            time.sleep(0.05)
    yield address
    process.terminate()
    process.wait(30)


@dataclass
class Company:
    """A portal that knows the provider."""

    running: RunningPortal
    issuer: str

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.running.url, timeout=60)

    def log_in(self, client: httpx.Client, who: str) -> httpx.Response:
        """Walk the whole way as a browser does: out to the provider, choose who one is, and back."""
        out = client.get("/oidc?next=/account")
        assert out.status_code == 303
        return client.get(self.choose(out.headers["location"], who))

    def choose(self, address: str, who: str) -> str:
        """At the provider: choose who one is; gives where it sends the browser."""
        with httpx.Client(timeout=60) as other:
            page = other.get(address)
            assert page.status_code == 200, page.text
            fields = re.findall(r'name="([^"]+)" value="([^"]*)">', page.text.partition("<button")[0])
            answer = other.post(f"{self.issuer}/authorize", data={k: unescape(v) for k, v in fields} | {"who": who})
            assert answer.status_code == 302, answer.text
            return answer.headers["location"]

    def account(self, who: str) -> tuple[str, str] | None:
        """Role and person of somebody's account."""
        found = self.running.portal.store.account_of_subject(f"{self.issuer}|sub-{who}")
        return None if found is None else (found.role, found.engineer_id or "")


@pytest.fixture(scope="module")
def company(issuer: str, world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A portal of a world of its own, with the provider in its settings."""
    folder = tmp_path_factory.mktemp("company")
    world = copy_world(world_folder, folder)
    (folder / "secret.sh").write_text(f'printf "%s" "{CLIENT_SECRET}"', encoding="utf-8")
    settings = world.settings.model_copy(
        update={
            "portal_oidc_issuer": issuer,
            "portal_oidc_client_id": CLIENT_ID,
            "portal_oidc_secret": f"command:sh {folder}/secret.sh",
            "portal_oidc_roles": ROLES,
        }
    )
    running = start_portal(World(world.services, settings))
    yield Company(running, issuer)
    stop_portal(running)


def test_the_claims_say_who_somebody_is(company: Company) -> None:
    with company.browser() as client:
        back = company.log_in(client, "maria")
        assert (back.status_code, back.headers["location"]) == (303, "/account")
        assert client.get("/").headers["location"] == "/manager"
        assert "Maria" in client.get("/manager").text
    assert company.account("maria") == (Role.MANAGER, "")


def test_a_person_of_the_crew_is_known_by_their_address_and_takes_over_no_local_account(company: Company) -> None:
    with company.browser() as client:
        company.log_in(client, "kim")
        assert client.get("/").headers["location"] == "/engineer"
    assert company.account("kim") == (Role.ENGINEER, "kim")
    local = company.running.portal.store.account("kim")
    assert local is not None
    assert local.subject is None
    assert local.password_hash
    with company.browser() as client:
        company.log_in(client, "nia")
    assert company.account("nia") == (Role.PARTNER_TECHNICIAN, "nia")


def test_who_has_no_role_is_not_let_in(company: Company) -> None:
    with company.browser() as client:
        back = company.log_in(client, "nobody")
        assert back.status_code == 400
        assert "no role in Muster" in back.text
        assert client.get("/manager").status_code == 303
    assert company.account("nobody") is None


@pytest.mark.parametrize("who", ["forger", "stranger", "echo", "late"])
def test_what_does_not_hold_lets_nobody_in(company: Company, who: str) -> None:
    with company.browser() as client:
        back = company.log_in(client, who)
        assert back.status_code == 409, back.text
        assert "does not hold" in back.text
        assert client.get("/manager").status_code == 303
    assert company.account(who) is None


def test_a_code_works_once_and_only_in_the_browser_that_began(company: Company) -> None:
    with company.browser() as client, company.browser() as other:
        address = company.choose(client.get("/oidc").headers["location"], "maria")
        assert other.get(address).status_code == 400, "another browser may not bring it home"
        assert client.get(address).status_code == 400, "and it is used up by the try"
        assert company.log_in(client, "maria").status_code == 303


def test_the_way_out_carries_state_nonce_and_a_challenge_that_cannot_be_turned_back(company: Company) -> None:
    with company.browser() as client:
        asked = parse_qs(urlsplit(client.get("/oidc").headers["location"]).query)
        again = parse_qs(urlsplit(client.get("/oidc").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]


def test_a_disabled_account_stays_out(company: Company) -> None:
    store = company.running.portal.store
    with company.browser() as client:
        company.log_in(client, "maria")
        found = store.account_of_subject(f"{company.issuer}|sub-maria")
        assert found is not None
        store.change_account(found.id, end_sessions=True, disabled=True)
        assert client.get("/manager").status_code == 303
        assert company.log_in(client, "maria").status_code == 400
        store.change_account(found.id, disabled=False)


def test_who_logs_out_is_logged_out_at_the_company_too(
    company: Company, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    """In a real browser: the content policy lets no form end at another site."""
    page = screens_of(company.running).page()
    page.goto("/login")
    page.get_by_role("link", name="Log in with your company account").click()
    page.get_by_role("button", name="maria").click()
    page.wait_for_url("**/manager")
    page.get_by_text("Maria", exact=True).first.click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert httpx.get(f"{company.issuer}/ended", timeout=30).json()[-1] == "sub-maria"
    page.goto("/manager")
    assert page.url == f"{company.running.url}/login?next=/manager"


def test_who_came_by_a_password_or_with_the_setting_off_is_logged_out_here_only(company: Company) -> None:
    with company.browser() as client:
        client.post("/login", data={"name": "ana", "password": PASSWORD})
        token = re.findall(r'name="csrf" content="([^"]+)"', client.get("/manager").text)[0]
        assert client.post("/logout", data={"csrf": token}).headers["location"] == "/login"
        company.log_in(client, "maria")
        token = re.findall(r'name="csrf" content="([^"]+)"', client.get("/manager").text)[0]
        off = company.running.portal.settings.model_copy(update={"portal_oidc_logout": False})
        on = company.running.portal.settings
        object.__setattr__(company.running.portal, "settings", off)
        try:
            assert client.post("/logout", data={"csrf": token}).headers["location"] == "/login"
        finally:
            object.__setattr__(company.running.portal, "settings", on)


def test_local_accounts_go_on_beside_it(company: Company) -> None:
    with company.browser() as client:
        page = client.get("/login")
        assert "Log in with your company account" in page.text
        assert client.post("/login", data={"name": "ana", "password": PASSWORD}).status_code == 303


def test_a_provider_that_is_away_is_a_sentence(company: Company) -> None:
    settings = company.running.world.settings.model_copy(update={"portal_oidc_issuer": "http://127.0.0.1:9"})
    provider = provider_of(settings, company.running.world.services)
    assert provider is not None
    with pytest.raises(Exception, match="cannot be asked: ConnectError"):
        provider.begin("http://x", state="s", nonce="n", verifier="v" * 43)
