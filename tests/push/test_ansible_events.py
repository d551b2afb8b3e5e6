"""From Ansible's events to reports: with the words that OpenSSH really says, and steps as playbooks answer them."""

import pytest

from muster.outcomes import Ending, Stage
from muster.steps import Step, StepName
from push.ansible_events import Ended, HostProgress, meaning_of_loss, read_event

PLAYED = Step(StepName.APPLY, "", playbook="tzdata/ansible/apply.yml")
SSH = "Task failed: Failed to connect to the host via ssh: "
CHANGED_KEY = (
    SSH + "@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@@@@@@@\r\n"
    "The fingerprint for the ED25519 key sent by the remote host is\nSHA256:LVeR8EzL9QkFz/X/jyjVs2IEnGaUBAHvjWPGoyyw8ss"
    ".\r\nPlease contact your system administrator.\r\nHost key verification failed."
)
CLOSED = (
    f"{SSH}kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 127.10.0.5 port 2222"
)


def hear(progress: HostProgress, kind: str, task: str = "", **result: object) -> Ended | None:
    ignored = bool(result.pop("ignored", False))
    data = {"host": "h", "task": task, "res": result, "ignore_errors": ignored}
    event = read_event({"event": kind, "created": "2026-10-20T08:00:00.5", "event_data": data})
    assert event is not None
    return progress.hear(event)


@pytest.mark.parametrize(
    ("message", "ending", "stage", "words"),
    [
        (CHANGED_KEY, Ending.UNTRUSTED, Stage.HOST_KEY, "now shows SHA256:LVeR8EzL9QkFz/X/jyjVs2IEnGaUBAHvjWPGoyyw8ss"),
        (
            SSH + "No ED25519 host key is known for [127.10.0.12]:2222 and you have requested strict checking.\r\n"
            "Host key verification failed.",
            Ending.UNTRUSTED,
            Stage.HOST_KEY,
            "not known here",
        ),
        (
            SSH + "ssh: connect to host 127.10.0.2 port 2222: Connection refused",
            Ending.UNREACHABLE,
            Stage.CONNECT,
            "refused",
        ),
        (
            SSH + "ssh: connect to host 127.10.0.3 port 2222: Connection timed out",
            Ending.UNREACHABLE,
            Stage.CONNECT,
            "no answer",
        ),
        (
            SSH + "Connection timed out during banner exchange\nConnection to 127.10.0.4 port 2222 timed out",
            Ending.UNKNOWN,
            Stage.BANNER,
            "nothing was touched",
        ),
        (SSH + "Connection to 127.10.0.7 port 2222 timed out", Ending.UNKNOWN, Stage.HOST_KEY, "nothing was touched"),
        (
            CLOSED,
            Ending.UNREACHABLE,
            Stage.BANNER,
            "closed it without a word",
        ),
        (
            SSH + "ssh: Could not resolve hostname no-such-host.invalid: Name or service not known",
            Ending.UNREACHABLE,
            Stage.CONNECT,
            "not known here",
        ),
        (
            SSH + "root@127.10.0.1: Permission denied (publickey,password).",
            Ending.FAILED,
            Stage.AUTHENTICATE,
            "does not take the credential",
        ),
        (
            SSH + "Unable to negotiate with 10.0.0.1 port 22: no matching key exchange method found. Their offer: x",
            Ending.UNREACHABLE,
            Stage.HOST_KEY,
            "key exchange method",
        ),
        ("something nobody has ever said", Ending.UNKNOWN, Stage.COMMAND, "something nobody has ever said"),
        ("", Ending.UNKNOWN, Stage.COMMAND, "nothing was said about why"),
    ],
)
def test_what_openssh_says_has_a_meaning(message: str, ending: Ending, stage: Stage, words: str) -> None:
    judgement = meaning_of_loss(message, touched=False)
    assert (judgement.ending, judgement.stage) == (ending, stage)
    assert words in judgement.cause
    assert judgement.hint


@pytest.mark.parametrize("message", [CHANGED_KEY, SSH + "Connection refused", "anything"])
def test_after_a_task_has_run_every_loss_is_unknown(message: str) -> None:
    assert meaning_of_loss(message, touched=True).ending is Ending.UNKNOWN


