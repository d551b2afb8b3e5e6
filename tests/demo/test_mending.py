"""The fix ``tzdata`` finds on every host of the demo what the demo built there, and mends what can be mended."""

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet, DemoHost
from muster.demo.zones import FRESH_VERSION, zoneinfo_folder
from muster.fleet import OsFamily
from muster.outcomes import Finding, Verdict
from muster.ports import PreparedFix
from muster.steps import StepName, StepOutput, read_output
from playbooks.catalog import prepare_fix
from tests.demo.conftest import OpenSsh

REACHABLE = (Kind.STALE, Kind.RIGHT, Kind.UNAFFECTED, Kind.FULL_DISK)
PYTHON_HOSTS_AMONG = 40


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoFleet]:
    """A fleet of its own, because its hosts are changed; large enough for every look to occur."""
    with DemoFleet.start(tmp_path_factory.mktemp("mended"), hosts=PYTHON_HOSTS_AMONG) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def fix() -> PreparedFix:
    source = str(zoneinfo_folder(FRESH_VERSION))
    parameters = {"source": source, "instants": "2026-11-22T12:00:00Z 2027-07-01T12:00:00Z", "look_for": "python"}
    return prepare_fix("tzdata", parameters)


def carry(fleet: DemoFleet, fix: PreparedFix, name: StepName, host: DemoHost) -> StepOutput:
    step = fix.step(name, OsFamily.LINUX, timezone=host.part.site.timezone)
    assert step is not None
    exports = "".join(f"export {key}={shlex.quote(value)}; " for key, value in step.arguments.items())
    ended = OpenSsh(fleet).run(host, f"{exports}\n{step.script}", stdin=step.payload)
    assert ended.stderr == b"", host.id
    return read_output(ended.stdout.decode())


def findings(fleet: DemoFleet, fix: PreparedFix) -> dict[str, Finding]:
    hosts = [host for host in fleet.hosts if host.kind in REACHABLE]

    def ask(host: DemoHost) -> Finding:
        return fix.judge(carry(fleet, fix, StepName.PROBE, host), timezone=host.part.site.timezone)

    with ThreadPoolExecutor(4) as askers:
        return {host.id: found for host, found in zip(hosts, askers.map(ask, hosts), strict=True)}


def test_a_probe_sees_each_kind_and_after_the_push_all_but_the_full_disk_are_right(
    mended: DemoFleet, fix: PreparedFix
) -> None:
    before = findings(mended, fix)
    stale = (*mended.of_kind(Kind.STALE), *mended.of_kind(Kind.FULL_DISK))
    assert {name for name, found in before.items() if found.verdict is Verdict.STALE} == {host.id for host in stale}
    with_python = {host.id for host in mended.hosts if host.part.look.python_data} & set(before)
    assert with_python
    assert {name for name, found in before.items() if any("python" in said for said in found.advice)} == {
        name for name in with_python if mended.host(name).kind is not Kind.UNAFFECTED
    }

    with ThreadPoolExecutor(4) as pushers:
        outputs = list(pushers.map(lambda host: carry(mended, fix, StepName.APPLY, host), stale))
    assert all("restarted cron" in output.changes for output in outputs[:-1])
    (cause,) = outputs[-1].errors
    assert "disk full" in cause
    after = findings(mended, fix)
    wrong = {name for name, found in after.items() if found.verdict is not Verdict.RIGHT}
    assert wrong == {mended.of_kind(Kind.FULL_DISK)[0].id}
