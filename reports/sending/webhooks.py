"""Webhooks: one POST over HTTPS for each message, signed where it is generic JSON, with an end to every wait.

The address is a secret. It is resolved at the moment of use, and no error of ours says more of it than the webhook's
name. A redirect is never followed: it would hand the message to somebody whom nobody chose.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from ipaddress import ip_address

import httpx

import muster
from muster.messages import Queued
from reports.sending.answers import Answer, Fate
from reports.sending.hook_bodies import body_of
from reports.sending.names import short_name
from reports.sending.outlets import HookKind, Outlets, Webhook
from reports.sending.tls import trusting

LATER = frozenset({408, 409, 425, 429})
"""Refusals that may be answered otherwise next time; 409 is a receiver that is still at work on the same key."""
SHOWN_BYTES = 200
READ_BYTES = 4096
TEAMS_BUSY = b"HTTP error 429"
"""Teams' older connectors answer 200 with these words when they are asked too often."""


def post_to(webhook: Webhook, queued: Queued, outlets: Outlets, longest_s: float) -> Answer:
    """Hand a message to a webhook, within ``longest_s`` seconds.

    Raises:
        SecretError: its address or its signing secret cannot be resolved.
        OutletTrouble: the file of certificates cannot be read.
    """
    url = outlets.secret(webhook.url).strip()
    wrong = _wrong_address(url)
    if wrong:
        return Answer(Fate.REFUSED, f"webhook {webhook.name}: {wrong}")
    body = body_of(webhook.kind, queued, outlets.company)
    secret = outlets.secret(webhook.secret) if webhook.secret else ""
    headers = headers_of(webhook, queued, body, secret, int(time.time()))
    call = _Call(url, body, headers, outlets, longest_s)
    with ThreadPoolExecutor(1) as thread:  # the caller's thread may have an event loop of its own
        answer = thread.submit(lambda: asyncio.run(call.answer())).result()
    return Answer(answer.fate, f"webhook {webhook.name} {answer.text}", answer.wait_s)


def headers_of(webhook: Webhook, queued: Queued, body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The headers of a message; docs/messages.md tells receivers what they mean."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Muster/{muster.__version__}",
        "Idempotency-Key": short_name(queued.message.key),
    }
    if webhook.kind is HookKind.JSON and secret:
        headers["Muster-Timestamp"] = str(timestamp)
        headers["Muster-Signature"] = f"v1={signature(secret, timestamp, body)}"
    return headers


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 with the secret over the timestamp in decimal, a full stop, and the body as it was sent; in hex."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()


def _wrong_address(url: str) -> str:
    """Why an address cannot be used, without saying it; empty when it can."""
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "its address cannot be read"
    if not read.host or read.scheme not in {"https", "http"}:
        return "its address must begin with https://"
    if read.scheme == "http" and not _is_here(read.host):
        return "its address must begin with https://; http:// is for this machine alone"
    return ""


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Call:
    """One POST."""

    def __init__(self, url: str, body: bytes, headers: Mapping[str, str], outlets: Outlets, longest_s: float) -> None:
        self._url = url
        self._body = body
        self._headers = headers
        self._outlets = outlets
        self._longest_s = longest_s

    async def answer(self) -> Answer:
        """What the receiver says, or what keeps us from asking it."""
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._post()
        except (TimeoutError, httpx.TimeoutException):
            return Answer(Fate.LATER, "did not answer in time")
        except httpx.ConnectError as error:
            return Answer(Fate.LATER, f"cannot be reached{_certificate(error)}")
        except httpx.HTTPError as error:
            return Answer(Fate.LATER, f"broke the connection off ({type(error).__name__})")

    async def _post(self) -> Answer:
        async with (
            httpx.AsyncClient(
                verify=trusting(self._outlets.ca), timeout=self._outlets.timeout_s, follow_redirects=False
            ) as client,
            client.stream("POST", self._url, content=self._body, headers=dict(self._headers)) as response,
        ):
            said = b""
            async for piece in response.aiter_bytes():
                said += piece
                if len(said) >= READ_BYTES:
                    break
            return judge(response.status_code, response.headers.get("Retry-After", ""), said, datetime.now(UTC))


def judge(status: int, retry_after: str, said: bytes, now: datetime) -> Answer:
    """What an answer means; pure."""
    shown = " ".join(said[:SHOWN_BYTES].decode("utf-8", "replace").split())
    words = f"answers {status}" + (f": {shown}" if shown else "")
    if 200 <= status < 300:
        return Answer(Fate.LATER, words) if TEAMS_BUSY in said else Answer(Fate.TAKEN, words)
    if 300 <= status < 400:
        return Answer(Fate.REFUSED, f"answers {status}, a redirect, which is not followed: set its new address")
    if status in LATER or status >= 500:
        return Answer(Fate.LATER, words, wait_asked_s(retry_after, now))
    return Answer(Fate.REFUSED, words)


def wait_asked_s(retry_after: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, given as a number or as a date; None where it cannot be read."""
    text = retry_after.strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _certificate(error: httpx.ConnectError) -> str:
    return ": its certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
