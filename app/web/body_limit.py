"""How large a request may be: a body beyond it gets a page with a sentence, and is never read."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE = 413


class BodyLimit:
    """ASGI middleware: refuses by the declared length, else as soon as too much has come.

    FastAPI has a limit of its own, but answers with plain text that says nothing to a patient.
    """

    def __init__(
        self, app: ASGIApp, *, max_bytes: int, refuse: Callable[[Request, Exception], Response]
    ) -> None:
        """Wrap an application; `refuse` makes the page for a body of more than `max_bytes`."""
        self._app = app
        self._max_bytes = max_bytes
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if declared.isdigit() and int(declared) > self._max_bytes:
            page = self._refuse(Request(scope), HTTPException(TOO_LARGE))
            page.headers["Connection"] = "close"
            await page(scope, receive, send)
            return
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._max_bytes:
                raise HTTPException(TOO_LARGE)
            return message

        await self._app(scope, counted, send)
