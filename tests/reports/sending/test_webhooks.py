"""Webhooks to a real HTTP server: what is sent, how it is signed, which answers are final, and what stays secret."""

import hashlib
import hmac
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from flows.server import free_port
from muster.messages import Alert, Content, Severity
from reports.sending.alert_text import alert_content
from reports.sending.answers import Answer, Fate
from reports.sending.hook_bodies import body_of
from reports.sending.outlets import HookKind, Outlets, Webhook
from reports.sending.webhooks import post_to, wait_asked_s
from tests.reports.sending.servers import (
    ALERT,
    Certificate,
    Receiver,
    drip,
    http_server,
    queued,
    talker,
)

SECRET = "whsec/keep it"
NAMES = MappingProxyType({"env:SECRET": SECRET})


def outlets(url: str, ca: Path | None = None, timeout_s: float = 10.0) -> Outlets:
    return Outlets(
        "Helpline",
        "us@helpline.example",
        Path(),
        Path(),
        lambda reference: {**NAMES, "env:URL": url}[reference],
        str,
        ca=ca,
        timeout_s=timeout_s,
    )


def hook(kind: HookKind = HookKind.JSON) -> Webhook:
    return Webhook("ops", kind, "env:URL", "env:SECRET")


def post(url: str, kind: HookKind = HookKind.JSON, longest_s: float = 30, key: str = "k1", **changes: object) -> Answer:
    where = replace(outlets(url), **changes)  # type: ignore[arg-type]
    return post_to(hook(kind), queued(key, "ops"), where, longest_s)


def header(receiver: Receiver, name: str) -> str:
    return {key.lower(): value for key, value in receiver.requests[-1].headers.items()}[name.lower()]


def test_a_receiver_can_check_the_signature_by_the_recipe_of_the_documentation() -> None:
    receiver = Receiver()
    with http_server(receiver) as url:
        assert post(f"{url}/hook?token=abc").fate is Fate.TAKEN
    (request,) = receiver.requests
    assert request.path == "/hook?token=abc"
    signed = header(receiver, "Muster-Timestamp").encode() + b"." + request.body
    assert header(receiver, "Muster-Signature") == "v1=" + hmac.digest(SECRET.encode(), signed, hashlib.sha256).hex()
    assert abs(int(header(receiver, "Muster-Timestamp")) - datetime.now(UTC).timestamp()) < 600
    forged = hmac.digest(SECRET.encode(), signed + b" ", hashlib.sha256).hex()
    assert forged not in header(receiver, "Muster-Signature")


def test_the_same_key_has_the_same_idempotency_key_and_body_and_another_key_another() -> None:
    receiver = Receiver()
    with http_server(receiver) as url:
        for key in ("k1", "k1", "k2"):
            post(url, key=key)
    first, again, other = receiver.requests
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] != other.headers["Idempotency-Key"]
    assert first.body == again.body
    assert json.loads(first.body)["id"] == first.headers["Idempotency-Key"]


def test_generic_json_says_everything_that_the_alert_says() -> None:
    read = json.loads(body_of(HookKind.JSON, queued(content=alert_content(ALERT, "Helpline")), "Helpline"))
    assert read["kind"] == "campaign-stopped"
    assert read["severity"] == "critical"
    assert read["details"] == {"wave": "3", "hosts": "41"}
    assert read["remedies"] == ["look at wave 3"]
    assert read["at"] == "2026-10-19T08:00:00+00:00"


def test_slack_and_teams_are_not_signed_and_what_others_wrote_is_no_markup() -> None:
    receiver = Receiver()
    with http_server(receiver) as url:
        for kind in (HookKind.SLACK, HookKind.TEAMS):
            assert post(url, kind).fate is Fate.TAKEN
    slack, teams = (json.loads(request.body) for request in receiver.requests)
    assert all("Muster-Signature" not in request.headers for request in receiver.requests)
    assert "<!channel>" not in slack["text"]
    assert {block["type"] for block in slack["blocks"]} == {"header", "section", "context"}
    texts = [block.get("text", {"type": "plain_text"}) for block in slack["blocks"]]
    assert {text["type"] for text in texts} == {"plain_text"}
    card = teams["attachments"][0]["content"]
    assert (card["type"], {one["type"] for one in card["body"]}) == ("AdaptiveCard", {"RichTextBlock"})
    assert "look at wave 3" in json.dumps(teams)


