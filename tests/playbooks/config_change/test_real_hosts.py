"""On real OpenSSH hosts: by scripts and by Ansible the same files and the same words, the check included."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.outcomes import Ending, StepReport
from muster.settings import Settings
from muster.steps import StepName, StepOutput, read_output
from playbooks.catalog import prepare_fix
from push.ansible import ansible_pusher
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet, why_not
from tests.playbooks.hosts import carry, changed_files

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

SETTINGS = Settings(host_deadline_s=120)
SERVICE = """\
#!/bin/sh
# Serves the first line of /etc/app.conf over HTTP; refuses what it cannot read, as real ones do.
[ -f /run/app.pid ] && kill "$(cat /run/app.pid)"
rm -rf /run/www && mkdir -p /run/www && grep '^limit = [0-9]*$' /etc/app.conf >/run/www/index.html || exit 0
cd /run/www && setsid python3 -m http.server --bind "$(cat /etc/address)" 8099 </dev/null >/dev/null 2>&1 &
echo $! >/run/app.pid
"""
KINDS = ("well", "a service that does not come up", "as wanted already", "no such file")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("config"), 2 * len(KINDS)) as fleet:
        yield fleet


def prepare(host: FleetHost, kind: str) -> None:
    host.write("/etc/address", host.address.encode())
    script = SERVICE.replace("= [0-9]*", "= 1[0-9]*") if kind == KINDS[1] else SERVICE
    host.write("/etc/init.d/app", script.encode(), mode=0o755)
    if kind != KINDS[3]:
        host.write("/etc/app.conf", b"limit = 50\n" if kind == KINDS[2] else b"limit = 10\n", mode=0o640)
    host.run("/etc/init.d/app restart")


def said(report: StepReport) -> tuple[Ending, StepOutput]:
    return report.ending, read_output(report.stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_both_ways_leave_the_same_files_and_say_the_same(fleet: Fleet) -> None:
    by_script, by_ansible = fleet.hosts[: len(KINDS)], fleet.hosts[len(KINDS) :]
    for hosts in (by_script, by_ansible):
        for host, kind in zip(hosts, KINDS, strict=True):
            prepare(host, kind)
    fix = prepare_fix(
        "config-change",
        {
            "path": "/etc/app.conf",
            "way": "key",
            "key": "limit",
            "value": "50",
            "separator": " = ",
            "service": "app",
            "health_command": "curl -fs http://$(cat /etc/address):8099/ | grep -q limit",
            "health_deadline_s": "3",
            "health_wait_s": "0.5",
        },
    )
    ways = (
        (ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts)), by_script),
        (ansible_pusher(SETTINGS, known_hosts=fleet.known_hosts), by_ansible),
    )
    seen: dict[tuple[StepName, str], tuple[Ending, StepOutput]] = {}
    for name in (StepName.PROBE, StepName.CHECK, StepName.APPLY, StepName.VERIFY, StepName.CHECK, StepName.ROLLBACK):
        by_host = [carry(pusher, fleet, hosts, fix, name) for pusher, hosts in ways]
        for kind, first, second in zip(KINDS, by_script, by_ansible, strict=True):
            one, other = by_host[0][first.name], by_host[1][second.name]
            assert said(one)[0] is said(other)[0], (kind, name, one, other)
            assert said(one)[1] == said(other)[1], (kind, name)
            assert one.cause == other.cause
            assert changed_files(first, but=("etc/address",)) == changed_files(second, but=("etc/address",)), kind
            seen.setdefault((name, kind), said(one))
    assert seen[StepName.CHECK, "well"][1].would == ("replace /etc/app.conf", "restart app")
    assert "+limit = 50" in seen[StepName.CHECK, "well"][1].diff
    assert seen[StepName.APPLY, "well"][1].changes == (
        "replaced /etc/app.conf: -limit = 10 | +limit = 50",
        "restarted app",
    )
    assert [seen[StepName.APPLY, kind][0] for kind in KINDS] == [Ending.DONE, Ending.FAILED, Ending.DONE, Ending.FAILED]
    (cause,) = seen[StepName.APPLY, KINDS[1]][1].errors
    assert cause.endswith("the old content was put back and app was restarted: all is well again")


def test_ports_and_http_answers_are_asked_for_on_the_host(fleet: Fleet, tmp_path: Path) -> None:
    host = fleet.hosts[0]
    prepare(host, "well")
    content = tmp_path / "app.conf"
    pusher = ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
    asked = {"path": "/etc/app.conf", "content": str(content), "service": "app", "health_deadline_s": "4"}
    tcp, http = f"{host.address}:8099", f"http://{host.address}:8099/index.html"
    for number, (health, ending, words) in enumerate(
        [
            ({"health_tcp": tcp}, Ending.DONE, ""),
            ({"health_http": http}, Ending.DONE, ""),
            ({"health_tcp": f"{host.address}:8098", "health_deadline_s": "1"}, Ending.FAILED, "port 8098"),
            ({"health_http": f"{http}x", "health_deadline_s": "1"}, Ending.FAILED, "answers 404, not 200"),
        ]
    ):
        content.write_text(f"limit = 1{number}\n")
        fix = prepare_fix("config-change", asked | health)
        report = carry(pusher, fleet, [host], fix, StepName.APPLY)[host.name]
        assert report.ending is ending, report
        assert words in report.cause
    assert host.read("/etc/app.conf") == b"limit = 11\n", "what did not come out well was taken back"
