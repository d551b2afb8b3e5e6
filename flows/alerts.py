"""Alerts: what people of the company should know now, as messages to everybody whom the settings name.

Whoever reports something hands the messages to the ledger together with what they report, so that both are written or
neither is::

    alert = Alert("partner-out", Severity.WARNING, "North's insurance ended; 12 visits have nobody", campaign_id)
    ledger.note("partner out", by="ann", campaign_id=campaign_id, messages=alert_messages(services.outlets, alert))

A stop and its lifting are told without that, whoever writes them (``stop_report``, wired into the ledger).
``ledger.note``, ``note_all``, ``dispatch``, ``stop``, ``close_wave``, ``post`` and ``Book.write`` take ``messages``.
Where nothing else is written, ``raise_alert`` does it alone. The same alert (kind, campaign, ``about``) is told once.
"""

from collections.abc import Callable

from flows.services import Services
from muster.messages import Alert, Channel, Message, Severity
from muster.records import Event
from reports.sending.alert_text import alert_content
from reports.sending.names import short_name
from reports.sending.outlets import Outlets

BOARD = "board"


def alert_messages(outlets: Outlets, alert: Alert) -> tuple[Message, ...]:
    """One message for each webhook that wants it and each address of ``alert_to``, and one for Muster's own board.

    ``ledger.messages(channels=[Channel.BOARD])`` lists the alerts there were, whoever was told of them.
    """
    told = [
        (Channel.BOARD, BOARD),
        *((Channel.WEBHOOK, name) for name, webhook in outlets.webhooks.items() if webhook.wants(alert)),
        *((Channel.EMAIL, address) for address in outlets.alert_to),
    ]
    mark = short_name(f"{alert.kind}|{alert.campaign_id or ''}|{alert.about or alert.sentence}")
    content = alert_content(alert, outlets.company)
    return tuple(
        Message(
            key=f"alert/{alert.kind}/{mark}/{channel.value}:{to}",
            channel=channel,
            to=to,
            kind=f"alert {alert.kind}",
            content=content,
            campaign_id=alert.campaign_id,
        )
        for channel, to in told
    )


def raise_alert(services: Services, alert: Alert, *, by: str) -> tuple[int, ...]:
    """Queue an alert by itself; gives the ids of its messages, none where it was told before."""
    return services.ledger.post(alert_messages(services.outlets, alert), by=by)


STOPPED = "stopped"
"""The ledger's word; the other event that is reported is "resumed"."""


def stop_report(outlets: Outlets) -> Callable[[Event], tuple[Message, ...]]:
    """Makes the alerts of a stop (a person's, a halted wave's, a spent budget's) and of its lifting; for the ledger."""

    def report(event: Event) -> tuple[Message, ...]:
        reason = str(event.data.get("reason") or "no reason given")
        stopped = event.kind == STOPPED
        alert = Alert(
            kind="campaign-stopped" if stopped else "campaign-resumed",
            severity=Severity.CRITICAL if stopped else Severity.INFO,
            sentence=f"{event.by} {'stopped' if stopped else 'let go on'} {event.campaign_id}: {reason}",
            campaign_id=event.campaign_id,
            details=(("by", event.by), ("at", f"{event.at:%Y-%m-%d %H:%M} UTC")),
            remedies=("see what happened: muster status", "when it may go on: muster resume") if stopped else (),
            about=f"revision {event.revision}",
        )
        return alert_messages(outlets, alert)

    return report
