"""Sending what waits in the outbox, at least once: claimed under a lease, sent, and marked.

What dies in the middle is sent again when its lease has run out, with the same key. What cannot be sent is tried again
after a pause that doubles up to an hour, and given up after ``MOST_TRIES`` (about a day), or at once where the receiver
refuses it for good; giving up is itself an alert. A channel whose way out does not work (the mail server is down, the
password is wrong) is left alone for the rest of a call, so that a thousand letters do not wait a thousand time-outs.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import getpid
from platform import node
from random import random

from flows.alerts import alert_messages
from flows.services import Services
from muster.clock import Clock, SystemClock
from muster.errors import MusterError
from muster.messages import Alert, Channel, Delivery, Message, Queued, Severity
from reports.sending.answers import Answer, Fate, OutletTrouble
from reports.sending.outlets import Outlets
from reports.sending.post_office import PostOffice

MOST_TRIES = 30
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3600.0
LONGEST_WISH_S = 6 * 3600.0
"""The longest pause that a receiver may ask for (Retry-After)."""
BATCH = 10
"""Messages claimed at one time: so many are sent again, or wait for a lease, when this process dies."""
CHANNELS = (Channel.EMAIL, Channel.WEBHOOK)
GIVEN_UP = "message-given-up"


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """What became of the messages that were due.

    Attributes:
        later: to be tried again.
        given_up: refused for good, or tried too often.
        troubles: ways out that do not work, each in one sentence.
    """

    sent: int = 0
    later: int = 0
    given_up: int = 0
    troubles: tuple[str, ...] = ()

    @property
    def tried(self) -> int:
        """All together."""
        return self.sent + self.later + self.given_up


Progress = Callable[[Queued, Delivery], None]


def deliver_due(
    services: Services,
    *,
    limit: int = 1000,
    by: str = "",
    channels: Sequence[Channel] = CHANNELS,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    real: Clock | None = None,
) -> DeliveryCount:
    """Send at most ``limit`` of the messages that are due now; any number of processes may do so at one time.

    Args:
        services: of the workspace.
        limit: messages, not seconds.
        by: who sends, for the record; by default this process.
        channels: by these ways only.
        progress: is told of each message as soon as it is marked.
        stop: asked between messages; once true nothing more is begun.
        real: tells real time; the machine's clock by default.

    Returns:
        What became of them. Troubles of receivers are counted, never raised.

    Raises:
        LedgerError: the ledger cannot be used; what was sent and not marked is sent again later.
    """
    who, clock = by or f"{node()}:{getpid()}", real or SystemClock()
    counts = dict.fromkeys(("sent", "later", "given_up"), 0)
    troubles: dict[Channel, str] = {}
    with PostOffice(services.outlets) as office:
        left = limit
        while left > 0 and not stop():
            open_channels = [channel for channel in channels if channel not in troubles]
            claimed = _claim(services, open_channels, who, min(BATCH, left), office.longest_s)
            if not claimed:
                break
            left -= len(claimed)
            for queued, result in _sent(claimed, office, troubles, clock, office.longest_s, stop):
                services.ledger.settle_messages([result], by=who, messages=_complaint(services.outlets, queued, result))
                counts[_word(result)] += 1
                if progress is not None:
                    progress(queued, result)
    return DeliveryCount(**counts, troubles=tuple(troubles.values()))


def _claim(services: Services, channels: list[Channel], by: str, limit: int, longest_s: float) -> tuple[Queued, ...]:
    if not channels:
        return ()
    return services.ledger.claim_messages(by=by, limit=limit, lease_s=lease_s(longest_s), channels=channels)


def _sent(
    claimed: tuple[Queued, ...],
    office: PostOffice,
    troubles: dict[Channel, str],
    clock: Clock,
    longest_s: float,
    stop: Callable[[], bool],
) -> Iterator[tuple[Queued, Delivery]]:
    """Send one after the other; those for which no time is left under the lease go back untried."""
    ends = time.monotonic() + lease_s(longest_s) - longest_s
    for queued in claimed:
        channel = queued.message.channel
        if channel in troubles:
            answer = Answer(Fate.LATER, troubles[channel])
        elif stop() or time.monotonic() > ends:
            answer = Answer(Fate.LATER, "it was not its turn any more", wait_s=0.0)
        else:
            answer = _try(office, queued, troubles)
        yield queued, decide(queued, answer, clock.now(), random())  # noqa: S311 - spreads retries, guards nothing


def _try(office: PostOffice, queued: Queued, troubles: dict[Channel, str]) -> Answer:
    if queued.attempts > MOST_TRIES:  # whoever tried died each time, so perhaps this message is why
        return Answer(Fate.REFUSED, f"was tried {queued.attempts - 1} times, and nobody came back from it")
    try:
        return office.send(queued)
    except OutletTrouble as trouble:
        troubles[queued.message.channel] = trouble.message
        return Answer(Fate.LATER, trouble.message)
    except MusterError as error:  # a reference that cannot be resolved, a webhook that is not set any more
        return Answer(Fate.LATER, error.message)
    except Exception as error:  # noqa: BLE001 - one message that nobody foresaw must not keep the others
        return Answer(Fate.LATER, f"an error nobody foresaw: {type(error).__name__}")


def decide(queued: Queued, answer: Answer, now: datetime, dice: float) -> Delivery:
    """What an answer means for a message; pure. ``now`` is real time; ``dice`` in [0, 1) spreads the pauses."""
    if answer.fate is Fate.TAKEN:
        return Delivery(queued.id, queued.fence, sent=True, answer=answer.text)
    if answer.fate is Fate.REFUSED:
        return Delivery(queued.id, queued.fence, sent=False, error=answer.text)
    if queued.attempts >= MOST_TRIES:
        error = f"given up after {queued.attempts} tries; the last: {answer.text}"
        return Delivery(queued.id, queued.fence, sent=False, error=error)
    wait = timedelta(seconds=pause_s(queued.attempts, dice, answer.wait_s))
    return Delivery(queued.id, queued.fence, sent=False, error=answer.text, next_try_at=now + wait)


def pause_s(attempts: int, dice: float, wish_s: float | None = None) -> float:
    """Seconds until the next try, after ``attempts`` of them.

    Doubles from ``FIRST_PAUSE_S`` up to ``LONGEST_PAUSE_S``; the second half of it is left to the dice, so that what
    failed together is not tried again together. What the receiver asks for is honoured up to ``LONGEST_WISH_S``; a wish
    of 0 says that nothing was tried.
    """
    if wish_s is not None:
        return min(wish_s, LONGEST_WISH_S) * (1 + dice / 10)
    doubled = FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20)
    return float(min(doubled, LONGEST_PAUSE_S) * (0.5 + dice / 2))


def lease_s(longest_s: float) -> float:
    """How long a batch is held: time for two messages that take as long as any may, and for all others if quick."""
    return 2 * longest_s + 60.0


def _word(result: Delivery) -> str:
    if result.sent:
        return "sent"
    return "later" if result.next_try_at else "given_up"


def _complaint(outlets: Outlets, queued: Queued, result: Delivery) -> tuple[Message, ...]:
    """The alert that a message was given up; of an alert only the board is told, so that none breeds another."""
    if result.sent or result.next_try_at is not None:
        return ()
    message = queued.message
    alert = Alert(
        kind=GIVEN_UP,
        severity=Severity.WARNING,
        sentence=f"{message.kind} to {message.to} could not be delivered: {outlets.clean(result.error)}",
        campaign_id=message.campaign_id,
        details=(("message", str(queued.id)), ("subject", message.content.subject)),
        remedies=(f"mend the cause, then: muster messages retry {queued.id}", "tell them another way"),
        about=f"message {queued.id} after claim {queued.fence}",
    )
    made = alert_messages(outlets, alert)
    return tuple(one for one in made if one.channel is Channel.BOARD) if message.content.alert else made
