"""WinRM against real WS-Management endpoints: what works, what fails, and in which words."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from muster.outcomes import Ending, Stage
from push.secrets_refused import RefusedPasswords
from push.winrm_access import AccessBook, Logon, endpoint
from push.winrm_shell import LINE_LIMIT, WinRmShell
from push.winrm_wire import Wire, plain_watch
from tests.fleet.winrm_authority import Authority
from tests.fleet.winrm_endpoint import Faults, WinRmHost
from tests.fleet.winrm_stub import StubEngine
from tests.fleet.winrm_world import DONE, PASSWORD, USER, WinRmWorld

THE_STEP = "step.cmd <"
"""In the command line that begins a step, when everything was uploaded."""


@pytest.fixture
def world(tmp_path: Path) -> WinRmWorld:
    return WinRmWorld(tmp_path)


@pytest.mark.parametrize(("logon", "https"), [("basic", True), ("ntlm", False), ("ntlm", True)])
def test_a_step_runs_with_its_arguments_and_payload_and_leaves_nothing(
    world: WinRmWorld, logon: str, *, https: bool
) -> None:
    host = world.add("till", logon=logon, https=https)
    with world:
        report = world.one(
            "till",
            f'@echo off\nrem a\tb\necho note\t%MUSTER_WHO% Łódź\nfindstr "^"\n{DONE}\nexit /b 0',
            arguments={"MUSTER_WHO": "Zoë"},
            payload=b"fact\tlayer\tkey\tvalue\r\n",
        )
    assert (report.ending, report.stage, report.exit_code) == (Ending.DONE, Stage.FINISHED, 0), report
    assert report.stdout.splitlines() == ["note\tZoë Łódź", "fact\tlayer\tkey\tvalue", "done\tprobe"]
    assert host.counters.code_pages == {"65001"}
    assert isinstance(host.engine, StubEngine)
    assert host.engine.files == {}
    assert (host.counters.connections, host.shells.live) == (1, 0)


def test_messages_over_http_are_encrypted(world: WinRmWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint refuses plain messages over HTTP, and what goes over the wire holds no word of the script."""
    world.add("till", logon="ntlm", https=False)
    seen: list[bytes] = []
    import socket as sockets

    original = sockets.socket.sendall

    def spy(self: sockets.socket, data: bytes, flags: int = 0) -> None:
        seen.append(bytes(data))
        original(self, data, flags)

    monkeypatch.setattr(sockets.socket, "sendall", spy)
    with world:
        assert world.one("till", f"rem SECRET-WORD-IN-SCRIPT\n{DONE}").ending is Ending.DONE
    wire = b"".join(seen)
    assert b"multipart/encrypted" in wire
    assert b"SECRET-WORD-IN-SCRIPT" not in wire
    assert b"Envelope" not in wire
    assert PASSWORD.encode() not in wire


def test_a_binary_payload_arrives_byte_for_byte(world: WinRmWorld) -> None:
    world.add("till")
    payload = bytes(range(256)) * 1500
    with world:
        report = world.one("till", f"certutil -hashfile payload SHA256\n{DONE}", payload=payload)
    from hashlib import sha256

    assert report.ending is Ending.DONE, report
    assert sha256(payload).hexdigest() in report.stdout


def test_a_script_far_over_the_line_limit_is_uploaded_in_pieces(world: WinRmWorld) -> None:
    host = world.add("till")
    script = "\n".join(f"rem line {number} {'x' * 100}" for number in range(2000)) + f"\n{DONE}"
    with world:
        report = world.one("till", script)
    assert report.ending is Ending.DONE, report
    assert host.counters.requests["Send"] == 4
    assert max(len(line) for line in host.counters.lines) < 8191


def test_a_host_without_certutil_and_findstr_is_uploaded_to_by_pages_and_read_back(world: WinRmWorld) -> None:
    """As under Wine, whose findstr and certutil are not believed because they are not there."""
    world.add("till", engine=StubEngine(certutil=False, findstr=False))
    with world:
        assert world.one("till", "\n".join(["rem x"] * 50) + f"\n{DONE}").ending is Ending.DONE
        binary = world.one("till", DONE, payload=b"\x00\x01")
    assert (binary.ending, binary.stage) == (Ending.FAILED, Stage.TRANSFER)
    assert "certutil is missing" in binary.cause


