"""An alert in words: what an e-mail says of it; webhooks are rendered from the alert itself."""

from muster.messages import Alert, Content

LONGEST_SUBJECT = 150


def alert_content(alert: Alert, company: str) -> Content:
    """The content of every message of an alert."""
    subject = f"[{company}] {alert.severity.value}: {alert.sentence}"
    return Content(clipped(subject, LONGEST_SUBJECT), _text(alert), alert=alert)


def _text(alert: Alert) -> str:
    lines = [alert.sentence, ""]
    if alert.campaign_id:
        lines.append(f"campaign: {alert.campaign_id}")
    lines += [f"{name}: {value}" for name, value in alert.details]
    if alert.remedies:
        lines += ["", "What helps:", *(f"  {number}. {text}" for number, text in enumerate(alert.remedies, start=1))]
    return "\n".join(lines).rstrip() + "\n"


def clipped(text: str, most: int) -> str:
    """One line of at most ``most`` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "\u2026"
