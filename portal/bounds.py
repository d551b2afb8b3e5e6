"""How large a request may be: counted as it arrives, because who sends it need not say so beforehand.

Whoever is logged in may send files (``forms.MOST_BYTES``); before that, and to the API, a few words are enough.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.forms import MOST_BYTES

FEW_BYTES = 256 * 1024
"""Of a login, a link that is opened, and a call of the API."""
FEW = ("/login", "/enter", "/api/")


class TooLarge(HTTPException):
    """More was sent than is taken here."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"more than {most // 1024:,} KiB", {"connection": "close"})  # the rest is not waited for


class Bounds:
    """Middleware that stops reading a request when there is more of it than is taken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count what comes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, got = FEW_BYTES if scope["path"].startswith(FEW) else MOST_BYTES, 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise TooLarge(most)
            return message

        await self._app(scope, counted, send)