def test_an_upload_that_arrives_changed_is_not_begun(world: WinRmWorld) -> None:
    host = world.add("till", engine=StubEngine(full=True))
    with world:
        report = world.one("till")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.TRANSFER)
    assert "did not arrive as it was sent" in report.cause
    assert "disk full" in report.hint
    assert not any(".\\step.cmd" in line for line in host.counters.lines)
    assert host.shells.live == 0


def test_exit_codes_come_back_whole(world: WinRmWorld) -> None:
    world.add("till")
    with world:
        assert world.one("till", f"{DONE}\nexit /b 3010").exit_code == 3010


def test_a_program_that_is_not_there_is_named_and_no_login_shell_is_blamed(world: WinRmWorld) -> None:
    world.add("till")
    with world:
        report = world.one("till", "reg2 query\nexit /b 9009")
    assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND)
    assert report.cause == "the step calls reg2, which is not there on this Windows host"
    assert "/bin/sh" not in report.cause + report.hint


def test_output_is_capped_and_what_is_dropped_is_counted(world: WinRmWorld) -> None:
    world.add("till")
    world.output_limit_bytes = 10_000
    with world:
        report = world.one("till", "flood 3000000")
    assert 9_900 < len(report.stdout) < 10_100
    assert "bytes left out" in report.stdout
    assert report.exit_code == 0


def test_undecodable_output_is_replaced(world: WinRmWorld) -> None:
    world.add("till")
    with world:
        report = world.one("till", f"bytes 66fc72\n{DONE}")
    assert report.stdout.startswith("f\ufffdr")


def test_what_powershell_says_in_clixml_is_read_in_plain_words(world: WinRmWorld) -> None:
    world.add("till")
    said = (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        '<S S="Error">Get-Item : no such key_x000D__x000A_</S></Objs>'
    )
    with world:
        report = world.one("till", f"errors {said.encode().hex()}\n{DONE}\nexit /b 1")
    assert report.ending is Ending.FAILED
    assert report.stderr.strip() == "Get-Item : no such key"
    assert "no such key" in report.cause
    assert "CLIXML" not in report.cause


def test_a_host_with_nothing_to_say_yet_is_asked_again(world: WinRmWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers each Receive with a time-out of its own, which is no trouble; pywinrm would ask for ever."""
    monkeypatch.setattr("push.winrm_wire.RECEIVE_POLL_S", 1)
    host = world.add("till")
    with world:
        report = world.one("till", f"ping -n 4 127.0.0.1 >nul\n{DONE}")
    assert report.ending is Ending.DONE, report
    assert host.counters.requests["Receive"] >= 4


def test_ended_commands_are_given_back_before_a_shell_is_full(world: WinRmWorld) -> None:
    """A few are left to the shell's own end, which saves their messages; an upload by pages takes many."""
    short = world.add("short")
    long = world.add("long", engine=StubEngine(certutil=False, findstr=False))
    with world:
        assert world.one("short").ending is Ending.DONE
        assert world.one("long", "\n".join(["rem x"] * 600) + f"\n{DONE}").ending is Ending.DONE
        assert (short.shells.live, long.shells.live) == (0, 0)
    assert "Signal" not in short.counters.requests
    assert long.counters.commands > 30
    assert long.counters.most_held <= 10


def test_a_line_that_cmd_would_cut_off_is_never_sent(world: WinRmWorld) -> None:
    host = world.add("till")
    with world:
        access = AccessBook(hosts=world.access).of(world.target("till"))
        place = (host.address, host.port)
        watch = plain_watch(20)
        trusted = replace(access, ca=str(world.authority.ca))
        wire = Wire(endpoint(world.target("till"), trusted), place, trusted, USER, PASSWORD, None, watch)
        shell = WinRmShell(wire, fresh=lambda: wire, check=watch.check, remaining_s=watch.remaining_s)
        shell.open({})
        with pytest.raises(ValueError, match="cmd takes 8191"):
            shell.run("x" * (LINE_LIMIT + 1))
        shell.close()
        wire.close()
    assert host.counters.requests == {"Create": 1, "Delete": 1}


def test_a_refused_password_is_written_down_with_its_reference(world: WinRmWorld, tmp_path: Path) -> None:
    """Whoever reads the list of refused passwords looks for the reference to correct."""
    world.add("till", faults=Faults(refuse_logon=True))
    world.gate.memory = RefusedPasswords(tmp_path / "refused.json")
    with world:
        assert world.one("till").stage is Stage.AUTHENTICATE
    assert [one.reference for one in world.gate.memory.all()] == ["env:MUSTER_TEST_WINRM_WORD"]


def test_a_secret_that_does_not_come_costs_the_order_its_deadline_only(world: WinRmWorld) -> None:
    host = world.add("till")
    with world:
        order = world.order("till", deadline_s=1)
        began = time.monotonic()
        report = world.push(replace(order, target=replace(order.target, credential="command:sleep 12")))["till"]
        assert time.monotonic() - began < 10
    assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.AUTHENTICATE), report
    assert "nothing was touched" in report.cause
    assert not host.counters.requests


