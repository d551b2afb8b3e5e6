"""The audit log: every event of the ledger as one line, as JSON or in the Common Event Format of log collectors."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from enum import StrEnum

import muster
from muster.records import Event


class AuditFormat(StrEnum):
    """How lines are written."""

    JSON = "jsonl"
    CEF = "cef"


LOUD = {
    "stopped": 7,
    "result refused": 7,
    "recovered": 6,
    "notice waived": 6,
    "premortem ignored": 6,
    "failures explained": 5,
    "resumed": 5,
    "plan dispatched": 5,
    "claimed": 4,
    "finished": 4,
}
"""How much a line should be looked at, 0 to 10; everything else has ``QUIET``."""
QUIET = 3
LONGEST_MESSAGE = 1023
"""CEF's ``msg`` holds no more."""


def audit_lines(events: Iterable[Event], form: AuditFormat) -> Iterator[str]:
    """A line for every event, without its line break."""
    write = cef_line if form is AuditFormat.CEF else json_line
    return (write(event) for event in events)


def json_line(event: Event) -> str:
    """An event as one line of JSON."""
    return json.dumps(
        {
            "revision": event.revision,
            "at": event.at.astimezone(UTC).isoformat(),
            "kind": event.kind,
            "by": event.by,
            "campaign": event.campaign_id,
            "host": event.host_id,
            "data": event.data,
        },
        ensure_ascii=False,
        default=str,
    )


def cef_line(event: Event) -> str:
    r"""An event as one line of CEF; ``|``, ``\`` and ``=`` are escaped as the format wants it.

    Its own fields: ``cs1`` the campaign, ``cn1`` the revision, ``msg`` the data as JSON.
    """
    header = ("CEF:0", "Muster", "Muster", muster.__version__, event.kind.replace(" ", "-"), event.kind)
    fields = {
        "rt": str(int(event.at.timestamp() * 1000)),
        "suser": event.by,
        "dhost": event.host_id or "",
        "cs1Label": "campaign" if event.campaign_id else "",
        "cs1": event.campaign_id or "",
        "cn1Label": "revision",
        "cn1": str(event.revision),
        "msg": json.dumps(event.data, ensure_ascii=False, default=str)[:LONGEST_MESSAGE],
    }
    said = " ".join(f"{name}={_value(value)}" for name, value in fields.items() if value)
    severity = LOUD.get(event.kind, QUIET)
    return f"{'|'.join((header[0], *(_header(part) for part in header[1:])))}|{severity}|{said}"


def _header(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").splitlines())


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
