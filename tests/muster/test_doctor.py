"""``muster doctor`` sees what is wrong with an installation, says what to do, and changes nothing."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from packaging.requirements import Requirement

from flows.server import API_VARIABLE
from muster.cli.checkups import _unmet, sample_of
from muster.demo.cast import Kind
from muster.fleet import Client, Fleet, Host, Site, TransportName
from muster.ids import ClientId, HostId, SiteId
from tests.flows.workspaces import workspace_with_fleet
from tests.muster.shell import Shell

Seen = list[dict[str, str]]


def checkups(shell: Shell, folder: Path, *words: str, code: int) -> Seen:
    done = shell(folder, "doctor", "--json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    found: Seen = json.loads(done.stdout)
    return found


def of(matter: str, seen: Seen) -> Seen:
    return [one for one in seen if one["matter"] == matter]


def test_an_empty_workspace_is_whole_and_lacks_a_fleet(shell: Shell, bare: Path) -> None:
    seen = checkups(shell, bare, code=0)
    assert [one["matter"] for one in seen if one["state"] != "good"] == ["fleet"]
    assert of("fleet", seen)[0]["cure"] == "muster import fleet/"
    done = shell(bare, "doctor")
    assert "nothing is broken; 1 thing to look at" in done.stdout


def test_each_host_of_the_sample_that_does_not_answer_is_named(shell: Shell, tmp_path: Path) -> None:
    with workspace_with_fleet(tmp_path, hosts=20) as fleet:
        with (tmp_path / "muster.yml").open("a") as opened:
            opened.write("connect_timeout_s: 2\nlogin_timeout_s: 2\n")
        seen = checkups(shell, tmp_path, "--sample", "100", code=1)
        reach = of("reach", seen)
        by_state = {
            state: [one["seen"] for one in reach if one["state"] == state] for state in ("broken", "look at it")
        }
        changed = [host.id for host in fleet.of_kind(Kind.CHANGED_KEY)]
        silent = [host.id for kind in (Kind.REFUSING, Kind.SILENT) for host in fleet.of_kind(kind)]
        assert changed
        assert silent
        assert sorted(text.split()[0] for text in by_state["broken"]) == sorted(changed)
        assert sorted(text.split()[0] for text in by_state["look at it"]) == sorted(silent)
        asked = sum(host.listens or host.kind is Kind.REFUSING for host in fleet.hosts)
        good = asked - len(changed) - len(silent)
        assert reach[-1]["seen"] == f"{good} of {asked} asked hosts answer as they should"
        assert of("credentials", seen) == [one for one in of("credentials", seen) if one["state"] == "good"]
        same = sum(host.listens and host.kind not in {Kind.SILENT, Kind.CHANGED_KEY} for host in fleet.hosts)
        told = of("clocks", seen)[-1]["seen"]
        assert told == f"{same} of {same} asked hosts have the same time as this machine", "by a word from each"
        not_asked = of("clocks", checkups(shell, tmp_path, "--sample", "100", "--no-log-in", code=1))
        assert not_asked
        assert all("asked" not in one["seen"] for one in not_asked)


def test_a_reference_that_stands_for_nothing_is_named_with_how_many_need_it(shell: Shell, tmp_path: Path) -> None:
    with workspace_with_fleet(tmp_path, hosts=12) as fleet:
        hosts = fleet.files / "hosts.csv"
        hosts.write_text(re.sub(r"key:[^,\n]*", "env:NOT_SET_ANYWHERE", hosts.read_text()))
        shell(tmp_path, "import", str(fleet.files))
        seen = checkups(shell, tmp_path, "--sample", "0", code=1)
        (broken,) = [one for one in of("credentials", seen) if one["state"] == "broken"]
        count = sum(host.kind is not Kind.ONSITE_ONLY for host in fleet.hosts)
        assert broken["seen"].startswith(f"env:NOT_SET_ANYWHERE ({count} hosts)")
        assert broken["cure"]


def test_a_prefect_server_that_does_not_answer_is_broken(
    shell: Shell, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(API_VARIABLE, "http://127.0.0.1:9/api")
    (server,) = of("Prefect", checkups(shell, bare, code=1))
    assert server["state"] == "broken"
    assert "does not answer" in server["seen"]


@pytest.mark.parametrize(("date", "state"), [("Thu, 01 Jan 2026 00:00:00 GMT", "broken"), ("", "good")])
def test_a_server_whose_clock_is_another_is_seen(
    shell: Shell, bare: Path, monkeypatch: pytest.MonkeyPatch, date: str, state: str
) -> None:
    with health_server(date) as url:
        monkeypatch.setenv(API_VARIABLE, url)
        seen = checkups(shell, bare, code=1 if state == "broken" else 0)
    assert [one["state"] for one in of("Prefect", seen)] == ["good"]
    assert [one["state"] for one in of("clocks", seen)] == [state]


def test_a_shifted_clock_is_pointed_at(shell: Shell, bare: Path) -> None:
    (bare / "muster.yml").write_text("clock_shift_s: -86400\n")
    (clock,) = of("clocks", checkups(shell, bare, code=0))
    assert clock["state"] == "look at it"
    assert "-1.0 days" in clock["seen"]


def test_a_folder_that_is_no_workspace_is_an_error_not_a_diagnosis(shell: Shell, tmp_path: Path) -> None:
    done = shell(tmp_path, "doctor")
    assert done.returncode == 1
    assert "is no workspace" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_pinned_and_not_there_is_named() -> None:
    assert _unmet(Requirement("packaging")) == ""
    assert _unmet(Requirement("packaging<1")).endswith("<1 is needed")
    assert _unmet(Requirement("no-such-package-anywhere")) == "no-such-package-anywhere is not there"
    assert _unmet(Requirement("no-such-package-anywhere; extra == 'dev'")) == ""


def test_the_sample_takes_of_every_site_before_it_takes_a_second() -> None:
    client = Client(ClientId("c"), "C")
    sites = tuple(Site(SiteId(name), client.id, name, "UTC") for name in "abc")
    hosts = tuple(
        Host(HostId(f"{site.id}{number}"), site.id, "h", transport=TransportName.SSH, address="10.0.0.1")
        for site in sites
        for number in range(3)
    )
    chosen = [str(host.id) for host in sample_of(Fleet((client,), sites, hosts), 5)]
    assert chosen == ["a0", "b0", "c0", "a1", "b1"]


@contextmanager
def health_server(date: str) -> Iterator[str]:
    """A server that says it is well, and what time it is (its own when ``date`` is empty)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date or self.date_time_string())
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
            del format, args

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()
            thread.join()
