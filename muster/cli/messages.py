"""The commands ``muster messages``: what waits in the outbox, what was sent, and what could not be."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from types import FrameType
from typing import Annotated
from uuid import uuid4

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError, MusterError
from muster.ids import CampaignId
from muster.messages import Alert, Channel, Delivery, Message, MessageState, Queued, Severity
from muster.words import count

StateOption = Annotated[list[MessageState] | None, typer.Option("--state", help="Only these; repeat it.")]
CampaignFilter = Annotated[str | None, typer.Option("--campaign", "-c", help="Only of this campaign; by default all.")]


def messages(
    context: typer.Context,
    campaign: CampaignFilter = None,
    state: StateOption = None,
    most: Annotated[int, typer.Option("--most", min=1, help="How many, the newest.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the messages of the outbox: what waits, what was sent, and what could not be.

    Example: muster messages --state failed
    """
    if context.invoked_subcommand is not None:
        return
    with opened(context) as workspace:
        meant = CampaignId(campaign) if campaign else None
        found = workspace.ledger.messages(campaign_id=meant, states=state or (), limit=most)
        standing = workspace.ledger.message_counts(meant)
        if as_json:
            counts = {one.value: number for one, number in standing.items()}
            say_json({"counts": counts, "messages": [_document(one) for one in found]})
            return
        table(("id", "state", "what", "to", "due", "about", "remark"), [_row(one) for one in found], right=[0])
        say(", ".join(f"{number:,} {one.value}" for one, number in standing.items() if number) or "no messages yet")


def send(
    context: typer.Context,
    most: Annotated[int, typer.Option("--most", min=1, help="How many at most.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """Send what is due now. Ends with 1 when something could not be sent.

    Any number of machines may do so at one time. Ctrl-C ends it after the message that is being sent.

    Example: muster messages send
    """
    from flows.delivery import deliver_due

    with opened(context) as workspace, _until_interrupted() as stop:

        def watch(queued: Queued, result: Delivery) -> None:
            if not as_json:
                say(_outcome(queued, result))

        done = deliver_due(workspace.services, limit=most, by=me(), progress=watch, stop=stop)
        if as_json:
            say_json(
                {"sent": done.sent, "later": done.later, "given_up": done.given_up, "troubles": list(done.troubles)}
            )
        else:
            for trouble in done.troubles:
                say(trouble, style="bold red")
            later = f", {done.later:,} to be tried again" if done.later else ""
            lost = f", {done.given_up:,} given up (muster messages --state failed)" if done.given_up else ""
            say(f"{count(done.sent, 'message')} sent{later}{lost}")
    if done.later or done.given_up:
        raise typer.Exit(1)


def show(
    context: typer.Context,
    message_id: Annotated[int, typer.Argument(metavar="ID", help="Id of a message.")],
    as_json: JsonOption = False,
) -> None:
    """Show a message, what it says and how it stands.

    Example: muster messages show 17
    """
    with opened(context) as workspace:
        one = workspace.ledger.message(message_id)
        if as_json:
            say_json({**_document(one), "text": one.message.content.text})
            return
        for name, value in _document(one).items():
            if value not in {None, ""}:
                say(f"{name.replace('_', ' ')}: {value}")
        say(f"\n{one.message.content.text}")


def retry(
    context: typer.Context,
    message_ids: Annotated[list[int], typer.Argument(metavar="ID", help="Ids of messages.")],
) -> None:
    """Have messages tried again at once that were given up, called off, or wait for their next try.

    Example: muster messages retry 17
    """
    with opened(context) as workspace:
        for number in message_ids:
            workspace.ledger.retry_message(number, by=me())
        say(f"{count(len(message_ids), 'message')} due now: muster messages send")


def test(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="An e-mail address, or the name of a webhook of muster.yml.")],
) -> None:
    """Send a message now, past the outbox, and say what the receiver answered. Ends with 1 when it was not taken.

    Example: muster messages test --to ops@example.com
    """
    from reports.sending.answers import Fate
    from reports.sending.post_office import PostOffice

    with opened(context) as workspace:
        queued = _test_message(workspace, to)
        with PostOffice(workspace.services.outlets) as office:
            answer = office.send(queued)
        if answer.fate is not Fate.TAKEN:
            raise MusterError(f"not taken: {answer.text}", hint="docs/messages.md says how to set it up")
        say(answer.text)


def _test_message(workspace: Workspace, to: str) -> Queued:
    """A message that nobody keeps."""
    from reports.sending.alert_text import alert_content

    outlets, now = workspace.services.outlets, workspace.services.clock.now()
    if "@" in to:
        channel = Channel.EMAIL
    elif to in outlets.webhooks:
        channel = Channel.WEBHOOK
    else:
        known = ", ".join(outlets.webhooks) or "none"
        raise InputError(f"{to!r} is neither an e-mail address nor a webhook (there are: {known})")
    alert = Alert(
        "test",
        Severity.INFO,
        f"This is a test by {me()}. If you can read it, messages arrive here.",
        details=(("company", outlets.company),),
        remedies=("nothing is to be done",),
    )
    message = Message(f"test/{uuid4()}", channel, to, "test", alert_content(alert, outlets.company))
    return Queued(0, message, MessageState.WAITING, now, now)


@contextmanager
def _until_interrupted() -> Iterator[Callable[[], bool]]:
    """Whether the user wants it to end; the second Ctrl-C ends it in the middle."""
    enough = Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if enough.is_set():
            signal.default_int_handler(number, frame)
        enough.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield enough.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _outcome(queued: Queued, result: Delivery) -> str:
    word = "sent" if result.sent else ("later" if result.next_try_at else "given up")
    return f"{word:8}  {queued.id}  {queued.message.kind} to {queued.message.to}: {result.answer or result.error}"


def _row(one: Queued) -> tuple[str, ...]:
    message = one.message
    return (
        str(one.id),
        one.state.value,
        message.kind,
        message.to,
        _minute(one.due_at),
        message.content.subject,
        one.error or one.answer,
    )


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _document(one: Queued) -> dict[str, object]:
    message = one.message
    return {
        "id": one.id,
        "state": one.state.value,
        "channel": message.channel.value,
        "to": message.to,
        "kind": message.kind,
        "subject": message.content.subject,
        "campaign": message.campaign_id,
        "client": message.client_id,
        "topic": message.topic,
        "key": message.key,
        "queued_at": one.queued_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "attempts": one.attempts,
        "next_try_at": one.next_try_at.isoformat() if one.next_try_at else None,
        "error": one.error,
        "answer": one.answer,
        "sent_at": one.sent_at.isoformat() if one.sent_at else None,
    }
