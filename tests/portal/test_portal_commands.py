"""``muster portal``: who may come in, from the command line; and a portal that is really served by it."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from flows.server import free_port
from tests.muster.shell import Shell
from tests.portal.conftest import copy_world
from tests.portal.world import PASSWORD

NEW = "quite another password"


class Portal:
    """``muster portal ...`` in a workspace with the world in it."""

    def __init__(self, folder: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._shell, self._monkeypatch = folder, shell, monkeypatch

    def __call__(self, *words: str, typed: str = "", code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        done = self._shell(self.folder, "portal", *words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def workspace(world_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    copy_world(world_folder, folder).services.close()
    (folder / "muster.yml").write_text("portal_url: https://muster.example.com\n", encoding="utf-8")
    return folder


@pytest.fixture
def shell(workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Portal:
    return Portal(workspace, Shell(monkeypatch, capfd), monkeypatch)


def test_accounts_are_added_by_role_and_their_passwords_read_from_a_pipe(shell: Portal) -> None:
    said = shell("accounts", "add", "Nia", "--role", "partner-technician north nia", typed=PASSWORD + "\n")
    assert "nia may log in as partner-technician" in said
    assert PASSWORD not in said
    listed = shell("accounts", "list", "--json")
    assert '"account": "nia"' in listed
    assert "argon2" not in listed
    assert "there is no person ghost" in shell("accounts", "add", "x", "--role", "engineer ghost", typed="", code=2)
    short = shell("accounts", "add", "shorty", "--role", "manager", typed="short\n", code=2)
    assert "fewer than 12" in short
    shell("accounts", "password", "nia", typed=NEW + "\n")
    shell("accounts", "disable", "nia")
    assert "may log in again" in shell("accounts", "disable", "nia", "--enable")


def test_links_and_tokens_are_shown_once(shell: Portal) -> None:
    said = shell("link", "client", "acme", "--name", "Dora Acme", "--days", "5")
    word = said.split("https://muster.example.com/enter/")[1].split()[0]
    link = said.split()[1]
    assert len(word) >= 43
    assert word not in shell("link", "list", "--json")
    assert "works no more" in shell("link", "revoke", link)
    shell("link", "client", "acme", "--name", "Dora Acme", "--language", "de")
    assert "one of: en, fr, de, es" in shell("link", "client", "acme", "--name", "D", "--language", "xx", code=2)
    token = shell("token", "add", "ana", "--name", "wall", "--scope", "read").split()[-1]
    assert token.startswith("muster_")
    assert token not in shell("token", "list", "--json")


def test_it_serves_with_secure_cookies_where_its_address_is_https(shell: Portal) -> None:
    port = free_port()
    command = [sys.executable, "-m", "muster", "-C", str(shell.folder), "portal", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        address, give_up = f"http://127.0.0.1:{port}", time.monotonic() + 120
        while time.monotonic() < give_up:
            try:
                httpx.get(f"{address}/health", timeout=30)
                break
            except httpx.HTTPError:
                assert process.poll() is None
                time.sleep(0.1)
        answer = httpx.post(f"{address}/login", data={"name": "ana", "password": PASSWORD}, timeout=60)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert "__Host-muster=" in cookie
        assert "Secure" in cookie
        assert "strict-transport-security" in answer.headers
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in {0, -signal.SIGTERM}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ((), "Address already in use"),
        (("--host", "192.0.2.1"), "Cannot assign"),
        (("--host", "a.invalid"), "not known"),
    ],
)
def test_an_address_that_cannot_be_had_is_said_in_a_line(shell: Portal, address: tuple[str, ...], why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = shell("--port", str(taken.getsockname()[1]), *address, code=2)
    assert "the portal cannot listen on" in said
    assert why in said
    assert "--port" in said
    assert "the portal listens on" not in said
