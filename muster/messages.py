"""Messages that leave the house: what is queued in the ledger's outbox, and how it stands.

A message is written in the transaction of what it reports and is sent later, by whoever delivers, at least once: a
process that dies after a message was sent and before that was written down makes it go out again. Its ``key`` is the
same each time, and that is what a receiver drops the repeat by.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from muster.ids import CampaignId, ClientId


class Channel(StrEnum):
    """The way a message goes."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    BOARD = "board"
    """Kept for people to see in Muster itself: it counts as sent as soon as it is queued."""


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people of the company should know now.

    Attributes:
        kind: one word or more, with dashes, such as ``campaign-stopped``; settings choose by it who is told.
        sentence: what happened, in one sentence, with names and figures.
        details: names and values, in the order in which they are shown.
        remedies: what helps, the best first, with its price where it has one.
        about: what makes it this alert and no other, such as ``wave 3``: the same kind, campaign and ``about`` is told
            once. Empty means that its sentence is.
    """

    kind: str
    severity: Severity
    sentence: str
    campaign_id: CampaignId | None = None
    details: tuple[tuple[str, str], ...] = ()
    remedies: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says; each channel takes what it can show.

    Attributes:
        subject: one line.
        text, html: the body, as plain text and as a page; the page may be empty.
        calendar: an iCalendar file with a METHOD in it; empty where there is none.
        alert: the alert it was made of; webhooks are rendered from it.
    """

    subject: str
    text: str
    html: str = ""
    calendar: str = ""
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one receiver by one channel, before it is queued.

    Attributes:
        key: the same for as long as it is the same message. A key is queued once, ever: to post it again does nothing,
            except that a message that was called off before it was sent waits again.
        to: an e-mail address, or the name of a webhook of the settings (never its address, which is a secret).
        kind: such as ``notice dispatched`` or ``alert campaign-stopped``.
        due_at: by the campaign's clock; None means at once.
        topic: what it is about, such as ``visit V-1``: messages can be called off by it.
    """

    key: str
    channel: Channel
    to: str
    kind: str
    content: Content
    campaign_id: CampaignId | None = None
    client_id: ClientId | None = None
    due_at: datetime | None = None
    topic: str = ""


class MessageState(StrEnum):
    """How a queued message stands."""

    WAITING = "waiting"
    """Not sent yet: not due, being sent now, or to be tried again."""
    SENT = "sent"
    FAILED = "failed"
    """Given up: the receiver refused it for good, or it was tried too often. A person may have it tried again."""
    CALLED_OFF = "called off"
    """What it would have said does not hold any more."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in the outbox.

    Attributes:
        attempts: how often somebody began to send it since it was queued, or since a person had it tried again.
        fence: grows with every claim; a failure with an older fence is refused.
        next_try_at: not before this, in real time; None where nothing was tried yet.
        error: why the last try did not succeed; empty when it did.
        answer: what the receiver said when it took it, such as its own id of the message.
        claimed_by, claimed_until: who is sending it now (real time), None where nobody is.
    """

    id: int
    message: Message
    state: MessageState
    queued_at: datetime
    due_at: datetime
    attempts: int = 0
    fence: int = 0
    next_try_at: datetime | None = None
    error: str = ""
    answer: str = ""
    sent_at: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one try to send a claimed message ended.

    Attributes:
        fence: ``Queued.fence`` as it was claimed.
        sent: whether the receiver took it.
        error: why not, in one sentence, without any secret.
        next_try_at: when to try again, real time; None gives it up.
        answer: what the receiver said when it took it.
    """

    id: int
    fence: int
    sent: bool
    error: str = ""
    next_try_at: datetime | None = None
    answer: str = ""
