"""Answers that are compressed where it pays: what is read as JSON and is large.

Compressing lets who measures the length of an answer guess a secret in it by what they have it
repeat (BREACH). That is no danger here: no answer that is read holds a secret (the session is a
cookie, whose header is not compressed, there are no CSRF tokens, and a token or password is told
once, in answer to a POST, which stays as it is); and no other site can ask in somebody's name:
browsers send it no `SameSite=Strict` cookie.
"""

import gzip

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 20_000
"""Smaller answers are there sooner as they are."""
_LEVEL = 4  # three times as fast as 9, and 7 % larger
_JSON = frozenset({"application/json", "application/geo+json"})


def takes_gzip(headers: Headers) -> bool:
    """Whether who asks takes gzip (RFC 9110, 12.5.3)."""
    for entry in headers.get("accept-encoding", "").lower().split(","):
        name, _, parameters = entry.partition(";")
        if name.strip() == "gzip":
            return not _refuses(parameters)
    return False


def _refuses(parameters: str) -> bool:
    """Whether a weight says: not at all."""
    name, _, weight = parameters.strip().partition("=")
    return name == "q" and weight.strip(" .0") == ""


class Compression:
    """ASGI middleware: compresses large answers to GET for who takes that.

    An answer with a strong tag (`ETag`) is left alone: compressed it would be other bytes by the
    same tag. So is one of several parts, such as a stream of news.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Compress the answers of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        await self._app(scope, receive, _Packing(send, takes_gzip(Headers(scope=scope))))


class _Packing:
    """Holds the head of an answer back until it is known how long the answer is."""

    def __init__(self, send: Send, is_wanted: bool) -> None:
        self._send, self._is_wanted = send, is_wanted
        self._held: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _depends_on_asking(message):
            MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
            if message["status"] == 200:
                self._held = message
                return
        if self._held is not None:
            start, self._held = self._held, None
            message = await self._pack(start, message)
            await self._send(start)
        await self._send(message)

    async def _pack(self, start: Message, body: Message) -> Message:
        content: bytes = body.get("body", b"")
        if body.get("more_body") or len(content) < LEAST_BYTES or not self._is_wanted:
            return body
        packed = await run_in_threadpool(gzip.compress, content, _LEVEL, mtime=0)
        headers = MutableHeaders(scope=start)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        return {**body, "body": packed}


def _depends_on_asking(start: Message) -> bool:
    """Whether an answer may be compressed, or says (304) that one which may be is still the same.

    The latter has no kind of its own; a weak tag is that of JSON only.
    """
    headers = Headers(raw=start["headers"])
    tag = headers.get("etag", "W/")
    if tag.startswith('"'):
        return False
    if start["status"] == 304:
        return "etag" in headers
    return start["status"] == 200 and headers.get("content-type", "").partition(";")[0] in _JSON
