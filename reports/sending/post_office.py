"""One counter for all ways out: keeps what is worth keeping between messages, such as the connection for e-mail."""

from email.errors import MessageError
from email.utils import parseaddr
from types import TracebackType
from typing import Self

from muster.messages import Channel, Queued
from reports.sending.answers import Answer, Fate, OutletTrouble
from reports.sending.letters import letter_of
from reports.sending.mail import Mailer
from reports.sending.outlets import Outlets
from reports.sending.to_folder import write_letter
from reports.sending.webhooks import post_to

OPERATIONS = 4
"""A message may take as long as so many time-outs of one answer, all in all."""


class PostOffice:
    """Sends messages one at a time; for one thread. Use it as a context manager."""

    def __init__(self, outlets: Outlets) -> None:
        self.outlets = outlets
        self.longest_s = outlets.timeout_s * OPERATIONS
        self._mailer = None if outlets.mail is None else Mailer(outlets.mail, outlets.secret, self.longest_s)

    def send(self, queued: Queued) -> Answer:
        """Hand a message to its receiver.

        Raises:
            OutletTrouble: the way out does not work for any message.
            SecretError, NotFound: the settings do not say how to send this one.
        """
        answer = self._send(queued)
        return Answer(answer.fate, self.outlets.clean(answer.text), answer.wait_s)

    def _send(self, queued: Queued) -> Answer:
        if queued.message.channel is Channel.WEBHOOK:
            return post_to(self.outlets.webhook(queued.message.to), queued, self.outlets, self.longest_s)
        if self._mailer is not None and "@" not in parseaddr(self.outlets.sender)[1]:
            raise OutletTrouble(
                "notice_from is no e-mail address, so no letter can be sent", hint="set it in muster.yml"
            )
        try:
            letter = letter_of(queued, self.outlets)
        except (ValueError, IndexError, MessageError) as error:  # what the standard library makes of a bad address
            return Answer(Fate.REFUSED, f"{queued.message.to!r} cannot be written to: {error}")
        if self._mailer is None:
            return write_letter(self.outlets.folder, queued.message.key, letter)
        return self._mailer.send(letter, queued.message.to)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mailer is not None:
            self._mailer.close()
