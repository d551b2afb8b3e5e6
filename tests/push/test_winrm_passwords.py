"""A bad password is tried once."""

import threading
import time
from contextlib import suppress

import pytest

from muster.errors import AuthenticationRefused
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Order, Target
from muster.steps import Step, StepName
from push.transport import Guard, TimeUp
from push.winrm_passwords import LogonRefused, PasswordGate

WORD = "word"


class _NoStop:
    since: float | None = None


def guard(deadline_s: float = 5.0) -> Guard:
    target = Target(HostId("h"), SiteId("s"), TransportName.WINRM, "h", 0, "", "env:X")
    return Guard(Order(target, Step(StepName.PROBE, ""), deadline_s), _NoStop())


def attempt(gate: PasswordGate, user: str, host: str, *, good: bool, secret: str = WORD) -> None:
    with gate.attempt(user, secret, host, guard()):
        if not good:
            raise LogonRefused


@pytest.mark.parametrize("user", [r"CORP\ann", "ann@corp.example"])
def test_a_domain_account_refused_at_one_host_is_tried_at_no_other(user: str) -> None:
    gate = PasswordGate()
    with pytest.raises(LogonRefused):
        attempt(gate, user, "one", good=False)
    with pytest.raises(AuthenticationRefused, match="nothing was sent"):
        attempt(gate, user.upper(), "two", good=True)
    attempt(gate, user, "two", good=True, secret="another word")


@pytest.mark.parametrize("user", ["ann", r".\ann"])
def test_a_local_account_is_judged_for_each_host(user: str) -> None:
    gate = PasswordGate()
    with pytest.raises(LogonRefused):
        attempt(gate, user, "one", good=False)
    attempt(gate, user, "two", good=True)
    with pytest.raises(AuthenticationRefused):
        attempt(gate, user, "one", good=True)


def test_a_host_that_fails_for_another_reason_proves_nothing() -> None:
    gate = PasswordGate()
    with pytest.raises(ConnectionError), gate.attempt(r"CORP\ann", "word", "one", guard()):
        raise ConnectionError
    attempt(gate, r"CORP\ann", "two", good=True)


def test_hosts_ask_one_after_the_other_until_one_has_said_yes() -> None:
    gate, inside, most, lock = PasswordGate(), 0, 0, threading.Lock()

    def visit(number: int) -> None:
        nonlocal inside, most
        with gate.attempt(r"CORP\ann", "word", str(number), guard()):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with lock:
                inside -= 1
            if number < 3:
                raise ConnectionError

    def quietly(number: int) -> None:
        with suppress(ConnectionError):
            visit(number)

    first = [threading.Thread(target=quietly, args=(number,)) for number in range(3)]
    for thread in first:
        thread.start()
    for thread in first:
        thread.join()
    assert most == 1
    attempt(gate, r"CORP\ann", "yes", good=True)
    later = [threading.Thread(target=quietly, args=(number,)) for number in range(3, 9)]
    for thread in later:
        thread.start()
    for thread in later:
        thread.join()
    assert most > 1


def test_who_waits_for_another_s_proof_waits_until_its_own_deadline_only() -> None:
    gate = PasswordGate()
    with gate.attempt(r"CORP\ann", "word", "slow", guard()), pytest.raises(TimeUp):  # noqa: SIM117
        with gate.attempt(r"CORP\ann", "word", "other", guard(0.3)):
            pass


def test_a_host_that_does_not_answer_holds_up_the_others_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("push.winrm_passwords.PROOF_S", 0.3)
    gate = PasswordGate()
    with gate.attempt(r"CORP\ann", WORD, "slow", guard()):
        began = time.monotonic()
        attempt(gate, r"CORP\ann", "other", good=True)
        assert 0.2 < time.monotonic() - began < 1.5


def test_no_secret_is_kept() -> None:
    gate = PasswordGate()
    attempt(gate, "ann", "one", good=True, secret="Correct-Horse-7")
    assert "Correct-Horse-7" not in repr(vars(gate))