def test_a_step_over_its_time_is_told_to_stop_and_its_shell_deleted(world: WinRmWorld) -> None:
    host = world.add("till")
    began = time.monotonic()
    with world:
        report = world.one("till", "echo begun\nspin", timeout_s=1.0)
        assert time.monotonic() - began < 5
        assert report.ending is Ending.UNKNOWN
        assert "was told to stop" in report.cause
        assert (host.counters.terminated, host.shells.live, host.shells.running) == (1, 0, 0)


def test_a_hang_in_receive_costs_the_order_its_deadline_and_leaves_no_shell(world: WinRmWorld) -> None:
    host = world.add("till", faults=Faults(hang_in=frozenset({"Receive"}), in_line=THE_STEP))
    with world:
        began = time.monotonic()
        report = world.one("till", "spin", deadline_s=3)
        assert time.monotonic() - began < 3 + 0.5 + 3
        assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND), report
        assert (host.shells.live, host.counters.terminated) == (0, 1)


@pytest.mark.parametrize(
    ("faults", "ending", "stage", "said"),
    [
        (Faults(silent=True), Ending.UNKNOWN, Stage.BANNER, "said nothing"),
        (Faults(hang_in=frozenset({"Create"})), Ending.UNKNOWN, Stage.AUTHENTICATE, "fell silent"),
        (Faults(error_in=frozenset({"Create"})), Ending.FAILED, Stage.AUTHENTICATE, "HTTP 500"),
        (Faults(error_in=frozenset({"Receive"})), Ending.FAILED, Stage.TRANSFER, "HTTP 500"),
        (Faults(garbage_in=frozenset({"Create"})), Ending.FAILED, Stage.AUTHENTICATE, "does not speak WS-Management"),
        (Faults(reset_in=frozenset({"Send"})), Ending.UNREACHABLE, Stage.TRANSFER, "connection was lost"),
        (Faults(refuse_logon=True), Ending.FAILED, Stage.AUTHENTICATE, "does not take the credential"),
        (Faults(drip_in=frozenset({"Create"})), Ending.UNKNOWN, Stage.AUTHENTICATE, "fell silent"),
        (Faults(flood_in=frozenset({"Create"})), Ending.FAILED, Stage.AUTHENTICATE, "had no end"),
    ],
    ids=lambda value: "" if not isinstance(value, str) else value.replace(" ", "-"),
)
def test_each_fault_has_its_cause_and_its_stage(
    world: WinRmWorld, faults: Faults, ending: Ending, stage: Stage, said: str
) -> None:
    host = world.add("bad", faults=faults)
    world.add("good")
    with world:
        began = time.monotonic()
        reports = world.push(world.order("bad", deadline_s=2.5), world.order("good"))
        assert time.monotonic() - began < 7
        unread = faults.drip_in or faults.flood_in
        assert host.shells.live == (1 if unread else 0), "only a shell whose name was never told may be left"
    bad = reports["bad"]
    assert (bad.ending, bad.stage) == (ending, stage), bad
    assert said in bad.cause
    assert reports["good"].ending is Ending.DONE


