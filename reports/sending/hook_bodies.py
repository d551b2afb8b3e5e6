"""What a webhook is sent: Slack's blocks, an Adaptive Card for Teams, or plain JSON."""

import json

from muster.messages import Alert, Content, Queued, Severity
from reports.sending.alert_text import clipped
from reports.sending.names import short_name
from reports.sending.outlets import HookKind

Plain = dict[str, object]
MARKS = {Severity.INFO: "\u2139\ufe0f", Severity.WARNING: "\u26a0\ufe0f", Severity.CRITICAL: "\U0001f6d1"}
COLOURS = {Severity.INFO: "accent", Severity.WARNING: "warning", Severity.CRITICAL: "attention"}
SLACK_HEADER = 150
SLACK_TEXT = 2900
"""Slack takes 3,000 characters in one block."""
TEAMS_TEXT = 4000
"""Teams takes 28 KB in one card."""
MOST_LINES = 20


def body_of(kind: HookKind, queued: Queued, company: str) -> bytes:
    """The body of the POST, as JSON; the same message has the same body each time."""
    content = queued.message.content
    alert = content.alert or Alert(queued.message.kind, Severity.INFO, content.subject, queued.message.campaign_id)
    match kind:
        case HookKind.SLACK:
            made = slack(alert, company)
        case HookKind.TEAMS:
            made = teams(alert, company)
        case HookKind.JSON:
            made = plain(alert, queued, company, content)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def plain(alert: Alert, queued: Queued, company: str, content: Content) -> Plain:
    """Generic JSON."""
    return {
        "id": short_name(queued.message.key),
        "kind": alert.kind,
        "severity": alert.severity.value,
        "company": company,
        "campaign": alert.campaign_id,
        "sentence": alert.sentence,
        "details": dict(alert.details),
        "remedies": list(alert.remedies),
        "at": queued.queued_at.isoformat(),
        "text": content.text,
    }


def slack(alert: Alert, company: str) -> Plain:
    """Slack's blocks; ``text`` is what a notification shows."""
    blocks: list[Plain] = [
        {"type": "header", "text": _slack_plain(f"{MARKS[alert.severity]} {alert.sentence}", SLACK_HEADER)},
    ]
    if len(alert.sentence) > SLACK_HEADER - 5:
        blocks.append({"type": "section", "text": _slack_plain(alert.sentence, SLACK_TEXT)})
    lines = _details(alert)
    if lines:
        blocks.append({"type": "section", "text": _slack_plain("\n".join(f"{k}: {v}" for k, v in lines), SLACK_TEXT)})
    if alert.remedies:
        blocks.append({"type": "section", "text": _slack_plain("\n".join(_remedies(alert)), SLACK_TEXT)})
    blocks.append({"type": "context", "elements": [_slack_plain(f"{company} \u00b7 {alert.kind}", SLACK_HEADER)]})
    # what stands in text is read as markup, where <!channel> would wake everybody
    safe = alert.sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": clipped(f"{MARKS[alert.severity]} {safe}", SLACK_TEXT), "blocks": blocks}


def _slack_plain(text: str, most: int) -> Plain:
    """Text that Slack shows as it is."""
    return {"type": "plain_text", "text": text if len(text) <= most else text[: most - 1] + "\u2026", "emoji": False}


def teams(alert: Alert, company: str) -> Plain:
    """An Adaptive Card; rich text blocks, because those do not read Markdown out of what hosts and clients said."""
    body = [
        _line(alert.sentence, size="medium", weight="bolder", color=COLOURS[alert.severity]),
        *(_line(f"{name}: {value}") for name, value in _details(alert)),
        *(_line(text) for text in _remedies(alert)),
        _line(f"{company} \u00b7 {alert.kind} \u00b7 {alert.severity.value}", size="small", isSubtle=True),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    return {
        "type": "message",
        "summary": clipped(alert.sentence, SLACK_HEADER),
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }


def _line(text: str, **style: object) -> Plain:
    shown = text if len(text) <= TEAMS_TEXT else text[: TEAMS_TEXT - 1] + "\u2026"
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": shown, **style}]}


def _details(alert: Alert) -> list[tuple[str, str]]:
    """What is shown of the details: the first lines, none of them long."""
    campaign = [("campaign", str(alert.campaign_id))] if alert.campaign_id else []
    lines = [*campaign, *alert.details]
    more = [("and", f"{len(lines) - MOST_LINES} more")] if len(lines) > MOST_LINES else []
    return [(clipped(name, 60), clipped(value, 300)) for name, value in [*lines[:MOST_LINES], *more]]


def _remedies(alert: Alert) -> list[str]:
    lines = [f"{number}. {clipped(text, 300)}" for number, text in enumerate(alert.remedies[:MOST_LINES], start=1)]
    return ["What helps:", *lines] if lines else []
