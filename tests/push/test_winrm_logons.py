"""The logons of WinRM against pyspnego's server half: NTLM and CredSSP for real, Kerberos as far as it goes alone."""

from pathlib import Path
from typing import Any

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings

from muster.errors import StepFailed
from muster.outcomes import Ending, Stage
from push import winrm_logons
from push.winrm_access import Logon
from push.winrm_logons import Negotiated, refuse_without_modules, session_for
from tests.fleet.winrm_endpoint import Faults
from tests.fleet.winrm_logon import CredSspLogon
from tests.fleet.winrm_world import DONE, PASSWORD, USER, WinRmWorld


@pytest.fixture
def world(tmp_path: Path) -> WinRmWorld:
    return WinRmWorld(tmp_path)


@pytest.mark.parametrize("https", [True, False])
@pytest.mark.parametrize("logon", ["ntlm", "credssp"])
def test_a_logon_is_made_once_for_all_messages_of_a_session(world: WinRmWorld, logon: str, *, https: bool) -> None:
    host = world.add("till", logon=logon, https=https)
    with world:
        report = world.one("till", f'findstr "^"\n{DONE}', payload=b"line\r\n" * 9000)
    assert report.ending is Ending.DONE, report
    assert (host.counters.connections, host.counters.logons_refused, host.shells.live) == (1, 0, 0)


def test_credssp_hands_the_password_over_and_only_over_its_own_tls(
    world: WinRmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket as sockets

    world.add("till", logon="credssp", https=False)
    seen: list[bytes] = []
    original = sockets.socket.sendall

    def spy(self: sockets.socket, data: bytes, flags: int = 0) -> None:
        seen.append(bytes(data))
        original(self, data, flags)

    monkeypatch.setattr(sockets.socket, "sendall", spy)
    CredSspLogon.given.clear()
    with world:
        assert world.one("till", f"rem SECRET-WORD-IN-SCRIPT\n{DONE}").ending is Ending.DONE
    assert CredSspLogon.given == [PASSWORD]
    wire = b"".join(seen)
    assert b"session-encrypted" in wire
    for word in (PASSWORD, "SECRET-WORD-IN-SCRIPT", "Envelope"):
        assert word.encode() not in wire
        assert word.encode("utf-16-le") not in wire


@pytest.mark.parametrize("https", [True, False])
@pytest.mark.parametrize("logon", ["ntlm", "credssp"])
def test_a_bad_password_is_sent_once_whatever_the_logon(world: WinRmWorld, logon: str, *, https: bool) -> None:
    host = world.add("till", logon=logon, https=https)
    world.password = "Wrong-Horse-8"
    with world:
        first, second = world.one("till"), world.one("till")
    assert (first.ending, first.stage) == (Ending.FAILED, Stage.AUTHENTICATE), first
    assert "tried once and not again" in first.cause
    assert "nothing was sent" in second.cause
    assert (host.counters.logons_refused, host.counters.requests) == (1, {})


def test_a_logon_that_is_bound_to_another_certificate_is_refused_by_a_strict_host(
    world: WinRmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint holds the channel bindings against its own certificate; ours are right, so another's are not."""
    host = world.add("till", logon="ntlm")
    other = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))
    monkeypatch.setattr(winrm_logons, "_bindings", lambda _certificate: other)
    with world:
        report = world.one("till")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report
    assert host.counters.requests == {}


def test_a_host_that_offers_no_such_logon_is_named_and_costs_the_password_nothing(world: WinRmWorld) -> None:
    world.add("plain", logon="basic")
    world.add("till", logon="ntlm")
    world.access["plain"] = {**world.access["plain"], "logon": Logon.NTLM}
    world.users[r"CORP\patcher"] = PASSWORD
    world.user = r"CORP\patcher"
    with world:
        first = world.one("plain")
        assert "does not take ntlm logons (it takes basic)" in first.cause
        assert world.one("till").ending is Ending.DONE, "the account is good, and was never tried"


def test_an_answer_that_nobody_sealed_is_not_believed(world: WinRmWorld) -> None:
    host = world.add("till", logon="ntlm", https=False, faults=Faults(unsealed_in=frozenset({"Create"})))
    with world:
        report = world.one("till")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report
    assert "cannot be believed (an answer that is not encrypted)" in report.cause
    assert "Command" not in host.counters.requests


@pytest.mark.parametrize("logon", [Logon.BASIC, Logon.NTLM, Logon.CREDSSP])
def test_what_needs_nothing_more_is_not_refused(logon: Logon) -> None:
    refuse_without_modules(logon)


def test_kerberos_without_its_modules_says_what_to_install_and_sends_nothing(
    world: WinRmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winrm_logons, "NEEDS", {Logon.KERBEROS: ("gssapi", "no_such_module")})
    host = world.add("till")
    world.access["till"] = {**world.access["till"], "logon": Logon.KERBEROS}
    with world:
        report = world.one("till")
    assert (report.ending, host.counters.requests) == (Ending.FAILED, {}), report
    assert "kerberos logons need" in report.cause
    assert "no_such_module" in report.cause
    assert 'pip install "muster[kerberos]"' in report.hint


def test_the_extra_that_the_hint_names_is_there() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (needed,) = project["optional-dependencies"]["kerberos"]
    assert needed.startswith("pyspnego[kerberos]")
    with pytest.raises(StepFailed) as caught:
        _refuse_all()
    assert f"{project['name']}[kerberos]" in caught.value.hint


def _refuse_all() -> None:
    missing = pytest.MonkeyPatch()
    missing.setattr(winrm_logons, "NEEDS", {Logon.KERBEROS: ("no_such_module",)})
    try:
        refuse_without_modules(Logon.KERBEROS)
    finally:
        missing.undo()


@pytest.mark.parametrize(
    ("logon", "user", "password", "sealed", "expected"),
    [
        (Logon.KERBEROS, USER, "", False, {"username": None, "password": None}),
        (Logon.KERBEROS, "ann@CORP.EXAMPLE", "", False, {"username": "ann@CORP.EXAMPLE", "password": None}),
        (Logon.KERBEROS, "ann@CORP.EXAMPLE", "x", True, {"username": "ann@CORP.EXAMPLE", "password": "x"}),
        (Logon.CREDSSP, r"CORP\ann", "x", True, {"username": r"CORP\ann", "credssp_min_protocol": 5}),
    ],
)
def test_what_a_context_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    logon: Logon,
    user: str,
    password: str,
    sealed: bool,  # noqa: FBT001 -- a parameter of the case
    expected: dict[str, Any],
) -> None:
    asked: dict[str, Any] = {}

    def client(username: str | None = None, password: str | None = None, **more: Any) -> None:  # noqa: ANN401
        asked.update(username=username, password=password, **more)

    monkeypatch.setattr(spnego, "client", client)
    session = session_for(logon, user, password, "dc-1.corp.example")
    assert isinstance(session, Negotiated)
    certificate = None if sealed else b"no certificate that anybody could read"
    session.begin(certificate)
    assert asked.items() >= expected.items()
    assert (asked["protocol"], asked["service"], asked["hostname"]) == (logon.value, "HTTP", "dc-1.corp.example")
    assert (asked["channel_bindings"] is None) == sealed
    if logon is Logon.KERBEROS:
        assert bool(asked["options"] & spnego.NegotiateOptions.wrapping_winrm) == sealed