def test_a_reset_while_the_step_is_under_way_leaves_its_outcome_unknown(world: WinRmWorld) -> None:
    host = world.add("till", faults=Faults(reset_in=frozenset({"Receive"}), in_line=THE_STEP))
    with world:
        report = world.one("till", "spin")
        assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND), report
        assert "lost" in report.cause
        assert (host.shells.live, host.counters.terminated) == (0, 1)


def test_a_certificate_of_another_host_is_not_taken(world: WinRmWorld) -> None:
    host = world.add("till")
    host.certificate = world.authority.issue("other.example")
    with world:
        report = world.one("till")
        assert (report.ending, report.stage) == (Ending.UNTRUSTED, Stage.HOST_KEY)
        assert "127.0.0.1" in report.cause
        assert host.counters.requests == {}
        world.access["till"] = {**world.access["till"], "certificate_name": "other.example"}
        assert world.one("till").ending is Ending.DONE


def test_expired_and_foreign_certificates_are_not_taken_unless_the_host_is_marked(
    world: WinRmWorld, tmp_path: Path
) -> None:
    expired = world.add("expired")
    expired.certificate = world.authority.issue("127.0.0.1", days=-1)
    foreign_folder = tmp_path / "foreign"
    foreign_folder.mkdir()
    foreign = Authority(foreign_folder)
    stranger = world.add("stranger")
    stranger.certificate = foreign.issue("127.0.0.1")
    with world:
        reports = world.push(world.order("expired"), world.order("stranger"))
        assert {report.ending for report in reports.values()} == {Ending.UNTRUSTED}
        assert "expired" in reports["expired"].cause
        assert stranger.counters.requests == {}
        world.access["stranger"] = {**world.access["stranger"], "check_certificate": False}
        assert world.one("stranger").ending is Ending.DONE
        world.access["stranger"] = {**world.access["stranger"], "check_certificate": True, "ca": str(foreign.ca)}
        assert world.one("stranger").ending is Ending.DONE


def test_a_changed_certificate_is_an_error_that_names_both_fingerprints(world: WinRmWorld) -> None:
    world.add("till", certificate_sha256="ab" * 32)
    with world:
        report = world.one("till")
    assert (report.ending, report.stage) == (Ending.UNTRUSTED, Stage.HOST_KEY)
    assert "ab" * 32 in report.cause
    assert report.cause.count("it has") == 1


def test_shells_are_backed_off_from_while_the_quota_is_used_up(world: WinRmWorld) -> None:
    host = world.add("till", faults=Faults(refuse_shells=2))
    with world:
        assert world.one("till").ending is Ending.DONE
    assert host.counters.requests["Create"] == 3


def test_a_quota_that_stays_used_up_is_the_cause(world: WinRmWorld) -> None:
    world.add("till", max_shells=0)
    with world:
        report = world.one("till", deadline_s=5)
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE)
    assert "no more shells" in report.cause


def test_operations_are_given_back_by_a_new_shell(world: WinRmWorld) -> None:
    host = world.add("till", faults=Faults(refuse_commands=1))
    with world:
        assert world.one("till").ending is Ending.DONE
        assert host.counters.shells_opened == 2
        assert host.shells.live == 0


def test_a_hundred_steps_leave_no_shell_behind(world: WinRmWorld) -> None:
    """The run_cmd of pywinrm leaks one with every failure, and is refused after thirty."""
    host = world.add("till")
    with world:
        for number in range(20):
            host.faults = Faults(error_in=frozenset({"Receive"})) if number % 2 else Faults()
            world.one("till")
        assert host.shells.live == 0
        assert host.counters.shells_opened == 20


