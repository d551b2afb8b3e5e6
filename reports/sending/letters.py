"""A queued message as an e-mail that every mail program opens (RFC 5322), the same however often it is made."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from muster.messages import Content, Queued
from reports.sending.names import message_id
from reports.sending.outlets import Outlets

NO_SENDER = "muster@localhost"
_METHOD = re.compile(r"^METHOD:([A-Z]+)\s*$", re.MULTILINE)


def letter_of(queued: Queued, outlets: Outlets) -> EmailMessage:
    """The e-mail; its Message-ID is made of the message's key, and its date is when it was due."""
    message, (name, sender) = queued.message, parseaddr(outlets.sender or NO_SENDER)
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = " ".join(message.content.subject.split())
    letter["From"] = str(Address(display_name=" ".join((name or outlets.company).split()), addr_spec=sender))
    letter["To"] = message.to.strip()
    letter["Date"] = format_datetime(queued.due_at)
    letter["Message-ID"] = message_id(message.key, sender)
    letter["Auto-Submitted"] = "auto-generated"
    fill(letter, message.content)
    return letter


def fill(letter: EmailMessage, content: Content) -> None:
    """Put in the text, the page, and the calendar: as a part that can be answered, and as a file."""
    letter.set_content(content.text)
    if content.html:
        letter.add_alternative(content.html, subtype="html")
    if not content.calendar:
        return
    found = _METHOD.search(content.calendar)
    method = found[1] if found else "PUBLISH"
    if method in {
        "REQUEST",
        "CANCEL",
    }:  # mail programs show its buttons only where it is one of the message's own forms
        letter.add_alternative(content.calendar, subtype="calendar", params={"method": method})
    letter.add_attachment(
        content.calendar.encode(),
        maintype="text",
        subtype="calendar",
        filename="visits.ics",
        params={"method": method},
    )
