"""A ledger with messages in it and ways out to real servers, without the rest of a workspace.

``python -m tests.flows.outboxes PORT`` delivers what is due, as a process that can be killed; the ledger's address
is in the environment, because a password may be in it.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from flows.delivery import deliver_due
from flows.services import Services
from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import Clock, ManualClock, SystemClock
from muster.messages import Channel, Content, Message
from reports.sending.outlets import MailServer, Outlets, Security, Webhook
from tests.reports.sending.servers import PASSWORD

NOW = datetime(2026, 10, 19, 8, tzinfo=UTC)
LEDGER_VARIABLE = "MUSTER_TEST_OUTBOX_LEDGER"


@dataclass
class Desk:
    """What delivery needs of the services.

    Attributes:
        real: the ledger's clock for leases and pauses; it runs ahead of the machine's by ``ahead``.
    """

    ledger: SqlLedger
    outlets: Outlets
    clock: Clock = field(default_factory=lambda: ManualClock(NOW))

    @property
    def services(self) -> Services:
        """As delivery takes it."""
        return cast("Services", self)


def outlets(
    folder: Path,
    port: int = 0,
    *,
    secrets: Mapping[str, str] | None = None,
    webhooks: Sequence[Webhook] = (),
    alert_to: tuple[str, ...] = (),
) -> Outlets:
    """Ways out; without a port letters become files."""
    known = {"env:SMTP": PASSWORD, **(secrets or {})}
    return Outlets(
        company="Helpline",
        sender="us@helpline.example",
        folder=folder / "outbox",
        templates=folder / "templates",
        secret=lambda reference: known[reference],
        clean=lambda text: text.replace(PASSWORD, "[secret]"),
        mail=MailServer("127.0.0.1", port, Security.NONE, timeout_s=20) if port else None,
        webhooks={one.name: one for one in webhooks},
        alert_to=alert_to,
        timeout_s=20,
    )


def open_at(url: str, ahead: timedelta = timedelta()) -> SqlLedger:
    """A ledger whose leases and pauses are told by a clock that stands ``ahead`` of now."""
    real: Clock = ManualClock(datetime.now(UTC) + ahead) if ahead else SystemClock()
    ledger = open_ledger(url, clock=ManualClock(NOW), lease_clock=real)
    assert isinstance(ledger, SqlLedger)
    return ledger


def letter(number: int, **changes: object) -> Message:
    """One of many letters."""
    content = Content(f"letter {number}", f"this is letter {number}\n")
    made = Message(f"letter/{number}", Channel.EMAIL, f"client{number}@example.com", "notice dispatched", content)
    return replace(made, **changes)  # type: ignore[arg-type]


def main() -> None:
    """Deliver everything that is due, and say how many were sent."""
    url, port = os.environ[LEDGER_VARIABLE], int(sys.argv[1])
    desk = Desk(open_at(url), outlets(Path(), port))
    print("begins", flush=True)  # noqa: T201 - spoken to the test
    print(deliver_due(desk.services).sent, flush=True)  # noqa: T201 - spoken to the test
    desk.ledger.close()


if __name__ == "__main__":
    main()