def test_a_shell_whose_name_was_never_told_is_ended_by_its_idle_time(
    world: WinRmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("push.winrm_shell.IDLE_S", 1)
    host = world.add("till", faults=Faults(drip_in=frozenset({"Create"})))
    with world:
        assert world.one("till", deadline_s=1.5).ending is Ending.UNKNOWN
        time.sleep(1.2)
        assert (host.shells.live, host.counters.shells_expired) == (0, 1)


def test_a_bad_password_is_tried_once_and_never_again(world: WinRmWorld) -> None:
    host = world.add("till", logon="ntlm")
    world.password = "Wrong-Horse-8"
    with world:
        first, second = world.one("till"), world.one("till")
    assert first.ending is Ending.FAILED
    assert "tried once and not again" in first.cause
    assert "nothing was sent" in second.cause
    assert second.stage is Stage.AUTHENTICATE
    assert host.counters.logons_refused == 1


@pytest.mark.parametrize("logon", ["basic", "ntlm"])
def test_a_bad_password_of_a_domain_account_is_tried_at_one_host_of_forty(world: WinRmWorld, logon: str) -> None:
    hosts = [world.add(f"host-{number}", logon=logon) for number in range(40)]
    world.user, world.password = r"CORP\patcher", "Wrong-Horse-8"
    with world:
        reports = world.push(*(world.order(name) for name in world.hosts), threads=16)
    assert {report.ending for report in reports.values()} == {Ending.FAILED}
    assert sum(host.counters.logons_refused for host in hosts) == 1


def test_a_good_password_that_one_host_refuses_is_that_host_s_own_trouble(world: WinRmWorld) -> None:
    world.users[r"CORP\patcher"] = PASSWORD
    world.user = r"CORP\patcher"
    for number in range(10):
        world.add(f"host-{number}")
    with world:
        assert world.one("host-0").ending is Ending.DONE
        world.hosts["host-5"].faults = Faults(refuse_logon=True)
        reports = world.push(*(world.order(name) for name in world.hosts))
    assert [name for name, report in reports.items() if report.ending is not Ending.DONE] == ["host-5"]


def test_a_host_that_takes_another_kind_of_logon_is_said_so(world: WinRmWorld) -> None:
    world.add("till", logon="ntlm")
    world.access["till"] = {**world.access["till"], "logon": Logon.BASIC}
    with world:
        report = world.one("till")
    assert "does not take basic logons (it takes negotiate)" in report.cause


def test_basic_over_http_is_refused_before_anything_is_sent(world: WinRmWorld) -> None:
    host = world.add("till", https=False)
    with world:
        report = world.one("till")
    assert report.ending is Ending.FAILED
    assert "in the clear" in report.cause
    assert host.counters.requests == {}


def test_ipv6_hosts_are_reached(world: WinRmWorld) -> None:
    world.add("six", address="::1")
    with world:
        assert world.one("six").ending is Ending.DONE


def test_no_secret_is_in_what_comes_back(world: WinRmWorld) -> None:
    world.add("till")
    with world:
        report = world.one("till", f"echo {PASSWORD}\n{DONE}")
    assert PASSWORD not in repr(report)
    assert USER not in report.stdout


def test_a_stop_ends_a_step_within_five_seconds_and_cleans_up(world: WinRmWorld) -> None:
    host = world.add("till")
    stop = threading.Event()
    with world:
        threading.Timer(0.5, stop.set).start()
        began = time.monotonic()
        report = world.push(world.order("till", "spin", deadline_s=60, timeout_s=60), stop=stop)["till"]
        assert time.monotonic() - began < 5.5 + 1.5
        assert report.ending is Ending.UNKNOWN
        assert host.shells.live == 0


def test_two_hundred_hosts_with_every_fifth_one_faulty(world: WinRmWorld) -> None:
    """The healthy ones are done, and each faulty one has its own cause."""
    kinds = {
        "silent": Faults(silent=True),
        "error": Faults(error_in=frozenset({"Create"})),
        "hang": Faults(hang_in=frozenset({"Receive"})),
        "refused": Faults(refuse_logon=True),
        "reset": Faults(reset_in=frozenset({"Command"})),
        "quota": Faults(refuse_shells=1),
    }
    hosts: dict[str, WinRmHost] = {}
    for number in range(200):
        kind = list(kinds)[number // 5 % len(kinds)] if number % 5 == 0 else "well"
        hosts[f"{kind}-{number}"] = world.add(f"{kind}-{number}", faults=kinds.get(kind, Faults()))
    with world:
        reports = world.push(*(world.order(name, deadline_s=8) for name in hosts), threads=32)
        assert all(host.shells.live == 0 for host in hosts.values())
    endings = {name: report.ending for name, report in reports.items()}
    assert len(endings) == 200
    for name, ending in endings.items():
        kind = name.split("-")[0]
        assert (ending is Ending.DONE) == (kind in {"well", "quota"}), reports[name]
        assert ending is Ending.DONE or reports[name].cause
