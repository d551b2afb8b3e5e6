"""The push benchmark in small: what it says of itself must be true before its figures are."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from benchmarks import push_faulty, push_peers
from benchmarks.common import Row, show
from benchmarks.push_faulty import FAULTS, push_night, spread
from benchmarks.push_peers import BY_NAME, install
from benchmarks.push_stub import measure_stub
from tests.fleet.faults import Fault
from tests.fleet.openssh import openssh_fleet, why_not

needs_fleet = pytest.mark.skipif(bool(why_not()), reason=why_not())


def test_a_quarter_of_the_hosts_is_broken_in_every_way_as_often() -> None:
    faults = spread(280, 25)
    assert len(faults) == 70
    assert set(Counter(faults.values()).values()) == {10}
    assert max(faults) - min(faults) > 250


@needs_fleet
@pytest.mark.sshd
def test_among_broken_hosts_every_healthy_one_is_done_and_nothing_is_left_half_or_running(tmp_path: Path) -> None:
    """Seven of 28 hosts, one of every fault; the same as ``python -m benchmarks.push --faulty 25``."""
    with openssh_fleet(tmp_path, 28, faults=spread(28, 25), after_bytes=100_000) as fleet:
        assert {host.fault for host in fleet.hosts} == {Fault.NONE, *FAULTS}
        night = push_night(fleet, only_healthy=False)
    assert (night.hosts, night.healthy, night.healthy_done) == (28, 21, 21)
    assert night.unclassified == []
    assert (night.half_written, night.left_running) == (0, 0)


@needs_fleet
@pytest.mark.sshd
def test_a_step_that_is_still_at_work_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else "nothing left running" would say nothing."""
    monkeypatch.setattr(push_faulty, "SCRIPT", "sleep 3\nprintf 'done\\tapply\\n'\n")
    with openssh_fleet(tmp_path, 1) as fleet:
        order = push_faulty._orders(fleet, fleet.hosts)[0]
        pusher = push_faulty.pusher_of(fleet)
        thread = Thread(target=lambda: list(pusher.execute([order], stop=Event())))
        thread.start()
        while not (seen := push_faulty._works(fleet.hosts[0])) and thread.is_alive():
            pass
        thread.join()
        assert seen
        assert not push_faulty._works(fleet.hosts[0])


def test_a_peer_that_cannot_be_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_peers, "CACHE", tmp_path)
    peer = replace(BY_NAME["asyncssh"], name="none", package=str(tmp_path / "no-such-folder"), module="none")
    assert install(peer).startswith("could not be installed: ")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["ansible-playbook", "ansible-runner"])
def test_peers_of_musters_own_environment_are_there(name: str) -> None:
    assert install(BY_NAME[name]) == ""


def test_the_last_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[Row] = [{"who": "muster", "case": "2 hosts", "hosts_per_s": 1.5}]
    show("push", {"hosts": "2"}, rows, {"hosts_per_s muster/none": 2.0}, as_json=True)
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(said) == {"benchmark", "machine", "options", "rows", "ratios"}
    assert (said["benchmark"], said["rows"]) == ("push", rows)


@pytest.mark.slow
def test_a_campaign_of_stub_hosts_is_pushed_by_the_real_flow_in_little_memory() -> None:
    rows, _ = measure_stub([300], rounds=1)
    assert rows[0]["done"] == 300
    assert float(str(rows[0]["peak_rss_mb"])) < 300
