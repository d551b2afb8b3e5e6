"""Broken hosts cost their own time-outs and nobody else's, and end as what they are, in plain words."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from muster.cli.acts import SOME_FAILED
from muster.demo.cast import Kind
from muster.demo.fleet import DemoHost
from muster.records import Event, HostState
from tests.survival.stage import Stage

TIMEOUT_S = 20.0
"""Long enough that everybody else is done by then, also on a slow machine."""
PATIENT = {"MUSTER_CONNECT_TIMEOUT_S": str(TIMEOUT_S), "MUSTER_PARALLEL_HOSTS": "8"}

pytestmark = pytest.mark.timeout(900)


def ends_of(events: Iterable[Event], kind: str) -> dict[str, Event]:
    """The newest event of a kind for each host."""
    return {str(event.host_id): event for event in events if event.kind == kind}


def test_a_silent_host_of_a_wave_delays_no_other(stage: Stage) -> None:
    (silent,) = stage.fleet.of_kind(Kind.SILENT)
    assert stage.well("run", "--ahead", "--json", more=PATIENT).summary == stage.expected()
    (wave,) = [wave for wave in stage.waves() if silent.id in wave.host_ids]
    assert len(wave.host_ids) > 2, "it has company"

    claimed, finished = ends_of(stage.events(), "claimed"), ends_of(stage.events(), "finished")
    waited_s = (finished[silent.id].at - claimed[silent.id].at).total_seconds()
    assert waited_s >= TIMEOUT_S, "the silent host was waited for"
    for host_id in set(wave.host_ids) - {silent.id}:
        assert finished[host_id].data["status"] == "verified"
        assert finished[host_id].at < finished[silent.id].at, "done before the silent host's time was up"


def test_a_silent_host_delays_no_answer_of_others(stage: Stage) -> None:
    (silent,) = stage.fleet.of_kind(Kind.SILENT)
    before = len(stage.events())
    stage.well("probe", "--all", more=PATIENT)
    answers = ends_of(stage.events()[before:], "probed")
    healthy = [host.id for kind in (Kind.STALE, Kind.RIGHT) for host in stage.fleet.of_kind(kind)]
    assert set(answers) >= {silent.id, *healthy}
    late = [host_id for host_id in healthy if answers[host_id].at >= answers[silent.id].at]
    assert late == [], "their answers were written before the silent host's time was up"


def test_each_trouble_is_told_in_plain_words(stage: Stage) -> None:
    ended = stage.well("run", "--ahead")
    assert ended.code == SOME_FAILED, "a script hears of it, too"
    assert "of this run came to no good end" in ended.out
    standing = {str(state.host_id): state for state in stage.hosts()}

    host, state = one_of(stage, standing, Kind.REFUSING)
    assert state.status.value == "unreachable"
    assert "refused" in state.cause
    assert str(host.port) in state.cause

    host, state = one_of(stage, standing, Kind.SILENT)
    assert state.status.value == "unknown"
    assert "said nothing within" in state.cause
    assert "nothing was touched" in state.cause

    host, state = one_of(stage, standing, Kind.CHANGED_KEY)
    assert state.status.value == "untrusted"
    assert "key has changed" in state.cause
    assert fingerprint((host.root / "etc/ssh/ssh_host_ed25519_key").read_text()) in state.cause, "the one it shows"
    assert trusted_fingerprint(stage.workspace / "known_hosts", host) in state.cause, "the one that is known"
    assert str(stage.workspace / "known_hosts") in state.cause

    host, state = one_of(stage, standing, Kind.FULL_DISK)
    assert state.status.value == "failed"
    assert "disk full" in state.cause
    assert "/var/lib/muster/tzdata" in state.cause

    said = stage.well("status").out
    for kind in (Kind.REFUSING, Kind.SILENT, Kind.CHANGED_KEY, Kind.FULL_DISK):
        host, state = one_of(stage, standing, kind)
        after = said[said.index(host.id) :]
        assert "what to do:" in after.split("\n\n")[0], "each is named, with what to do about it"


def one_of(stage: Stage, standing: dict[str, HostState], kind: Kind) -> tuple[DemoHost, HostState]:
    (host,) = stage.fleet.of_kind(kind)
    return host, standing[host.id]


def fingerprint(private: str) -> str:
    """As OpenSSH shows it, of the public half of a private key's file."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    key = load_ssh_private_key(private.encode(), None).public_key()
    return _sha256(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[1])


def trusted_fingerprint(known_hosts: Path, host: DemoHost) -> str:
    """Of the line of a known_hosts file that is about a host."""
    lines = [line.split() for line in known_hosts.read_text().splitlines()]
    return next(_sha256(words[2]) for words in lines if words[0] == f"[{host.address}]:{host.port}")


def _sha256(blob: str) -> str:
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
