"""muster messages: from the settings to a real mailbox and a real webhook, and what people read about it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.errors import SettingsError
from muster.settings import load_settings
from tests.muster.shell import Done, Shell
from tests.reports.notices.test_commands import workspace_in
from tests.reports.sending.servers import PASSWORD, Certificate, Mailbox, Receiver, http_server, smtp_server
from tests.reports.sending.servers import make_certificate as made_certificate

SETTINGS = """
smtp_host: 127.0.0.1
smtp_port: {port}
smtp_security: starttls
smtp_user: muster
smtp_credential: env:MAIL_PASSWORD
messages_ca: localhost.pem
alert_to: [ops@us.example]
webhooks:
  ops: {{kind: json, url: "env:HOOK_URL", secret: "env:HOOK_SECRET", alerts: [test]}}
"""


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def folder(
    tmp_path: Path, muster: Shell, box: Mailbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A workspace with a plan, a mail server that wants TLS and a login, and a webhook."""
    certificate: Certificate = made_certificate(tmp_path)
    with smtp_server(box, certificate=certificate, login=True) as port, http_server(receiver) as url:
        for name, value in {"MAIL_PASSWORD": PASSWORD, "HOOK_URL": f"{url}/TOKEN", "HOOK_SECRET": "whsec"}.items():
            monkeypatch.setenv(name, value)
        workspace_in(tmp_path, muster, "office@acme.example")
        with (tmp_path / "muster.yml").open("a") as file:
            file.write(SETTINGS.format(port=port))
        yield tmp_path


def well(done: Done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(muster: Shell, folder: Path, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(well(muster(folder, "messages", "--json", *words)))["messages"]
    return found


def test_from_dispatch_to_the_clients_mailbox(muster: Shell, folder: Path, box: Mailbox) -> None:
    assert "1 notice to clients queued" in well(muster(folder, "dispatch"))
    assert not (folder / "outbox").exists(), "with a mail server letters are no files"
    assert box.letters == [], "dispatch waits for no mail server"
    said = well(muster(folder, "messages", "send"))
    assert "notice dispatched to office@acme.example: taken by 127.0.0.1" in said
    assert "1 message sent" in said
    (letter,) = box.letters
    assert {part.get_content_type() for part in letter.walk()} >= {"text/plain", "text/html", "text/calendar"}
    assert box.logins == ["muster"]
    assert "0 messages sent" in well(muster(folder, "messages", "send"))
    (first,) = listed(muster, folder)
    assert (first["state"], first["kind"], first["attempts"]) == ("sent", "notice dispatched", 1)
    assert "Dear Acme" in well(muster(folder, "messages", "show", str(first["id"])))
    assert PASSWORD not in (folder / "muster.db").read_bytes().decode("latin-1")


def test_a_letter_that_is_refused_ends_with_one_and_can_be_tried_again(
    muster: Shell, folder: Path, box: Mailbox
) -> None:
    box.refuses["office@acme.example"] = "550 5.1.1 no such user"
    well(muster(folder, "dispatch"))
    refused = muster(folder, "messages", "send")
    assert refused.returncode == 1
    assert "1 given up" in refused.stdout
    (failed,) = listed(muster, folder, "--state", "failed")
    assert "550 5.1.1 no such user" in str(failed["error"])
    box.refuses.clear()
    assert "1 message due now" in well(muster(folder, "messages", "retry", str(failed["id"])))
    assert "office@acme.example" in well(muster(folder, "messages", "send"))
    again = muster(folder, "messages", "retry", str(failed["id"]))
    assert again.returncode == 1
    assert "was sent at" in again.stderr
    assert "no message 999" in muster(folder, "messages", "show", "999").stderr


def test_the_way_to_an_address_and_to_a_webhook_can_be_tried(
    muster: Shell, folder: Path, box: Mailbox, receiver: Receiver
) -> None:
    assert "taken by" in well(muster(folder, "messages", "test", "--to", "kim@us.example"))
    assert "This is a test" in str(box.letters[0]["Subject"])
    assert "webhook ops answers 200" in well(muster(folder, "messages", "test", "--to", "ops"))
    assert json.loads(receiver.requests[0].body)["kind"] == "test"
    receiver.answers = [(403, {}, b"invalid token")]
    refused = muster(folder, "messages", "test", "--to", "ops")
    assert (refused.returncode, "403: invalid token" in refused.stderr) == (1, True)
    assert "TOKEN" not in refused.stdout + refused.stderr
    assert muster(folder, "messages", "test", "--to", "nobody").returncode == 2


def test_a_setting_of_a_webhook_that_is_wrong_is_named_and_its_address_is_not_said(tmp_path: Path) -> None:
    for text, said in (
        ("webhooks: {ops: {url: 'https://hooks.example/TOKEN'}}", "webhooks.ops.kind: field required"),
        ("webhooks: {ops: {kind: slak, url: 'https://hooks.example/TOKEN'}}", "webhooks.ops.kind"),
        ("webhooks: {ops: {kind: slack, url: x, secrt: TOKEN}}", "did you mean secret?"),
    ):
        (tmp_path / "muster.yml").write_text(text)
        with pytest.raises(SettingsError) as caught:
            load_settings(tmp_path)
        assert said in caught.value.message
        assert "TOKEN" not in caught.value.message
        assert "muster.yml" in caught.value.message
