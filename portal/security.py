"""The headers that every answer carries: what a browser may load, keep, frame and tell others."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(  # noqa: FLY002 - one rule on a line
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, and no script or style in a page itself."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
KEPT_FOR_LONG = "public, max-age=31536000, immutable"
A_YEAR = "max-age=31536000; includeSubDomains"


class SecureHeaders:
    """Middleware that adds them; pages are not kept by anybody, files of ``/static`` are."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and mark its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = bool(scope["path"].startswith("/static/") and scope["query_string"])

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                kept = static and message["status"] in {200, 304}
                headers["cache-control"] = KEPT_FOR_LONG if kept else headers.get("cache-control", "no-store")
                if self._https:
                    headers["strict-transport-security"] = A_YEAR
            await send(message)

        await self._app(scope, receive, marked)
