"""First contact: what is new is written down, what has changed only where its host is named."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from muster.errors import InputError
from muster.fleet import Jump, TransportName
from muster.ids import HostId, SiteId
from muster.ports import Target
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts, fingerprint
from push.redact import Redactor
from push.trust import Offer, Standing, compare, jump_targets, scan, trust
from tests.fleet.faults import Fault
from tests.fleet.openssh import FleetHost, KeyPair, openssh_fleet, why_not

OLD, NEW = KeyPair.new(), KeyPair.new()


def _target(name: str, address: str = "", port: int = 22) -> Target:
    return Target(HostId(name), SiteId("s"), TransportName.SSH, address or name, port, "root", "agent:")


def _offers(file: Path, *shown: tuple[Target, KeyPair]) -> list[Offer]:
    known = KnownHosts.read(file)
    return [compare(target, key.public_blob, b"", known) for target, key in shown]


def test_new_keys_are_written_and_trusted_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"
    done = trust(file, _offers(file, (_target("a"), NEW), (_target("b", "10.0.0.1", 2222), OLD)))
    assert done.added == ("a", "b")
    assert [offer.standing for offer in _offers(file, (_target("a"), NEW))] == [Standing.SAME]
    assert "[10.0.0.1]:2222 ssh-ed25519 " in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == ["known_hosts"]  # noqa: PTH208 - no temporary file is left


def test_a_changed_key_is_refused_with_both_fingerprints_until_its_host_is_named(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"# ours\na {OLD.public} comment\nb,a,c {OLD.public}\nz {OLD.public}")
    offers = _offers(file, (_target("a"), NEW))
    assert offers[0].standing is Standing.CHANGED
    assert fingerprint(OLD.public_blob) in offers[0].cause
    assert fingerprint(NEW.public_blob) in offers[0].cause
    before = file.read_text()
    assert trust(file, offers).refused == tuple(offers)
    assert file.read_text() == before
    assert trust(file, offers, replace_hosts=[HostId("a")]).replaced == ("a",)
    assert file.read_text() == f"# ours\nb,c {OLD.public}\nz {OLD.public}\na {NEW.public}\n"


def test_a_pattern_is_not_changed_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"*.shop {OLD.public}\n")
    offers = _offers(file, (_target("till", "till.shop"), NEW))
    with pytest.raises(InputError, match="several hosts"):
        trust(file, offers, replace_hosts=[HostId("till")])
    assert file.read_text() == f"*.shop {OLD.public}\n"


def test_a_revoked_key_is_never_new(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"@revoked * {NEW.public}\n")
    assert _offers(file, (_target("a"), NEW))[0].standing is Standing.CHANGED


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    offers = _offers(tmp_path / "none", (_target("a"), NEW))
    with pytest.raises(InputError, match="cannot be changed"):
        trust(tmp_path / "file" / "known_hosts", offers)


@pytest.mark.sshd
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_real_hosts_are_scanned_and_their_trouble_is_said(tmp_path: Path) -> None:
    faults = {1: Fault.CHANGED_KEY, 2: Fault.REFUSING, 3: Fault.UNKNOWN_KEY, 4: Fault.TARPIT}
    with openssh_fleet(tmp_path, 5, faults=faults) as fleet:
        settings = Settings(connect_timeout_s=1.5, login_timeout_s=2)
        known = KnownHosts.read(fleet.known_hosts)
        targets = [replace(_target(host.name, host.address), port=host.port) for host in fleet.hosts]
        offers = {offer.target.host_id: offer for offer in scan(targets, settings, known_hosts=known, stop=Event())}
        assert [offers[HostId(host.name)].standing for host in fleet.hosts] == [
            Standing.SAME,
            Standing.CHANGED,
            Standing.NO_KEY,
            Standing.NEW,
            Standing.NO_KEY,
        ]
        assert _shown(fleet.hosts[3], offers) == fingerprint(fleet.hosts[3].key.public_blob)
        assert "refused" in offers[HostId(fleet.hosts[2].name)].cause


@pytest.mark.sshd
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_jump_hosts_are_trusted_first_and_then_what_is_behind_them(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 2) as fleet:
        gate, host = fleet.hosts
        credentials = Credentials(Redactor())
        settings, file = Settings(connect_timeout_s=3, login_timeout_s=4), tmp_path / "known"
        jump = Jump(gate.address, gate.port, "root", f"key:{fleet.key_file}")
        behind = replace(_target(host.name, host.address), port=host.port, jump=(jump,))
        targets = [*jump_targets([behind, behind]), behind]
        assert [target.host_id for target in targets] == [f"jump {gate.address}:{gate.port}", host.name]

        def look() -> dict[str, Offer]:
            known = KnownHosts.read(file)
            found = scan(targets, settings, known_hosts=known, stop=Event(), credentials=credentials)
            return {str(offer.target.host_id): offer for offer in found}

        first = look()
        assert first[str(targets[0].host_id)].standing is Standing.NEW
        assert first[host.name].standing is Standing.NO_KEY
        assert "could not be reached (host key)" in first[host.name].cause
        trust(file, list(first.values()))
        second = look()
        assert second[str(targets[0].host_id)].standing is Standing.SAME
        assert second[host.name].standing is Standing.NEW
        assert second[host.name].fingerprint == fingerprint(host.key.public_blob)
        trust(file, list(second.values()))
        assert {offer.standing for offer in look().values()} == {Standing.SAME}


def test_machines_of_two_clients_with_the_same_address_are_two(tmp_path: Path) -> None:
    """10.0.0.7 is behind the jump host of one client, behind that of another, and reached directly at a third."""
    file, third = tmp_path / "known_hosts", KeyPair.new()
    direct = _target("direct", "10.0.0.7")
    one, two = (
        replace(direct, host_id=HostId(gate), jump=(Jump(gate),)) for gate in ("gate.one.example", "gate.two.example")
    )
    trust(file, _offers(file, (one, OLD), (two, NEW)))
    assert [offer.standing for offer in _offers(file, (one, OLD), (two, NEW))] == [Standing.SAME, Standing.SAME]
    assert [offer.standing for offer in _offers(file, (one, NEW), (two, OLD))] == [Standing.CHANGED, Standing.CHANGED]
    assert _offers(file, (direct, third))[0].standing is Standing.NEW
    trust(file, _offers(file, (direct, third)))
    trust(file, _offers(file, (two, OLD)), replace_hosts={two.host_id})
    assert [offer.standing for offer in _offers(file, (one, OLD), (two, OLD), (direct, third))] == [Standing.SAME] * 3


def test_a_key_that_openssh_has_written_without_the_jump_host_counts(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"10.0.0.7 {OLD.public}\n")
    behind = replace(_target("h", "10.0.0.7"), jump=(Jump("gate"),))
    assert _offers(file, (behind, OLD))[0].standing is Standing.SAME
    assert _offers(file, (behind, NEW))[0].standing is Standing.CHANGED
    trust(file, _offers(file, (behind, NEW)), replace_hosts={behind.host_id})
    assert _offers(file, (behind, NEW))[0].standing is Standing.SAME
    assert f"10.0.0.7 {OLD.public}" in file.read_text(), "whose that is, is not said here"


def _shown(host: FleetHost, offers: dict[HostId, Offer]) -> str:
    return offers[HostId(host.name)].fingerprint
