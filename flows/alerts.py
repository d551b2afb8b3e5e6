"""Alerts: what people of the company should know now, as messages to everybody whom the settings name.

Whoever reports something hands the messages to the ledger together with what they report, so that both are written or
neither is::

    alert = Alert("campaign-stopped", Severity.CRITICAL, "Ann stopped vancouver: a client called", campaign_id)
    ledger.stop(campaign_id, by="ann", reason="a client called", messages=alert_messages(services.outlets, alert))

``ledger.note``, ``note_all``, ``dispatch``, ``stop``, ``close_wave``, ``post`` and ``Book.write`` take ``messages``.
Where nothing else is written, ``raise_alert`` does it alone. The same alert (kind, campaign, ``about``) is told once.
"""

from flows.services import Services
from muster.messages import Alert, Channel, Message
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