def test_a_huge_alert_stays_within_what_slack_and_teams_take() -> None:
    many = tuple((f"name {number}" * 20, "value " * 200) for number in range(300))
    alert = Alert("x", Severity.WARNING, "long " * 2000, None, many, ("remedy " * 300,) * 100)
    huge = queued(content=alert_content(alert, "H" * 500))
    slack = json.loads(body_of(HookKind.SLACK, huge, "Helpline"))
    assert len(slack["blocks"]) <= 50
    assert len(slack["blocks"][0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3000 for block in slack["blocks"] if "text" in block)
    assert len(body_of(HookKind.TEAMS, huge, "Helpline")) < 28_000


@pytest.mark.parametrize(
    ("status", "headers", "said", "fate", "wait_s"),
    [
        (202, {}, b"", Fate.TAKEN, None),
        (500, {}, b"oops", Fate.LATER, None),
        (503, {"Retry-After": "120"}, b"", Fate.LATER, 120.0),
        (429, {"Retry-After": "7"}, b"", Fate.LATER, 7.0),
        (429, {"Retry-After": "soon"}, b"", Fate.LATER, None),
        (400, {}, b"invalid_blocks", Fate.REFUSED, None),
        (404, {}, b"no_service", Fate.REFUSED, None),
        (410, {}, b"", Fate.REFUSED, None),
        (200, {}, b"Microsoft Teams endpoint returned HTTP error 429 with ContextId", Fate.LATER, None),
    ],
)
def test_answers_are_final_or_not(
    status: int, headers: dict[str, str], said: bytes, fate: Fate, wait_s: float | None
) -> None:
    with http_server(Receiver(answers=[(status, headers, said)])) as url:
        answer = post(url)
    assert (answer.fate, answer.wait_s) == (fate, wait_s)
    assert f"webhook ops answers {status}" in answer.text


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 10, 19, 8, 0, tzinfo=UTC)
    assert wait_asked_s("Mon, 19 Oct 2026 08:01:30 GMT", now) == 90
    assert wait_asked_s("Mon, 19 Oct 2026 07:00:00 GMT", now) == 0
    assert wait_asked_s("", now) is None
    assert wait_asked_s("-5", now) is None


def test_a_redirect_is_never_followed() -> None:
    elsewhere, here = Receiver(), Receiver()
    with http_server(elsewhere) as other, http_server(here) as url:
        here.answers = [(307, {"Location": f"{other}/collect"}, b"")]
        answer = post(url)
    assert answer.fate is Fate.REFUSED
    assert "redirect" in answer.text
    assert elsewhere.requests == []
    assert len(here.requests) == 1


def test_only_a_trusted_certificate_is_sent_anything(certificate: Certificate, other_certificate: Certificate) -> None:
    receiver = Receiver()
    with http_server(receiver, certificate) as url:
        assert "its certificate is not trusted" in post(url).text
        assert receiver.requests == []
        assert post(url, ca=certificate.cert).fate is Fate.TAKEN
    with http_server(receiver, other_certificate) as url:
        assert "its certificate is not trusted" in post(url, ca=other_certificate.cert).text
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/T0/B0/TOKEN", "ftp://x/TOKEN", "TOKEN", "https://[::TOKEN", "https:///TOKEN"]
)
def test_an_address_that_is_not_safe_is_refused_without_being_said(url: str) -> None:
    answer = post(url)
    assert answer.fate is Fate.REFUSED
    assert "TOKEN" not in answer.text
    assert answer.text.startswith("webhook ops: its address")


def test_who_is_not_there_says_nothing_drips_or_speaks_garbage_is_tried_later_and_the_address_is_not_said() -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(100_000):
            continue

    def garbage(connection: socket.socket) -> None:
        connection.recv(100_000)
        connection.sendall(b"\x00\x01 what?\r\n\r\n")

    answers = [post(f"http://127.0.0.1:{free_port()}/TOKEN"), post("https://hooks.invalid/TOKEN")]
    with talker(silent) as port:
        answers.append(post(f"http://127.0.0.1:{port}/TOKEN", timeout_s=0.3))
    with talker(drip) as port:
        answers.append(post(f"http://127.0.0.1:{port}/TOKEN", longest_s=1.0))
    with talker(garbage) as port:
        answers.append(post(f"http://127.0.0.1:{port}/TOKEN"))
    assert {answer.fate for answer in answers} == {Fate.LATER}
    assert all("TOKEN" not in answer.text for answer in answers)
    assert [word in answers[at].text for at, word in ((0, "reached"), (2, "in time"), (3, "in time"))] == [True] * 3


def test_a_message_that_is_no_alert_is_told_by_its_subject() -> None:
    plain = queued(content=Content("the plan binds", "400 visits\n"))
    assert json.loads(body_of(HookKind.JSON, plain, "H"))["sentence"] == "the plan binds"
    assert "the plan binds" in body_of(HookKind.SLACK, plain, "H").decode()


def test_a_webhook_is_told_what_it_asked_for() -> None:
    assert hook().wants(ALERT)
    assert replace(hook(), alerts=frozenset({"campaign-stopped"})).wants(ALERT)
    assert not replace(hook(), alerts=frozenset({"forecast-low"})).wants(ALERT)


def test_the_recipe_of_the_documentation_takes_what_is_ours_and_nothing_else() -> None:
    page = (Path(__file__).parents[3] / "docs" / "messages.md").read_text()
    recipe: dict[str, object] = {}
    exec(page.split("```python")[1].split("```")[0], recipe)  # noqa: S102 - it is what receivers copy
    is_ours = recipe["is_ours"]
    assert callable(is_ours)
    receiver = Receiver()
    with http_server(receiver) as url:
        post(url)
    (request,) = receiver.requests
    assert is_ours(request.headers, request.body, SECRET)
    assert not is_ours(request.headers, request.body + b" ", SECRET)
    assert not is_ours(request.headers, request.body, "another secret")
    stale = {**request.headers, "Muster-Timestamp": str(int(request.headers["Muster-Timestamp"]) - 1)}
    assert not is_ours(stale, request.body, SECRET)
    assert not is_ours(request.headers, request.body, SECRET, longest_s=-1)