def test_a_host_has_ended_when_its_report_says_done() -> None:
    progress = HostProgress(PLAYED)
    assert hear(progress, "runner_on_start", "Look") is None
    assert progress.started_at is not None
    assert hear(progress, "runner_on_ok", "Look", stdout="done\tbegin", rc=0) is None
    ended = hear(progress, "runner_on_ok", "report", msg=["changed\tinstalled it", "done\tapply"])
    assert ended is not None
    assert ended.judgement.ending is Ending.DONE
    assert (ended.stdout, ended.exit_code) == ("changed\tinstalled it\ndone\tapply\n", 0)


def test_an_error_in_a_report_is_a_failure_with_that_cause() -> None:
    ended = hear(HostProgress(PLAYED), "runner_on_ok", "report", msg=["error\tdisk full: 12 KB needed", "done\tapply"])
    assert ended is not None
    assert (ended.judgement.ending, ended.judgement.cause) == (Ending.FAILED, "disk full: 12 KB needed")


def test_a_report_that_never_says_done_is_unknown() -> None:
    progress = HostProgress(PLAYED)
    assert hear(progress, "runner_on_ok", "report", stdout="changed\tsomething", rc=0) is None
    assert progress.finish("").judgement.ending is Ending.UNKNOWN


def test_a_failed_task_counts_at_the_end_unless_it_was_rescued_or_ignored() -> None:
    progress = HostProgress(PLAYED)
    assert hear(progress, "runner_on_failed", "Install", msg="no such group") is None
    ended = progress.finish("")
    assert (ended.judgement.ending, ended.judgement.cause) == (
        Ending.FAILED,
        "the task 'Install' failed: no such group",
    )
    hear(progress, "runner_on_start", "Rescue")
    hear(progress, "runner_on_ok", "Rescue")
    assert progress.finish("").judgement.ending is Ending.DONE
    hear(progress, "runner_on_failed", "Optional", msg="no", ignored=True)
    assert progress.finish("").judgement.ending is Ending.DONE


def test_the_first_item_that_failed_says_why() -> None:
    progress = HostProgress(PLAYED)
    items = [{"failed": False}, {"failed": True, "msg": "OSError: [Errno 28] No space left on device"}]
    hear(progress, "runner_on_failed", "Install", msg="One or more items failed", results=items)
    assert progress.finish("").judgement.cause == "disk full: the task 'Install' could not write"


def test_a_task_that_ran_out_of_time_is_unknown() -> None:
    progress = HostProgress(PLAYED)
    hear(
        progress, "runner_on_failed", "Wait", msg="The command action failed to execute in the expected time frame (5)"
    )
    assert progress.finish("").judgement.ending is Ending.UNKNOWN


def test_a_playbook_without_a_report_is_done_when_the_call_has_ended_well() -> None:
    progress = HostProgress(PLAYED)
    hear(progress, "runner_on_ok", "Write the motd", changed=True)
    hear(progress, "runner_on_ok", "Look at it", changed=False)
    ended = progress.finish("")
    assert ended.judgement.ending is Ending.DONE
    assert ended.stdout == "changed\tWrite the motd\ndone\tapply\n"


def test_a_call_that_broke_leaves_begun_hosts_unknown_and_others_not_started() -> None:
    begun = HostProgress(PLAYED)
    hear(begun, "runner_on_start", "Look")
    assert begun.finish("it was killed").judgement.ending is Ending.UNKNOWN
    untouched = HostProgress(PLAYED).finish("no such role").judgement
    assert (untouched.ending, untouched.cause) == (Ending.NOT_STARTED, "Ansible could not begin: no such role")


@pytest.mark.parametrize(
    "event", [{}, {"event": "playbook_on_start"}, {"event": "runner_on_ok", "event_data": "rubbish"}]
)
def test_events_that_say_nothing_are_left_out(event: dict[str, object]) -> None:
    assert read_event(event) is None


def test_rubbish_in_an_event_does_no_harm() -> None:
    event = read_event({"event": "runner_on_ok", "created": "?", "event_data": {"host": None, "res": None}})
    assert event is not None
    assert (event.host, event.result) == ("", {})
